"""Exercises of the chapters that can be checked on the spot; named after their numbers there."""

from __future__ import annotations

from math import ceil, log

import sympy

from passk_lib.course.compare import agree_formula, equal, points
from passk_lib.course.questions import Question, part

QUESTIONS = (
    Question("exercise-2.1", "Where pass@k counts as much as pass@1", ("equal_weight",)),
    Question("exercise-2.6", "The credited gradient's mean", ("mean_gradient",)),
    Question("exercise-3.4", "How much steeper the easy prompt must be", ("ratio",)),
    Question("exercise-4.3", "How much more the hard prompts must weigh", ("ratio",)),
    Question("exercise-5.1", "The promised threshold", ("promised",)),
    Question("exercise-6.2", "The step with the best bound", ("best_step",)),
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


s, t = sympy.symbols("s t")


@part("exercise-3.4")
def ratio_of_slopes(answer, draw):
    """The ratio at which z_e (1 + s t) equals z_h (1 + t²)."""
    right = (1 + t**2) / (1 + s * t)
    mistakes = {
        "The sign is wrong: a ratio of slopes is positive for prompts that look alike.": -right,
        "That is the inverse, z_h over z_e.": 1 / right,
        "The squared length is the hard prompt's, whose step pass@k takes.": (
            (1 + s**2) / (1 + s * t)
        ),
        "The feature vectors are (1, s) and (1, t): the 1 counts, too.": t / s,
    }
    where = points(draw, s=(-0.9, -0.05), t=(0.05, 0.9))
    agree_formula(answer, right, where, name="ratio", mistakes=mistakes)


q, a_e, a_h = sympy.symbols("q a_e a_h")


@part("exercise-4.3")
def ratio_of_weights(answer, draw):
    """The ratio w_h / w_e at which the inner product is zero, for a_h < 0 < a_e."""
    right = -(1 - q) * a_e / (q * a_h)
    mistakes = {
        "The sign is wrong: a_h is negative, and a ratio of weights is positive.": -right,
        "That is the inverse, w_e over w_h.": 1 / right,
        "The masses are exchanged: the hard prompts have the mass q.": (-q * a_e / ((1 - q) * a_h)),
        "The masses are missing.": -a_e / a_h,
    }
    where = points(draw, q=(0.05, 0.95), a_e=(0.1, 3), a_h=(-3, -0.1))
    agree_formula(answer, right, where, name="ratio", mistakes=mistakes)


@part("exercise-5.1")
def promised_threshold(answer, draw):
    """k* of the two prompts."""
    right = 1 + log(100) / log(0.9 / 0.4)
    mistakes = {
        "The 1 in front is missing.": right - 1,
        "m is the first prompt's |a| = |g E[g]|, not |g|.": 1 + log(10) / log(0.9 / 0.4),
        "Take the chances to fail, 0.9 and 0.4.": 1 + log(100) / log(0.6 / 0.1),
        "That is k†, the last k without conflict.": 2,
        "That is the first whole k beyond k*; do not round.": ceil(right),
        "That is rounded; write the expression.": round(right, 2),
    }
    equal("promised", answer, right, mistakes=mistakes)


delta, C2 = sympy.symbols("delta C2")


@part("exercise-6.2")
def step_of_the_best_bound(answer, draw):
    """The step that makes -η δ + C_2 η² smallest."""
    right = delta / (2 * C2)
    mistakes = {
        "There the bound is zero again; it is smallest half way.": 2 * right,
        "That is the bound's value there, not the step.": -(delta**2) / (4 * C2),
        "That is the loss there, not the step.": delta**2 / (4 * C2),
        "That is the inverse.": 1 / right,
    }
    where = points(draw, delta=(0.1, 3), C2=(0.1, 9))
    agree_formula(answer, right, where, name="best_step", mistakes=mistakes)
