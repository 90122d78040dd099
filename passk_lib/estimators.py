r"""Estimates from samples: n completions of one prompt, c of them correct.

All estimators here but the plug-in average over the C(n, k) ways to draw k of the n samples
WITHOUT replacement, which makes them unbiased: the n samples are independent, so each subset of k
is one independent try at k completions. (Drawing k of the n with replacement, which is what the
plug-in 1 - (1 - c/n)^k amounts to, is biased.) The metric is that of Chen et al. (2021); gradient
credits by Walder and Karkhanis (2025) and Mahdavi et al. (2025).

n, c and k are integers and broadcast, so all k come in one call. k > n has no subset to average
over and is an error.
"""

from __future__ import annotations

import numpy as np

from .checks import as_counts, as_positive_integers, as_rewards, broadcast
from .objectives import times_exp

__all__ = [
    "plugin_weight",
    "sample_credits",
    "unbiased_credit",
    "unbiased_pass_at_k",
    "unbiased_weight",
]


def unbiased_pass_at_k(n, c, k):
    """1 - C(n-c, k)/C(n, k): the share of k-subsets with a correct sample; unbiased for pass@k.

    The k are drawn without replacement. n: samples; c: correct ones, 0 <= c <= n; k: 1 <= k <= n.

    >>> round(float(unbiased_pass_at_k(4, 1, 2)), 12)  # half of the pairs hold the correct one
    0.5
    """
    n, c, k = _counts(n, c, k, largest=0)
    return 0.0 - np.expm1(_log_all_wrong(n, c, k))


def plugin_weight(n, c, k):
    """k (1 - c/n)^(k-1): the pass@k weight at the estimated success probability c/n. Biased.

    As if samples were drawn with replacement. n: samples; c: correct ones, 0 <= c <= n; k >= 1,
    which may exceed n here: no subsets are drawn.
    """
    n, c, k = _counts(n, c, k)
    with np.errstate(invalid="ignore"):
        exponent = np.where(k == 1, 0.0, (k - 1) * _log_ratio(n - c, n))
    return times_exp(k, exponent)


def unbiased_weight(n, c, k):
    """k C(n-c, k-1)/C(n, k-1): unbiased for the weight k (1 - p)^(k-1).

    k - 1 of the n samples are drawn without replacement. n: samples; c: correct ones,
    0 <= c <= n; k: 1 <= k <= n + 1. The estimate uses the same samples
    as c/n does, so its product with a gradient estimated from them is NOT unbiased for the pass@k
    gradient; `unbiased_credit` and `sample_credits` are.

    >>> round(float(unbiased_weight(4, 1, 2)), 12)  # 2 C(3, 1)/C(4, 1)
    1.5
    """
    n, c, k = _counts(n, c, k, largest=1)
    return times_exp(k, _log_all_wrong(n, c, k - 1))


def unbiased_credit(n, c, k):
    """k C(n-c, k-1)/C(n-1, k-1): credit of each correct sample in the pass@k gradient.

    (1/n) Σ_{correct i} credit · ∇log π(y_i|x) is unbiased for ∇[1 - (1 - p)^k]: by leave-one-out,
    the credit estimates k (1 - p)^(k-1) from the n - 1 other samples, of which k - 1 are drawn
    without replacement. Where c = 0 there is no
    sample to credit and the formula's value, k n/(n-k+1), multiplies an empty sum.

    n: samples; c: correct ones, 0 <= c <= n; k: 1 <= k <= n.
    """
    n, c, k = _counts(n, c, k, largest=0)
    # Of the other n - 1 samples c - 1 are correct; c = 0 adds one incorrect sample instead.
    others = _log_all_wrong(n - 1, np.maximum(c - 1, 0), k - 1)
    return times_exp(k, np.where(c == 0, _log_ratio(n, n - k + 1), others))


def sample_credits(rewards, k):
    """Credits (..., n) with which Σ_i credit_i ∇log π(y_i|x) is unbiased for ∇[1 - (1 - p)^k].

    rewards: (..., n), each 0 or 1; the last axis runs over the n samples of one prompt.
    k: 1 <= k <= n, any shape; the result has shape k.shape + rewards.shape.

    The estimator averages, over all k-subsets (drawn without replacement), the term
    [some sample is correct] · Σ_{i in subset} ∇log π.
    So a correct sample gets k/n, and an incorrect one (k/n)(1 - C(n-1-c, k-1)/C(n-1, k-1)), its
    share of the subsets that another sample makes succeed. The two forms differ by a baseline:
    subtract (k/n)·[share of (k-1)-subsets of the OTHER n - 1 samples that succeed], and correct
    samples keep `unbiased_credit`/n, incorrect ones 0. A baseline that does not look at sample i
    itself leaves the mean unchanged, since E[∇log π] = 0; it changes the variance.
    """
    correct = as_rewards("rewards", rewards)
    k = as_positive_integers("k", k)
    n = correct.shape[-1]
    c = correct.sum(axis=-1)
    _check_largest(np.asarray(n), k, 0)
    k = k.reshape(k.shape + (1,) * c.ndim)
    # Where every sample is correct nobody reads the incorrect one's credit.
    wrong = _log_all_wrong(*np.broadcast_arrays(n - 1, np.minimum(c, n - 1), k - 1))
    incorrect = k / n * (0.0 - np.expm1(wrong))
    return np.where(correct, (k / n)[..., None], incorrect[..., None])


# --- How the ratios of binomial coefficients are computed -------------------------------------


def _counts(n, c, k, largest: int | None = None) -> list[np.ndarray]:
    """n, c, k at their common shape; k <= n + largest is required unless `largest` is None."""
    n, c = as_counts(n, c)
    n, c, k = broadcast(n=n, c=c, k=as_positive_integers("k", k))
    if largest is not None:
        _check_largest(n, k, largest)
    return [n, c, k]


def _check_largest(n: np.ndarray, k: np.ndarray, largest: int) -> None:
    n, k = np.broadcast_arrays(n, k)
    bad = k > n + largest
    if bad.any():
        i = tuple(np.argwhere(bad)[0])
        allowed = "n + 1" if largest else "n"
        raise ValueError(f"k must be at most {allowed}; got k = {k[i]} for n = {n[i]} samples")


def _log_ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """log(a/b) for integers a >= 0, b > 0, accurate where a is close to b; -inf at a = 0."""
    with np.errstate(divide="ignore"):
        return np.where(np.abs(a - b) < b / 2, np.log1p((a - b) / b), np.log(a / b))


def _log_all_wrong(n: np.ndarray, c: np.ndarray, k: np.ndarray) -> np.ndarray:
    """log [C(n-c, k)/C(n, k)], the chance that k of n samples miss all c correct ones.

    The ratio is Π_{i<k} (n-c-i)/(n-i), and it is symmetric in c and k. One running sum serves all
    entries that share n and one of the two; we share whichever makes fewer sums. No factorial
    occurs, so nothing overflows. Arrays of one shape.
    """
    shape = np.shape(n)
    n, c, k = (np.ravel(x) for x in (n, c, k))
    result = np.full(n.shape, -np.inf)
    possible = np.flatnonzero(k <= n - c)  # otherwise some correct sample is always drawn
    n, c, k = n[possible], c[possible], k[possible]
    pairs = [np.unique(np.stack([n, shared]), axis=1, return_inverse=True) for shared in (c, k)]
    (groups, group), length = min(zip(pairs, (k, c), strict=True), key=lambda p: p[0][0].shape[1])
    group = group.ravel()
    order = np.argsort(group, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(part) == 0:
            continue
        total, shared = groups[:, group[part[0]]]
        i = np.arange(length[part].max())
        sums = _running_sum(_log_ratio(total - shared - i, total - i))
        result[possible[part]] = sums[length[part]]
    return result.reshape(shape)[()]


def _running_sum(terms: np.ndarray) -> np.ndarray:
    """Sums of the first 0, 1, 2, … terms, each as accurate as the terms: rounding is added back."""
    sums = np.concatenate([[0.0], np.cumsum(terms)])
    before, after = sums[:-1], sums[1:]
    added = after - before
    lost = (before - (after - added)) + (terms - added)  # exact: Knuth's two-sum
    sums[1:] = after + np.cumsum(lost)
    return sums
