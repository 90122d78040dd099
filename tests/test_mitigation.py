"""What each mitigation promises to first order, judged by finite differences and by search."""

import numpy as np
import pytest

from passk_lib.ascent import ascend, smoothness
from passk_lib.bandit import THETA_REF, Toy
from passk_lib.interference import conflict
from passk_lib.mitigation import (
    Annealing,
    Gram,
    along,
    min_norm,
    mix,
    no_loss_mix,
    one_sided,
    pcgrad,
    safe_step,
)
from passk_lib.objectives import AllCorrect, ArcsinSqrt, Clipped, Entropic, LogP, PassAtK

ALL = [mix(0.0), mix(0.3), mix(1.0), no_loss_mix(), one_sided(), pcgrad(), min_norm()]
SAFE = ALL[3:]
THETAS = [(-2, -2), (-1, -1), (-3, -0.5), (1, 2), (0.5, -2)]


def random_grams(size=400, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(size):
        u, v = rng.normal(size=(2, 3)) * 10 ** rng.uniform(-3, 3, (2, 1))
        yield u, v, Gram.of(u, v)


@pytest.fixture(scope="module")
def toy():
    return Toy().quadrature()


@pytest.mark.parametrize("mitigation", ALL, ids=lambda m: m.name)
def test_rates_are_the_inner_products_with_the_direction(mitigation):
    for u, v, gram in random_grams():
        alpha, beta = mitigation(gram)
        d = alpha * u + beta * v
        scale = np.linalg.norm(d) + 1e-300
        assert np.allclose(gram.norm(alpha, beta), np.linalg.norm(d), rtol=1e-6)
        least = 1e-9 * scale * max(np.linalg.norm(u), np.linalg.norm(v))
        assert np.allclose(gram.rates(alpha, beta), (u @ d, v @ d), rtol=1e-6, atol=least)


@pytest.mark.parametrize("mitigation", SAFE, ids=lambda m: m.name)
def test_to_first_order_neither_pass_at_1_nor_pass_at_k_falls(mitigation):
    conflicts = 0
    for _, _, gram in random_grams():
        coefficients = mitigation(gram)
        tiny = 1e-12 * gram.norm(*coefficients) * np.sqrt(max(gram.one, gram.k))
        assert min(gram.rates(*coefficients)) >= -tiny
        conflicts += gram.conflict
    assert conflicts > 100


def test_plain_pass_at_k_and_the_wrong_sign_fail_the_same_test():
    def worst(choose):
        return min(min(gram.rates(*choose(gram))) / gram.norm(*choose(gram))
                   for _, _, gram in random_grams())  # fmt: skip

    assert worst(mix(0.0)) < -1
    assert worst(lambda gram: (gram.cross / gram.one, 1.0)) < -1  # added, not removed
    assert worst(lambda gram: (0.5 * no_loss_mix()(gram)[0], 1.0)) < -0.1


def test_the_no_loss_mix_is_the_smallest_mix_without_loss():
    for _, _, gram in random_grams():
        lam, _ = no_loss_mix()(gram)
        tried = np.linspace(0, 1, 2001)
        first = tried[tried * gram.one + (1 - tried) * gram.cross >= 0][0]
        assert 0 <= first - lam < 1 / 2000 + 1e-12
        assert not gram.conflict or gram.rates(*mix(0.999 * lam)(gram))[0] < 0


def test_the_no_loss_mix_and_the_one_sided_projection_point_the_same_way():
    for _, _, gram in random_grams():
        (a, b), (c, d) = no_loss_mix()(gram), one_sided()(gram)
        assert np.isclose(a * d, b * c, rtol=1e-12, atol=0) and b * d > 0


def test_one_sided_is_the_nearest_direction_to_pass_at_k_without_loss_in_pass_at_1():
    rng = np.random.default_rng(3)
    for u, v, gram in random_grams(50):
        alpha, beta = one_sided()(gram)
        d = alpha * u + beta * v
        for _ in range(50):
            other = d + rng.normal(size=3) * rng.uniform(0, np.linalg.norm(v))
            if other @ u >= 0:
                assert np.linalg.norm(other - v) >= np.linalg.norm(d - v) * (1 - 1e-9)


def test_min_norm_is_the_shortest_and_gains_its_square_in_both():
    for u, v, gram in random_grams():
        coefficients = min_norm()(gram)
        x = np.linspace(0, 1, 501)[:, None]
        shortest = np.linalg.norm(x * u + (1 - x) * v, axis=1).min()
        assert gram.norm(*coefficients) <= shortest * (1 + 1e-9)
        square = gram.norm(*coefficients) ** 2
        assert min(gram.rates(*coefficients)) >= square * (1 - 1e-6) - 1e-12 * max(gram.one, gram.k)


def test_without_conflict_nothing_is_projected():
    gram = Gram(1.0, 0.5, 2.0)
    assert one_sided()(gram) == no_loss_mix()(gram) == (0.0, 1.0) and pcgrad()(gram) == (1.0, 1.0)
    assert min_norm()(Gram(1.0, 1.0, 1.0)) in [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5)]
    assert all(np.isfinite(m(Gram(0.0, 0.0, 0.0))).all() for m in ALL)


@pytest.mark.parametrize("mitigation", SAFE, ids=lambda m: m.name)
@pytest.mark.parametrize("theta", THETAS)
def test_the_first_order_promise_on_the_toy_by_finite_differences(toy, mitigation, theta):
    theta = np.array(theta, dtype=float)
    way = along(mitigation, 10)(toy.field(theta))
    h = 1e-4 / np.linalg.norm(way)
    for k in (1, 10):
        ahead, behind = (toy.field(theta + s * h * way).value(k) for s in (1, -1))
        assert (ahead - behind) / 2e-4 > -1e-7


@pytest.mark.parametrize("mitigation", [min_norm(), pcgrad(), mix(0.7)], ids=lambda m: m.name)
@pytest.mark.parametrize("theta", THETAS)
def test_a_safe_step_keeps_both_objectives_and_half_of_it_gains(mitigation, theta):
    """With the constants of the sample, for which Assumption 4.3 holds everywhere."""
    prompts, theta, k = Toy().sample(60, seed=1), np.array(theta, dtype=float), 5
    G2, F = prompts.policy_constants
    field = prompts.field(theta)
    gram = Gram.of(field.mean(), field.objective_gradient(k))
    coefficients, way = mitigation(gram), along(mitigation, k)(field)
    step = safe_step(gram, coefficients, smoothness(1, G2, F), smoothness(k, G2, F))
    assert step > 0 or min(gram.rates(*coefficients)) <= 0
    for share in (1.0, 0.5, 0.1):
        after = prompts.field(theta + share * step * way)
        for order, rate in zip((1, k), gram.rates(*coefficients), strict=True):
            gain = after.value(order) - field.value(order)
            assert gain >= share * (1 - share) * step * rate - 1e-14


def test_what_gives_up_nothing_to_first_order_has_no_safe_step_and_may_lose_at_second_order(toy):
    field = toy.field(THETA_REF)
    gram = Gram.of(field.mean(), field.objective_gradient(10))
    assert safe_step(gram, (-gram.cross / gram.one * (1 - 1e-9), 1.0), 1.0, 10.0) == 0
    way = along(one_sided(), 10)(field)
    after = toy.field(THETA_REF + 0.05 * way / np.linalg.norm(way))
    assert after.value(1) < field.value(1)
    assert safe_step(Gram(0, 0, 0), (1.0, 1.0), 1.0, 1.0) == np.inf


def test_at_equal_step_length_the_mitigations_keep_pass_at_1_and_still_raise_pass_at_10(toy):
    def climb(m):
        return ascend(toy.field, THETA_REF, 10, length=0.05, steps=30, direction=along(m, 10))

    plain = climb(mix(0.0))
    assert plain.values["pass@1"][-1] < plain.values["pass@1"][0] - 0.01
    for mitigation in (one_sided(), pcgrad(), min_norm()):
        path = climb(mitigation)
        lengths = np.linalg.norm(np.diff(path.thetas, axis=0), axis=1)
        assert np.allclose(lengths, 0.05, rtol=1e-12) and path.length == 0.05 and path.step is None
        assert path.values["pass@1"][-1] > path.values["pass@1"][0] - 2e-4
        assert plain.values["pass@10"][0] < path.values["pass@10"][-1] < plain.values["pass@10"][-1]


def test_any_objective_may_be_mitigated_and_any_vector_will_do(toy):
    class Vec:
        __array_ufunc__ = None

        def __init__(self, x):
            self.x = x

        def __add__(self, other):
            return Vec(self.x + other.x)

        def __rmul__(self, scalar):
            return Vec(scalar * self.x)

        def __matmul__(self, other):
            return np.float32(self.x @ other.x)

    field = toy.field(THETA_REF)

    class Streaming(type(field)):
        def means(self, weights):
            return [Vec(v) for v in super().means(weights)]

    streaming = Streaming(field.mass, field.success, field.gradients)
    for objective in (10, PassAtK(10), LogP()):
        plain, wrapped = along(pcgrad(), objective)(field), along(pcgrad(), objective)(streaming)
        assert np.allclose(wrapped.x, plain, rtol=1e-5)


def test_a_gram_that_no_two_vectors_have_is_refused():
    with pytest.raises(ValueError, match=r"cross must be at most sqrt\(one \* k\) = 2 in size"):
        Gram(1, -2.5, 4)
    with pytest.raises(ValueError, match="one must be at least 0"):
        Gram(-1, 0, 4)
    with pytest.raises(ValueError, match="lam must be at least 0 and at most 1"):
        mix(1.5)
    with pytest.raises(ValueError, match="L_1 must be greater than 0"):
        safe_step(Gram(1, 0, 1), (1, 1), 0, 1)


def test_annealing_goes_from_first_to_last_by_equal_ratios_and_stays():
    schedule = Annealing(16, 1, 5)
    assert [schedule(i).k for i in range(7)] == [16, 8, 4, 2, 1, 1, 1]
    assert schedule.name == "pass@16 to pass@1" and Annealing(3, 9, 1)(0).k == 3
    with pytest.raises(ValueError, match="last must be an integer from 1"):
        Annealing(3, 0, 5)


def test_ascent_climbs_the_objective_of_each_step(toy):
    path = ascend(toy.field, THETA_REF, Annealing(10, 1, 3), step=0.5, steps=3)
    assert path.objective == "pass@10 to pass@1" and set(path.values) == {"pass@1", "pass@10"}
    for i, k in enumerate((10, 3, 1)):
        way = toy.field(path.thetas[i]).objective_gradient(k)
        assert np.allclose(path.thetas[i + 1] - path.thetas[i], 0.5 * way, rtol=1e-13)


def test_lowering_k_can_begin_a_conflict_where_the_sign_of_agreement_changes_twice(toy):
    field = toy.field(THETA_REF)
    assert not conflict(field, 100).conflict and conflict(field, 50).conflict


def test_a_zero_direction_stays_and_ambiguous_steps_are_refused(toy):
    still = ascend(toy.field, THETA_REF, 5, length=0.1, steps=2, direction=lambda f: 0 * f.mean())
    assert np.array_equal(still.thetas, np.tile(THETA_REF, (3, 1)))
    for arguments in ({}, {"step": 1, "length": 1}):
        with pytest.raises(ValueError, match="give exactly one of step and length"):
            ascend(toy.field, THETA_REF, 5, steps=1, **arguments)
    with pytest.raises(ValueError, match="length must be greater than 0"):
        ascend(toy.field, THETA_REF, 5, steps=1, length=0)
    with pytest.raises(ValueError, match="direction must not be given where objective is a sched"):
        ascend(toy.field, THETA_REF, Annealing(2, 1, 2), steps=1, step=1,
               direction=along(pcgrad(), 2))  # fmt: skip


SMOOTH = [PassAtK(1), PassAtK(6), AllCorrect(4), Entropic(2), Entropic(-2), Clipped(LogP(), 5)]


@pytest.mark.parametrize("objective", SMOOTH, ids=lambda o: o.name)
def test_the_gradient_turns_no_faster_than_the_smoothness_of_a_bounded_weight_allows(objective):
    prompts, rng = Toy().sample(40, seed=2), np.random.default_rng(4)
    L = smoothness(objective, *prompts.policy_constants)
    steepest = 0.0
    for _ in range(200):
        theta, step = rng.normal(size=2) * 2, rng.normal(size=2) * 0.05
        before, after = (prompts.field(t).objective_gradient(objective)
                         for t in (theta, theta + step))  # fmt: skip
        steepest = max(steepest, np.linalg.norm(after - before) / np.linalg.norm(step))
    assert 0.001 * L < steepest <= L


def test_an_unbounded_weight_has_no_smoothness():
    for objective in (LogP(), ArcsinSqrt()):
        with pytest.raises(ValueError, match=f"bounded slope; {objective.name} has none"):
            smoothness(objective, 1, 1)
    assert smoothness(3, 1.0, 2.0) == 9.0 and smoothness(AllCorrect(3), 1.0, 2.0) == 6 + 9


def test_no_promise_rests_on_a_number_that_is_none():
    gram = Gram(1, -0.5, 1)
    for bad in ((np.nan, 1), (1, np.inf), (1,), (1, 2, 3)):
        with pytest.raises(ValueError, match="coefficients must"):
            safe_step(gram, bad, 1, 1)
    for one, k in ((1e308, 1e308), (1, 1e300)):
        with pytest.raises(ValueError, match="at most 1e"):
            Gram(one, 0, k)
    with pytest.raises(TypeError, match="mitigation must be"):
        along(None, 3)
    with pytest.raises(ValueError, match="first must be one integer"):
        Annealing([1, 2], 1, 5)


@pytest.mark.parametrize(
    "one, cosine, k",
    [(1e-300, -1, 1e150), (1e150, -0.9, 1e-300), (1e-200, -0.9, 1e-200), (1e150, -1, 1e150)],
)
def test_gradients_of_any_size_give_finite_coefficients_and_steps(one, cosine, k):
    gram = Gram(one, cosine * np.sqrt(one) * np.sqrt(k), k)
    for mitigation in (mix(0.5), no_loss_mix(), one_sided(), pcgrad(), min_norm()):
        alpha, beta = mitigation(gram)
        numbers = [alpha, beta, gram.norm(alpha, beta), *gram.rates(alpha, beta)]
        assert np.isfinite(numbers).all()
        assert safe_step(gram, (alpha, beta), 1, 1) >= 0
