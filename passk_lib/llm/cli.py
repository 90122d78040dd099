"""The subcommands of `passk` that run language models."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from .train import RECIPES, model_card, train, write_model


def train_tiny(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="passk train-tiny",
        description="Train a tiny model from its seed: the same weights every time on one thread.",
    )
    parser.add_argument("name", nargs="?", default="B", help=f"one of {', '.join(RECIPES)}")
    parser.add_argument("--out", type=Path, help="folder to write (default: ./NAME)")
    options = parser.parse_args(arguments)
    if options.name not in RECIPES:
        raise ValueError(f"name = {options.name!r}: must be one of {', '.join(RECIPES)}")
    recipe = RECIPES[options.name]
    folder = options.out or Path(options.name)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out = {str(folder)!r}: is a file; give a folder")
    with tqdm(total=recipe.stop, unit="step", desc=f"train {recipe.name}") as bar:

        def show(step: int, loss: float) -> None:
            bar.update()
            if step % 20 == 0:
                bar.set_postfix(loss=f"{loss:.4f}")

        model, tokenizer, losses = train(recipe, show)
    write_model(model, tokenizer, folder, model_card(recipe, model, tokenizer, losses))
    print(f"{folder}: {sum(p.numel() for p in model.parameters()):,} parameters")
