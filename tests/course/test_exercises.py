"""Exercises that are checked on the spot: the chapters' solutions pass, the usual slips do not."""

import re

import nbformat
import pytest
import sympy as sp

from passk_lib.course import assemble, check, questions
from passk_lib.course.public import exercise

k, p = sp.symbols("k p")
CHAPTERS = sorted((assemble.ROOT / "chapters").glob("*.ipynb"))

# For each exercise: right answers in two forms, then wrong ones.
ANSWERS = {
    "exercise-2.1": (
        [1 - k ** (-1 / (k - 1)), 1 - sp.exp(-sp.log(k) / (k - 1))],
        [k ** (-1 / (k - 1)), 1 - k ** (-1 / k), sp.Rational(1, 2)],
    ),
    "exercise-2.6": (
        [2 * p * (1 - p) ** 2, sp.expand(2 * p * (1 - p) ** 2)],
        [2 * p * (1 - p), p * (1 - p) ** 2, -2 * p * (1 - p) ** 2],
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_right_answers_pass_and_wrong_ones_hear_why(name, capsys):
    right, wrong = ANSWERS[name]
    for answer in right:
        check(name, answer)
        assert capsys.readouterr().out == f"{name}: public checks passed.\n"
    for answer in wrong:
        check(name, answer)
        said = capsys.readouterr().out
        assert "not yet" in said and "yours is" in said and "it should be" in said


def test_every_check_in_a_chapter_has_its_question_and_its_exercise():
    called = []
    for path in CHAPTERS:
        book = nbformat.read(path, as_version=4)
        text = "\n".join(cell.source for cell in book.cells)
        for name in re.findall(r'\bcheck\("([\w.-]+)"', text):
            assert name in questions.questions(questions.public(name)), name
            if name.startswith("exercise-"):
                assert f"### Exercise {name.removeprefix('exercise-')}\n" in text
                called.append(name)
    assert called == list(ANSWERS) == [question.name for question in exercise.QUESTIONS]
