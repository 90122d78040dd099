"""How the conflict of a tiny model comes and goes while the model itself is trained.

Training and every number here are exact and seeded: no completion is sampled.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from ..checks import as_integers, as_number, as_positive_integers
from ..interference import conflict
from .field import LMField
from .models import one_thread
from .scoring import exact_rows, success_of
from .storage import check_file, versions, write_whole
from .tasks import Subtraction
from .train import RECIPES, train

__all__ = ["conflict_at", "record"]

STEPS = (100, 200, 300, 400, 500, 600, 700, 800, 1000, 1250, 1500, 1750, 2000)
KS = (2, 8, 32)


def conflict_at(model, tokenizer, ks=KS, hard_fraction: float = 0.15, every: int = 1) -> dict:
    """Where one model stands on the prompt set: exact success and the cosines by k.

    every: takes each `every`-th easy and hard prompt as if they were all; 1 takes the whole set.
    pass_at_1, easy, hard: mean success probabilities, over D and over its two kinds of prompts.
    cosine: one number in [-1, 1] for each k, between ∇J_k and ∇J_1 in all parameters: equation (9).
    hard_disagree: share of the hard prompts with a negative agreement score, equation (8).
    """
    ks = np.atleast_1d(as_positive_integers("ks", list(ks)))
    every = int(as_integers("every", every, 1))
    share = as_number("hard_fraction", hard_fraction, 0.0, 1.0)
    task = Subtraction(share)
    index = np.concatenate([np.flatnonzero(task.hard == flag)[::every] for flag in (False, True)])
    hard = task.hard[index]
    mass = np.where(hard, share / hard.sum(), (1 - share) / (~hard).sum())
    with one_thread():
        rows = exact_rows(model, tokenizer, task, index)
        field = LMField(model, rows, mass, success_of(rows))
        scores = field.inner(field.mean())
        cosine = [float(conflict(field, int(k)).cosine) for k in ks]
    return {
        "pass_at_1": float(field.success @ field.mass),
        "easy": float(field.success[~hard].mean()),
        "hard": float(field.success[hard].mean()),
        "cosine": cosine,
        "hard_disagree": float((scores[hard] < 0).mean()),
    }


def record(
    name: str = "B",
    steps=STEPS,
    ks=KS,
    hard_fraction: float = 0.15,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> list[dict]:
    """`conflict_at` after each of `steps` steps of training the tiny model `name` again.

    Raises ValueError for a model that has no recipe, and for a step beyond its training.
    """
    if name not in RECIPES:
        raise ValueError(f"name = {name!r}: must be one of {', '.join(RECIPES)}")
    steps = [int(step) for step in np.atleast_1d(as_positive_integers("steps", list(steps)))]
    if max(steps) > RECIPES[name].stop:
        raise ValueError(f"steps = {max(steps)}: {name} is trained for {RECIPES[name].stop} steps")
    found = {}

    def look(step):
        def at_this_step(model, tokenizer):
            model.eval()
            found[step] = conflict_at(model, tokenizer, ks, hard_fraction)
            model.train()

        return at_this_step

    train(RECIPES[name], on_step, {step: look(step) for step in steps})
    return [{"step": step, **found[step]} for step in sorted(found)]


def command(arguments: list[str]) -> None:
    """`passk along-training OUT`: train the tiny model B again and write what `record` returns."""
    from .cli import Parser

    parser = Parser(
        prog="passk along-training",
        description="Train the tiny model B again from its seed, and record along the way where "
        "pass@k and pass@1 conflict: exact values, no sampling.",
    )
    parser.add_argument("out", help="file for the record, as JSON")
    parser.add_argument(
        "--hard-fraction", type=float, default=0.15, help="share of hard prompts (%(default)s)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    out = check_file("out", options.out)
    as_number("--hard-fraction", options.hard_fraction, 0.0, 1.0)
    with tqdm(total=max(STEPS), unit="step", desc="train B", disable=options.quiet) as bar:
        results = record(
            hard_fraction=options.hard_fraction, on_step=lambda step, loss: bar.update()
        )
    settings = {"model": "B", "ks": KS, "hard_fraction": options.hard_fraction}
    text = json.dumps({"settings": settings, "versions": versions(), "results": results}, indent=1)
    write_whole(out, (text + "\n").encode())
    print(f"written to {out}")
