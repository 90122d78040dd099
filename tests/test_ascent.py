"""Gradient ascent on the toy, and Proposition 4.6's step beside the step that really works."""

import numpy as np
import pytest

from passk_lib.ascent import ascend, largest_step, step_bounds
from passk_lib.bandit import THETA_REF, Toy, two_prompts
from passk_lib.field import DenseField
from passk_lib.interference import conflict, least_score_bound
from passk_lib.objectives import PassAtK


@pytest.fixture(scope="module")
def toy():
    return Toy().quadrature()


def test_one_step_of_section_33():
    trajectory = ascend(two_prompts().field, THETA_REF, 10, step=5, steps=1)
    assert np.round(trajectory.values["pass@1"], 6).tolist() == [0.478950, 0.464688]
    assert np.round(trajectory.values["pass@10"], 6).tolist() == [0.825177, 0.953210]
    assert trajectory.objective == "pass@10" and trajectory.thetas.shape == (2, 2)


def test_pass_at_5_rises_while_pass_at_1_falls(toy):
    """Figure 5, with the strata whose mixture the population is."""
    path = ascend(toy.field, THETA_REF, 5, step=1, steps=60, strata=toy.strata)
    assert np.all(np.diff(path.values["pass@5"]) > 0)
    assert path.values["pass@1"][-1] < path.values["pass@1"][0] - 0.02
    easy, hard = path.strata["easy"], path.strata["hard"]
    assert easy["pass@1"][-1] < easy["pass@1"][0] and hard["pass@1"][-1] > hard["pass@1"][0]
    for name, values in path.values.items():
        assert np.allclose(0.6 * easy[name] + 0.4 * hard[name], values, rtol=1e-13)
        assert values.shape == (61,)


def test_pass_at_1_ascent_raises_pass_at_1(toy):
    path = ascend(toy.field, THETA_REF, PassAtK(1), step=1, steps=30, track=(5,))
    assert np.all(np.diff(path.values["pass@1"]) > 0) and set(path.values) == {"pass@1", "pass@5"}


def test_each_step_follows_the_gradient_at_its_own_theta(toy):
    path = ascend(toy.field, [-2.0, -2.0], 5, step=0.5, steps=3)
    for before, after in zip(path.thetas[:-1], path.thetas[1:], strict=True):
        assert np.allclose(after - before, 0.5 * toy.field(before).objective_gradient(5))


def test_another_direction_may_be_followed(toy):
    def both(field):
        return field.objective_gradient(5) + field.objective_gradient(1)

    path = ascend(toy.field, THETA_REF, 5, step=1, steps=1, direction=both)
    assert np.allclose(path.thetas[1] - THETA_REF, both(toy.field(THETA_REF)))


def test_vectors_of_another_kind_can_be_climbed_with():
    """θ and ∇J as lists in a wrapper that knows + and scalar * only."""

    class Pair:
        __array_ufunc__ = None

        def __init__(self, values):
            self.values = list(values)

        def __add__(self, other):
            return Pair(a + b for a, b in zip(self.values, other.values, strict=True))

        def __rmul__(self, scalar):
            return Pair(scalar * a for a in self.values)

    prompts = two_prompts()
    path = ascend(
        lambda theta: prompts.field(theta.values),
        Pair(THETA_REF),
        10,
        step=5,
        steps=2,
        direction=lambda field: Pair(field.objective_gradient(10)),
    )
    plain = ascend(prompts.field, THETA_REF, 10, step=5, steps=2)
    assert isinstance(path.thetas, list)
    assert np.allclose([theta.values for theta in path.thetas], plain.thetas)
    assert np.array_equal(path.values["pass@1"], plain.values["pass@1"])


@pytest.mark.parametrize("k", [4, 5, 10, 50])
def test_promised_steps_keep_their_promise(k):
    """(17) and (18) at both promised steps, on the two prompts and on a finite sample."""
    kept = 0
    for prompts in (two_prompts(), Toy().sample(300, seed=1)):
        field = prompts.field(THETA_REF)
        for bounds in step_bounds(field, k, *prompts.policy_constants).values():
            if bounds.step == 0:
                continue
            kept += 1
            gradient = field.objective_gradient(k)
            after = prompts.field(THETA_REF + bounds.step * gradient)
            descent = bounds.step * bounds.delta - bounds.step**2 * bounds.C2
            assert after.value(1) < field.value(1)
            assert after.value(1) <= field.value(1) - descent + 1e-15
            rise = bounds.step / 2 * gradient @ gradient
            assert after.value(k) >= field.value(k) + rise - 1e-15
            assert conflict(field, k).inner <= -bounds.delta + 1e-15
    assert kept


def test_the_sharper_step_is_more_than_ten_times_longer_and_the_true_one_a_thousand_times():
    prompts = two_prompts()
    bounds = step_bounds(prompts.field(THETA_REF), 10, *prompts.policy_constants)
    paper, sharp = bounds["paper"].step, bounds["sharp"].step
    works = largest_step(prompts.field, THETA_REF, 10)
    assert 10 < sharp / paper < 100 and 300 < works / sharp < 3000


def test_constants_are_the_stated_ones():
    G_squared, F = 0.3, 0.2
    bounds = step_bounds(two_prompts().field(THETA_REF), 4, G_squared, F)
    assert bounds["paper"].C2 == pytest.approx(16 * 0.3 * 0.5 / 2)
    assert bounds["paper"].L_k == pytest.approx(16 * 0.3 + 4 * 0.2)
    assert bounds["sharp"].C2 == pytest.approx(4 * 0.3 / 4 * 0.5 / 2)
    assert bounds["sharp"].L_k == pytest.approx(4 * 0.5)


def test_policy_constants_bound_the_scores_at_any_theta():
    prompts = Toy().sample(200, seed=3)
    G_squared, F = prompts.policy_constants
    norms = (prompts.features**2).sum(axis=1)
    for theta in np.random.default_rng(0).normal(size=(20, 2)):
        p = prompts.success(theta)
        # Both actions' scores are (1 - π)ψ and -πψ; the Hessian of log π is -π(1 - π)ψψᵀ.
        score = p * ((1 - p) ** 2 * norms) + (1 - p) * (p**2 * norms)
        assert score.max() <= G_squared and (p * (1 - p) * norms).max() <= F
    assert np.isclose((prompts.success([0, 0]) ** 2 * norms).max(), G_squared)


@pytest.mark.parametrize("k", [1, 2, 5, 20, 100])
def test_pass_at_k_is_k_times_as_smooth_as_pass_at_1(k):
    """‖∇J_k‖² <= kG²/4 and |second derivative| <= k L_1, at random θ on a finite sample."""
    prompts = Toy().sample(50, seed=0)
    G_squared, F = prompts.policy_constants
    rng = np.random.default_rng(1)
    for theta in rng.normal(size=(40, 2)) * 2:
        gradient = prompts.field(theta).objective_gradient(k)
        assert gradient @ gradient <= k * G_squared / 4
        u = rng.normal(size=2)
        u *= 1e-5 / np.linalg.norm(u)
        ahead, behind = (prompts.field(theta + s * u).objective_gradient(k) for s in (1, -1))
        assert np.linalg.norm(ahead - behind) / 2e-5 <= k * (G_squared + F) + 1e-6


def test_largest_step_is_where_one_of_the_two_inequalities_turns():
    prompts = two_prompts()
    field = prompts.field(THETA_REF)
    eta, direction = largest_step(prompts.field, THETA_REF, 10), field.objective_gradient(10)

    def works(step):
        after = prompts.field(THETA_REF + step * direction)
        return after.value(1) < field.value(1) and after.value(10) > field.value(10)

    assert works(0.999999 * eta) and not works(1.000001 * eta)
    assert all(works(x * eta) for x in np.linspace(0.01, 0.99, 50))


def test_without_conflict_no_step_works(toy):
    assert largest_step(toy.field, THETA_REF, 3) == 0
    assert largest_step(toy.field, THETA_REF, 4) > 0
    bounds = step_bounds(toy.field(THETA_REF), 3, *toy.policy_constants)
    assert bounds["paper"].step == bounds["sharp"].step == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"step": 0}, "step must be greater than 0"),
        ({"steps": -1}, "steps must be an integer from 0"),
        ({"objective": 0}, "k must be an integer from 1"),
        ({"track": (0,)}, "k must be an integer from 1"),
        ({"strata": {"none": np.zeros(2, bool)}}, "prompts must flag a positive mass"),
    ],
)
def test_bad_arguments_are_refused_by_name(changes, message):
    arguments = {"objective": 5, "step": 1.0, "steps": 2} | changes
    with pytest.raises(ValueError, match=message):
        ascend(two_prompts().field, THETA_REF, **arguments)


def test_a_field_where_a_function_of_theta_is_wanted_is_told_so():
    prompts = two_prompts()
    field = prompts.field(THETA_REF)
    for ask in (
        lambda given: ascend(given, THETA_REF, 5, step=1.0, steps=1),
        lambda given: largest_step(given, THETA_REF, 5),
    ):
        with pytest.raises(TypeError, match=r"field_at must be a function from θ.*DenseField at"):
            ask(field)
        with pytest.raises(TypeError, match=r"field_at must be a function .* got BanditPrompts"):
            ask(prompts)
        with pytest.raises(TypeError, match="field must be a PromptField; got ndarray"):
            ask(prompts.success)
    with pytest.raises(TypeError, match=r"track must be a tuple of objectives or k.*got 3"):
        ascend(prompts.field, THETA_REF, 5, step=1.0, steps=1, track=3)
    with pytest.raises(TypeError, match="got BanditPrompts: call its"):
        step_bounds(prompts, 5, 1.0, 1.0)


@pytest.mark.parametrize("too_small", [0.01, 1e-200, 5e-324])
def test_no_step_is_promised_for_a_bound_on_scores_that_fails_at_theta(too_small):
    field = two_prompts().field(THETA_REF)
    with pytest.raises(ValueError, match=r"G_squared must be at least 0.12.*this θ need"):
        step_bounds(field, 5, too_small, 1.0)
    least = least_score_bound(field)
    assert step_bounds(field, 5, least, 1.0)["sharp"].L_1 == least + 1


def test_a_bound_on_scores_whose_products_overflow_is_refused():
    for constants in ((1e200, 1.0), (1.0, 1e200)):
        with pytest.raises(ValueError, match=r"(G_squared|F) must be .*at most 1e\+130"):
            step_bounds(two_prompts().field(THETA_REF), 5, *constants)


@pytest.mark.parametrize("scale", [1e-130, 1e-60, 1e60])
def test_promised_steps_scale_with_the_units_of_the_gradients(scale):
    """η ∇J_k has the units of θ: with g times s, both constants times s², η is η/s²."""
    field = two_prompts().field((-2, -12))
    scaled = DenseField(field.mass, field.success, scale * field.gradients)
    one = step_bounds(field, 20, 1.0, 1.0)
    other = step_bounds(scaled, 20, scale**2, scale**2)
    for name in one:
        assert one[name].step > 0
        assert other[name].step * scale**2 == pytest.approx(one[name].step, rel=1e-12)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_steps_of_equal_length_do_not_depend_on_the_size_of_the_direction(toy, size):
    path = ascend(
        toy.field,
        THETA_REF,
        5,
        length=0.1,
        steps=2,
        direction=lambda field: size * np.array([3.0, 4.0]),
    )
    np.testing.assert_allclose(np.diff(path.thetas, axis=0), [[0.06, 0.08]] * 2, rtol=1e-12)


def test_a_direction_that_is_none_is_named(toy):
    for direction in (3, lambda field: None, lambda field: np.zeros(3)):
        with pytest.raises((TypeError, ValueError), match="direction must"):
            ascend(toy.field, THETA_REF, 5, step=0.1, steps=1, direction=direction)
