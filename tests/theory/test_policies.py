"""The finite models agree with policies that are differentiated from outside."""

from fractions import Fraction

import numpy as np
import pytest

from passk_lib.theory.models import Policies, Undefined, evaluate, from_field
from passk_lib.theory.opinion import exact_instance
from passk_lib.theory.random_models import policies
from passk_lib.theory.setting import J, a, dJ, eta, g, k, kappa, p, s, v, w, x, x2, y
from passk_lib.theory.terms import E, Hess, Moved, ip, sq


@pytest.fixture(scope="module")
def models():
    return policies(40, seed=3, prompts=3, dim=3, largest_order=8)


def objective(models: Policies, i: int, step: np.ndarray, order: float) -> complex:
    """pass@k of the i-th policy at theta + step, from the definition (step may be complex)."""
    logits = np.log(models.pi[i]) + models.phi[i] @ step
    pi = np.exp(logits)
    pi = pi / pi.sum(-1, keepdims=True)
    success = (pi * models.reward[i]).sum(-1)
    return (models.mass[i] * (1 - (1 - success) ** order)).sum()


def complex_step(models, i, direction, order, h=1e-30):
    return objective(models, i, 1j * h * direction, order).imag / h


def test_the_gradient_is_that_of_a_complex_step(models):
    slope = evaluate(ip(dJ(k), v), models)
    for i in range(models.size):
        order = models.constants["#k"][i]
        expected = complex_step(models, i, models.constants["v"][i], order)
        assert slope[i] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_hessian_is_that_of_differences_of_gradients(models):
    curve = evaluate(Hess(J(k), v), models)
    h = 1e-4
    for i in range(models.size):
        d, order = models.constants["v"][i], models.constants["#k"][i]
        up, down = (complex_step_at(models, i, sign * h * d, d, order) for sign in (1, -1))
        assert curve[i] == pytest.approx((up - down) / (2 * h), rel=2e-4, abs=1e-5)


def complex_step_at(models, i, base, direction, order, h=1e-30):
    return objective(models, i, base + 1j * h * direction, order).imag / h


def test_a_step_is_taken_not_approximated(models):
    moved = evaluate(Moved(J(k), eta * dJ(k)), models)
    for i in range(models.size):
        order = models.constants["#k"][i]
        basis = np.eye(models.dim)
        grad = np.array([complex_step(models, i, e, order) for e in basis])
        expected = objective(models, i, models.constants["eta"][i] * grad, order)
        assert moved[i] == pytest.approx(expected.real, rel=1e-9)


def test_scores_have_mean_zero_and_kernels_are_gram_matrices(models):
    assert np.abs(evaluate(E(ip(s(x, y), v), y), models, [x])).max() < 1e-9
    gram = evaluate(kappa(x, x2), models, [x, x2])
    assert np.allclose(gram, gram.swapaxes(1, 2))
    assert np.linalg.eigvalsh(gram).min() > -1e-9 * np.abs(gram).max()


def test_the_paper_s_two_prompt_counterexample_by_hand():
    field = from_field(
        [Fraction(1, 2)] * 2,
        [Fraction(1, 2)] * 2,
        [Fraction(-1), Fraction(3)],
        **{"#k": Fraction(2)},
    )
    assert list(evaluate(a(x), field, [x])[0]) == [-1, 3]
    assert evaluate(E(w(k, x) * a(x), x), field)[0] == 1
    assert max(evaluate(E(sq(s(x, y)), y), field, [x])[0]) == 36
    assert list(evaluate(p(x), field, [x])[0]) == [Fraction(1, 2)] * 2
    assert list(evaluate(ip(g(x), g(x)), field, [x])[0]) == [1, 9]


def test_the_wrong_sign_of_the_weight_is_noticed(models):
    right = evaluate(ip(dJ(k), v), models)
    wrong = evaluate(ip(E(-w(k, x) * g(x), x), v), models)
    assert np.abs(right - wrong).max() > 1e-3


def test_exact_instances_agree_with_floats():
    batch = policies(20, seed=5, grid=6, dim=2, largest_order=5)
    floats = evaluate(ip(dJ(k), dJ(1)), batch)
    for i in range(5):
        exact = evaluate(ip(dJ(k), dJ(1)), exact_instance(batch, i))[0]
        assert isinstance(exact, Fraction)
        assert float(exact) == pytest.approx(floats[i], rel=1e-9, abs=1e-15)


def test_what_has_no_value_says_so():
    field = from_field([1.0], [0.5], [1.0])
    with pytest.raises(Undefined, match="k has no value"):
        evaluate(J(k), field)
