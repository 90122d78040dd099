"""Pass@k and its weight against 60-digit arithmetic, and the facts that the book uses."""

import mpmath as mp
import numpy as np
import pytest

from passk_lib.objectives import Objective, PassAtK, as_objective, log_weight, pass_at_k, weight

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
    with pytest.raises(TypeError, match="abstract"):
        Objective()
