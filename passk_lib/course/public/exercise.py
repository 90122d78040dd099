"""Exercises of the chapters that can be checked on the spot; named after their numbers there."""

from __future__ import annotations

import sympy

from passk_lib.course.compare import agree_formula, points
from passk_lib.course.questions import Question, part

QUESTIONS = (
    Question("exercise-2.1", "Where pass@k counts as much as pass@1", ("equal_weight",)),
    Question("exercise-2.6", "The credited gradient's mean", ("mean_gradient",)),
)

k, p = sympy.symbols("k p")
EQUAL_WEIGHT = 1 - k ** (-1 / (k - 1))


@part("exercise-2.1")
def weight_is_one(answer, draw):
    """The weight k (1 - p)^(k-1) is 1 there, for every k."""
    mistakes = {
        "That is 1 - p; solve for p.": 1 - EQUAL_WEIGHT,
        "That takes the k-th root. The power in the weight is k - 1.": 1 - k ** (-1 / k),
        "That is the point for k = 2 only.": sympy.Rational(1, 2),
    }
    where = points(draw, k=range(2, 50))
    agree_formula(answer, EQUAL_WEIGHT, where, name="equal_weight", mistakes=mistakes)


@part("exercise-2.6")
def mean_of_credits(answer, draw):
    """The mean over the outcomes of two samples, divided by the gradient of the margin."""
    right = 2 * p * (1 - p) ** 2
    mistakes = {
        "One factor 1 - p comes from the outcome, another one from the score.": right / (1 - p),
        "Two outcomes have one correct sample.": right / 2,
        "The estimate has the factor 1/n.": 2 * right,
    }
    where = points(draw, p=(0.01, 0.99))
    agree_formula(answer, right, where, name="mean_gradient", mistakes=mistakes)
