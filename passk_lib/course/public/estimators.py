"""Assignment 1, "Estimators": the questions and their public checks."""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
import sympy

from passk_lib.course.compare import agree, agree_formula, equal, points, refuses
from passk_lib.course.questions import Question, part

QUESTIONS = (
    Question("estimators-1", "Pass@k from counts", ("pass_from_counts",)),
    Question("estimators-2", "How biased is the plug-in?", ("plugin_bias",)),
    Question("estimators-3", "The bias for many samples", ("leading_bias",)),
    Question("estimators-4", "A curve for a whole data set", ("pass_curve",)),
    Question("estimators-5", "The credit of a correct sample", ("credit",)),
)


# --- 1: pass@k from counts


def share_of_subsets(n, c, k):
    """Counted one by one: the share of the k-subsets of n samples that hold a correct one."""
    subsets = list(combinations([1] * c + [0] * (n - c), k))
    return sum(map(any, subsets)) / len(subsets)


def plug_in(n, c, k):
    return 1 - (1 - c / n) ** k


COUNT_MISTAKES = {
    "That is the plug-in 1 - (1 - c/n)^k: it draws with replacement, subsets do not.": plug_in,
    "That is the share of subsets without a correct sample; pass@k is the rest.": (
        lambda n, c, k: comb(n - c, k) / comb(n, k)
    ),
    "That is pass@n: k plays no part in it.": lambda n, c, k: float(c > 0),
    "That is c/n, which is right for k = 1 only.": lambda n, c, k: c / n,
}


@part("estimators-1", points=1)
def small_counts(answer, draw):
    """Small counts, against subsets counted one by one."""
    cases = [(4, 1, 2), (5, 2, 1), (5, 2, 3), (6, 1, 3)]
    agree(answer, share_of_subsets, cases, "n c k", mistakes=COUNT_MISTAKES)


@part("estimators-1", points=1)
def impossible_k(answer, draw):
    """k > n is refused."""
    refuses(answer, [(5, 2, 6)], "n c k", "five samples have no subset of six")


# --- 2: the bias of the plug-in


def mean_plugin_minus_truth(p, n, k):
    """The exact bias, by going through all 2^n outcomes of n samples."""
    mean = 0.0
    for outcome in product([0, 1], repeat=n):
        c = sum(outcome)
        mean += p**c * (1 - p) ** (n - c) * plug_in(n, c, k)
    return mean - (1 - (1 - p) ** k)


def mean_of_plug_in(p, n, k):
    """By the binomial formula: fast for many samples, too."""
    return sum(comb(n, c) * p**c * (1 - p) ** (n - c) * plug_in(n, c, k) for c in range(n + 1))


BIAS_MISTAKES = {
    "The sign is the other way round: the bias is the estimator's mean minus the truth.": (
        lambda p, n, k: 1 - (1 - p) ** k - mean_of_plug_in(p, n, k)
    ),
    "That is the plug-in's mean; subtract the true pass@k.": mean_of_plug_in,
    "That is no bias at all. The plug-in of the mean count is the truth; the mean of the plug-in "
    "is not.": lambda p, n, k: 0.0,
}


@part("estimators-2", points=1)
def bias_of_few_samples(answer, draw):
    """Few samples, against all outcomes counted one by one."""
    cases = [(0.5, 2, 2), (0.25, 4, 3), (0.3, 6, 4)]
    agree(answer, mean_plugin_minus_truth, cases, "p n k", mistakes=BIAS_MISTAKES)


@part("estimators-2", points=1)
def no_bias_where_there_is_none(answer, draw):
    """Pass@1, and prompts that are never or always solved."""
    cases = [(0.3, 5, 1), (0.0, 4, 3), (1.0, 4, 3)]
    agree(answer, lambda p, n, k: 0.0, cases, "p n k")


# --- 3: its leading term, a formula

p, n, k = sympy.symbols("p n k")
LEADING = -k * (k - 1) * p * (1 - p) ** (k - 1) / (2 * n)
LEADING_MISTAKES = {
    "The sign is wrong: F is concave, so the mean of F lies below F of the mean.": -LEADING,
    "The factor 1/2 of the second-order term of Taylor's formula is missing.": 2 * LEADING,
    "That takes p for the variance of one sample; it is p(1 - p).": LEADING / (1 - p),
    "F'' has the factor k(k - 1): each of the two derivatives brings its own.": (
        LEADING * k / (k - 1)
    ),
}


@part("estimators-3", points=1)
def leading_bias_at_two(answer, draw):
    """The formula for k = 2, where it is exact."""
    where = points(draw, p=(0.05, 0.95), n=range(2, 9), k=range(2, 3))
    agree_formula(answer, LEADING, where, name="leading_bias", mistakes=LEADING_MISTAKES)


# --- 4: a curve for a data set


def curve_by_counting(rewards, ks):
    rewards = np.asarray(rewards)
    return [
        float(np.mean([share_of_subsets(len(row), int(sum(row)), k) for row in rewards]))
        for k in ks
    ]


def pooled(rewards, ks):
    rewards = np.asarray(rewards)
    return [1 - (1 - rewards.mean()) ** k for k in ks]


def plugin_curve(rewards, ks):
    rewards = np.asarray(rewards)
    return [float(np.mean(1 - (1 - rewards.mean(axis=1)) ** k)) for k in ks]


CURVE_MISTAKES = {
    "That treats all prompts as one. Estimate pass@k for each prompt, then average.": pooled,
    "That averages plug-in estimates; use the unbiased one of question 1.": plugin_curve,
}


@part("estimators-4", points=1)
def two_prompts(answer, draw):
    """An easy and a hard prompt."""
    rewards = np.array([[1, 1, 1, 0], [0, 0, 1, 0]])
    agree(answer, curve_by_counting, [(rewards, [1, 2, 3, 4])], "rewards ks",
          mistakes=CURVE_MISTAKES)  # fmt: skip


@part("estimators-4", points=1)
def curve_refuses_large_k(answer, draw):
    """One k that is larger than n is enough to refuse."""
    rewards = np.array([[1, 0, 0], [0, 0, 0]])
    refuses(answer, [(rewards, [1, 4])], "rewards ks", "three samples have no subset of four")


# --- 5: the credit of a correct sample


def credit_by_counting(n, c, k):
    """k times the share of the (k-1)-subsets of the other n - 1 samples that are all wrong."""
    others = list(combinations([1] * (c - 1) + [0] * (n - c), k - 1))
    return k * sum(not any(s) for s in others) / len(others)


CREDIT_MISTAKES = {
    "That is the plug-in weight: it looks at the sample whose credit it is.": (
        lambda n, c, k: k * (1 - c / n) ** (k - 1)
    ),
    "That draws from all n samples. Leave the credited one out: n - 1 are left.": (
        lambda n, c, k: k * comb(n - c, k - 1) / comb(n, k - 1)
    ),
    "Your credit is k times too small: see it at c = 1, where it should be k.": (
        lambda n, c, k: comb(n - c, k - 1) / comb(n - 1, k - 1)
    ),
}


@part("estimators-5", points=1)
def credits_of_small_counts(answer, draw):
    """Small counts, against subsets of the other samples."""
    cases = [(4, 1, 3), (5, 2, 2), (6, 3, 3), (5, 4, 3)]
    agree(answer, credit_by_counting, cases, "n c k", mistakes=CREDIT_MISTAKES)


@part("estimators-5", points=1)
def credit_is_unbiased(answer, draw):
    """The mean of (c/n) · credit over all outcomes is p times the weight."""

    for p, n, k in [(0.3, 5, 3), (0.1, 6, 4)]:
        mean = 0.0
        for c in range(1, n + 1):
            mean += comb(n, c) * p**c * (1 - p) ** (n - c) * c / n * answer(n, c, k)
        name = f"the mean of (c/n) · credit at p = {p}, n = {n}, k = {k}"
        equal(name, mean, p * k * (1 - p) ** (k - 1))
