"""Verifiable tasks: prompts, reference answers and a verifier r(x, y) in {0, 1}.

A task says nothing about a model.  Whatever has these members can join the experiment; the tiny
task at the bottom is the one whose success probabilities are known exactly.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np


class Task(ABC):
    """A finite prompt distribution D with a verifier.

    prompts: N texts; references: N reference answers; mass: (N,) probabilities of D, sum 1.
    """

    name: str
    prompts: Sequence[str]
    references: Sequence[str]
    mass: np.ndarray

    @abstractmethod
    def verify(self, completion: str, reference: str) -> bool:
        """The verifier r(x, y).  `completion` is the text before the end token."""

    def correct_completions(self, index: int) -> list[str] | None:
        """Every text that the verifier accepts for prompt `index`, or None if there are too many.

        With such a list the success probability p(x) = sum of pi(y|x) is exact.
        """
        return None

    def draw(self, size: int, seed: int) -> np.ndarray:
        """Indices (size,) of prompts drawn independently from D, with replacement."""
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
            raise ValueError(f"size = {size!r}: the number of prompts must be an integer >= 1")
        return np.random.default_rng([seed, 0]).choice(len(self.prompts), size, p=self.mass)


OPENINGS = ("So", "Thus", "Ok", "Well", "Hmm", "Wait")


class Subtraction(Task):
    """Signed subtraction of two-digit numbers: `73-28=` wants `45`, `28-73=` wants `-45`.

    Every pair of different numbers from 10 to 99 is a prompt.  Easy: a > b.  Hard: a < b, where
    the sign is needed.  The hard prompts have total mass `hard_fraction`, in [0, 1]; within each
    kind all prompts are equally likely.  One opening word before the number is allowed.
    """

    name = "subtraction"

    def __init__(self, hard_fraction: float = 0.15):
        if isinstance(hard_fraction, bool) or not isinstance(
            hard_fraction, int | float | np.floating
        ):
            raise TypeError(f"hard_fraction = {hard_fraction!r}: must be a number in [0, 1]")
        if not 0.0 <= hard_fraction <= 1.0:
            raise ValueError(f"hard_fraction = {hard_fraction!r}: must be in [0, 1]")
        self.hard_fraction = float(hard_fraction)
        a, b = (grid.ravel() for grid in np.mgrid[10:100, 10:100])
        self.first, self.second = a[a != b], b[a != b]
        self.hard = self.first < self.second
        self.prompts = [f"{a}-{b}=" for a, b in zip(self.first, self.second, strict=True)]
        difference = self.first - self.second
        self.references = [f"{'-' if d < 0 else ''}{abs(d):02d}" for d in difference.tolist()]
        self.mass = np.where(
            self.hard,
            self.hard_fraction / self.hard.sum(),
            (1.0 - self.hard_fraction) / (~self.hard).sum(),
        )

    def verify(self, completion: str, reference: str) -> bool:
        return re.sub(rf"\A({'|'.join(OPENINGS)})", "", completion) == reference

    def correct_completions(self, index: int) -> list[str]:
        answer = self.references[index]
        return [answer, *(word + answer for word in OPENINGS)]


TASKS = {"subtraction": Subtraction}


def make_task(name: str, **options) -> Task:
    """The task of that name; ValueError for an unknown one."""
    if name not in TASKS:
        raise ValueError(f"task = {name!r}: must be one of {', '.join(TASKS)}")
    return TASKS[name](**options)
