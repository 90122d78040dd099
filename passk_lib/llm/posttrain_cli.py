"""The command `passk posttrain`."""

from __future__ import annotations

import io
import json

from .choices import MITIGATIONS, OBJECTIVES
from .cli import Parser, write_table
from .options import add_options
from .posttrain import PostTraining, Trained, post_train
from .posttrain_figures import curves_figure
from .storage import check_folder, write_whole


def posttrain(arguments: list[str]) -> None:
    parser = Parser(
        prog="passk posttrain",
        description="Gradient ascent of a tiny model on any objective, with curves of pass@1 and "
        "pass@k on held-out prompts.  A run can be interrupted: the same command goes on.  "
        f"Objectives: {OBJECTIVES}.  Mitigations: {MITIGATIONS}.",
    )
    parser.add_argument("out", help="folder for the arrays, the curves and the figure")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    parser.add_argument(
        "--other-versions",
        action="store_true",
        help="go on in a folder that was begun with other versions of the libraries",
    )
    add_options(parser, PostTraining)
    options = vars(parser.parse_args(arguments))
    folder, quiet = check_folder("out", options.pop("out")), options.pop("quiet")
    other_versions = options.pop("other_versions")
    run = post_train(PostTraining(**options), folder, not quiet, other_versions)
    write_whole(folder / "curves.json", (json.dumps(run.report(), indent=1) + "\n").encode())
    write_table(folder / "curves.csv", run.table())
    picture = io.BytesIO()
    curves_figure(run).savefig(picture, format="png")
    write_whole(folder / "curves.png", picture.getvalue())
    print(summary(run))
    print(f"curves.json, curves.csv, curves.png and the arrays (npz) are in {folder}")


def summary(run: Trained) -> str:
    """First and last values of the curves, means over seeds with their range."""
    lines = [f"{'held-out':<16}{'step 0':>10}{f'step {run.at[-1]}':>10}   range over seeds"]
    for j in (1, run.settings.k):
        for kind in ("all", "easy", "hard"):
            curve = run.curve(j, kind)
            end = curve[:, -1]
            lines.append(
                f"pass@{j} {kind:<9}{curve[:, 0].mean():>10.4f}{end.mean():>10.4f}"
                f"   {end.min():.4f} to {end.max():.4f}"
            )
    return "\n".join(lines)
