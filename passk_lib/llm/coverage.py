"""How often a 90 % interval holds the truth: measured where the truth is known.

The population D is a finite set of the tiny task's prompts, so <dJ_k, dJ_1> over D is exact.
Every repetition draws prompts from D and, for each, counts of correct completions from their exact
probabilities: what sampling the model would return, without running it again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ..checks import LARGEST_INTEGER, as_positive_integers
from ..field import SampleCounts
from ..objectives import weight
from .estimates import SampledAgreement
from .field import LMField
from .models import load, one_thread
from .rows import Rows
from .scoring import exact_rows
from .tasks import Subtraction

NEVER = 1e-6  # correct completions rarer than this are left out of the population
MOST_PROMPTS = 10_000  # drawn at once: their (N, N) kernel is held in memory


@dataclass(frozen=True)
class Population:
    """Prompts with all their correct completions, and the kernel of the completions' scores.

    prompt: (R,) prompt of each completion; probability: (R,) pi(y|x); scores: (R, R) of
    <d log pi(y|x), d log pi(y'|x')>; size: number of prompts, all equally likely.
    """

    prompt: np.ndarray
    probability: np.ndarray
    scores: np.ndarray
    size: int

    @property
    def success(self) -> np.ndarray:
        return np.bincount(self.prompt, self.probability, minlength=self.size)

    def _spread(self, prompts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the given prompts, one after the other, and the place each belongs to."""
        bounds = np.searchsorted(self.prompt, np.arange(self.size + 1))
        length = np.diff(bounds)[prompts]
        place = np.repeat(np.arange(len(prompts)), length)
        within = np.arange(len(place)) - np.repeat(np.cumsum(length) - length, length)
        return np.repeat(bounds[prompts], length) + within, place

    def kernel(self, prompts: np.ndarray, coefficient: np.ndarray) -> np.ndarray:
        """(N, N) kernel of g_i = sum of coefficient * score over the rows of prompts[i]."""
        rows, place = self._spread(prompts)
        scaled = coefficient[:, None] * self.scores[np.ix_(rows, rows)] * coefficient
        starts = np.searchsorted(place, np.arange(len(prompts)))
        return np.add.reduceat(np.add.reduceat(scaled, starts, axis=0), starts, axis=1)

    def truth(self, ks) -> np.ndarray:
        """Exact <dJ_k, dJ_1> for each k."""
        everyone = np.arange(self.size)
        kernel = self.kernel(everyone, self.probability)
        k = as_positive_integers("k", ks)[..., None]
        return weight(np.minimum(self.success, 1.0), k) @ kernel.mean(axis=1) / self.size

    def draw(self, size: int, n: int, rng: np.random.Generator) -> SampledAgreement:
        """What an experiment with `size` prompts and n completions of each would see."""
        prompts = rng.integers(self.size, size=size)
        rows, place = self._spread(prompts)
        # A multinomial as binomials, one after the other: completions of a prompt share n.
        count = np.zeros(len(rows))
        left, remaining = np.full(size, n), np.ones(size)
        for i in range(len(rows)):
            x = place[i]
            share = min(1.0, self.probability[rows[i]] / max(remaining[x], 1e-300))
            count[i] = rng.binomial(left[x], share)
            left[x] -= count[i]
            remaining[x] -= self.probability[rows[i]]
        kernel = self.kernel(prompts, count / n)
        correct = np.bincount(place, count, minlength=size).astype(np.int64)
        return SampledAgreement(
            SampleCounts(n, correct), kernel.mean(axis=1), np.diag(kernel).copy(), None, kernel
        )


def _demand(name: str, value, allowed: str, fits: bool) -> None:
    if not fits:
        raise ValueError(f"{name} = {value!r}: must be {allowed}")


def _integer(value, low: int, high: float = math.inf) -> bool:
    return (
        isinstance(value, int | np.integer) and not isinstance(value, bool) and low <= value <= high
    )


def check_population(hard_fraction, size, seed, named: Callable[[str], str] = str) -> None:
    """Raise ValueError for arguments that `population` refuses; `named` says how each is called."""
    number = isinstance(hard_fraction, int | float | np.floating)
    fits = number and 0 <= hard_fraction <= 1
    _demand(named("hard_fraction"), hard_fraction, "a number from 0 to 1", fits)
    kinds = Subtraction().hard
    share = max(hard_fraction, 1 - hard_fraction)
    most = int(min(kinds.sum(), (~kinds).sum()) / share)  # of the larger kind all are taken
    allowed = f"an integer from 2 to {most} where {named('hard_fraction')} = {hard_fraction:g}"
    _demand(named("size"), size, allowed, _integer(size, 2, most))
    _demand(named("seed"), seed, "an integer >= 0", _integer(seed, 0))


def check_draws(
    ks, prompts, n, repetitions, level, seed, named: Callable[[str], str] = str
) -> None:
    """Raise ValueError for arguments that `measure` refuses; `named` says how each is called."""
    allowed = f"an integer from 3 (a jackknife over pairs) to {MOST_PROMPTS}"
    _demand(named("prompts"), prompts, allowed, _integer(prompts, 3, MOST_PROMPTS))
    _demand(named("n"), n, "an integer from 1 to 2^53", _integer(n, 1, LARGEST_INTEGER))
    allowed = f"integers from 1 to {named('n')} = {n}"
    for k in ks:
        _demand(named("ks"), k, allowed, _integer(k, 1, n))
    allowed = "an integer >= 2: a spread needs two"
    _demand(named("repetitions"), repetitions, allowed, _integer(repetitions, 2))
    fits = isinstance(level, int | float | np.floating) and level > 0 and (1 + level) / 2 < 1
    _demand(named("level"), level, "above 0 and below 1", fits)
    _demand(named("seed"), seed, "an integer >= 0", _integer(seed, 0))


def population(model: str = "B", hard_fraction: float = 0.15, size: int = 600, seed: int = 0):
    """A `Population` of `size` prompts of the subtraction task, a share of them hard."""
    check_population(hard_fraction, size, seed)
    lm, tokenizer = load(model)
    task = Subtraction(hard_fraction)
    rng = np.random.default_rng([seed, 7])
    hard = round(size * hard_fraction)
    index = np.concatenate(
        [
            rng.choice(np.flatnonzero(task.hard == flag), number, replace=False)
            for flag, number in ((True, hard), (False, size - hard))
        ]
    )
    with one_thread():
        rows = exact_rows(lm, tokenizer, task, index)
        rows = rows.select(rows.coefficient > NEVER)
        rows = rows.select(np.argsort(rows.prompt, kind="stable"))
        # One "prompt" for each row, so that the kernel is that of single completions.
        single = Rows(
            [rows.prompt_tokens[i] for i in rows.prompt],
            np.arange(len(rows)),
            rows.completion_tokens,
            np.ones(len(rows)),
        )
        mass = np.full(len(rows), 1 / len(rows))
        field = LMField(lm, single, mass, np.zeros(len(rows)))
        scores = field.kernel_rows(np.arange(len(rows)))
    return Population(rows.prompt, rows.coefficient, scores, size)


def measure(
    pool: Population,
    ks=(2, 4, 8, 16),
    prompts: int = 400,
    n: int = 32,
    repetitions: int = 1000,
    level: float = 0.9,
    seed: int = 0,
    progress: bool = True,
) -> list[dict]:
    """One entry for each estimator and k: coverage of the interval, mean and spread of estimates.

    coverage has itself the standard error sqrt(coverage (1 - coverage) / repetitions).
    """
    check_draws(ks, prompts, n, repetitions, level, seed)
    truth = pool.truth(ks)
    estimators = ("unbiased", "plug-in")
    inside = {name: np.zeros(len(ks)) for name in estimators}
    seen = {name: [] for name in estimators}
    bars = tqdm(range(repetitions), desc="coverage", unit="run", disable=not progress)
    for repetition in bars:
        table = pool.draw(prompts, n, np.random.default_rng([seed, 11, repetition]))
        for name in estimators:
            low, high = table.interval(ks, level, name).T
            inside[name] += (low <= truth) & (truth <= high)
            seen[name].append((low + high) / 2)
    return [
        {
            "estimator": name,
            "k": int(k),
            "exact": float(truth[i]),
            "mean_estimate": float(np.mean(seen[name], axis=0)[i]),
            "spread": float(np.std(seen[name], axis=0, ddof=1)[i]),
            "coverage": float(inside[name][i] / repetitions),
        }
        for name in estimators
        for i, k in enumerate(ks)
    ]
