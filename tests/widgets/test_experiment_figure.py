"""The figure of an experiment says what the experiment's own result says, at any k and filter."""

import json
from dataclasses import replace

import numpy as np
import pytest

from passk_lib.bandit import THETA_REF, Toy
from passk_lib.interference import conflict
from passk_lib.widgets import Experiment

pytest.importorskip("torch")
from passk_lib.llm.experiment import Result, Settings
from passk_lib.objectives import weight


@pytest.fixture(scope="module")
def result():
    """A result over the subtraction task whose gradients are random vectors: no model is run."""
    rng = np.random.default_rng(7)
    settings = Settings(prompts=400, n=32)
    task = settings.make_task()
    index = task.draw(400, 0)
    hard = task.hard
    success = np.where(hard, rng.beta(0.6, 6, hard.size), rng.beta(9, 1, hard.size))
    scores = np.where(hard, -1, 1) * rng.gamma(2, 1, (2, hard.size))
    directions = rng.normal(size=(400, 30)) + 2 * np.where(hard[index], -1, 1)[:, None]
    verdict = (rng.random((400, 32)) < success[index, None]).astype(np.int8)
    gradients = verdict.mean(axis=1)[:, None] * directions
    kernel = (gradients @ gradients.T).astype(np.float32)
    share = task.mass[hard].sum()
    stages = {
        "prompts": {"index": index, "hard": hard[index]},
        "verdicts": {"verdict": verdict},
        "gradients": {
            "agreement": kernel.mean(axis=1),
            "norm_sq": np.diag(kernel).copy(),
            "kernel": kernel,
        },
        "exact": {"success": success, "agreement": [1 - share, share] @ scores},
    }
    found = Result(settings, {}, stages)
    object.__setattr__(found, "along_hard", scores[1])
    return found


@pytest.fixture(scope="module")
def figure(result):
    return Experiment.of(result, result.along_hard)


@pytest.mark.parametrize("k", [1, 2, 8, 31, 32])
@pytest.mark.parametrize("estimator", ["unbiased", "plug-in"])
def test_at_the_share_that_was_drawn_from_the_numbers_are_the_results_own(
    result, figure, estimator, k
):
    figure.reset()
    figure.k, figure.estimator = k, estimator
    n = figure.numbers()
    assert n["inner"] == pytest.approx(float(result.sampled.inner(k, estimator)), rel=1e-4)
    interval = result.sampled.interval(k, 0.9, estimator)
    assert [n["low"], n["high"]] == pytest.approx(interval.tolist(), rel=1e-3)
    own = result.sampled
    a = own.agreement if estimator == "plug-in" else own.agreement_without_self
    assert n["opposed"] == (a < 0).sum()
    assert n["mean_agreement"] == pytest.approx(a.mean(), rel=1e-4)
    np.testing.assert_allclose(figure.scores(), a, rtol=1e-3, atol=1e-4 * np.abs(a).max())


@pytest.mark.parametrize("k", [1, 2, 8, 32])
def test_exact_values_are_those_of_the_whole_distribution(result, figure, k):
    figure.reset()
    figure.estimator, figure.k = "exact", k
    assert figure.numbers()["inner"] == pytest.approx(float(result.exact_inner(k)), rel=1e-9)
    np.testing.assert_allclose(figure.scores(), result.exact_agreement, rtol=1e-5, atol=1e-5)
    # Another share of hard prompts is another task: the same numbers, formed from scratch.
    q, task = 0.4, result.task
    mass = np.where(task.hard, q / task.hard.sum(), (1 - q) / (~task.hard).sum())
    share = result.settings.hard_fraction
    easy = (result.population_agreement - share * result.along_hard) / (1 - share)
    w = weight(result.population_success, k)
    figure.q = q
    expected = mass @ (w * ((1 - q) * easy + q * result.along_hard))
    assert figure.numbers()["inner"] == pytest.approx(expected, rel=1e-9)
    assert figure.numbers()["mean_weight"] == pytest.approx(mass @ w, rel=1e-9)


@pytest.mark.parametrize(("delta1", "delta2"), [(0.8, 0.1), (0.85, 0.05), (0.9, 0.15)])
def test_the_filter_is_the_papers(result, figure, delta1, delta2):
    figure.reset()
    figure.estimator, figure.filter, figure.k = "plug-in", "filtered", 32
    figure.delta1, figure.delta2 = delta1, delta2
    n, own = figure.numbers(), result.filtered(delta1, delta2, 32)
    assert n["prompts"] == own["prompts"]
    for mine, theirs in [
        ("mean_agreement", "mean_agreement"),
        ("weighted_agreement", "weighted_mean_agreement"),
        ("inner", "inner_product_mean"),
        ("cosine", "cosine"),
    ]:
        assert n[mine] == pytest.approx(own[theirs], rel=1e-4)


def test_another_share_is_estimated_without_bias():
    """Means over many redrawn experiments on the toy meet the exact value at a share that nobody
    drew from; the plug-in's do not (negative control)."""
    q, k, repeats, n, size = 0.5, 3, 1200, 4, 12
    from passk_lib.widgets.experiment_data import pack, unpack

    figure = Experiment(k=k, q=q)
    found = {"unbiased": [], "plug-in": []}
    rng = np.random.default_rng(5)
    toy = Toy(0.2, 0.4)
    for seed in range(repeats):
        drawn = toy.sample(size, seed)
        if drawn.hard.all() or not drawn.hard.any():
            continue
        field = drawn.field(THETA_REF)
        c = rng.binomial(n, field.success)
        g = (c / n / field.success)[:, None] * field.gradients
        figure.__dict__["sums"] = unpack(pack(n, c, drawn.hard, g @ g.T, 0.4))
        for name, values in found.items():
            figure.estimator = name
            values.append(figure.products(k)["inner"])
    exact = float(conflict(Toy(0.2, q).quadrature().field(THETA_REF), k).inner)
    distance = {
        name: (np.mean(v) - exact) / (np.std(v) / np.sqrt(len(v))) for name, v in found.items()
    }
    assert abs(distance["unbiased"]) < 3 < 6 < distance["plug-in"]


def test_the_toy_that_stands_in_is_exact_where_it_says_so():
    figure = Experiment(estimator="exact", k=10)
    report = conflict(Toy().quadrature().field(THETA_REF), 10)
    assert figure.numbers()["inner"] == pytest.approx(float(report.inner), rel=1e-9)
    share = Experiment(estimator="exact", k=10, q=0.25)
    report = conflict(Toy(0.2, 0.25).quadrature().field(THETA_REF), 10)
    assert share.numbers()["inner"] == pytest.approx(float(report.inner), rel=1e-9)


def test_the_state_of_400_prompts_is_small_and_makes_the_figure_anew(figure):
    import gzip

    text = json.dumps(figure.data)
    assert len(gzip.compress(text.encode())) < 60_000
    figure.reset()
    again = Experiment(json.loads(text), **figure.state())
    assert again.numbers() == figure.numbers()
    assert repr(again).startswith("Experiment.of(<400 prompts, n = 32>, k=8")


def test_without_labels_prompts_that_mostly_fail_are_the_hard_ones(result):
    prompts = {"index": result.stages["prompts"]["index"]}
    stages = {k: v for k, v in result.stages.items() if k != "exact"} | {"prompts": prompts}
    bare = Experiment.of(replace(result, stages=stages), k=4)
    assert bare.sums.hard.tolist() == (result.success < 0.5).tolist()
    assert bare.q == pytest.approx(bare.sums.hard.mean())
    assert bare.numbers()["inner"] == pytest.approx(float(result.sampled.inner(4)), rel=1e-4)
    with pytest.raises(ValueError, match="along_hard needs a result with exact values"):
        Experiment.of(replace(result, stages=stages), np.ones(3))


def test_what_cannot_be_shown_is_refused_in_words(result, figure):
    bare = Experiment.of(result)
    with pytest.raises(ValueError, match="estimator must be 'unbiased' or 'plug-in'"):
        bare.estimator = "exact"
    with pytest.raises(ValueError, match="k must be an integer from 1 to 32"):
        bare.k = 33
    assert bare.k == 8 and bare.estimator == "unbiased"
    without = replace(result, stages={**result.stages, "gradients": {
        key: v for key, v in result.stages["gradients"].items() if key != "kernel"}})  # fmt: skip
    with pytest.raises(ValueError, match="kernel=True"):
        Experiment.of(without)
    with pytest.raises(ValueError, match="along_hard must have"):
        Experiment.of(result, result.along_hard[:5])
    with pytest.raises(ValueError, match="data must be what"):
        Experiment({"n": 3})


def test_a_filter_that_keeps_nothing_says_so():
    figure = Experiment(filter="filtered", delta1=1, delta2=0)
    assert figure.numbers()["inner"] is None and figure.numbers()["prompts"] == 0
    assert "too few" in figure.describe() or "fewer than three" in figure.describe()
    figure.picture()
