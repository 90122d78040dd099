"""The estimators against enumeration: of subsets for their values, of outcomes for unbiasedness."""

from fractions import Fraction
from itertools import combinations, product
from math import comb

import numpy as np
import pytest

from passk_lib.estimators import (
    plugin_weight,
    sample_credits,
    unbiased_credit,
    unbiased_pass_at_k,
    unbiased_weight,
)

CASES = [(n, c, k) for n in range(1, 11) for c in range(n + 1) for k in range(1, n + 1)]


def _arrays(cases):
    return (np.array(column) for column in zip(*cases, strict=True))


def _close(values, exact, tolerance=1e-13):
    for value, truth in zip(np.ravel(values), exact, strict=True):
        assert abs(Fraction(float(value)) - truth) <= tolerance * abs(truth)


def _share(n, c, k, succeed):
    """Share of the k-subsets of n samples, the first c correct, for which `succeed` holds."""
    subsets = list(combinations(range(n), k))
    return Fraction(sum(succeed(subset) for subset in subsets), len(subsets))


def test_pass_at_k_is_the_share_of_subsets_with_a_correct_sample():
    exact = [_share(n, c, k, lambda s, c=c: min(s) < c) for n, c, k in CASES]
    _close(unbiased_pass_at_k(*_arrays(CASES)), exact)


def test_weight_is_k_times_the_share_of_smaller_subsets_without_a_correct_sample():
    cases = CASES + [(n, c, n + 1) for n in range(1, 11) for c in range(n + 1)]
    exact = [k * _share(n, c, k - 1, lambda s, c=c: all(i >= c for i in s)) for n, c, k in cases]
    _close(unbiased_weight(*_arrays(cases)), exact)


def test_credit_is_k_times_the_share_of_failing_subsets_of_the_other_samples():
    cases = [(n, c, k) for n, c, k in CASES if c >= 1]
    exact = [
        k * _share(n - 1, c - 1, k - 1, lambda s, c=c: all(i >= c - 1 for i in s))
        for n, c, k in cases
    ]
    _close(unbiased_credit(*_arrays(cases)), exact)


def test_credit_follows_its_formula_at_c_zero_too():
    cases = [(n, 0, k) for n in range(1, 11) for k in range(1, n + 1)]
    exact = [Fraction(k * comb(n, k - 1), comb(n - 1, k - 1)) for n, _, k in cases]
    _close(unbiased_credit(*_arrays(cases)), exact)


def test_plugin_weight_is_the_weight_at_c_over_n():
    cases = [(n, c, k) for n in range(1, 11) for c in range(n + 1) for k in (1, 2, 7, 40)]
    exact = [k * Fraction(n - c, n) ** (k - 1) for n, c, k in cases]
    _close(plugin_weight(*_arrays(cases)), exact)


def test_sample_credits_are_the_shares_of_successful_subsets_around_each_sample():
    for n in range(1, 8):
        for c in range(n + 1):
            credits = sample_credits([1] * c + [0] * (n - c), np.arange(1, n + 1))
            assert credits.shape == (n, n)
            for k in range(1, n + 1):
                exact = [
                    _share(n, c, k, lambda s, i=i, c=c: i in s and min(s) < c) for i in range(n)
                ]
                _close(credits[k - 1], exact)


def _fraction(x: float) -> Fraction:
    """The fraction with a small denominator that the float stands for."""
    simple = Fraction(float(x)).limit_denominator(10**6)
    assert abs(float(simple) - x) <= 1e-14 * max(1, abs(x))
    return simple


@pytest.mark.parametrize("p", [Fraction(1, 3), Fraction(4, 5)])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_estimates_are_unbiased_over_all_outcomes(n, p):
    """Enumerates the 2^n reward sequences of n samples with success probability p, exactly.

    The score of a one-parameter policy with p = σ(θ): 1 - p if correct, -p if not; ∇p = p (1 - p).
    """
    for k in range(1, n + 1):
        mean_value = mean_weight = mean_gradient = mean_credit = Fraction(0)
        for rewards in product([0, 1], repeat=n):
            c = sum(rewards)
            chance = p**c * (1 - p) ** (n - c)
            scores = [1 - p if r else -p for r in rewards]
            credits = [_fraction(x) for x in sample_credits(rewards, k)]
            credit = _fraction(unbiased_credit(n, c, k))
            mean_value += chance * _fraction(unbiased_pass_at_k(n, c, k))
            mean_weight += chance * _fraction(unbiased_weight(n, c, k))
            mean_gradient += chance * sum(x * s for x, s in zip(credits, scores, strict=True))
            mean_credit += (
                chance * credit * sum(s for r, s in zip(rewards, scores, strict=True) if r) / n
            )
        weight = k * (1 - p) ** (k - 1)
        assert mean_value == 1 - (1 - p) ** k
        assert mean_weight == weight
        assert mean_gradient == weight * p * (1 - p)
        assert mean_credit == weight * p * (1 - p)


def test_the_plugin_weight_is_biased_so_unbiasedness_is_a_real_test():
    n, k, p = 3, 3, Fraction(1, 3)
    mean = sum(
        comb(n, c) * p**c * (1 - p) ** (n - c) * _fraction(plugin_weight(n, c, k))
        for c in range(n + 1)
    )
    assert mean > k * (1 - p) ** (k - 1)


def test_the_two_gradient_forms_differ_by_a_leave_one_out_baseline():
    for n in range(2, 8):
        for c in range(n + 1):
            rewards = np.array([1] * c + [0] * (n - c))
            k = np.arange(1, n + 1)
            others = n - 1, c - rewards  # what sample i sees when it is left out
            wins = np.where(
                k[:, None] > 1,
                unbiased_pass_at_k(*others, np.maximum(k[:, None] - 1, 1)),
                0.0,
            )
            baseline = k[:, None] / n * wins
            expected = np.where(rewards, unbiased_credit(n, c, k)[:, None] / n, 0.0)
            assert np.allclose(sample_credits(rewards, k) - baseline, expected, atol=1e-14)


def test_values_that_the_paper_prints_are_the_plugin_at_n_32():
    assert np.round(plugin_weight(32, [1, 2, 3], 32), 2).tolist() == [11.96, 4.33, 1.51]
    assert unbiased_weight(32, [0, 1, 2, 32], 32).tolist() == pytest.approx([32, 1, 0, 0])
    assert unbiased_credit(32, [1, 2, 32], 32).tolist() == pytest.approx([32, 0, 0])


def _miss(n, c, k) -> Fraction:
    small, large = sorted((c, k))
    top = bottom = 1
    for i in range(small):
        top *= n - large - i
        bottom *= n - i
    return Fraction(top, bottom)


def test_twelve_digits_and_no_overflow_at_a_hundred_thousand_samples():
    n = 10**5
    cases = [(1, 7), (1, n), (3, n // 2), (500, 400), (20_000, 1), (999, 1001), (n - 3, 2)]
    cases += [(2000, 900), (n - 1, 1), (0, n), (n // 2, 800)]
    cases += [(i, j) for i in range(1, 6) for j in range(1, 6)]  # values close to 0
    c, k = (np.array(column) for column in zip(*cases, strict=True))
    miss = [_miss(n, *case) for case in cases]
    _close(unbiased_pass_at_k(n, c, k), [1 - m for m in miss], 1e-12)
    _close(unbiased_weight(n, c, k), [j * _miss(n, i, j - 1) for i, j in cases], 1e-12)
    some = c >= 1
    exact = [j * _miss(n - 1, i - 1, j - 1) for i, j in cases if i]
    _close(unbiased_credit(n, c[some], k[some]), exact, 1e-12)


def test_all_k_in_one_call_agree_with_single_calls_and_with_recurrences():
    n, k = 10**5, np.arange(1, 10**5 + 1)
    values = unbiased_pass_at_k(n, np.array([[0], [1], [2], [40_000], [n]]), k)
    assert values.shape == (5, n)
    assert np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()
    assert (np.diff(values, axis=1) >= 0).all()
    assert (values[0] == 0).all() and (values[4] == 1).all()
    assert np.allclose(values[1], k / n, rtol=1e-13)
    assert np.allclose(values[2], 1 - (n - k) / n * ((n - k - 1) / (n - 1)), rtol=1e-11)
    assert values[3, 9] == unbiased_pass_at_k(n, 40_000, 10)


def test_many_prompts_share_their_sums():
    c = np.arange(33)
    table = unbiased_pass_at_k(32, c[:, None], np.arange(1, 33))
    assert table.shape == (33, 32)
    assert table[5, 7] == pytest.approx(1 - comb(27, 8) / comb(32, 8), rel=1e-14)
    credits = sample_credits(np.tril(np.ones((33, 32)), -1), [1, 8, 32])
    assert credits.shape == (3, 33, 32)


@pytest.mark.parametrize("estimate", [unbiased_pass_at_k, unbiased_credit])
def test_k_beyond_n_is_an_error(estimate):
    with pytest.raises(ValueError, match="k must be at most n; got k = 5 for n = 4 samples"):
        estimate(4, 2, [1, 5])
    with pytest.raises(ValueError, match="k must be at most n"):
        estimate(4, [0, 4], 5)


def test_the_weight_may_go_one_further():
    assert unbiased_weight(4, 0, 5) == 5
    with pytest.raises(ValueError, match=r"k must be at most n \+ 1; got k = 6 for n = 4"):
        unbiased_weight(4, 0, 6)


def test_sample_credits_refuse_bad_rewards_and_k():
    with pytest.raises(ValueError, match="k must be at most n; got k = 3 for n = 2"):
        sample_credits([0, 1], 3)
    with pytest.raises(ValueError, match="rewards must be 0 or 1; got 2"):
        sample_credits([0, 2], 1)
    with pytest.raises(ValueError, match=r"rewards must be rectangular.*got .*1, 0.*1"):
        sample_credits([[1, 0], [1]], 1)
    with pytest.raises(ValueError, match="rewards must have shape"):
        sample_credits(1, 1)


@pytest.mark.parametrize(
    "estimate", [unbiased_pass_at_k, unbiased_credit, unbiased_weight, plugin_weight]
)
def test_counts_are_checked(estimate):
    with pytest.raises(ValueError, match="c must be at most n"):
        estimate(4, 5, 1)
    with pytest.raises(TypeError, match="n must be an integer"):
        estimate(4.0, 2, 1)
    with pytest.raises(ValueError, match="k must be an integer from 1"):
        estimate(4, 2, 0)
    with pytest.raises(ValueError, match="shapes must broadcast"):
        estimate([4, 4], [1, 1, 1], 1)
