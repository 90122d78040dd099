"""The counterexamples, recomputed with nothing but fractions."""

from fractions import Fraction as Q

import pytest

from passk_lib.theory import claims, statements  # noqa: F401
from passk_lib.theory.statements import numbers, slips


def conflict(mass, p, g, k):
    """sum mu k (1-p)^(k-1) g * sum mu g in one dimension."""
    mean = sum(m * s for m, s in zip(mass, g, strict=True))
    return sum(m * k * (1 - q) ** (k - 1) * s * mean for m, q, s in zip(mass, p, g, strict=True))


def test_corollary_4_4_as_printed_fails_on_two_prompts():
    half = [Q(1, 2)] * 2
    assert conflict(half, half, [-1, 3], 2) == 1  # no conflict
    G2 = max(s**2 / (q * (1 - q)) for s, q in zip([-1, 3], half, strict=True))
    delta = 1 * Q(1, 2) * 2 * Q(1, 2) - G2 * Q(1, 2) * 2 * Q(1, 2)
    assert (G2, delta) == (36, Q(-35, 2))


def test_conflict_without_a_strongly_interfering_prompt():
    assert conflict([Q(1, 2)] * 2, [Q(1, 10), Q(9, 10)], [-1, 3], 2) == Q(-3, 5)


def test_conflict_at_two_only():
    third = [Q(1, 3)] * 3
    signs = [
        conflict(third, [Q(1, 10), Q(1, 2), Q(9, 10)], [1, -3, 5], k) < 0 for k in range(1, 60)
    ]
    assert [i + 1 for i, c in enumerate(signs) if c] == [2]


def test_conflict_that_comes_goes_and_comes_back():
    mass = [Q(i, 803) for i in (1, 2, 600, 200)]
    p = [Q(1, 100), Q(1, 5), Q(1, 2), Q(9, 10)]
    signs = [k for k in range(1, 80) if conflict(mass, p, [-2, 20, -1, 10], k) < 0]
    assert signs == [*range(2, 8), *range(15, 80)]


def test_conflict_with_a_weak_correlation():
    mass, p, g = [Q(1, 4)] * 4, [Q(1, 4)] * 2 + [Q(3, 4)] * 2, [10, -12, 14, -10]
    assert conflict(mass, p, g, 2) < 0
    mean = sum(g) * Q(1, 4)
    w = [2 * (1 - q) for q in p]
    a = [s * mean for s in g]

    def cov(u, v):
        return sum(i * j for i, j in zip(u, v, strict=True)) / 4 - sum(u) * sum(v) / Q(16)

    assert cov(w, a) ** 2 / (cov(w, w) * cov(a, a)) < Q(1, 50)


def test_the_sharper_norm_is_reached_at_k_one_and_strict_beyond():
    # one prompt, two actions: g^2 = p (1 - p) G^2
    for p in (Q(i, 60) for i in range(1, 60)):
        for k in range(1, 12):
            ratio = 4 * k * p * (1 - p) ** (2 * k - 1)  # |grad J_k|^2 / (k G^2 / 4)
            assert (ratio == 1) == (k == 1 and p == Q(1, 2))
            assert ratio <= 1


def test_the_first_slip_holds_once_mended():
    # the printed hypothesis with the other sign is Corollary 4.4
    assert claims.result("slip-1").status == "refuted as printed"
    assert claims.result("cor-4.4").status == "proved"


@pytest.mark.parametrize(
    "printed, value, good",
    [
        ("0.86", 0.858149, True),
        ("0.86", 0.8651, False),
        ("-0.77", -0.774558, True),
        ("2.33e-7", 2.32538e-7, True),
        ("2.33e-7", 2.32499e-7, False),
        ("-181", -180.07, False),
    ],
)
def test_rounding_to_the_printed_digits(printed, value, good):
    assert numbers._rounds_to(value, printed) is good


def test_two_prompts_agree_with_the_toy():
    from passk_lib.bandit import THETA_REF, two_prompts
    from passk_lib.interference import conflict as report

    field = two_prompts().field(THETA_REF)
    values = numbers.two_prompts()
    assert sorted(field.success) == pytest.approx(
        sorted(float(values[n]) for n in ("p-easy", "p-hard"))
    )
    assert report(field, 10).cosine == pytest.approx(float(values["cos-gradients"]))


def test_plug_in_weights_are_those_of_the_estimators():
    from passk_lib import estimators

    for c in (1, 2, 3, 28):
        assert estimators.plugin_weight(32, c, 32) == pytest.approx(float(numbers.PLUG_IN[c]))
        assert estimators.unbiased_weight(32, c, 32) == pytest.approx(float(numbers.UNBIASED[c]))
        assert estimators.unbiased_credit(32, c, 32) == pytest.approx(float(numbers.CREDIT[c]))


def test_the_share_of_negative_pairs_with_one_label_is_one_in_ten():
    assert slips._share_below_minus_one() == pytest.approx(0.10, abs=0.01)
