"""Assignment 1, "Estimators": what counts besides the public checks.

`draw` follows the course seed.
"""

from math import comb

import numpy as np

from passk_lib.course.compare import agree, agree_formula, points, refuses
from passk_lib.course.public import estimators as public
from passk_lib.course.questions import part


def closed_form(n, c, k):
    return 1 - comb(n - c, k) / comb(n, k)


@part("estimators-1", points=3)
def many_counts(answer, draw):
    """Counts up to 40 samples, all right and all wrong ones among them."""
    cases = [(8, 0, 3), (8, 8, 3), (8, 6, 3), (1, 1, 1)]
    for _ in range(20):
        n = int(draw.integers(5, 41))
        cases.append((n, int(draw.integers(0, n + 1)), int(draw.integers(1, n + 1))))
    agree(answer, closed_form, cases, "n c k", mistakes=public.COUNT_MISTAKES)


@part("estimators-1", points=1)
def large_counts(answer, draw):
    """Thousands of samples: nothing overflows and nothing is rounded away."""
    n = int(draw.integers(2000, 4000))
    agree(answer, closed_form, [(n, 3, 100), (n, n // 2, 7)], "n c k")


@part("estimators-1", points=1)
def every_k_beyond_n(answer, draw):
    """k > n is refused, also where all samples are right or wrong."""
    n = int(draw.integers(3, 20))
    refuses(answer, [(n, n, n + 1), (n, 0, 2 * n)], "n c k", "there is no subset of k samples")


def exact_bias(p, n, k):
    return public.mean_of_plug_in(p, n, k) - (1 - (1 - p) ** k)


@part("estimators-2", points=4)
def bias_of_many_samples(answer, draw):
    """Random p, n up to 60, and k beyond n, where the plug-in still has a value."""
    cases = [(float(draw.integers(1, 100)) / 100, int(draw.integers(2, 61)),
              int(draw.integers(2, 20))) for _ in range(12)]  # fmt: skip
    cases.append((0.2, 4, 9))
    agree(answer, exact_bias, cases, "p n k", mistakes=public.BIAS_MISTAKES, relative=1e-7)


@part("estimators-3", points=3)
def leading_bias_for_every_k(answer, draw):
    """The formula at random p, n and k."""
    where = points(draw, 60, p=(0.02, 0.98), n=range(2, 200), k=range(2, 30))
    agree_formula(answer, public.LEADING, where, name="leading_bias",
                  mistakes=public.LEADING_MISTAKES)  # fmt: skip


def curve(rewards, ks):
    rewards = np.asarray(rewards)
    n = rewards.shape[1]
    return [float(np.mean([closed_form(n, int(c), k) for c in rewards.sum(axis=1)])) for k in ks]


@part("estimators-4", points=3)
def random_data(answer, draw):
    """Random rewards, the ks in any order and repeated."""
    for prompts, n in [(1, 5), (30, 16), (7, 12)]:
        chance = draw.beta(0.5, 1.5, size=(prompts, 1))
        rewards = (draw.random((prompts, n)) < chance).astype(int)
        ks = [int(k) for k in draw.permutation(np.arange(1, n + 1))] + [1, n]
        agree(answer, curve, [(rewards, ks)], "rewards ks", mistakes=public.CURVE_MISTAKES)


@part("estimators-4", points=1)
def curve_refuses_last_k(answer, draw):
    """Too large a k is found wherever it stands."""
    rewards = np.ones((3, 4), dtype=int)
    refuses(answer, [(rewards, [5, 1]), (rewards, [2, 9])], "rewards ks",
            "four samples have no subset of k")  # fmt: skip


def closed_credit(n, c, k):
    return k * comb(n - c, k - 1) / comb(n - 1, k - 1)


@part("estimators-5", points=4)
def many_credits(answer, draw):
    """Random counts, k = 1 and k = n among them."""
    cases = [(6, 2, 1), (6, 1, 6), (6, 2, 6), (1, 1, 1)]
    for _ in range(20):
        n = int(draw.integers(4, 41))
        cases.append((n, int(draw.integers(1, n + 1)), int(draw.integers(1, n + 1))))
    agree(answer, closed_credit, cases, "n c k", mistakes=public.CREDIT_MISTAKES)
