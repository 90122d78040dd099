"""Pass@k and its weight against 60-digit arithmetic, and the facts that the book uses."""

import mpmath as mp
import numpy as np
import pytest

from passk_lib.bandit import THETA_REF, Toy
from passk_lib.interference import conflict
from passk_lib.objectives import (
    AllCorrect,
    ArcsinSqrt,
    Clipped,
    Conditions,
    Entropic,
    LogP,
    Objective,
    PassAtK,
    PowerMean,
    as_objective,
    log_weight,
    pass_at_k,
    weight,
)

TINY = np.finfo(float).tiny
EDGES = [0.0, 5e-324, 1e-300, 1e-17, 1e-16, 1e-8, 1e-3, 0.1, 0.25, 0.5, 0.7, 0.9, 0.999]
EDGES += [1 - 1e-8, 1 - 1e-15, 1 - 1e-16, 1.0]
KS = [1, 2, 3, 5, 10, 32, 100, 1000, 4097, 10**5, 10**6 - 1, 10**6]


def _grid():
    rng = np.random.default_rng(0)
    random = np.concatenate([rng.random(60), 10 ** rng.uniform(-12, 0, 60)])
    # Pairs whose weight is a normal float although (1 - p)^(k - 1) alone is not.
    border = 1 - np.exp(-np.array([709.0, 715.0, 720.0]) / (10**6 - 1))
    p = np.concatenate([EDGES, random, border])
    ks = np.concatenate([KS, rng.integers(1, 10**6, 8)])
    return [(float(a), int(k)) for a in p for k in ks]


def _log_weight_exact(p: float, k: int):
    return mp.log(k) + (k - 1) * mp.log1p(-mp.mpf(p)) if k > 1 else mp.mpf(0)


def _relative_errors(function, exact):
    """The relative errors at all grid points where the exact value is a normal float."""
    grid = _grid()
    values = function(np.array([p for p, _ in grid]), np.array([k for _, k in grid]))
    errors = []
    for value, (p, k) in zip(values, grid, strict=True):
        truth = exact(p, k)
        if truth == 0:
            assert value == 0
        elif truth >= TINY:
            errors.append(float(abs(mp.mpf(float(value)) - truth) / truth))
    assert len(errors) > 1500
    return errors


def test_pass_at_k_has_twelve_digits_everywhere():
    with mp.workdps(60):
        exact = lambda p, k: -mp.expm1(k * mp.log1p(-mp.mpf(p))) if p < 1 else mp.mpf(1)  # noqa: E731
        assert max(_relative_errors(pass_at_k, exact)) < 1e-12


def test_weight_has_twelve_digits_everywhere():
    def exact(p, k):
        return mp.exp(_log_weight_exact(p, k)) if p < 1 or k == 1 else mp.mpf(0)

    with mp.workdps(60):
        assert max(_relative_errors(weight, exact)) < 1e-12


def test_the_textbook_formula_would_fail_the_same_test():
    def textbook(p, k):
        return k * (1 - p) ** (k - 1)

    def exact(p, k):
        return mp.exp(_log_weight_exact(p, k)) if p < 1 or k == 1 else mp.mpf(0)

    with mp.workdps(60), np.errstate(under="ignore"):
        assert max(_relative_errors(textbook, exact)) > 1e-11


def test_log_weight_has_twelve_digits_even_where_the_weight_underflows():
    with mp.workdps(60):
        for p, k in _grid():
            value = log_weight(p, k)
            if p == 1 and k > 1:
                assert value == -np.inf
                continue
            truth = _log_weight_exact(p, k)
            assert abs(mp.mpf(float(value)) - truth) <= 1e-12 * max(1, abs(truth))


def test_weight_at_p_one_is_one_only_for_k_one():
    assert weight(1.0, 1) == 1 and log_weight(1.0, 1) == 0
    assert weight(1.0, 2) == 0 and log_weight(1.0, 2) == -np.inf
    assert pass_at_k(1.0, 10**6) == 1 and pass_at_k(0.0, 10**6) == 0


def test_weight_is_k_at_p_zero_exactly():
    k = np.array([1, 2, 3, 10, 999_983, 10**6])
    assert np.array_equal(weight(0.0, k), k)


def test_weight_is_the_derivative_of_pass_at_k():
    p, h = np.linspace(0.05, 0.95, 19)[:, None], 1e-6
    k = np.array([1, 2, 5, 20])
    slope = (pass_at_k(p + h, k) - pass_at_k(p - h, k)) / (2 * h)
    assert np.allclose(slope, weight(p, k), rtol=1e-6, atol=1e-8)
    assert not np.allclose(slope, weight(p, k + 1), rtol=1e-6, atol=1e-8)


def test_pass_at_one_is_p_itself_up_to_an_ulp():
    p = np.random.default_rng(1).random(1000)
    assert np.all(np.abs(pass_at_k(p, 1) - p) <= 4 * np.spacing(p))
    assert np.array_equal(weight(p, 1), np.ones(1000))


def test_p_and_k_broadcast():
    p, k = np.array([[0.1], [0.5]]), np.array([1, 2, 3])
    assert pass_at_k(p, k).shape == weight(p, k).shape == log_weight(p, k).shape == (2, 3)
    assert pass_at_k([0.1, 0.5], [3, 2])[1] == pass_at_k(0.5, 2)
    assert np.ndim(weight(0.3, 4)) == 0


def test_a_narrow_integer_type_does_not_overflow():
    assert weight(0.0, np.int8(127)) == 127
    assert pass_at_k(0.5, np.array([100], dtype=np.uint8)) == 1 - 0.5**100


@pytest.mark.parametrize("function", [pass_at_k, weight, log_weight])
def test_bad_arguments_are_named(function):
    with pytest.raises(ValueError, match=r"p must be in \[0, 1\]; got 1.2"):
        function(1.2, 3)
    with pytest.raises(ValueError, match="p must be finite; got nan"):
        function(np.nan, 3)
    with pytest.raises(ValueError, match=r"k must be an integer from 1 .*; got 0"):
        function(0.5, 0)
    with pytest.raises(TypeError, match=r"k must be an integer.*2\.0"):
        function(0.5, 2.0)
    with pytest.raises(TypeError, match=r"k must be an integer.*True"):
        function(0.5, True)
    with pytest.raises(ValueError, match=r"p \(2,\), k \(3,\)"):
        function([0.5, 0.5], [1, 2, 3])


def test_pass_at_k_is_an_objective_that_knows_its_name():
    objective = PassAtK(8)
    p = np.linspace(0, 1, 11)
    assert objective.name == "pass@8" and objective == PassAtK(np.int64(8))
    assert np.array_equal(objective.value(p), pass_at_k(p, 8))
    assert np.array_equal(objective.weight(p), weight(p, 8))
    assert np.array_equal(objective.log_weight(p), log_weight(p, 8))
    assert as_objective(8) == objective and as_objective(objective) is objective
    for bad in (0, 2.0, True):
        with pytest.raises((ValueError, TypeError), match="k must be"):
            PassAtK(bad)
    with pytest.raises(ValueError, match="k must be one integer"):
        PassAtK([1, 2])


def test_another_concave_transform_can_join():
    class Square(Objective):
        """F(p) = 2p - p², which is pass@2 under another name."""

        name = "square"

        def value(self, p):
            return 2 * p - np.square(p)

        def weight(self, p):
            return 2 - 2 * np.asarray(p)

    p = np.linspace(0, 1, 7)
    assert np.allclose(Square().value(p), PassAtK(2).value(p), rtol=1e-15)
    assert np.allclose(Square().log_weight(p[:-1]), PassAtK(2).log_weight(p[:-1]), rtol=1e-14)
    assert Square().log_weight(1.0) == -np.inf
    assert Square().conditions == Conditions() and not Square().conditions.smooth
    with pytest.raises(NotImplementedError, match="square gives no second derivative"):
        Square().curvature(p)
    with pytest.raises(ValueError, match="must say in its conditions where its weight turns"):
        Clipped(Square(), 1)
    with pytest.raises(TypeError, match="abstract"):
        Objective()


# --- Beyond pass@k: each F as mpmath writes it, its weight by mpmath's own differentiation ----

FAMILY = [
    (PassAtK(1), lambda p: p),
    (PassAtK(7), lambda p: 1 - (1 - p) ** 7),
    (LogP(), mp.log),
    (ArcsinSqrt(), lambda p: 2 * mp.asin(mp.sqrt(p))),
    (ArcsinSqrt(2), lambda p: mp.asin(mp.sqrt(1 - (1 - p) ** 2))),
    (ArcsinSqrt(5), lambda p: 2 * mp.asin(mp.sqrt(1 - (1 - p) ** 5)) / 5),
    (PowerMean(0.5), lambda p: 2 * mp.sqrt(p)),
    (PowerMean(-1.5), lambda p: -(p ** mp.mpf(-1.5)) / mp.mpf(1.5)),
    (PowerMean(1), lambda p: p),
    (PowerMean(3.25), lambda p: p ** mp.mpf(3.25) / mp.mpf(3.25)),
    (Entropic(6), lambda p: mp.log(1 - p + p * mp.exp(6)) / 6),
    (Entropic(-40), lambda p: mp.log(1 - p + p * mp.exp(-40)) / -40),
    (Entropic(300), lambda p: mp.log(1 - p + p * mp.exp(300)) / 300),
    (AllCorrect(5), lambda p: p**5),
]
OBJECTIVES = [objective for objective, _ in FAMILY]
named = pytest.mark.parametrize(("objective", "exact"), FAMILY, ids=[o.name for o in OBJECTIVES])
WITHIN = [1e-9, 1e-4, 0.03, 0.25, 0.49, 0.5, 0.51, 0.75, 0.97, 1 - 1e-4, 1 - 1e-9]


@named
def test_value_weight_and_curvature_are_f_and_its_two_derivatives(objective, exact):
    with mp.workdps(60):
        for i, function in enumerate((objective.value, objective.weight, objective.curvature)):
            for p, value in zip(WITHIN, function(np.array(WITHIN)), strict=True):
                h = mp.mpf(10) ** -25 * min(p, 1 - p)  # central differences in 60 digits
                truth = mp.diff(exact, mp.mpf(p), i, h=h) if i else exact(mp.mpf(p))
                assert abs(mp.mpf(float(value)) - truth) <= 1e-12 * abs(truth) + 1e-20, (i, p)


@named
def test_log_weight_is_the_logarithm_of_the_weight(objective, exact):
    p = np.array(WITHIN)
    assert np.allclose(objective.log_weight(p), np.log(objective.weight(p)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("objective", [*OBJECTIVES, Clipped(LogP(), 9), Clipped(ArcsinSqrt(), 3)])
def test_the_stated_bounds_and_the_turn_of_the_weight_hold_and_are_reached(objective):
    said, p = objective.conditions, np.linspace(0, 1, 100_001)
    w, bend = objective.weight(p), np.abs(objective.curvature(p))
    assert w.max() <= said.largest_weight * (1 + 1e-12) and w.min() >= 0
    assert w.max() >= said.largest_weight * (1 - 1e-12) or said.largest_weight == np.inf == w.max()
    assert bend.max() <= said.largest_curvature * (1 + 1e-12)
    assert bend.max() > 0.95 * said.largest_curvature or said.largest_curvature == bend.max()
    assert np.all(np.diff(w[p <= said.turn]) <= 1e-12) and np.all(
        np.diff(w[p >= said.turn]) >= -1e-12
    )
    assert np.all(np.diff(objective.value(p)) >= 0)


def test_which_statement_needs_what_is_met_by_whom():
    falls = {o.name for o in OBJECTIVES if o.conditions.statements["Proposition 4.5"]}
    smooth = {o.name for o in OBJECTIVES if o.conditions.statements["Lemma C.1, Proposition 4.6"]}
    assert falls == {"pass@1", "pass@7", "log p", "arcsin √pass@2", "arcsin √pass@5",
                     "power 0.5", "power -1.5", "power 1", "entropic 6",
                     "entropic 300"}  # fmt: skip
    assert smooth == {"pass@1", "pass@7", "power 1", "power 3.25", "entropic 6", "entropic -40",
                      "entropic 300", "pass^5"}  # fmt: skip
    assert all(list(o.conditions.statements.values())[:2] == [True, True] for o in OBJECTIVES)


def test_unbounded_weights_are_infinite_where_they_should_be_and_never_nan():
    for objective in OBJECTIVES:
        for function in (objective.value, objective.weight, objective.log_weight):
            assert not np.isnan(function(np.array([0.0, 5e-324, 1.0]))).any()
    assert LogP().weight(0.0) == ArcsinSqrt().weight(0.0) == ArcsinSqrt().weight(1.0) == np.inf
    assert LogP().value(0.0) == PowerMean(-1).value(0.0) == -np.inf
    assert PowerMean(0.5).value(0.0) == 0 and ArcsinSqrt().value(1.0) == np.pi


def test_limits_of_the_families():
    p = np.linspace(0.01, 1, 50)
    assert np.allclose(PowerMean(1e-6).value(p) - 1e6, LogP().value(p), atol=2e-5)
    assert np.allclose(Entropic(1e-6).value(p), p, atol=1e-6)
    assert np.allclose(Entropic(-3).value(p), 1 - Entropic(3).value(1 - p), rtol=1e-13)
    assert np.array_equal(PowerMean(2).weight(p), AllCorrect(2).weight(p) / 2)


@pytest.mark.parametrize(
    ("objective", "ceiling"),
    [(PassAtK(10), 2.0), (LogP(), 50.0), (LogP(), 1e200), (ArcsinSqrt(), 2.5), (ArcsinSqrt(), 1.0),
     (AllCorrect(4), 0.5), (PowerMean(-2), 1e6), (PassAtK(3), 99.0)],
)  # fmt: skip
def test_clipping_limits_the_weight_and_its_value_is_the_integral_of_it(objective, ceiling):
    clipped, p = Clipped(objective, ceiling), np.linspace(0, 1, 200_001)
    assert np.array_equal(clipped.weight(p), np.minimum(objective.weight(p), ceiling))
    assert np.all(np.isfinite(clipped.value(p)))
    if ceiling < 1e6:
        middle = clipped.weight((p[1:] + p[:-1]) / 2)
        assert np.allclose(np.diff(clipped.value(p)), middle / 200_000, rtol=1e-4, atol=1e-14)
        assert not np.allclose(np.diff(clipped.value(p)), 1.01 * middle / 200_000, rtol=1e-4)


def test_a_ceiling_that_nothing_reaches_changes_nothing():
    p = np.linspace(0, 1, 33)
    assert np.array_equal(Clipped(PassAtK(5), 5).value(p), PassAtK(5).value(p))
    assert Clipped(5, 7).objective == PassAtK(5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PowerMean(0), "a must not be 0, whose limit is LogP"),
        (lambda: PowerMean(np.nan), "a must be finite"),
        (lambda: Entropic(0), "t must not be 0, whose limit is PassAtK"),
        (lambda: Entropic(301), "t must be at least -300 and at most 300; got 301"),
        (lambda: AllCorrect(0), "k must be an integer from 1"),
        (lambda: Clipped(LogP(), 0), "ceiling must be greater than 0"),
        (lambda: LogP().weight(1.5), r"p must be in \[0, 1\]"),
    ],
)
def test_bad_objectives_are_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_infinite_weight_is_refused_by_a_field_that_names_the_prompt():
    from passk_lib.field import DenseField

    field = DenseField([0.5, 0.5], [0.0, 0.5], [[0.0], [1.0]])
    with pytest.raises(ValueError, match=r"weight of log p must be finite.* success 0\.0, index 0"):
        field.objective_gradient(LogP())
    assert field.value(LogP()) == -np.inf
    assert DenseField([0.0, 1.0], [0.0, 0.5], [[0.0], [1.0]]).value(LogP()) == np.log(0.5)


# --- The condition for conflict, for each objective, on the toy ------------------------------

ON_THE_TOY = [PassAtK(10), LogP(), ArcsinSqrt(), PowerMean(0.5), PowerMean(-1), PowerMean(3),
              Entropic(6), Entropic(-6), AllCorrect(4), Clipped(LogP(), 20),
              Clipped(PassAtK(10), 2)]  # fmt: skip


@pytest.mark.parametrize("objective", ON_THE_TOY, ids=lambda o: o.name)
@pytest.mark.parametrize("theta", [(-2, -2), (-1, 0.5), (-3, 1)])
def test_the_condition_for_conflict_is_the_change_of_pass_at_1_along_the_gradient(objective, theta):
    """(9), (10), (11) by their own routes, and a finite difference of J_1 as the judge."""
    toy, theta = Toy().quadrature(), np.array(theta, dtype=float)
    field = toy.field(theta)
    report = conflict(field, objective)
    scale = report.norm_k * np.sqrt(report.norm1_sq)
    for side in (report.weighted_agreement, report.decomposition, report.reweighted):
        assert abs(side - report.inner) < 1e-11 * scale
    way = field.objective_gradient(objective)
    h = 1e-4 / np.linalg.norm(way)
    slope = (toy.field(theta + h * way).value(1) - toy.field(theta - h * way).value(1)) / (2 * h)
    assert abs(slope - report.inner) < 1e-6 * scale
    assert abs(slope + report.inner) > 1e-6 * scale  # the wrong sign is told apart
    assert report.conflict == (slope < 0)


def test_at_the_reference_pass_at_10_conflicts_and_the_objectives_at_hand_do_not():
    field = Toy().quadrature().field(THETA_REF)
    at_odds = {o.name for o in ON_THE_TOY if conflict(field, o).conflict}
    assert at_odds == {"pass@10", "pass@10, weight ≤ 2"}


def test_clipping_may_sharpen_the_conflict():
    field = Toy().quadrature().field(THETA_REF)
    assert conflict(field, Clipped(PassAtK(10), 2)).cosine < conflict(field, 10).cosine < 0
