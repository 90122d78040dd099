"""Assignment 6, "The language model": the questions and their public checks."""

from __future__ import annotations

from itertools import product
from math import comb
from statistics import NormalDist

import numpy as np

from passk_lib.course.compare import agree, equal
from passk_lib.course.language_data import load
from passk_lib.course.questions import Question, part

QUESTIONS = (
    Question("language-1", "Agreement scores", ("scores",)),
    Question("language-2", "Two estimates", ("plug_in", "unbiased")),
    Question("language-3", "One prompt left out", ("standard_error",)),
    Question("language-4", "Conflict, or not, or undecided", ("verdict",)),
    Question("language-5", "What the recorded data say", ("excess", "hard_part", "words")),
)


def small_case(draw, size, n, dim=3, solved=0.4):
    """(c, kernel) of made-up counts and gradients; no correct completion, no gradient."""
    c = draw.binomial(n, solved, size)
    g = np.where(c[:, None] > 0, draw.normal(0.5, 1, (size, dim)), 0.0).round(2)
    return c, g @ g.T


# --- 1: agreement scores


def scores_by_pairs(kernel):
    size = len(kernel)
    plain = [sum(kernel[i, j] for j in range(size)) / size for i in range(size)]
    others = [sum(kernel[i, j] for j in range(size) if j != i) / (size - 1) for i in range(size)]
    return [plain, others]


def true_scores(kernel):
    total = kernel.sum(axis=1)
    return [total / len(kernel), (total - np.diag(kernel)) / (len(kernel) - 1)]


def _scores(kernel, first=None, second=None):
    right = true_scores(kernel)
    return [right[0] if first is None else first, right[1] if second is None else second]


SCORE_MISTAKES = {
    "Without a prompt itself, N - 1 others are left: divide by that.": lambda kernel: _scores(
        kernel, second=(kernel.sum(axis=1) - np.diag(kernel)) / len(kernel)
    ),
    "Both arrays hold the product of a prompt with itself.": lambda kernel: _scores(
        kernel, second=true_scores(kernel)[0]
    ),
    "Those are sums over prompts; means are wanted.": lambda kernel: [
        kernel.sum(axis=1), kernel.sum(axis=1) - np.diag(kernel)
    ],
    "The two are exchanged: the plug-in comes first.": lambda kernel: true_scores(kernel)[::-1],
}  # fmt: skip


@part("language-1", points=1)
def few_prompts(scores, draw):
    """Three and five prompts, pair by pair."""
    cases = [(np.array([[4.0, 1.0, -1.0], [1.0, 2.0, 0.0], [-1.0, 0.0, 3.0]]),),
             (small_case(draw, 5, 8)[1],)]  # fmt: skip
    agree(scores, scores_by_pairs, cases, "kernel", mistakes=SCORE_MISTAKES)


# --- 2: two estimates


def credits_of(n, c, k):
    return np.array([k * comb(n - int(x), k - 1) / comb(n - 1, k - 1) if x else 0.0 for x in c])


def weights_of(n, c, k):
    return k * (1 - np.asarray(c) / n) ** (k - 1)


def true_plug_in(n, c, kernel, k):
    return float(np.mean(weights_of(n, c, k) * true_scores(kernel)[0]))


def true_unbiased(n, c, kernel, k):
    return float(np.mean(credits_of(n, c, k) * true_scores(kernel)[1]))


PLUG_IN_MISTAKES = {
    "Your weight is k times too small.": lambda n, c, kernel, k: true_plug_in(n, c, kernel, k) / k,
    "The plug-in takes the first score, with the prompt itself.": lambda n, c, kernel, k: float(
        np.mean(weights_of(n, c, k) * true_scores(kernel)[1])
    ),
    "That is the credit; the plug-in's weight is k (1 - c/n)^(k-1).": lambda n, c, kernel, k: float(
        np.mean(credits_of(n, c, k) * true_scores(kernel)[0])
    ),
    "That is a weighted mean: it divides by the sum of the weights. The formula (9) does not.": (
        lambda n, c, kernel, k: float(
            np.average(true_scores(kernel)[0], weights=weights_of(n, c, k) + 1e-300)
        )
    ),
}
UNBIASED_MISTAKES = {
    "The weight is the plug-in's: it looks at the samples whose gradient it multiplies.": (
        lambda n, c, kernel, k: float(np.mean(weights_of(n, c, k) * true_scores(kernel)[1]))
    ),
    "A prompt is still compared with itself: take the second score.": (
        lambda n, c, kernel, k: float(np.mean(credits_of(n, c, k) * true_scores(kernel)[0]))
    ),
    "The credit draws from the n - 1 other samples, not from n.": lambda n, c, kernel, k: (
        true_unbiased(n, c, kernel, k) * comb(n - 1, k - 1) / comb(n, k - 1)
    ),
    "Your credit is k times too small: at c = 1 it is k.": lambda n, c, kernel, k: (
        true_unbiased(n, c, kernel, k) / k
    ),
    "Prompts without a correct completion count in the mean, too: divide by all of them.": (
        lambda n, c, kernel, k: (
            true_unbiased(n, c, kernel, k) * len(c) / max(1, np.count_nonzero(c))
        )
    ),
}
NAMES = "n c kernel k"


@part("language-2", points=1)
def estimates_of_three_prompts(plug_in, unbiased, draw):
    """Three prompts with few completions."""
    kernel = np.array([[4.0, 1.0, -1.0], [1.0, 2.0, 0.5], [-1.0, 0.5, 3.0]])
    cases = [(4, [1, 3, 2], kernel, k) for k in (1, 2, 3)]
    agree(plug_in, true_plug_in, cases, NAMES, mistakes=PLUG_IN_MISTAKES)
    agree(unbiased, true_unbiased, cases, NAMES, mistakes=UNBIASED_MISTAKES)


@part("language-2", points=1)
def unbiased_over_all_outcomes(plug_in, unbiased, draw):
    """The mean over all outcomes of two drawn prompts is the truth.

    A prompt's policy has two answers, the correct one with probability p, and the score (1 - p) v
    of the correct answer.
    """
    n, k = 3, 2
    p, v = np.array([0.25, 0.5]), np.array([[1.0, 0.5], [-0.5, 1.0]])
    slope = (p * (1 - p))[:, None] * v
    truth = float((k * (1 - p) ** (k - 1)) @ slope / 2 @ slope.sum(axis=0) / 2)
    mean = 0.0
    for drawn in product((0, 1), repeat=2):
        drawn = list(drawn)
        for c in product(range(n + 1), repeat=2):
            chance = np.prod([comb(n, x) * p[i] ** x * (1 - p[i]) ** (n - x)
                              for i, x in zip(drawn, c, strict=True)]) / 4  # fmt: skip
            g = (np.array(c) / n * (1 - p[drawn]))[:, None] * v[drawn]
            mean += chance * unbiased(n, list(c), g @ g.T, k)
    equal("the mean of unbiased over all outcomes of a model with two prompts", mean, truth)


# --- 3: the jackknife


def leave_one_out(n, c, kernel, k):
    """t_i, by leaving out each prompt in turn."""
    c, every = np.asarray(c), np.arange(len(c))
    found = []
    for i in every:
        rest = every[every != i]
        found.append(true_unbiased(n, c[rest], kernel[np.ix_(rest, rest)], k))
    return np.array(found)


def by_leaving_out(n, c, kernel, k):
    t = leave_one_out(n, c, kernel, k)
    return float(np.sqrt((len(t) - 1) / len(t) * np.sum((t - t.mean()) ** 2)))


def fast_left_out(n, c, kernel, k):
    """The same from row and column sums."""
    size, credit = len(c), credits_of(n, c, k)
    off = kernel - np.diag(np.diag(kernel))
    given, taken = credit * off.sum(axis=1), credit @ off
    return (given.sum() - given - taken) / ((size - 1) * (size - 2))


def true_error(n, c, kernel, k):
    t = fast_left_out(n, c, kernel, k)
    return float(np.sqrt((len(t) - 1) * np.var(t)))


def terms_of(n, c, kernel, k):
    return credits_of(n, c, k) * true_scores(kernel)[1]


def _row_only(n, c, kernel, k):
    terms = terms_of(n, c, kernel, k)
    t = (terms.sum() - terms) / (len(terms) - 1)
    return float(np.sqrt((len(t) - 1) * np.var(t)))


ERROR_MISTAKES = {
    "Leaving a prompt out takes away its column, too: the others' scores change.": _row_only,
    "That is the standard deviation of the t_i; the factor N - 1 is missing.": (
        lambda *case: float(np.std(fast_left_out(*case)))
    ),
    "That is the sample standard deviation of the t_i; the sum has the factor (N - 1)/N.": (
        lambda *case: float(np.std(fast_left_out(*case), ddof=1))
    ),
    "That is the variance; take the root.": lambda *case: true_error(*case) ** 2,
}


@part("language-3", points=1)
def error_of_few_prompts(standard_error, draw):
    """Four and six prompts, each left out in turn."""
    cases = [(6, *small_case(draw, size, 6), k) for size, k in ((4, 1), (6, 2), (6, 3))]
    agree(standard_error, by_leaving_out, cases, NAMES, mistakes=ERROR_MISTAKES)


# --- 4: the verdict


def true_verdict(n, c, kernel, k, quantile=0.95, standard_error=true_error):
    middle, error = true_unbiased(n, c, kernel, k), standard_error(n, c, kernel, k)
    half = NormalDist().inv_cdf(quantile) * error
    low, high = middle - half, middle + half
    return [low, high, "conflict" if high < 0 else "no conflict" if low > 0 else "undecided"]


VERDICT_MISTAKES = {
    "That is the quantile of a one-sided interval; 5 % lie beyond each end: 1.645.": (
        lambda *case: true_verdict(*case, quantile=0.9)
    ),
    "That is a 95 % interval (1.96); 90 % was asked for (1.645).": (
        lambda *case: true_verdict(*case, quantile=0.975)
    ),
    "That is one standard error to each side: 68 %, not 90 %.": (
        lambda *case: true_verdict(*case, quantile=NormalDist().cdf(1.0))
    ),
    "The standard error is divided by √N once more; the jackknife has that in it.": (
        lambda *case: true_verdict(
            *case, standard_error=lambda *own: true_error(*own) / len(own[1]) ** 0.5
        )
    ),
    "The interval is around the plug-in; take the unbiased estimate.": (
        lambda n, c, kernel, k: [
            *(x + true_plug_in(n, c, kernel, k) - true_unbiased(n, c, kernel, k)
              for x in true_verdict(n, c, kernel, k)[:2]),
            true_verdict(n, c, kernel, k)[2],
        ]
    ),
}  # fmt: skip


@part("language-4", points=1)
def verdicts_on_recorded_prompts(verdict, draw):
    """The first 60 recorded prompts."""
    data = load()
    cases = [(data.n, data.c[:60], data.kernel[:60, :60], k) for k in (1, 2)]
    agree(verdict, true_verdict, cases, NAMES, mistakes=VERDICT_MISTAKES)


# --- 5: what the recorded data say

SIZES = (25, 50, 100, 200)


def recorded_part(of=None, k=2):
    data = load()
    terms = terms_of(data.n, data.c, data.kernel, k)
    chosen = np.ones(len(terms), dtype=bool) if of is None else of
    return float(terms[chosen].sum() / len(terms))


def recorded_words():
    data = load()
    return {N: true_verdict(data.n, data.c[:N], data.kernel[:N, :N], 8)[2] for N in SIZES}


@part("language-5", points=1)
def excess_of_the_plug_in(excess, hard_part, words, draw):
    """The plug-in's ‖∇J_1‖² beside the unbiased one."""
    data = load()
    plug_in, unbiased = (f(data.n, data.c, data.kernel, 1) for f in (true_plug_in, true_unbiased))
    mistakes = {
        "The other way round: the plug-in is the larger one.": unbiased / plug_in,
        "That is the difference; divide.": plug_in - unbiased,
        "Divide by the unbiased estimate, not by the exact value.": plug_in / data.exact[0],
        "That is the excess over 1; the ratio itself is asked for.": plug_in / unbiased - 1,
    }
    equal("excess", excess, plug_in / unbiased, mistakes=mistakes)
