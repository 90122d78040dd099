import json
from pathlib import Path

import numpy as np
import pytest

import passk_lib.llm
from passk_lib.interference import conflict
from passk_lib.llm.coverage import Population, measure, population
from passk_lib.llm.field import LMField
from passk_lib.llm.models import load
from passk_lib.llm.scoring import exact_rows, success_of
from passk_lib.llm.tasks import Subtraction

RECORD = Path(passk_lib.llm.__file__).parent / "recorded" / "coverage.json"


@pytest.fixture(scope="module")
def pool() -> Population:
    return population("B", size=80)


@pytest.fixture(scope="module")
def pool_s() -> Population:
    """Several correct completions a prompt."""
    return population("S", size=20)


def test_the_truth_is_that_of_the_exact_field(pool_s):
    rng = np.random.default_rng([0, 7])
    task = Subtraction(0.15)
    index = np.concatenate(
        [
            rng.choice(np.flatnonzero(task.hard == f), m, replace=False)
            for f, m in ((True, 3), (False, 17))
        ]
    )
    model, tokenizer = load("S")
    rows = exact_rows(model, tokenizer, task, index)
    field = LMField(model, rows, np.full(20, 1 / 20), success_of(rows))
    np.testing.assert_allclose(pool_s.truth([1, 2, 8]), conflict(field, [1, 2, 8]).inner, rtol=2e-3)
    assert 5 * 20 < len(pool_s.prompt) <= 7 * 20


def test_drawn_counts_have_the_exact_success_probability(pool_s):
    rng = np.random.default_rng(1)
    tables = [pool_s.draw(200, 32, rng) for _ in range(20)]
    c = np.concatenate([t.counts.c for t in tables])
    assert c.mean() / 32 == pytest.approx(pool_s.success.mean(), abs=0.02)
    for table in tables[:3]:
        np.testing.assert_allclose(table.kernel, table.kernel.T, atol=1e-6)
        assert (np.linalg.eigvalsh(table.kernel) > -1e-4).all()


def test_the_unbiased_interval_covers_and_its_wrong_sign_does_not(pool):
    entries = {
        (e["estimator"], e["k"]): e
        for e in measure(pool, (2, 8), 200, 16, repetitions=200, progress=False)
    }
    for k in (2, 8):
        entry = entries["unbiased", k]
        assert 0.8 < entry["coverage"] < 0.98
        assert abs(entry["mean_estimate"] - entry["exact"]) < 4 * entry["spread"] / np.sqrt(200)
    flipped = Population(pool.prompt, pool.probability, -pool.scores, pool.size)
    assert not np.allclose(flipped.truth([8]), pool.truth([8]))


def test_the_recorded_coverage_keeps_the_promise_and_the_plug_in_does_not():
    record = json.loads(RECORD.read_text())
    assert record["settings"]["repetitions"] >= 1000
    assert record["settings"]["level"] == 0.9
    for model in ("B", "S"):
        for entry in record["results"][model]:
            if entry["estimator"] == "unbiased":
                assert 0.85 <= entry["coverage"] <= 0.95, entry
            elif entry["k"] == 8:
                assert entry["coverage"] < 0.8, entry


@pytest.mark.long
def test_the_recorded_coverage_is_found_again():
    record = json.loads(RECORD.read_text())
    recorded = {(e["estimator"], e["k"]): e for e in record["results"]["B"]}
    pool = population("B", size=record["settings"]["population"])
    for entry in measure(pool, (2, 8), repetitions=400, seed=1, progress=False):
        expected = recorded[entry["estimator"], entry["k"]]["coverage"]
        deviation = np.sqrt(expected * (1 - expected) / 400)
        assert abs(entry["coverage"] - expected) < 4 * deviation
