"""The subcommands of `passk` that run language models."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path

import matplotlib
from tqdm import tqdm

from ..tables import MISSING
from . import coverage as cover
from .crew import Crew
from .experiment import PAPER_SAMPLING, READY, Result, Settings, run
from .figures import (
    agreement_panels,
    filter_panels,
    inner_products,
    weight_against_agreement,
)
from .models import shipped_models
from .options import add_options
from .storage import check_file, check_folder, versions, write_whole
from .train import RECIPES, check_target, model_card, train, write_model

MOST_KS = 10_000
matplotlib.use("Agg")  # a command draws into files


class Parser(argparse.ArgumentParser):
    """One that ends with the dispatcher's one line, and takes no shortened options."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str):
        raise ValueError(f"{message} ({self.prog} --help lists what is allowed)")


def train_tiny(arguments: list[str]) -> None:
    parser = Parser(
        prog="passk train-tiny",
        description="Train a tiny model from its seed: the same weights every time on one thread.",
    )
    parser.add_argument("name", nargs="?", default="B", help=f"one of {', '.join(RECIPES)}")
    parser.add_argument("--out", help="folder to write (default: ./NAME)")
    options = parser.parse_args(arguments)
    if options.name not in RECIPES:
        raise ValueError(f"name = {options.name!r}: must be one of {', '.join(RECIPES)}")
    recipe = RECIPES[options.name]
    out = options.name if options.out is None else options.out
    folder = check_target("--out", out, recipe.name)
    with tqdm(total=recipe.stop, unit="step", desc=f"train {recipe.name}") as bar:

        def show(step: int, loss: float) -> None:
            bar.update()
            if step % 20 == 0:
                bar.set_postfix(loss=f"{loss:.4f}")

        model, tokenizer, losses = train(recipe, show)
    write_model(model, tokenizer, folder, model_card(recipe, model, tokenizer, losses))
    print(f"{folder}: {sum(p.numel() for p in model.parameters()):,} parameters")


def parse_ks(text: str) -> tuple[int, ...]:
    """`2,4,8` or `2-32` or a mixture."""
    ks: list[int] = []
    for piece in text.split(","):
        low, _, high = piece.strip().partition("-")
        try:
            first, last = int(low), int(high or low)
        except ValueError:
            raise ValueError(f"--ks = {text!r}: must be integers such as 2,4,8 or 2-32") from None
        if last - first >= MOST_KS:
            raise ValueError(f"--ks = {text!r}: {piece} has more than {MOST_KS} values")
        ks += range(first, last + 1)
    if not ks:
        raise ValueError(f"--ks = {text!r}: names no k")
    return tuple(ks)


def experiment(arguments: list[str]) -> None:
    parser = Parser(
        prog="passk experiment",
        description="Sample completions of a language model, verify them, and compute agreement "
        "scores and <dJ_k, dJ_1>.  A run can be interrupted: the same command goes on.  "
        f"Models with settings of their own: {', '.join(READY)}.",
    )
    parser.add_argument("out", help="folder for the arrays, report.json and figures")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    parser.add_argument(
        "--other-versions",
        action="store_true",
        help="go on with a folder that was begun with other versions of torch or transformers",
    )
    parser.add_argument(
        "--paper-sampling",
        action="store_true",
        help="temperature 0.7 and top-p 0.95 as in the paper: samples of another policy",
    )
    add_options(parser, Settings)
    options = vars(parser.parse_args(arguments))
    folder, quiet = check_folder("out", options.pop("out")), options.pop("quiet")
    other_versions = options.pop("other_versions")
    if options.pop("paper_sampling"):
        options = {**PAPER_SAMPLING, **options}
    if "ks" in options:
        options["ks"] = parse_ks(options["ks"])
    elif options.get("n") == 1:
        raise ValueError(
            "n = 1: the values of k begin at 2 and need k <= n; give n >= 2, or --ks 1"
        )
    elif 2 <= options.get("n", 32) < 32:
        options["ks"] = tuple(range(2, options["n"] + 1))
    settings = Settings.of(**options)
    result = run(settings, folder, progress=not quiet, other_versions=other_versions)
    if Crew.join().rank > 0:
        return
    report = json.dumps(result.report(), indent=1)
    write_whole(folder / "report.json", report.encode())
    drawings = {
        "panels": agreement_panels,
        "inner_products": inner_products,
        "weight_against_agreement": weight_against_agreement,
    }
    if result.filters:
        drawings["filters"] = filter_panels
    for name, draw in drawings.items():
        picture = io.BytesIO()
        draw(result).savefig(picture, format="png")
        write_whole(folder / f"{name}.png", picture.getvalue())
    entries = result.table()
    tables = {
        "prompts": result.prompt_table(),
        "inner_products": {name: [e[name] for e in entries] for name in entries[0]},
    }
    kinds = write_tables(folder, tables)
    print(summary(result))
    print(f"report.json, tables ({kinds}), figures (png) and the arrays (npz) are in {folder}")


def write_tables(folder: Path, tables: dict[str, dict]) -> str:
    """Each table as CSV and, where pyarrow is installed, as Parquet; says which it wrote."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        pyarrow = None
    for name, columns in tables.items():
        write_table(folder / f"{name}.csv", columns)
        if pyarrow is not None:
            packed = io.BytesIO()
            parquet.write_table(pyarrow.table({k: list(v) for k, v in columns.items()}), packed)
            write_whole(folder / f"{name}.parquet", packed.getvalue())
    if pyarrow is None:
        return "csv; with the package pyarrow Parquet too: pip install pyarrow"
    return "csv and parquet"


def write_table(path: Path, columns: dict) -> None:
    """A CSV file, whole or not at all; None is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    write_whole(path, text.getvalue().encode())


def summary(result: Result) -> str:
    """The inner products as a short table."""
    chosen = [k for k in (1, 2, 4, 8, 16, 32, 64, 128) if k in result.settings.ks]
    entries = result.table(chosen or result.settings.ks[:6])
    columns = [name for name in entries[0] if name not in ("k", "level")]
    lines = ["<dJ_k, dJ_1>" + "".join(f"{name:>21}" for name in columns)]
    for entry in entries:
        cells = (entry[name] for name in columns)
        lines.append(
            f"k = {entry['k']:<8}"
            + "".join(f"{MISSING:>21}" if x is None else f"{x:>+21.4e}" for x in cells)
        )
    if any(entry["low"] is not None for entry in entries):
        level = entries[0]["level"]
        lines.append(f"low, high: {level:.0%} interval around unbiased; see 'how' in report.json")
    if not result.settings.sampling.on_policy:
        lines.append("off-policy samples: every estimate is biased for <dJ_k, dJ_1>")
    return "\n".join(lines)


def _flag(name: str) -> str:
    """How `passk coverage` calls an argument of `coverage.population` and `coverage.measure`."""
    return "--" + {"size": "population"}.get(name, name).replace("_", "-")


def coverage(arguments: list[str]) -> None:
    parser = Parser(
        prog="passk coverage",
        description="How often the intervals for <dJ_k, dJ_1> hold the exact value, on the tiny "
        "models: prompts and completions are drawn anew in every repetition.",
    )
    add = parser.add_argument
    add("--out", help="file for the result as JSON")
    add("--models", default="B,S", help="shipped models (default: %(default)s)")
    add("--ks", default="2,4,8,16", help="(default: %(default)s)")
    add("--population", type=int, default=600, help="prompts of D (default: %(default)s)")
    add("--hard-fraction", type=float, default=0.15, help="share of them hard (%(default)s)")
    add("--prompts", type=int, default=400, help="drawn each time (default: %(default)s)")
    add("--n", type=int, default=32, help="completions a prompt (default: %(default)s)")
    add("--repetitions", type=int, default=1000, help="(default: %(default)s)")
    add("--level", type=float, default=0.9, help="nominal coverage (default: %(default)s)")
    add("--seed", type=int, default=0, help="(default: %(default)s)")
    add("--quiet", action="store_true", help="no progress bars")
    options = vars(parser.parse_args(arguments))
    out, quiet = options.pop("out"), options.pop("quiet")
    if out is not None:
        out = check_file("--out", out)
    ks, models = parse_ks(options["ks"]), options["models"].split(",")
    for model in models:
        if model not in shipped_models():
            raise ValueError(
                f"--models = {options['models']!r}: must be among {', '.join(shipped_models())}, "
                "with commas between them"
            )
    chosen = {name: options[name] for name in ("prompts", "n", "repetitions", "level", "seed")}
    cover.check_population(options["hard_fraction"], options["population"], options["seed"], _flag)
    cover.check_draws(ks=ks, **chosen, named=_flag)
    results = {}
    for model in models:
        pool = cover.population(
            model, options["hard_fraction"], options["population"], options["seed"]
        )
        results[model] = cover.measure(pool, ks, **chosen, progress=not quiet)
        print(f"model {model}: nominal {options['level']:.0%}")
        print("estimator        k       exact        mean      spread  coverage")
        for entry in results[model]:
            print(
                f"{entry['estimator']:<12}{entry['k']:>6}{entry['exact']:>12.5f}"
                f"{entry['mean_estimate']:>12.5f}{entry['spread']:>12.5f}{entry['coverage']:>10.3f}"
            )
    if out is not None:
        record = {"settings": options, "versions": versions(), "results": results}
        write_whole(out, (json.dumps(record, indent=1) + "\n").encode())
        print(f"written to {out}")
