"""The toy: equation (7), the population by quadrature, and every number of section 3.3."""

import functools
import time

import mpmath as mp
import numpy as np
import pytest

from passk_lib.bandit import LARGEST_QUADRATURE, THETA_REF, BanditPrompts, Toy, expit, two_prompts
from passk_lib.interference import conflict, cosine_kernel, kernel

# --- Equation (7) -----------------------------------------------------------------------------


def _slopes(prompts, theta, h=1e-6):
    steps = h * np.eye(2)
    return np.stack(
        [(prompts.success(theta + s) - prompts.success(theta - s)) / (2 * h) for s in steps], axis=1
    )


def test_gradients_are_the_slopes_of_the_success_probability():
    prompts = Toy().sample(50, seed=4)
    for theta in (THETA_REF, np.array([0.3, -1.2]), np.array([2.0, 3.0])):
        gradients = prompts.field(theta).gradients
        assert np.allclose(gradients, _slopes(prompts, theta), atol=1e-9)
        wrong_sign = np.where(prompts.hard, -1.0, 1.0)[:, None] * np.abs(gradients)
        assert not np.allclose(wrong_sign, _slopes(prompts, theta), atol=1e-3)


def test_easy_prompts_want_action_zero_and_hard_ones_action_one():
    prompts = two_prompts()
    plays_one = 1 / (1 + np.exp(-prompts.features @ THETA_REF))
    assert prompts.success(THETA_REF) == pytest.approx([1 - plays_one[0], plays_one[1]])
    swapped = BanditPrompts(prompts.features, ~prompts.hard, prompts.mass)
    assert swapped.success(THETA_REF) == pytest.approx(1 - prompts.success(THETA_REF))


def test_margins_keep_their_precision_far_out():
    prompts = two_prompts()
    field = prompts.field([-700.0, 0.0])
    assert field.success[1] == pytest.approx(float(mp.exp(-700)), rel=1e-13)
    # p(1 - p) would be 0 for the easy prompt, whose p is 1 in floats.
    slope = float(mp.exp(-700))
    assert field.gradients[:, 0] == pytest.approx([-slope, slope], rel=1e-13, abs=0)
    assert expit(np.array([-1e4, 0.0, 1e4])).tolist() == [0, 0.5, 1]


# --- Section 3.3, in 40 digits and without the library -----------------------------------------


@pytest.fixture(scope="module")
def section_33():
    """Every number of section 3.3 at θ = (-2, -2), from its definition."""
    with mp.workdps(40):
        psi = [mp.matrix(["1", "-0.1"]), mp.matrix(["1", "0.1"])]
        sign = [-1, 1]

        def p(i, theta):
            return 1 / (1 + mp.exp(-sign[i] * (theta[0] * psi[i][0] + theta[1] * psi[i][1])))

        def value(k, theta):
            return sum(1 - (1 - p(i, theta)) ** k for i in range(2)) / 2

        def slope(i, theta):
            """∇p by numerical differentiation of p."""
            return mp.matrix(
                [
                    mp.diff(lambda t: p(i, [t, theta[1]]), theta[0]),
                    mp.diff(lambda t: p(i, [theta[0], t]), theta[1]),
                ]
            )

        def dot(u, v):
            return u[0] * v[0] + u[1] * v[1]

        theta = [mp.mpf(-2), mp.mpf(-2)]
        w = [10 * (1 - p(i, theta)) ** 9 for i in range(2)]
        g = [slope(i, theta) for i in range(2)]
        g1, gk = (g[0] + g[1]) / 2, (w[0] * g[0] + w[1] * g[1]) / 2
        after = [theta[0] + 5 * gk[0], theta[1] + 5 * gk[1]]
        numbers = {
            "p_e": p(0, theta),
            "p_h": p(1, theta),
            "w_e": w[0],
            "w_h": w[1],
            "kappa": dot(g[0], g[1]),
            "kappa_cosine": dot(g[0], g[1]) / mp.sqrt(dot(g[0], g[0]) * dot(g[1], g[1])),
            "cosine": dot(g1, gk) / mp.sqrt(dot(g1, g1) * dot(gk, gk)),
            "J1_before": value(1, theta),
            "J1_after": value(1, after),
            "J10_before": value(10, theta),
            "J10_after": value(10, after),
        }
        return {name: float(x) for name, x in numbers.items()}


@pytest.fixture(scope="module")
def by_library():
    prompts = two_prompts()
    field = prompts.field(THETA_REF)
    after = prompts.field(THETA_REF + 5 * field.objective_gradient(10))
    w = field.weight(10)
    return {
        "p_e": field.success[0],
        "p_h": field.success[1],
        "w_e": w[0],
        "w_h": w[1],
        "kappa": kernel(field)[0, 1],
        "kappa_cosine": cosine_kernel(field)[0, 1],
        "cosine": conflict(field, 10).cosine,
        "J1_before": field.value(1),
        "J1_after": after.value(1),
        "J10_before": field.value(10),
        "J10_after": after.value(10),
    }


# What the paper prints, to its own rounding, and what a recomputation gave.
PRINTED = {
    "p_e": (2, 0.86, 0.858149),
    "p_h": (2, 0.10, 0.099750),
    "w_e": (9, 2.33e-7, 2.32538e-7),
    "w_h": (2, 3.88, 3.88388),
    "kappa": (2, -0.01, -0.010822),
    "kappa_cosine": (2, -0.98, -0.980198),
    "cosine": (2, -0.77, -0.774558),
    "J1_before": (2, 0.48, 0.478950),
    "J1_after": (2, 0.46, 0.464688),
    "J10_before": (2, 0.83, 0.825177),
    "J10_after": (2, 0.95, 0.953210),
}


@pytest.mark.parametrize("name", PRINTED)
def test_every_number_of_section_33_is_reproduced(name, section_33, by_library):
    digits, printed, recomputed = PRINTED[name]
    assert by_library[name] == pytest.approx(section_33[name], rel=1e-12)
    assert round(by_library[name], digits) == pytest.approx(printed, rel=1e-12)
    assert by_library[name] == pytest.approx(recomputed, rel=1e-5, abs=6e-7 * (digits < 9))


def test_another_theta_would_not_reproduce_them():
    field = two_prompts().field([-2.0, 2.0])
    assert round(field.success[0], 2) == 0.9 and round(field.success[1], 2) == 0.14


# --- The population ---------------------------------------------------------------------------


def _population(theta, k, delta="0.2", p_hard="0.4"):
    """J_k and ∇J_k of the toy by adaptive integration in 20 digits."""
    a, b = mp.mpf(float(theta[0])), mp.mpf(float(theta[1]))
    totals = [mp.mpf(0)] * 3
    for sign, share in ((-1, 1 - mp.mpf(p_hard)), (1, mp.mpf(p_hard))):
        mean = sign * mp.mpf(delta) / 2

        @functools.cache
        def integrands(s, sign=sign, mean=mean):
            odds = mp.exp(sign * (a + b * s))  # p/(1 - p)
            density, miss = mp.npdf(s, mean, 1), (1 + odds) ** (-k)
            slope = sign * k * miss * odds / (1 + odds)
            return density * (1 - miss), density * slope, density * slope * s

        ends = [mean + x for x in (-12, -7, -4, -2, 0, 2, 4, 7, 12)]
        for i in range(3):
            totals[i] += share * mp.quad(lambda s, i=i, f=integrands: f(s)[i], ends)
    return totals


def _directions():
    rng = np.random.default_rng(11)
    angle, radius = rng.uniform(0, 2 * np.pi, 4), 4 * np.sqrt(rng.random(4))
    inside = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return [(0.0, 4.0), (0.0, -4.0), (-2.0, -2.0), (0.49, 0.09), *map(tuple, inside)]


@pytest.mark.parametrize("theta", _directions(), ids=lambda t: f"{t[0]:.2f},{t[1]:.2f}")
def test_quadrature_is_the_population(theta):
    prompts = Toy().quadrature()
    field = prompts.field(theta)
    with mp.workdps(20):
        for k in (1, 30, 1000):
            value, *gradient = _population(theta, k)
            assert abs(field.value(k) - value) < 1e-12
            error = mp.norm(mp.matrix(field.objective_gradient(k).tolist()) - mp.matrix(gradient))
            assert error < 1e-9 * mp.norm(mp.matrix(gradient)) + 1e-12


def test_gauss_hermite_would_not_be():
    """The usual rule, 64 nodes, at θ = (0, 4), k = 1000."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    s = np.concatenate([nodes - 0.1, nodes + 0.1])
    mass = np.concatenate([0.6 * weights, 0.4 * weights]) / weights.sum()
    hard = np.repeat([False, True], 64)
    gauss = BanditPrompts(np.column_stack([np.ones(128), s]), hard, mass / mass.sum())
    with mp.workdps(20):
        value = _population((0.0, 4.0), 1000)[0]
    assert abs(gauss.field([0, 4]).value(1000) - value) > 1e-4


@pytest.mark.parametrize(("delta", "p_hard"), [(0.0, 0.5), (2.0, 0.1), (0.2, 0.0), (0.2, 1.0)])
def test_other_toys_are_integrated_as_well(delta, p_hard):
    field = Toy(delta, p_hard).quadrature().field(THETA_REF)
    with mp.workdps(20):
        value = _population(THETA_REF, 100, str(delta), str(p_hard))[0]
    assert abs(field.value(100) - value) < 1e-12


def test_halving_the_step_changes_nothing():
    field = Toy().quadrature().field([2.5, 3.1])
    finer = Toy().quadrature(step=1 / 32, reach=12).field([2.5, 3.1])
    assert np.allclose(
        field.objective_gradient(1000), finer.objective_gradient(1000), rtol=1e-10, atol=1e-13
    )


def _fastest(run, repeats=20):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def test_quadrature_is_faster_than_six_thousand_samples():
    def evaluate(prompts):
        field = prompts.field(THETA_REF)
        return field.value(100), field.objective_gradient(100)

    quadrature, sample = Toy().quadrature(), Toy().sample(6000, seed=0)
    assert _fastest(lambda: evaluate(quadrature)) < _fastest(lambda: evaluate(sample))


def test_samples_are_seeded_and_agree_with_the_population():
    toy = Toy()
    sample = toy.sample(40_000, seed=5)
    assert np.array_equal(sample.features, toy.sample(40_000, seed=5).features)
    assert not np.array_equal(sample.features, toy.sample(40_000, seed=6).features)
    assert sample.hard.mean() == pytest.approx(0.4, abs=0.01)
    assert sample.features[sample.hard, 1].mean() == pytest.approx(0.1, abs=0.03)
    assert sample.features[~sample.hard, 1].mean() == pytest.approx(-0.1, abs=0.03)
    exact = toy.quadrature().field(THETA_REF)
    field = sample.field(THETA_REF)
    for k in (1, 5, 50):
        assert field.value(k) == pytest.approx(exact.value(k), abs=0.01)


def test_strata_split_the_population():
    prompts = Toy(p_hard=0.3).quadrature()
    field = prompts.field(THETA_REF)
    easy, hard = (field.restrict(prompts.strata[label]).value(5) for label in ("easy", "hard"))
    assert hard < 0.5 < easy
    assert 0.7 * easy + 0.3 * hard == pytest.approx(field.value(5), rel=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Toy(delta=-0.1), "delta must be at least 0; got -0.1"),
        (lambda: Toy(p_hard=1.5), "p_hard must be at least 0 and at most 1; got 1.5"),
        (lambda: Toy(delta=np.nan), "delta must be finite; got nan"),
        (lambda: Toy().sample(0, seed=1), "size must be an integer from 1"),
        (lambda: Toy().sample(5, seed=-1), "seed must be an integer from 0"),
        (lambda: Toy().quadrature(step=0), "step must be greater than 0"),
        (lambda: Toy().quadrature(step=20), "step must be at most reach"),
        (lambda: two_prompts().field([1.0]), r"theta must have shape \(2\); got \(1,\)"),
        (lambda: two_prompts().field([1.0, np.nan]), "theta must be finite"),
        (lambda: two_prompts(4).field((1e308, 1e308)), "theta must be small enough for θᵀψ"),
        (lambda: Toy().quadrature(1e-6), "step must be at least 4·reach/100000 = 0.0004"),
        (lambda: Toy().quadrature(5e-324), "step must be at least 4·reach/100000"),
        (lambda: Toy().quadrature(reach=1e300), "for at most 100000 nodes"),
        (
            lambda: BanditPrompts(np.ones((2, 3)), np.zeros(2, bool), [0.5, 0.5]),
            r"features must have shape \(2, 2\); got \(2, 3\)",
        ),
    ],
)
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_finest_quadrature_agrees_with_the_default():
    fine, coarse = (Toy().quadrature(step).field(THETA_REF) for step in (4.0005e-4, 1 / 16))
    assert 99_000 < fine.size <= LARGEST_QUADRATURE
    assert fine.value(10) == pytest.approx(coarse.value(10), abs=1e-12)
