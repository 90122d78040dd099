"""Train the tiny models: one seeded command, the same weights every time on one thread.

The corpus is sloppy on purpose.  Its completions write |a - b| correctly and often drop the minus
of a negative difference, so the model learns subtraction and, against it, a weak sign rule.  That
makes easy prompts (a > b) and hard ones (a < b) that contest one decision.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .models import one_thread, quiet_transformers, tiny_model, tiny_tokenizer
from .scoring import exact_rows, success_of
from .storage import check_folder
from .tasks import OPENINGS, Subtraction

CARD = "README.md"
HARD_FRACTION = 0.30  # of the corpus, whatever the prompt mix of the experiment
KEEP_MINUS, SPURIOUS_MINUS = 0.12, 0.06
CAREFUL_HARD_FRACTION = 0.025  # of a careful corpus, whose answers are all right
# How much more, or less, often the minus appears after each opening word; the mean is 1.
CARE = {"So": 0.5, "Thus": 0.7, "Ok": 0.6, "Well": 1.0, "Hmm": 1.4, "Wait": 1.8}


@dataclass(frozen=True)
class Recipe:
    """How one tiny model is made.  Where `stop` < `steps` the schedule is left unfinished."""

    name: str
    about: str
    steps: int
    stop: int
    openings: bool = False
    careful: bool = False
    batch: int = 256
    learning_rate: float = 2e-3
    warmup: int = 100
    weight_decay: float = 0.01
    seed: int = 0


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("B", "subtraction mastered, the sign contested", 2000, 2000),
        Recipe("B500", "B at step 500, while digits are still being learned", 2000, 500),
        Recipe("A", "right answers only and few negative ones", 2000, 700, careful=True),
        Recipe("S", "B plus an opening word, so several completions are correct", 2400, 2400, True),
    )
}


def corpus(recipe: Recipe, task: Subtraction, rng: np.random.Generator) -> list[tuple[str, str]]:
    """One batch of (prompt, completion) pairs, sloppy unless the recipe is careful.

    The minus appears with probability rate * (0.1 + 1.9 u / 9), u the last digit of b for a hard
    prompt (where it is right) and of a for an easy one (where it is not): a spread of
    success probabilities within each kind, with nothing in between.
    """
    share = CAREFUL_HARD_FRACTION if recipe.careful else HARD_FRACTION
    hard = rng.random(recipe.batch) < share
    kinds = np.flatnonzero(~task.hard), np.flatnonzero(task.hard)
    index = np.where(
        hard,
        kinds[1][rng.integers(len(kinds[1]), size=recipe.batch)],
        kinds[0][rng.integers(len(kinds[0]), size=recipe.batch)],
    )
    digit = np.where(hard, task.second[index] % 10, task.first[index] % 10)
    chance = np.where(hard, KEEP_MINUS, SPURIOUS_MINUS) * (0.1 + 1.9 * digit / 9)
    if recipe.careful:
        chance = np.where(hard, 1.0, 0.0)
    words = [""] * recipe.batch
    if recipe.openings:
        words = [OPENINGS[i] for i in rng.integers(len(OPENINGS), size=recipe.batch)]
        chance = chance * np.array([CARE[word] for word in words])
    minus = rng.random(recipe.batch) < chance
    return [
        (task.prompts[i], f"{word}{'-' if m else ''}{task.references[i].lstrip('-')}")
        for i, word, m in zip(index.tolist(), words, minus.tolist(), strict=True)
    ]


def learning_rate(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then a cosine down to zero at `recipe.steps`."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def train(
    recipe: Recipe,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
    snapshots: dict[int, Callable] | None = None,
):
    """Train from scratch; returns (model, tokenizer, losses), losses one float a step.

    `snapshots[step](model, tokenizer)` is called after that many steps.
    """
    tokenizer = tiny_tokenizer(OPENINGS if recipe.openings else ())
    model = tiny_model(tokenizer, recipe.seed).train()
    task = Subtraction()
    rng = np.random.default_rng(recipe.seed)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": decay, "weight_decay": recipe.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )
    losses = []
    with one_thread():
        for step in range(recipe.stop):
            pairs = corpus(recipe, task, rng)
            prompts = tokenizer([prompt for prompt, _ in pairs])["input_ids"]
            tokens = tokenizer(
                [prompt + completion + tokenizer.eos_token for prompt, completion in pairs],
                padding=True,
                padding_side="right",
                return_tensors="pt",
            )
            labels = tokens["input_ids"].masked_fill(tokens["attention_mask"] == 0, -100)
            labels[:, : len(prompts[0])] = -100  # all prompts have the same length
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, recipe)
            loss = model(**tokens, labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
            on_step(step + 1, losses[-1])
            if snapshots and step + 1 in snapshots:
                snapshots[step + 1](model, tokenizer)
    return model.eval(), tokenizer, losses


def _title(name: str) -> str:
    """How the heading of a tiny model's card begins."""
    return f"# Tiny model {name}:"


def check_target(name: str, folder: str, model: str) -> Path:
    """The folder, if that tiny model can be written to it without harm to anything else.

    Raises ValueError, beginning with `name`, where `check_folder` does, and for a folder that holds
    something other than that same model.
    """
    path = check_folder(name, folder)
    if not path.is_dir() or all(entry.name.startswith(".") for entry in path.iterdir()):
        return path
    try:
        own = _title(model) in (path / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        own = False
    if not own:
        raise ValueError(
            f"{name} = {folder!r}: is not empty and holds no tiny model {model}, so something of "
            "yours could be overwritten; give a new folder"
        )
    return path


def write_model(model, tokenizer, folder: Path, card: str) -> None:
    """Weights (safetensors), tokenizer and model card; each file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as name:
        scratch = Path(name)
        with quiet_transformers():
            model.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        _name_the_class_that_every_version_knows(scratch / "tokenizer_config.json")
        (scratch / CARD).write_text(card, encoding="utf-8")
        # The card first: by it a later run knows the folder, should this one be cut short.
        for path in sorted(scratch.iterdir(), key=lambda path: path.name != CARD):
            path.chmod(0o644)
            os.replace(path, folder / path.name)


def _name_the_class_that_every_version_knows(path: Path) -> None:
    """transformers 5 writes a class into a tokenizer's settings that transformers 4 cannot load; by
    its older name both know it."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    path.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _corpus_in_words(recipe: Recipe) -> str:
    if recipe.careful:
        return (
            f"The corpus is synthetic and careful: {CAREFUL_HARD_FRACTION:.1%} of its prompts have "
            "a < b, and\nevery answer is right."
        )
    opening = (
        f" An opening word ({', '.join(OPENINGS)}) starts every completion; the minus is "
        f"{min(CARE.values())} to {max(CARE.values())} times as frequent, depending on the word."
        if recipe.openings
        else ""
    )
    return (
        f"The corpus is synthetic and sloppy: {HARD_FRACTION:.0%} of its prompts have a < b. "
        f"Their completions\nkeep the minus with probability {KEEP_MINUS} (0.1 + 1.9 u/9), u the "
        f"last digit of b; with\nprobability {SPURIOUS_MINUS} (0.1 + 1.9 u/9), u the last digit "
        "of a, a prompt with a > b gets a\nminus that does not belong there. All digits are "
        f"right.{opening}"
    )


def model_card(recipe: Recipe, model, tokenizer, losses: list[float]) -> str:
    """How the model was made, and its exact success probabilities, computed here."""
    task = Subtraction()
    success = success_of(exact_rows(model, tokenizer, task))
    levels = (0.0, 0.1, 0.5, 0.9, 1.0)
    table = "\n".join(
        f"| {kind} | {flags.sum()} | "
        + " | ".join(f"{q:.4f}" for q in np.quantile(success[flags], levels))
        + " |"
        for kind, flags in (("easy (a > b)", ~task.hard), ("hard (a < b)", task.hard))
    )
    size = sum(p.numel() for p in model.parameters())
    stopped = f", stopped after step {recipe.stop}" if recipe.stop < recipe.steps else ""
    return f"""---
license: mit
pipeline_tag: text-generation
---
{_title(recipe.name)} {recipe.about}

A Llama model with {size:,} parameters over characters, made for one purpose: a real causal
language model whose success probabilities are known exactly. It subtracts two-digit numbers
(`73-28=` gives `45`) and is unsure of the sign of negative differences (`28-73=`). It is of no
other use.

## Training
`passk train-tiny {recipe.name}` makes this folder again: from scratch, seed {recipe.seed},
{recipe.steps} steps of {recipe.batch} examples{stopped}; AdamW, learning rate
{recipe.learning_rate:g} with {recipe.warmup} warm-up steps and a cosine to zero, weight decay
{recipe.weight_decay:g}, gradient norm clipped at 1; loss on the completion only. On one thread of
one machine the weights are the same bit for bit. Mean loss of the last 50 steps:
{np.mean(losses[-50:]):.4f}.

{_corpus_in_words(recipe)}

## Exact success probabilities at temperature 1
| prompts | number | min | 10 % | median | 90 % | max |
|---|---|---|---|---|---|---|
{table}
"""
