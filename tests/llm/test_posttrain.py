"""Post-training: what the ascent promises, and what a reader of the command meets."""

import json
import math
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from children import die_writing, in_a_child

from passk_lib.__main__ import main
from passk_lib.llm import chapter_runs, posttrain, storage
from passk_lib.llm.models import find, load
from passk_lib.llm.posttrain import (
    HELD_OUT,
    Climber,
    PostTraining,
    Record,
    Trained,
    credits,
    masses,
    post_train,
    split_prompts,
)
from passk_lib.llm.tasks import Subtraction
from passk_lib.objectives import ArcsinSqrt, LogP, PassAtK

FEW = {"prompts": 48, "steps": 4, "every": 4}


def run(folder=None, **settings):
    return post_train(PostTraining(**{**FEW, **settings}), folder, progress=False)


@pytest.fixture
def short_exam(monkeypatch):
    """Ten held-out prompts of each kind are enough where only the mechanics are tested."""
    monkeypatch.setattr(posttrain, "HELD_OUT", 10)


# --- the mathematics ------------------------------------------------------------------------


def test_pass_at_8_ascent_buys_pass_at_8_with_pass_at_1_and_pass_at_1_ascent_does_not():
    eight, one = run(), run(objective="pass@1")
    assert eight.curve(8)[0, -1] > eight.curve(8)[0, 0] + 0.02
    assert eight.curve(1)[0, -1] < eight.curve(1)[0, 0] - 0.01
    assert one.curve(1)[0, -1] > one.curve(1)[0, 0] + 0.01
    assert (eight.per_step("cost") < 0).all()


def test_where_half_of_the_prompts_are_hard_the_same_ascent_costs_nothing(short_exam):
    control = run(hard_fraction=0.5)
    assert control.curve(1)[0, -1] > control.curve(1)[0, 0]
    assert (control.per_step("cost") > 0).all()


@pytest.mark.parametrize("mitigation", ["none", "mix:0.5"])
def test_the_first_steps_obey_the_first_order_prediction(short_exam, mitigation):
    small = run(lr=0.003, mitigation=mitigation, steps=3)
    np.testing.assert_allclose(small.changed(), small.predicted(), rtol=0.1)
    # Its error is of second order: a step of ten times the length is not predicted that well.
    large = run(lr=0.03, mitigation=mitigation, steps=1)
    near, far = (abs(r.changed()[0, 0] / r.predicted()[0, 0] - 1) for r in (small, large))
    assert far > 3 * near
    # Negative control: turned round, it fails.
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(small.changed(), -small.predicted(), rtol=0.1)


def test_projection_keeps_pass_at_1_to_first_order_and_still_gains_pass_at_8(short_exam):
    plain, kept = (run(lr=0.003, mitigation=name) for name in ("none", "one-sided"))
    lost = plain.per_step("pass1")[0, 0] - plain.per_step("pass1")[0, -1]
    kept_loss = kept.per_step("pass1")[0, 0] - kept.per_step("pass1")[0, -1]
    assert lost > 0 and abs(kept_loss) < 0.1 * lost
    assert np.abs(kept.predicted()).max() < 1e-6
    assert kept.curve(8)[0, -1] > kept.curve(8)[0, 0]


def test_steps_of_equal_length_move_the_weights_equally_far(short_exam):
    for mitigation in ("none", "mix:0.9"):
        settings = PostTraining(**FEW, length=0.02, mitigation=mitigation)
        climber = Climber(settings, 0)
        before = climber.theta()
        post = posttrain._Run(settings, storage.Store(None, {}), False)
        curve = posttrain._Curve()
        for step in range(3):
            post.advance(climber, curve, step)
            after = climber.theta()
            square = sum(float(((after[name] - before[name]) ** 2).sum()) for name in after)
            assert np.sqrt(square) == pytest.approx(0.02, rel=1e-3)
            before = after


def test_sampled_gradients_are_unbiased_for_the_exact_ones(short_exam, monkeypatch):
    """Over a pool of 16 prompts that is small enough to be the whole distribution."""
    whole = split_prompts(Subtraction())
    hard = Subtraction().hard[whole.train]
    pool = np.sort(np.concatenate([whole.train[hard][:8], whole.train[~hard][:8]]))
    monkeypatch.setattr(
        posttrain, "split_prompts", lambda task: posttrain.Split(pool, whole.held_out[:20])
    )
    settings = PostTraining(exact=False, prompts=64, n=8)
    climber = Climber(settings, 0)
    climber._lesson, climber.mass = climber._listed(pool), masses(climber.task, pool)
    field = climber.field()
    exact = field.objective_gradient(8), field.objective_gradient(1)
    # The direction in which the truth is largest: along it an estimate is off by noise alone.
    for i, truth in enumerate(exact):
        found = []
        for step in range(8):
            slope = climber.slope(step)
            found.append((slope.climbed, slope.one)[i] @ truth / (truth @ truth))
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert error < 0.2
        assert abs(np.mean(found) - 1) < 4 * error


def test_the_credit_of_pass_at_k_has_the_weight_as_its_mean_and_others_are_plugged_in():
    n, p = 6, 0.3
    c = np.arange(n + 1)
    chance = np.array([math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in c])
    for k in (1, 2, 4, 6):
        # A correct sample carries dp/p, so the mean of (c/n) credit is p F'(p).
        assert chance @ (c / n * credits(PassAtK(k), np.full(n + 1, n), c)) / p == pytest.approx(
            k * (1 - p) ** (k - 1)
        )
    n, c = np.full(5, 4), np.arange(5)
    np.testing.assert_allclose(credits(LogP(), n, c), [0, 4, 2, 4 / 3, 1])
    # The published algorithm's standard deviation is 0 where no sample failed: no signal.
    np.testing.assert_allclose(credits(ArcsinSqrt(), n, c)[[0, 2, 4]], [0, 2, 0])


def test_annealing_ends_at_pass_at_1():
    settings = PostTraining(objective="pass@8", anneal=10)
    ks = [settings.objective_at(step).k for step in range(15)]
    assert ks[0] == 8 and ks[9:] == [1] * 6 and ks == sorted(ks, reverse=True)


# --- prompts --------------------------------------------------------------------------------


def test_no_prompt_is_both_trained_on_and_held_out():
    task = Subtraction(0.3)
    split = split_prompts(task)
    assert not set(split.train) & set(split.held_out)
    assert len(split.train) + len(split.held_out) == len(task.prompts)
    assert task.hard[split.held_out].sum() == HELD_OUT == (~task.hard[split.held_out]).sum()
    mass = masses(task, split.held_out)
    assert mass.sum() == pytest.approx(1)
    assert mass[task.hard[split.held_out]].sum() == pytest.approx(0.3)
    # Seeds differ in what they train on, never in the exam.
    few = PostTraining(**FEW)
    one, two = Climber(few, 0), Climber(few, 1)
    assert set(one.index) != set(two.index)
    np.testing.assert_array_equal(one.measure(), two.measure())
    assert set(one.index) | set(two.index) <= set(split.train)


# --- kills, folders and files ---------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("exact", [True, False])
def test_killed_at_every_write_the_curve_is_the_same_to_the_bit(
    tmp_path, monkeypatch, short_exam, exact
):
    settings = PostTraining(
        prompts=8, n=8, steps=3, every=3, seeds=2 if exact else 1, exact=exact, hard_fraction=0.4
    )
    monkeypatch.setattr(posttrain, "KEEP_EVERY", 0.0)  # a checkpoint after every step
    post_train(settings, tmp_path / "whole", progress=False)
    whole, folder = storage.write_whole, tmp_path / "killed"

    def kill_early():
        """Two writes of this life succeed, the third is cut in its middle."""
        count = 0

        def write(path, data):
            nonlocal count
            count += 1
            if count == 3:
                die_writing(path, data)
            whole(path, data)

        storage.write_whole = write
        post_train(settings, folder, progress=False)

    lives = 0
    while (status := in_a_child(kill_early)) != 0:
        assert status == -signal.SIGKILL, "the run failed by itself"
        lives += 1
        assert lives < 50
    assert lives >= 2
    for stage in (f"seed-{seed}.npz" for seed in settings.all_seeds):
        assert (folder / stage).read_bytes() == (tmp_path / "whole" / stage).read_bytes()
    assert not list(folder.glob("*.parts"))


def test_control_c_says_how_to_go_on_and_the_same_command_does(tmp_path, monkeypatch, short_exam):
    settings = PostTraining(prompts=8, steps=5, every=5)
    monkeypatch.setattr(posttrain, "KEEP_EVERY", 0.0)
    honest, moves = Climber.move, []

    def move(self, direction, step):
        moves.append(step)
        if len(moves) == 4:
            raise KeyboardInterrupt
        honest(self, direction, step)

    monkeypatch.setattr(Climber, "move", move)
    with pytest.raises(KeyboardInterrupt, match=f"step 3 of seed 0; the same .* {tmp_path}"):
        post_train(settings, tmp_path, progress=False)
    post_train(settings, tmp_path, progress=False)
    assert len(moves) == 4 + 2  # three steps kept, the fourth again and the fifth
    again = Trained.load(tmp_path)
    np.testing.assert_array_equal(again.success, post_train(settings, progress=False).success)


def test_the_command_writes_curves_that_can_be_read_back(tmp_path, capfd, short_exam):
    out = tmp_path / "out"
    arguments = "--steps 2 --every 1 --prompts 8 --seeds 2 --objective log --quiet".split()
    assert main(["posttrain", str(out), *arguments]) == 0
    assert "curves.png" in capfd.readouterr().out
    record, loaded = Record(json.loads((out / "curves.json").read_text())), Trained.load(out)
    assert record.settings == loaded.settings
    for k in (1, 8):
        for kind in ("all", "easy", "hard"):
            np.testing.assert_allclose(record.curve(k, kind), loaded.curve(k, kind), rtol=1e-5)
    np.testing.assert_allclose(record.changed(), loaded.changed(), atol=2e-5)
    table = (out / "curves.csv").read_text().splitlines()
    assert table[0].startswith("seed,step,pass@1,pass@1 easy,pass@1 hard,pass@8")
    assert len(table) == 1 + 2 * 3
    # Other settings are refused, by name.
    assert main(["posttrain", str(out), *arguments, "--lr", "0.01"]) == 2
    assert "made with other settings: lr = 0.03 there, 0.01 here" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--objective", "pass@0"], "objective = 'pass@0': must be one of pass@K"),
        (["--objective", "best"], "objective = 'best': must be one of pass@K"),
        (["--objective", "log/clip:x"], "objective = 'log/clip:x': must be one of"),
        (["--mitigation", "mix:2"], "mitigation = 'mix:2': must be one of none, mix:LAMBDA"),
        (["--mitigation", "mix"], "mitigation = 'mix': must be one of none, mix:LAMBDA"),
        (["--sampled", "--n", "4"], "n = 4: the credit of pass@8 needs n >= 8"),
        (["--lr", "0"], "lr must be greater than 0"),
        (["--lr", "nan"], "lr must be"),
        (["--steps", "0"], "steps must"),
        (["--prompts", "7"], "prompts = 7: must be even"),
        (["--prompts", "9000"], "prompts = 9000: must be from 2 to 7210"),
        (["--anneal", "5", "--objective", "log"], "anneal = 5: goes with pass@k"),
        (["--hard-fraction", "1.5"], "hard_fraction must be"),
        (["--model", "nobody"], "model = 'nobody': not a shipped model"),
        (["--exact", "--sampled"], "not allowed with argument"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(tmp_path, capfd, arguments, message):
    assert main(["posttrain", str(tmp_path / "new"), *arguments]) == 2
    out, error = capfd.readouterr()
    assert out == "" and error.count("\n") == 1
    assert error.startswith("passk posttrain: error: ") and message in error, error
    assert not (tmp_path / "new").exists()


# --- the chapter's record -------------------------------------------------------------------


def test_the_record_is_small_says_where_it_is_from_and_its_first_steps_can_be_repeated():
    assert chapter_runs.FILE.stat().st_size < 100_000
    source = chapter_runs.provenance()
    assert source["command"] == chapter_runs.COMMAND and {"versions", "hardware"} <= set(source)
    found = {name: find(name).found(load(name)[1]) for name in ("A", "B", "B500")}
    for group in ("runs", "mitigated"):
        for name, record in chapter_runs.recorded(group).items():
            report = record.report["provenance"]
            model = record.settings.model
            assert report["found_model"] == found[model]["found_model"], (group, name)
    record = chapter_runs.recorded()["pass@8"]
    again = chapter_runs.repeat(record.settings, steps=2)
    assert len(again.changed()[0]) == 2
    assert chapter_runs.difference(record, again) < 1e-3
    # Negative control: another step size is found out.
    other = chapter_runs.repeat(replace(record.settings, lr=0.02), steps=2)
    assert chapter_runs.difference(record, other) > 1e-3
    with pytest.raises(ValueError, match="k = 3, kind = 'all': was not recorded"):
        record.curve(3)


def test_a_record_of_other_settings_is_refused(monkeypatch):
    changed = {**chapter_runs.RUNS, "pass@8": replace(chapter_runs.RUNS["pass@8"], lr=0.5)}
    monkeypatch.setattr(chapter_runs, "RUNS", changed)
    with pytest.raises(ValueError, match="run 'pass@8' has other settings; repeat python -m"):
        chapter_runs.recorded()
