"""Conflict along the training of a tiny model: `passk_lib.llm.along_training`."""

import json
from importlib.resources import files

import numpy as np
import pytest

from passk_lib.__main__ import main
from passk_lib.interference import conflict
from passk_lib.llm.along_training import STEPS, conflict_at, record
from passk_lib.llm.field import LMField
from passk_lib.llm.models import load
from passk_lib.llm.scoring import exact_rows, success_of
from passk_lib.llm.tasks import Subtraction


def test_the_record_says_how_it_was_made_and_holds_every_moment():
    text = (files("passk_lib.llm") / "recorded" / "training.json").read_text()
    recorded = json.loads(text)
    assert {"settings", "versions", "results"} <= recorded.keys()
    assert [moment["step"] for moment in recorded["results"]] == list(STEPS)
    cosines = np.array([moment["cosine"] for moment in recorded["results"]])
    assert np.abs(cosines).max() <= 1
    assert (cosines[0] > 0).all() and (cosines[-1] < 0).all()


def test_a_model_or_step_that_has_no_training_is_refused_before_it_begins():
    with pytest.raises(ValueError, match="name = 'C': must be one of"):
        record("C")
    with pytest.raises(ValueError, match="steps = 501: B500 is trained for 500 steps"):
        record("B500", steps=(501,))


def test_the_command_refuses_what_it_cannot_write_or_measure(tmp_path, capsys):
    assert main(["along-training", str(tmp_path / "no" / "such" / "x.json")]) == 2
    assert main(["along-training", str(tmp_path / "x.json"), "--hard-fraction", "2"]) == 2
    assert "--hard-fraction" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_the_cosines_are_those_of_the_conflict_report():
    model, tokenizer = load("B500")
    found = conflict_at(model, tokenizer, (2, 8))
    task = Subtraction(0.15)
    rows = exact_rows(model, tokenizer, task)
    field = LMField(model, rows, task.mass, success_of(rows))
    for k, cosine in zip((2, 8), found["cosine"], strict=True):
        assert cosine == pytest.approx(conflict(field, k).cosine, abs=1e-4)
