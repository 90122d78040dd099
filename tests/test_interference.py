"""Kernel, agreement and conflict: each identity of sections 3 and 4 by two routes."""

import time
from fractions import Fraction
from math import comb

import numpy as np
import pytest

import passk_lib
from passk_lib.bandit import THETA_REF, Toy, two_prompts
from passk_lib.field import DenseField
from passk_lib.interference import (
    agreement,
    conflict,
    cosine_kernel,
    gradient_products,
    interference_set,
    kernel,
    kernel_blocks,
)
from passk_lib.objectives import Objective, PassAtK, weight


def _random(seed, size=40, dim=3):
    rng = np.random.default_rng(seed)
    mass = rng.dirichlet(np.ones(size))
    return DenseField(mass, rng.random(size), rng.normal(size=(size, dim)))


def _line(mass, success, gradients, **more):
    """A field with one parameter."""
    return DenseField(mass, success, np.array(gradients, dtype=float)[:, None], **more)


# --- The kernel -------------------------------------------------------------------------------


def test_kernel_is_the_matrix_of_inner_products():
    field = _random(0)
    full = kernel(field)
    assert np.allclose(full, np.einsum("id,jd->ij", field.gradients, field.gradients))
    assert np.allclose(full, full.T) and np.linalg.eigvalsh(full).min() > -1e-12
    assert np.allclose(kernel(field, [3, 0]), full[[3, 0]], rtol=1e-14)
    assert kernel(field, 3).shape == (1, 40)


def test_blocks_are_the_kernel_cut_into_bands():
    field = _random(1)
    bands = list(kernel_blocks(field, 7))
    assert [rows.stop - rows.start for rows, _ in bands] == [7, 7, 7, 7, 7, 5]
    assert np.allclose(np.concatenate([band for _, band in bands]), kernel(field))


def test_a_step_for_one_prompt_moves_another_by_the_kernel():
    """Equation (6), the meaning of Definition 3.1, by a finite step on the toy."""
    prompts = Toy().sample(30, seed=2)
    field, step = prompts.field(THETA_REF), 1e-6
    for i in range(0, 30, 7):
        moved = prompts.success(THETA_REF + step * field.gradient(i))
        assert np.allclose((moved - field.success) / step, kernel(field, [i])[0], atol=1e-7)


def test_label_product_alone_does_not_fix_the_sign_of_the_kernel():
    prompts = Toy().sample(4000, seed=0)
    negative = kernel(prompts.field(THETA_REF)) < 0
    same = prompts.hard[:, None] == prompts.hard[None, :]
    bent = 1 + np.outer(prompts.features[:, 1], prompts.features[:, 1]) < 0
    assert np.array_equal(negative, same == bent)
    assert 0.05 < negative[same].mean() < 0.15 and 0.85 < negative[~same].mean() < 0.95


def test_cosines_are_normalised_kernels():
    field = _random(2)
    cosine = cosine_kernel(field)
    norms = np.linalg.norm(field.gradients, axis=1)
    assert np.allclose(cosine, kernel(field) / np.outer(norms, norms))
    assert np.allclose(np.diag(cosine), 1) and np.abs(cosine).max() <= 1


def test_a_zero_gradient_has_no_cosine_unless_a_value_is_chosen():
    field = _line([0.25] * 4, [0.0, 0.5, 1.0, 0.5], [0, 1, 0, -2])
    with pytest.raises(ValueError, match=r"zero at prompts \[0, 2\]"):
        cosine_kernel(field)
    cosine = cosine_kernel(field, [0, 1], undefined=0.0)
    assert cosine.tolist() == [[0, 0, 0, 0], [0, 1, 0, -1]]


def test_rows_out_of_range_are_named():
    with pytest.raises(ValueError, match="rows must be less than 40"):
        kernel(_random(0), [40])
    with pytest.raises(TypeError, match="rows must be an integer"):
        kernel(_random(0), [0.5])
    with pytest.raises(ValueError, match="block must be an integer from 1"):
        next(kernel_blocks(_random(0), 0))


# --- Agreement --------------------------------------------------------------------------------


def test_agreement_is_the_mean_of_the_kernel():
    field = _random(3)
    assert np.allclose(agreement(field), kernel(field) @ field.mass)


def test_mean_agreement_is_the_squared_gradient_norm():
    for seed in range(20):
        field = _random(seed)
        gradient = field.mean()
        assert field.mass @ agreement(field) == pytest.approx(gradient @ gradient, rel=1e-12)


def test_agreement_of_a_million_prompts_costs_a_few_passes():
    """Two matrix-vector products; against one plain sum over the gradients."""
    size = 10**6
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(size, 2))
    field = DenseField(np.full(size, 1 / size), np.full(size, 0.5), gradients)

    def fastest(run):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return min(times)

    one_pass = fastest(lambda: gradients.sum(axis=0))
    taken = fastest(lambda: agreement(field))
    assert taken < 10 * one_pass
    assert taken < 0.5


# --- Proposition 4.1 --------------------------------------------------------------------------


def test_both_sides_of_9_10_11_agree_on_random_fields():
    for seed in range(50):
        field = _random(seed, size=1 + seed, dim=1 + seed % 4)
        report = conflict(field, [1, 2, 3, 10, 100, 1000])
        scale = report.mean_weight * np.abs(agreement(field)).max() * 1e-12
        for side in (report.weighted_agreement, report.decomposition, report.reweighted):
            assert np.all(np.abs(side - report.inner) <= scale)
        assert np.all(np.isfinite(report.inner))


def test_the_report_is_exact_on_a_field_of_fractions():
    """Every quantity from its definition, in exact arithmetic."""
    mass = [Fraction(1, 8), Fraction(3, 8), Fraction(1, 2)]
    success = [Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)]
    gradients = [(1, -2), (-3, 1), (2, 2)]
    field = DenseField(*(np.array(x, dtype=float) for x in (mass, success, gradients)))

    def mean(values):
        return sum(m * v for m, v in zip(mass, values, strict=True))

    def dot(u, v):
        return sum(x * y for x, y in zip(u, v, strict=True))

    g1 = [mean(column) for column in zip(*gradients, strict=True)]
    a = [dot(g, g1) for g in gradients]
    for k in (1, 2, 7):
        w = [k * (1 - p) ** (k - 1) for p in success]
        gk = [mean([x * g[i] for x, g in zip(w, gradients, strict=True)]) for i in range(2)]
        deviations = [(x - mean(w)) * (y - mean(a)) for x, y in zip(w, a, strict=True)]
        sigma_w = mean([(x - mean(w)) ** 2 for x in w])
        sigma_a = mean([(y - mean(a)) ** 2 for y in a])
        exact = {
            "inner": dot(gk, g1),
            "norm1_sq": dot(g1, g1),
            "norm_k": float(dot(gk, gk)) ** 0.5,
            "weighted_agreement": mean([x * y for x, y in zip(w, a, strict=True)]),
            "mean_weight": mean(w),
            "mean_agreement": mean(a),
            "covariance": mean(deviations),
            "std_weight": float(sigma_w) ** 0.5,
            "cv_weight": float(sigma_w) ** 0.5 / float(mean(w)),
            "std_agreement": float(sigma_a) ** 0.5,
            "agreement_shifted": dot(gk, g1) / mean(w),
            "cosine": float(dot(gk, g1)) / float(dot(gk, gk) * dot(g1, g1)) ** 0.5,
            "conflict": dot(gk, g1) < 0,
        }
        if k > 1:
            spread = float(sigma_w * sigma_a) ** 0.5
            exact["correlation"] = float(mean(deviations)) / spread
            exact["correlation_bound"] = -float(mean(w) * dot(g1, g1)) / spread
            exact["variation_product"] = spread / float(mean(w) * dot(g1, g1))
        report = conflict(field, k)
        for name, value in exact.items():
            assert getattr(report, name) == pytest.approx(float(value), rel=1e-13, abs=1e-15), name


def test_inner_product_is_the_first_order_change_of_pass_at_1():
    """J_1 along ∇J_k on the toy; the decomposition with the covariance's sign wrong fails."""
    prompts = Toy().quadrature()
    field = prompts.field(THETA_REF)
    step = 1e-6
    for k in (2, 4, 20):
        direction = field.objective_gradient(k)
        ahead, behind = (prompts.field(THETA_REF + s * direction) for s in (step, -step))
        slope = (ahead.value(1) - behind.value(1)) / (2 * step)
        report = conflict(field, k)
        assert report.inner == pytest.approx(slope, abs=1e-9)
        wrong = report.mean_weight * report.norm1_sq - report.covariance
        assert abs(wrong - slope) > 1e-4


def test_conflict_is_correlation_below_the_bound_of_19():
    seen = set()
    for seed in range(200):
        report = conflict(_random(seed, size=6, dim=2), [2, 5, 20])
        assert np.array_equal(report.conflict, report.correlation < report.correlation_bound)
        assert np.array_equal(report.conflict, report.inner < 0)
        seen.update(report.conflict.tolist())
        # Conflict implies CV(w) CV(a) > 1; the converse fails, which the data must show.
        assert np.all(report.variation_product[report.conflict] > 1)
        seen.update(
            "varied, no conflict" for x in report.variation_product[~report.conflict] if x > 1
        )
    assert seen == {True, False, "varied, no conflict"}


def test_one_k_and_many_k_give_the_same_numbers():
    field = _random(7)
    many = conflict(field, [3, 9])
    for i, k in enumerate((3, 9)):
        one = conflict(field, k)
        for name, value in one.as_dict().items():
            if name not in ("names", "norm1_sq", "mean_agreement", "std_agreement"):
                assert getattr(many, name)[i] == pytest.approx(value, rel=1e-12), name
        assert isinstance(one.inner, float) and one.k == k and one.names == (f"pass@{k}",)
    assert many.k.tolist() == [3, 9] and many.names == ("pass@3", "pass@9")


def test_an_objective_stands_for_its_own_weights():
    class Half(Objective):
        name = "half of pass@4"

        def value(self, p):
            return PassAtK(4).value(p) / 2

        def weight(self, p):
            return PassAtK(4).weight(p) / 2

    field = _random(8)
    report, whole = conflict(field, Half()), conflict(field, PassAtK(4))
    assert report.inner == pytest.approx(whole.inner / 2)
    assert report.cosine == pytest.approx(whole.cosine)
    assert report.k is None and report.names == ("half of pass@4",) and whole.k == 4


def test_weights_may_be_given():
    field = _random(9)
    w = weight(field.success, np.array([[2], [6]]))
    given, default = conflict(field, [2, 6], weights=w), conflict(field, [2, 6])
    assert np.allclose(given.inner, default.inner, rtol=1e-13)
    assert np.allclose(given.agreement_shifted, default.agreement_shifted, rtol=1e-12)
    assert given.names == ("weights for k = 2", "weights for k = 6")
    alone = conflict(field, weights=w[1])
    assert alone.k is None and alone.inner == pytest.approx(default.inner[1])


def test_unbiased_weights_average_to_the_true_inner_product():
    """Two prompts, n = 3 samples each, all outcomes; the gradients are known here."""
    p, n, k = [0.3, 0.8], 3, 3
    field = _line([0.5, 0.5], p, [1, -2])
    plugin = unbiased = 0.0
    for c in [(i, j) for i in range(n + 1) for j in range(n + 1)]:
        chance = np.prod(
            [comb(n, x) * q**x * (1 - q) ** (n - x) for x, q in zip(c, p, strict=True)]
        )
        counted = _line([0.5, 0.5], None, [1, -2], counts=passk_lib.SampleCounts([n, n], list(c)))
        plugin += chance * conflict(counted, k).inner
        w = passk_lib.unbiased_weight(n, np.array(c), k)
        if w.any():
            unbiased += chance * conflict(counted, k, weights=w).inner
    truth = conflict(field, k).inner
    assert unbiased == pytest.approx(truth, rel=1e-12)
    assert abs(plugin - truth) > 0.05 * abs(truth)


def test_the_shifted_mean_survives_the_underflow_of_every_weight():
    field = two_prompts().field(THETA_REF)
    report = conflict(field, 10**6)
    assert report.mean_weight == 0 and report.inner == 0 and report.log_mean_weight < -1e5
    # D̃_k has moved to the hard prompt alone.
    assert report.agreement_shifted == pytest.approx(agreement(field)[1])
    assert report.conflict and report.cosine < 0
    assert report.correlation == pytest.approx(-1) and report.variation_product > 1


def test_prompts_of_mass_zero_change_nothing():
    field = _random(10, size=5)
    padded = DenseField(
        np.append(field.mass, 0), np.append(field.success, 0), np.vstack([field.gradients, [9] * 3])
    )
    one, two = conflict(field, [1, 5, 10**5]), conflict(padded, [1, 5, 10**5])
    for name in ("inner", "agreement_shifted", "std_weight", "cosine", "covariance"):
        assert np.allclose(getattr(one, name), getattr(two, name), rtol=1e-12), name


def test_what_is_undefined_raises_and_is_none_in_the_dictionary():
    field = _random(11)
    same_weights = conflict(field, [1, 2])
    with pytest.raises(ValueError, match=r"correlation is undefined where .*: here for pass@1$"):
        _ = same_weights.correlation
    assert conflict(field, 1).as_dict()["correlation"] is None
    solved = _line([0.5, 0.5], [1.0, 1.0], [0, 0])
    report = conflict(solved, 2)
    assert report.inner == 0 and report.reweighted == 0 and not report.conflict
    for name in ("agreement_shifted", "cosine", "correlation", "variation_product"):
        with pytest.raises(ValueError, match=f"{name} is undefined"):
            getattr(report, name)
        assert report.as_dict()[name] is None
    # At p = 1, k = 1 the weight is 1, so D̃_1 exists.
    assert conflict(solved, 1).agreement_shifted == 0


def test_equal_agreement_up_to_rounding_has_no_correlation():
    rng = np.random.default_rng(0)
    field = DenseField(np.full(3, 1 / 3), rng.random(3), np.tile([0.1, 0.7], (3, 1)))
    with pytest.raises(ValueError, match="correlation is undefined"):
        _ = conflict(field, 5).correlation


def test_reports_are_readable_and_frozen():
    report = conflict(two_prompts().field(THETA_REF), [1, 10])
    lines = str(report).splitlines()
    assert len(lines) == 3 and lines[1].endswith("no") and lines[2].endswith("yes")
    assert lines[2].startswith("pass@10") and "-0.00259956" in lines[2]
    with pytest.raises(AttributeError):
        report.inner = 0
    with pytest.raises(ValueError, match="read-only"):
        report.inner[0] = 0


def test_nothing_is_ever_nan():
    fields = [
        _line([1.0], [0.5], [0]),
        _line([1.0], [0.0], [1]),
        _line([0.5, 0.5], [0.0, 1.0], [0, 0]),
        _line([0.5, 0.5], [1.0, 1.0], [1, -1]),
    ]
    for field in fields:
        for value in conflict(field, [1, 2, 10**6]).as_dict().values():
            assert value is None or not any(x != x for x in np.ravel(value))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: conflict(f), ValueError, "k must be given"),
        (lambda f: conflict(f, 0), ValueError, "k must be an integer from 1"),
        (lambda f: conflict(f, 2.0), TypeError, "k must be an integer from 1"),
        (lambda f: conflict(f, [[1, 2]]), ValueError, "k must be one integer or a list"),
        (lambda f: conflict(f, weights=np.ones(3)), ValueError, "weights must have shape"),
        (lambda f: conflict(f, weights=-np.ones(40)), ValueError, "weights must be at least 0"),
        (lambda f: conflict(f, weights=np.full(40, np.nan)), ValueError, "weights must be finite"),
        (lambda f: conflict(f, [1, 2], np.ones(40)), ValueError, "one entry per row of weights"),
        (lambda f: conflict(f, PassAtK(2), np.ones(40)), TypeError, "k must be integers where"),
        (lambda f: interference_set(f, 2, 0), ValueError, "m must be greater than 0; got 0"),
        (lambda f: cosine_kernel(f, undefined="x"), TypeError, "undefined must be real numbers"),
        (lambda f: cosine_kernel(f, undefined=np.nan), ValueError, "undefined must be finite"),
        (lambda f: kernel_blocks(f, 0), ValueError, "block must be an integer from 1"),
        (lambda f: f.gradient([1, 0]), ValueError, "i must be the index of one prompt"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call(_random(0))


# --- (13)-(15), Corollary 4.4, (20) -----------------------------------------------------------


def test_interference_set_splits_the_weight():
    field = _random(12)
    a = agreement(field)
    m = float(np.quantile(-a, 0.6))
    assert m > 0
    split = interference_set(field, [2, 8], m)
    assert np.array_equal(split.members, a <= -m) and split.q == field.mass[a <= -m].sum()
    assert np.allclose(split.W_minus + split.W_plus, conflict(field, [2, 8]).mean_weight)
    w = weight(field.success, 8)
    assert split.W_minus[1] == pytest.approx((field.mass * w)[a <= -m].sum())
    assert interference_set(field, 8, m).W_plus == pytest.approx(split.W_plus[1])


def test_corollary_4_4_bounds_the_inner_product_with_any_valid_bound():
    for seed in range(100):
        field = _random(seed, size=8, dim=2)
        a = agreement(field)
        if a.min() >= 0:
            continue
        report, split = conflict(field, [2, 5]), interference_set(field, [2, 5], -a.min() / 2)
        assert np.all(report.inner <= -split.delta(max(a.max(), 0)) + 1e-12)


def test_the_printed_sign_of_corollary_4_4_has_a_counterexample():
    """p = (1/2, 1/2), g = (-1, 3), m = 1, k = 2, G² = 36: δ(θ) = -35/2 < 0, yet no conflict."""
    field = _line([0.5, 0.5], [0.5, 0.5], [-1, 3])
    assert interference_set(field, 2, 1.0).delta(36) == -17.5
    assert conflict(field, 2).inner == 1


def test_conflict_without_a_strongly_interfering_prompt():
    """q_θ = 0 at m = 2 and conflict all the same: q_θ > 0 is not necessary."""
    field = _line([0.5, 0.5], [0.1, 0.9], [-1, 3])
    assert interference_set(field, 2, 2.0).q == 0
    assert conflict(field, 2).inner == pytest.approx(-0.6)


def test_products_of_objective_gradients_are_the_double_sum_of_20():
    field = _random(13)
    ks = [1, 3, 10]
    products = gradient_products(field, ks)
    w = weight(field.success, np.array(ks)[:, None]) * field.mass
    assert np.allclose(products, w @ kernel(field) @ w.T)
    assert np.allclose(products[0], conflict(field, ks).inner)


def test_without_negative_interference_no_two_objectives_conflict():
    """Proposition B.1."""
    rng = np.random.default_rng(0)
    field = DenseField(np.full(9, 1 / 9), rng.random(9), rng.random((9, 4)))
    assert kernel(field).min() >= 0
    assert gradient_products(field, [1, 2, 7, 50]).min() >= 0


# --- k*, the exact conflict set, single crossing ----------------------------------------------


def _returning():
    """Conflict that comes, goes and comes back although (16) holds."""
    mass = np.array([1, 2, 600, 200]) / 803
    return _line(mass, [1 / 100, 1 / 5, 1 / 2, 9 / 10], [-2, 20, -1, 10])


def _separated(seed):
    """A random field that satisfies (16): the negative agreements are the hard prompts."""
    rng = np.random.default_rng(seed)
    hard, easy = rng.integers(1, 4), rng.integers(1, 5)
    p = np.concatenate([rng.uniform(0.01, 0.3, hard), rng.uniform(0.4, 0.95, easy)])
    pull = np.concatenate([-rng.uniform(0.2, 1, hard), rng.uniform(0.5, 2, easy)])
    mass = np.concatenate([np.full(hard, 0.2 / hard), np.full(easy, 0.8 / easy)])
    return _line(mass, p, pull * np.sqrt(p * (1 - p)))


def _tied(seed):
    """A random field in which several prompts share an agreement score, exactly."""
    rng = np.random.default_rng(seed)
    return _line([1 / 8] * 8, rng.integers(1, 10, 8) / 10, rng.choice([-2, -1, 1, 2, 4], 8))


def test_k_star_of_the_returning_example():
    field = _returning()
    threshold = passk_lib.k_star(field, m=2 * float(field.mean()[0]))
    assert threshold.holds and threshold.G_squared == pytest.approx(2500)
    assert threshold.q == pytest.approx(1 / 803)
    assert (threshold.epsilon, threshold.delta) == (0.01, 0.2)
    assert round(threshold.paper, 1) == 63.1
    expected = 1 + np.log(802 * 2500 / threshold.m) / np.log(0.99 / 0.8)
    assert threshold.paper == pytest.approx(expected)
    assert threshold.paper - threshold.sharp == pytest.approx(np.log(4) / np.log(0.99 / 0.8))


def test_conflict_may_come_go_and_come_back_before_k_star():
    conflicts = passk_lib.conflict_set(_returning())
    assert conflicts.intervals == [(2, 7), (15, 10**6)] and conflicts.beyond == -1
    assert conflicts.k_dagger == 14 and conflicts.crossings == [2, 8, 15]
    assert conflicts.undecided == [] and conflicts.descartes == 3
    assert not passk_lib.single_crossing(_returning()).holds


def test_the_toy_conflicts_from_4_to_93_only():
    """At θ = (-2, -2) the very hardest prompts agree, so that conflict ends again."""
    field = Toy(delta=0.2, p_hard=0.4).quadrature().field(THETA_REF)
    conflicts = passk_lib.conflict_set(field, k_max=1000)
    assert conflicts.intervals == [(4, 93)] and conflicts.undecided == []
    assert passk_lib.conflict_set(field).intervals == [(4, 93)]
    report = conflict(field, np.arange(1, 201))
    assert (np.flatnonzero(report.conflict) + 1).tolist() == list(range(4, 94))
    hardest = np.argsort(field.success)[:20]
    assert (agreement(field)[hardest] > 0).all()
    threshold = passk_lib.k_star(field)
    assert not threshold.holds


def test_a_large_k_need_not_conflict():
    field = _line([1 / 3] * 3, [1 / 10, 1 / 2, 9 / 10], [1, -3, 5])
    conflicts = passk_lib.conflict_set(field)
    assert conflicts.intervals == [(2, 2)] and conflicts.beyond == 1
    assert conflicts.k_dagger == float("inf")
    assert 2 in conflicts and 3 not in conflicts and 10**9 not in conflicts


def test_every_k_beyond_k_star_conflicts_and_k_star_is_at_least_one():
    seen = 0
    for seed in range(200):
        field = _separated(seed)
        a = agreement(field)
        if not (a < 0).any():
            continue
        threshold = passk_lib.k_star(field)
        if not threshold.holds:
            continue
        seen += 1
        conflicts = passk_lib.conflict_set(field)
        assert 1 <= conflicts.k_dagger <= threshold.sharp < threshold.paper
        gap = np.log((1 - threshold.epsilon) / (1 - threshold.delta))
        assert threshold.paper >= 1 + np.log(4) / gap
    assert seen > 100


def test_agreement_is_at_most_a_quarter_of_g_squared():
    """So prompts that are too hard cannot interfere strongly: p(1-p) >= 4m²/G⁴ where a <= -m."""
    for seed in range(50):
        field = _separated(seed)
        bound = passk_lib.least_score_bound(field)
        a, p = agreement(field), field.success
        assert np.abs(a).max() <= bound / 4
        assert np.all(p * (1 - p) >= 4 * a**2 / bound**2 - 1e-15)


def test_the_margin_that_is_chosen_gives_the_smallest_k_star():
    chosen = 0
    for seed in range(150):
        for field in (_separated(seed), _tied(seed)):
            margins = -agreement(field)[agreement(field) < 0]
            if not len(margins):
                continue
            best = passk_lib.k_star(field)
            others = [passk_lib.k_star(field, m=float(m)) for m in margins]
            possible = [other.paper for other in others if other.holds]
            assert best.holds == bool(possible)
            if possible:
                assert best.paper == pytest.approx(min(possible))
                chosen += len(possible) > 1
    assert chosen > 10


def test_prompts_of_equal_agreement_enter_the_set_together():
    """Prompts 1 and 2 tie; splitting them would look like a separated set with a smaller k*."""
    field = _line([0.01, 0.2, 0.01, 0.78], [0.05, 0.1, 0.6, 0.5], [-2, -1, -1, 3])
    threshold = passk_lib.k_star(field)
    assert threshold.holds and threshold.q == 0.01
    assert not passk_lib.k_star(field, m=threshold.m / 2).holds


def test_failing_hypotheses_say_by_how_much():
    field = _line([0.5, 0.5], [0.6, 0.5], [-1, 3])
    threshold = passk_lib.k_star(field, m=1.0, G_squared=10.0)
    failing = {h.statement: h.slack for h in threshold.hypotheses if not h.holds}
    assert failing == {
        "sup p on X_- < inf p outside": pytest.approx(-0.1),
        "‖∇p‖² <= p(1-p) G²": pytest.approx(10 - 36),
    }
    with pytest.raises(ValueError, match=r"inf p outside fails by 0\.1; .* fails by 26"):
        _ = threshold.paper
    empty = passk_lib.k_star(field, m=100.0)
    assert empty.epsilon is None and empty.q == 0 and not empty.holds
    solved = _line([0.2, 0.8], [0.3, 1.0], [1, 0])
    with pytest.raises(ValueError, match="m must be given where no agreement score is negative"):
        passk_lib.k_star(solved)
    with pytest.raises(ValueError, match="gradients must be zero where success is 0 or 1"):
        passk_lib.k_star(_line([0.5, 0.5], [0.0, 0.5], [1, 1]), m=1.0)


def test_delta_of_one_needs_an_empty_set():
    """p = 1 has a = 0; were it so on all of the outside, E[a] would be negative."""
    threshold = passk_lib.k_star(_line([0.5, 0.5], [1.0, 1.0], [0, 0]), m=1.0, G_squared=1.0)
    failing = {h.statement for h in threshold.hypotheses if not h.holds}
    assert threshold.delta == 1 and {"q > 0", "inf p outside X_- < 1"} <= failing


def test_single_crossing_makes_conflict_permanent():
    rng = np.random.default_rng(5)
    seen = 0
    for _ in range(300):
        p = np.sort(rng.random(6))
        signs = np.where(np.arange(6) < rng.integers(1, 6), -1.0, 1.0)
        field = _line(rng.dirichlet(np.ones(6)), p, signs * rng.random(6))
        if field.mean()[0] <= 0:
            continue
        crossing = passk_lib.single_crossing(field)
        assert crossing.holds and crossing.highest_negative < crossing.lowest_positive
        conflicts = passk_lib.conflict_set(field)
        assert len(conflicts.intervals) == 1 and conflicts.intervals[0][1] == 10**6
        assert conflicts.descartes == 1
        assert conflicts.k_dagger == conflicts.intervals[0][0] - 1
        seen += 1
    assert seen > 100


def test_crossings_never_exceed_descartes_bound():
    rng = np.random.default_rng(6)
    reached = set()
    for _ in range(300):
        size = rng.integers(2, 6)
        field = _line(
            rng.dirichlet(np.ones(size)), 10 ** rng.uniform(-3, 0, size), rng.normal(size=size)
        )
        conflicts = passk_lib.conflict_set(field)
        crossings = len([k for k in conflicts.crossings if k > 2])
        assert crossings <= conflicts.descartes
        reached.add(crossings)
    assert {0, 1, 2} <= reached


def test_the_hardest_prompts_decide_in_the_end():
    rng = np.random.default_rng(7)
    for _ in range(100):
        p = np.repeat(rng.uniform(0.05, 0.9, 4), 2)
        field = _line(rng.dirichlet(np.ones(8)), p, rng.normal(size=8))
        hardest = p == p.min()
        mean = (field.mass * agreement(field))[hardest].sum()
        assert passk_lib.conflict_set(field).beyond == np.sign(mean)


def test_the_set_agrees_with_the_report_at_every_k():
    for seed in range(20):
        field = _random(seed, size=6, dim=2)
        conflicts = passk_lib.conflict_set(field, 300)
        report = conflict(field, np.arange(1, 301))
        assert [k in conflicts for k in range(1, 301)] == report.conflict.tolist()


def test_undecided_k_are_reported_as_such():
    field = _line([0.25, 0.25, 0.5], [0.3, 0.3, 0.6], [1.0, -1.0, 0.5])
    conflicts = passk_lib.conflict_set(field)
    ((first, last),) = conflicts.undecided
    assert 40 < first < 70 and last == 10**6 and conflicts.beyond == 0
    assert "undecided" in str(conflicts)
    with pytest.raises(ValueError, match="k = 1000 conflicts is not decided"):
        _ = 1000 in conflicts
    with pytest.raises(ValueError, match="k_dagger is not decided"):
        _ = conflicts.k_dagger


def test_conflict_sets_read_well():
    text = str(passk_lib.conflict_set(_returning(), k_max=100))
    assert text == "conflict at 2 to 7, 15 to 100 (of k = 1 to 100); beyond: conflict"
    zero = passk_lib.conflict_set(_line([0.5, 0.5], [0.0, 1.0], [0, 0]))
    assert zero.intervals == [] and zero.undecided == [] and zero.k_dagger == float("inf")
    with pytest.raises(ValueError, match="agreement_error must have shape"):
        passk_lib.conflict_set(_returning(), agreement_error=[0.1])


def test_doubtful_agreement_scores_are_allowed_for():
    field = _returning()
    blurred = passk_lib.conflict_set(field, agreement_error=np.full(4, 0.5))
    assert blurred.undecided and all(k not in (3, 10, 63) for k, _ in blurred.undecided)
    assert 10**6 in blurred


def test_rounding_of_the_mean_gradient_is_allowed_for():
    """∇J_1 is 0 here, so nothing conflicts; in floats a remainder of either sign is left."""
    mass = np.full(10, 0.1)
    gradients = np.array([1.0] * 9 + [-9.0])
    left = {float(np.sign(_line(mass, [0.5] * 10, g).mean()[0])) for g in (gradients, -gradients)}
    assert left == {-1.0, 1.0}
    for g in (gradients, -gradients):
        conflicts = passk_lib.conflict_set(_line(mass, np.arange(1, 11) / 20, g))
        assert conflicts.undecided == [(2, 10**6)] and conflicts.beyond == 0


def test_conflict_set_of_ten_thousand_prompts_is_quick():
    field = Toy().sample(10_000, seed=0).field(THETA_REF)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        conflicts = passk_lib.conflict_set(field)
        times.append(time.perf_counter() - start)
    assert conflicts.undecided == [] and min(times) < 0.1


def test_best_set_has_the_largest_delta():
    for seed in range(30):
        for field in (_random(seed, size=8, dim=2), _tied(seed)):
            a = agreement(field)
            if a.min() >= 0:
                continue
            best = passk_lib.best_set(field, 5, 0.7).delta(0.7)
            every = [interference_set(field, 5, float(m)).delta(0.7) for m in -a[a < 0]]
            assert best == pytest.approx(max(every))


def test_gradients_whose_products_underflow_or_overflow_are_refused():
    for scale in (1e-170, 1e170):
        field = _line([0.5, 0.5], [0.1, 0.9], [-scale, 3 * scale])
        for ask in (
            lambda f: passk_lib.conflict_set(f, 10),
            lambda f: conflict(f, 2),
            agreement,
            cosine_kernel,
            passk_lib.least_score_bound,
            passk_lib.k_star,
        ):
            with pytest.raises(ValueError, match="gradients must have a largest entry between"):
                ask(field)


def test_no_sign_is_decided_wrongly_where_single_products_underflow():
    rng = np.random.default_rng(0)
    decided = 0
    for _ in range(400):
        size = int(rng.integers(2, 5))
        mass = 10.0 ** rng.uniform(-200, 0, size)
        mass[0] = 1.0
        success = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0], size)
        gradients = rng.normal(size=size) * 10.0 ** rng.uniform(-170, 0, size)
        gradients[rng.integers(size)] = rng.normal()
        field = _line(mass / mass.sum(), success, gradients)
        exact = [
            [Fraction(x) for x in column.ravel()]
            for column in (field.mass, field.success, field.gradients)
        ]
        mean = sum(m * g for m, _, g in zip(*exact, strict=True))
        conflicts = passk_lib.conflict_set(field, 6)
        for k in range(2, 7):
            truth = sum(m * (1 - p) ** (k - 1) * g * mean for m, p, g in zip(*exact, strict=True))
            try:
                assert (k in conflicts) == (truth < 0)
            except ValueError:
                continue  # undecided is an honest answer
            decided += 1
    assert decided > 1000


def test_prompts_given_for_a_field_are_told_to_choose_a_theta():
    prompts = passk_lib.two_prompts()
    for ask in (
        lambda: conflict(prompts, 2),
        lambda: passk_lib.agreement(prompts),
        lambda: passk_lib.kernel(prompts),
        lambda: passk_lib.conflict_set(prompts),
        lambda: passk_lib.conflict_set(field=prompts),
        lambda: cosine_kernel(prompts),
        lambda: kernel_blocks(prompts),
        lambda: gradient_products(prompts, [1, 2]),
        lambda: interference_set(prompts, 2, 1.0),
        lambda: passk_lib.best_set(prompts, 2, 1.0),
        lambda: passk_lib.least_score_bound(prompts),
        lambda: passk_lib.single_crossing(prompts),
        lambda: passk_lib.k_star(prompts),
    ):
        with pytest.raises(TypeError, match=r"got BanditPrompts: call its .field\(theta\)"):
            ask()
    with pytest.raises(TypeError, match="field must be a PromptField; got NoneType"):
        passk_lib.agreement(None)


def test_a_prompt_solved_up_to_rounding_is_no_contradiction():
    field = passk_lib.Toy().quadrature().field((0.0, 4.0))
    assert field.success.max() == 1.0
    assert np.isfinite(passk_lib.least_score_bound(field))


@pytest.mark.parametrize("theta", [(-40.0, -2.0), (-36.8, 0.0), (-45.0, 0.5), (40.0, 2.0)])
def test_the_least_score_bound_of_the_toy_stands_where_success_rounds_to_one(theta):
    """With two actions it is π(1 - π)‖ψ‖² at its largest, here from both halves of π."""
    for prompts in (passk_lib.two_prompts(), Toy().sample(500, seed=1), Toy().quadrature()):
        field = prompts.field(theta)
        assert field.success.max() == 1.0
        logit = np.abs(prompts.features @ np.array(theta))
        demand = np.exp(-logit) / (1 + np.exp(-logit)) ** 2 * (prompts.features**2).sum(axis=1)
        # A p that rounds to 1 asks for less than it truly needs, but the others decide.
        unrounded = field.success < 1
        assert passk_lib.least_score_bound(field) == pytest.approx(demand[unrounded].max())


def test_k_star_of_the_toy_stands_where_success_rounds_to_one():
    threshold = passk_lib.k_star(Toy(p_hard=0.3).sample(200, seed=0).field((-40.0, -2.0)))
    assert threshold.G_squared < 1e-10
    assert not threshold.holds or 1 <= threshold.sharp <= threshold.paper


def test_a_gradient_at_success_one_is_refused_where_no_rounding_explains_it():
    with pytest.raises(ValueError, match=r"up to what rounding hides; got norm 1 at success 1"):
        passk_lib.least_score_bound(_line([0.5, 0.5], [0.5, 1.0], [1, 1]))
    assert passk_lib.least_score_bound(_line([0.5, 0.5], [0.5, 1.0], [1, 1e-9])) == 4


def test_variation_of_weights_stands_for_the_smallest_masses():
    """CV² = 1/μ - 1 where one prompt of mass μ has all the weight."""
    for tiny in (1e-20, 1e-172, 1e-300):
        field = _line([tiny, 1.0], [0.5, 1.0], [-1, 1])
        report = conflict(field, 2)
        assert report.cv_weight == pytest.approx(tiny**-0.5)
        assert report.agreement_shifted == pytest.approx(-1) and report.conflict
    with pytest.raises(ValueError, match="mass must be 0 or at least 1e-307 on the prompts"):
        conflict(_line([5e-324, 1.0], [0.5, 1.0], [-1, 1]), 2)


def test_k_star_stands_for_the_smallest_masses_and_for_a_mass_that_rounds_to_one():
    """Equation (33), written out in logarithms by hand."""
    rare = passk_lib.k_star(_line([5e-324, 1.0], [0.1, 0.5], [-1, 1]))
    # δ = 0.5, ε = 0.1, m = 1, G² = 1/(0.1·0.9), q = 2^-1074.
    by_hand = 1 + (np.log(1 / 0.09) + 1074 * np.log(2)) / np.log(0.9 / 0.5)
    assert rare.q == 5e-324 and rare.paper == pytest.approx(by_hand)
    common = passk_lib.k_star(_line([1.0, 1e-17], [0.1, 0.5], [-1e-20, 1]))
    assert common.q == 1 and common.rest == 1e-17 and 1 <= common.sharp < common.paper


def test_a_hypothesis_that_holds_has_no_negative_slack():
    rng = np.random.default_rng(0)
    seen = set()
    for seed in range(200):
        field = _separated(seed)
        bound = passk_lib.least_score_bound(field) * (1 + 1e-15 * rng.integers(-900, 900))
        for h in passk_lib.k_star(field, m=1e-3, G_squared=bound).hypotheses:
            assert h.slack >= 0 if h.holds else h.slack <= 0
            seen.add((h.statement, h.holds))
    assert {("‖∇p‖² <= p(1-p) G²", True)} <= seen
