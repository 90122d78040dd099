"""Published advantages: the polynomial that each ascends, against every outcome enumerated."""

from fractions import Fraction
from itertools import product
from math import comb

import mpmath as mp
import numpy as np
import pytest

from passk_lib.bandit import THETA_REF, Toy
from passk_lib.credits import Ascended, HardArcsin, Surd, published, surrogates
from passk_lib.estimators import sample_credits, unbiased_credit
from passk_lib.interference import conflict
from passk_lib.objectives import ArcsinSqrt, Clipped, Entropic, LogP, PassAtK, PowerMean

K = 3
ALL = published(K)
NAMES = [each.name for each in ALL]
SIZES = range(1, 9)


def exactly(numbers, coefficients):
    total = Surd()
    for number, coefficient in zip(numbers, coefficients, strict=True):
        total = total + Surd.of(number) * coefficient
    return total


def mean_update(advantage, n, p):
    """E[(1/n) Σ A_i ∇log π(y_i)]/∇p over all 2^n outcomes, in exact numbers."""
    score = {1: 1 / p, 0: -1 / (1 - p)}
    total = Surd()
    for outcome in product((0, 1), repeat=n):
        c = sum(outcome)
        chance = p**c * (1 - p) ** (n - c)
        for r in outcome:
            a = advantage.correct(n, c) if r else advantage.incorrect(n, c)
            total = total + Surd.of(a) * (chance * score[r] / n)
    return total


@pytest.mark.parametrize("advantage", ALL, ids=NAMES)
@pytest.mark.parametrize("n", [n for n in SIZES if n <= 6])
def test_the_polynomial_is_what_the_mean_over_all_outcomes_ascends(advantage, n):
    if n < advantage.least_n:
        with pytest.raises(ValueError, match=f"n must be an integer from {advantage.least_n}"):
            advantage.polynomial(n)
        return
    for p in (Fraction(1, 3), Fraction(4, 5)):
        truth = mean_update(advantage, n, p)
        powers = advantage.polynomial(n)
        slope = exactly(powers[1:], [m * p ** (m - 1) for m in range(1, n + 1)])
        weights = [comb(n - 1, j) * p**j * (1 - p) ** (n - 1 - j) for j in range(n)]
        assert truth == slope == exactly(advantage.coefficients(n), weights)
        assert truth != slope + Fraction(1, 10**9)
        rewards = [comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]
        value = exactly(advantage.group_reward(n), rewards)
        assert value == exactly(powers, [p**m for m in range(n + 1)])


def test_the_one_that_is_said_is_ascended_exactly_where_the_authors_made_it_so():
    for n in range(K, 9):
        for each, row in zip(published(K), surrogates(n, K), strict=True):
            assert row["exact"] == each.exact and row["algorithm"] == each.name
            assert (row["largest difference"] is None) == each.exact


def test_at_finite_n_rejection_sampling_ascends_a_harmonic_mean_of_pass_at_m():
    """F_n = Σ_{m <= n} pass@m / m, the series of log p cut off after n terms, plus a constant."""
    (rejection,) = (each for each in ALL if each.name == "mean score of the correct ones")
    for n in SIZES:
        wanted = [Fraction(0)] * (n + 1)
        for m in range(1, n + 1):
            for i in range(1, m + 1):
                wanted[i] += Fraction((-1) ** (i + 1) * comb(m, i), m)
        assert [each.rational for each in rejection.polynomial(n)] == wanted


def test_dividing_by_the_standard_deviation_bounds_the_weight_at_finite_n():
    """2 arcsin √p has an infinite weight at 0 and 1; what n samples ascend has √(n - 1)."""
    grpo = ALL[1]
    for n in range(2, 9):
        coefficients = grpo.coefficients(n)
        assert coefficients[0] == coefficients[-1] == Surd.root(n - 1)
        assert coefficients == coefficients[::-1]
        assert max(map(float, coefficients)) <= max(2.0, np.sqrt(n - 1)) + 1e-12


def test_more_samples_come_closer_to_what_is_said():
    p = np.linspace(0.15, 0.85, 15)
    for each in ALL:
        if not each.exact:
            errors = []
            for n in (8, 64):
                ascended, said = each.ascended(n), each.said(n)
                ratio = ascended.weight(p) / said.weight(p)
                errors.append(np.ptp(ratio) / ratio.mean())
            assert errors[1] < errors[0] / 4, each.name


def test_the_credits_are_those_of_the_estimators():
    for n in range(K, 9):
        for c in range(n + 1):
            rewards = np.arange(n) < c
            walder, mahdavi = ALL[6], ALL[5]
            wanted = [(walder.correct if r else walder.incorrect)(n, c) / n for r in rewards]
            assert np.allclose(
                sample_credits(rewards, K), np.array(wanted, dtype=float), rtol=1e-13
            )
            if c:
                assert np.isclose(
                    unbiased_credit(n, c, K), float(mahdavi.correct(n, c)), rtol=1e-13
                )


def test_the_group_reward_of_chen_et_al_has_mean_0_and_variance_1_where_it_varies():
    """Standardised over all k-subsets of the n completions, then shared among their members."""
    chen = ALL[7]
    for n in range(K, 9):
        for c in range(1, n):
            u, v = float(Surd.of(chen.correct(n, c))), float(Surd.of(chen.incorrect(n, c)))
            subsets = [max(s) for s in product_subsets([1] * c + [0] * (n - c), K)]
            if min(subsets) == max(subsets):
                assert u == v == 0
                continue
            z = (np.array(subsets) - np.mean(subsets)) / np.std(subsets)
            shares = [z[[i in s for s in index_subsets(n, K)]].mean() for i in range(n)]
            assert np.allclose(shares, [u] * c + [v] * (n - c), atol=1e-12)


def index_subsets(n, k):
    from itertools import combinations

    return list(combinations(range(n), k))


def product_subsets(values, k):
    return [[values[i] for i in s] for s in index_subsets(len(values), k)]


def test_every_row_names_its_weight_and_its_conflict_on_a_field():
    field = Toy().quadrature().field(THETA_REF)
    rows = {row["algorithm"]: row for row in surrogates(8, K, field)}
    for each in ALL:
        row, ascended = rows[each.name], each.ascended(8)
        assert row["cosine"] == pytest.approx(conflict(field, ascended).cosine, rel=1e-12)
        assert row["at 0"] == ascended.weight(0.0) and row["falls"] == ascended.conditions.falls
        p = np.linspace(0, 1, 301)
        assert row["falls"] == bool(np.all(np.diff(ascended.weight(p)) <= 1e-12))
        assert ascended.weight(p).max() <= ascended.conditions.largest_weight + 1e-12
        bend = np.gradient(ascended.weight(p), p)
        assert np.allclose(
            ascended.curvature(p)[1:-1], bend[1:-1], atol=0.01 * np.abs(bend).max() + 1e-9
        )
        assert np.abs(ascended.curvature(p)).max() <= ascended.conditions.largest_curvature + 1e-9
        assert np.allclose(np.gradient(ascended.value(p), p)[1:-1], ascended.weight(p)[1:-1],
                           atol=0.01 * row["at 0"])  # fmt: skip
    assert not rows["division by the standard deviation"]["falls"]
    assert rows["share of k-subsets that succeed"]["cosine"] == pytest.approx(
        conflict(field, PassAtK(K)).cosine, rel=1e-9
    )
    assert surrogates(8, K)[0]["cosine"] is None


def test_surds_are_exact():
    assert Surd.root(Fraction(8, 9)) == Surd.root(2) * Fraction(2, 3)
    assert (Surd.root(2) + 1 - Surd.root(2)).rational == 1 and Surd.root(12).rational is None
    assert str(Surd.root(12) * Fraction(1, 4) - 2) == "-2 + 1/2·√3" and str(Surd()) == "0"
    assert float(Surd.root(2) - Surd.root(3)) == pytest.approx(2**0.5 - 3**0.5, rel=1e-15)
    assert Surd.root(0) == Surd() and Surd.root(Fraction(9, 4)).rational == Fraction(3, 2)
    with pytest.raises(ValueError, match="radicand must be at least 0"):
        Surd.root(-1)


def test_the_hard_weighted_surrogate_has_the_stated_slope():
    with mp.workdps(40):
        for p in (1e-6, 0.3, 0.999):
            exact = mp.diff(lambda t: mp.asin(mp.sqrt(t)) + mp.sqrt(t * (1 - t)), mp.mpf(p))
            assert abs(mp.mpf(float(HardArcsin().weight(p))) / exact - 1) < 1e-12


def test_a_k_that_no_subset_has_is_refused():
    with pytest.raises(ValueError, match="k must be at most n = 4; got 5"):
        surrogates(4, 5)


INNERS = [
    *(each.ascended(n) for k, n in [(3, 5), (3, 9), (4, 8)] for each in published(k)),
    HardArcsin(),
    Clipped(LogP(), 2),
    PassAtK(5),
    ArcsinSqrt(3),
    PowerMean(0.5),
    Entropic(5),
]


@pytest.mark.parametrize("inner", INNERS, ids=lambda inner: inner.name)
@pytest.mark.parametrize("ceiling", [0.5, 1.0, 5.0])
def test_the_slope_of_a_clipped_weight_stays_below_its_bound(inner, ceiling):
    # Chen et al.'s polynomial is steepest inside, a clipped log p where it was clipped before.
    if inner.conditions.turn is None:
        with pytest.raises(ValueError, match="where its weight turns"):
            Clipped(inner, ceiling)
        return
    clipped = Clipped(inner, ceiling)
    p = np.linspace(1e-4, 1 - 1e-4, 20001)
    slopes = np.abs(np.diff(clipped.weight(p))) / np.diff(p)
    assert slopes.max() <= clipped.conditions.largest_curvature * (1 + 1e-6) + 1e-9


def test_the_slope_of_hard_arcsin_is_the_derivative_of_its_weight():
    with mp.workdps(30):
        for p in (0.001, 0.3, 0.9):
            exact = mp.diff(lambda t: mp.sqrt((1 - t) / t), mp.mpf(p))
            assert float(HardArcsin().curvature(p)) == pytest.approx(float(exact), rel=1e-12)


def test_bad_arguments_are_named():
    for call, message in [
        (lambda: published([2, 3]), "k must be one integer"),
        (lambda: surrogates(3, 2, at=4), "at must be a PromptField"),
        (lambda: Surd.root(None), "radicand must be a rational"),
        (lambda: Ascended("a", 2, (1.0,)), "bernstein must have shape"),
        (lambda: Ascended("a", 1, (float("nan"),)), "bernstein must be finite"),
        (lambda: published(4)[0].ascended(2000), "n must be at most 1000"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            call()
