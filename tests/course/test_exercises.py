"""Exercises that are checked on the spot: the chapters' solutions pass, the usual slips do not."""

import re

import nbformat
import numpy as np
import pytest
import sympy as sp

from passk_lib.course import assemble, check, questions
from passk_lib.course.public import exercise

k, p, q, s, t, a_e, a_h, delta, C2 = sp.symbols("k p q s t a_e a_h delta C2")
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
    "exercise-3.4": (
        [(1 + t**2) / (1 + s * t), 1 + t * (t - s) / (1 + s * t)],
        [-(1 + t**2) / (1 + s * t), (1 + s**2) / (1 + s * t), sp.Rational(101, 99)],
    ),
    "exercise-4.3": (
        [-(1 - q) * a_e / (q * a_h), (1 - 1 / q) * a_e / a_h],
        [(1 - q) * a_e / (q * a_h), -q * a_e / ((1 - q) * a_h), -a_e / a_h],
    ),
    "exercise-5.1": (
        [1 + np.log(100) / np.log(9 / 4), 1 + sp.log(100) / sp.log(sp.Rational(9, 4))],
        [5.678803, 6.68, 7, 2],
    ),
    "exercise-6.2": (
        [delta / (2 * C2), sp.exp(sp.log(delta) - sp.log(2 * C2))],
        [delta / C2, -(delta**2) / (4 * C2), 1 / C2],
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


def test_the_book_has_forty_exercises_with_worked_solutions():
    solved = 0
    for path in CHAPTERS:
        book = nbformat.read(path, as_version=4)
        text = "\n\n".join(c.source for c in book.cells if c.cell_type == "markdown")
        asked = re.split(r"^### Exercise ", text, flags=re.MULTILINE)[1:]
        solved += sum("<summary>Solution</summary>" in each for each in asked)
    for name in assemble.assignments():  # each question's own solution is graded by another test
        solved += len(assemble.find(name).questions)
    assert solved >= 40
