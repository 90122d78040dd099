"""Assignment 3, "Derivations": the questions and their public checks."""

from __future__ import annotations

import sympy
from sympy import Rational, exp, log

from passk_lib.course.compare import agree_formula, agree_steps, points, shown
from passk_lib.course.questions import Question, Wrong, part

QUESTIONS = (
    Question("derivations-1", "The weight", ("weight_steps", "half_weight")),
    Question("derivations-2", "The toy's gradient", ("slope_steps", "gradient_easy")),
    Question("derivations-3", "Agreement scores", ("agreement_easy", "agreement_hard", "square")),
    Question("derivations-4", "A covariance", ("covariance", "inner_steps")),
    Question("derivations-5", "The threshold and its price", ("crossing", "gap_steps")),
)


# --- 1: the weight

p, k = sympy.symbols("p k")
WEIGHT = k * (1 - p) ** (k - 1)
WEIGHT_MISTAKES = {
    "The sign is wrong: 1 - p brings a second minus.": -WEIGHT,
    "That is k times too small; at p = 0 the weight is k.": WEIGHT / k,
    "The power falls by one when it is differentiated.": WEIGHT * (1 - p),
    "That is pass@k itself, not its derivative.": 1 - (1 - p) ** k,
}
HALF = 1 - 2 ** (-1 / (k - 1))
HALF_MISTAKES = {
    "That is 1 - p; solve for p.": 1 - HALF,
    "That takes the k-th root; the power in the weight is k - 1.": 1 - 2 ** (-1 / k),
    "There the weight is 1, not half of k.": 1 - k ** (-1 / (k - 1)),
    "That is the point for k = 2 only.": Rational(1, 2),
}


def weight_points(draw, ks):
    return points(draw, p=(0.02, 0.95), k=ks)


@part("derivations-1", points=1)
def weight_for_small_k(weight_steps, half_weight, draw):
    """The steps for k = 2 to 5."""
    agree_steps(weight_steps, WEIGHT, weight_points(draw, range(2, 6)), name="weight_steps",
                mistakes=WEIGHT_MISTAKES)  # fmt: skip


@part("derivations-1", points=1)
def half_weight_for_small_k(weight_steps, half_weight, draw):
    """The point of half weight for k = 2 to 5."""
    where = points(draw, k=range(2, 6))
    agree_formula(half_weight, HALF, where, name="half_weight", mistakes=HALF_MISTAKES)


# --- 2: slope and gradient of the toy

m, s = sympy.symbols("m s")
SLOPE = exp(-m) / (1 + exp(-m)) ** 2
SLOPE_MISTAKES = {
    "That is σ itself; its derivative is wanted.": 1 / (1 + exp(-m)),
    "The sign is wrong: σ rises.": -SLOPE,
    "The inner derivative is missing: d/dm of exp(-m) is -exp(-m).": -1 / (1 + exp(-m)) ** 2,
    "One factor 1/(1 + exp(-m)) is missing.": SLOPE * (1 + exp(-m)),
}
FIRST = -k * p * (1 - p) ** k
GRADIENT_MISTAKES = {
    "The sign is wrong: for an easy prompt a larger θᵀψ means a smaller margin.": -FIRST,
    "The slope p(1 - p) of σ is missing: that is the weight.": FIRST / (p * (1 - p)),
    "That is the gradient of p; the weight is missing.": FIRST / (k * (1 - p) ** (k - 1)),
    "One factor 1 - p is lost: the weight has k - 1 of them, the slope one.": FIRST / (1 - p),
    "The factor p of the slope is lost.": FIRST / p,
}


@part("derivations-2", points=1)
def slope_of_the_logistic_function(slope_steps, gradient_easy, draw):
    """The steps, each against the one before."""
    where = points(draw, m=(-3, 3))
    agree_steps(slope_steps, SLOPE, where, name="slope_steps", least=3, mistakes=SLOPE_MISTAKES)


def two_expressions(name, answer):
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        raise Wrong(f"{name}: a list of two expressions is needed; yours is {shown(answer)}.")
    return answer


@part("derivations-2", points=1)
def first_entry_at_k_two(slope_steps, gradient_easy, draw):
    """The derivative with respect to θ₁, for k = 2."""
    where = points(draw, p=(0.05, 0.95), s=(-2, 2), k=range(2, 3))
    first = two_expressions("gradient_easy", gradient_easy)[0]
    agree_formula(first, FIRST, where, name="gradient_easy[0]", mistakes=GRADIENT_MISTAKES)


# --- 3: agreement scores

u, v, t = sympy.symbols("u v t")
CROSS = -u * v * (1 + s * t)
EASY = (u**2 * (1 + s**2) + CROSS) / 2
HARD = (v**2 * (1 + t**2) + CROSS) / 2
SQUARE = (EASY + HARD) / 2


def score_mistakes(own, right):
    return {
        "The kernel of an easy and a hard prompt has a minus.": own / 2 - CROSS / 2,
        "Each prompt has mass one half: the mean over prompts halves the sum.": 2 * right,
        "A prompt interferes with itself, too: κ(x, x) = ‖∇p(x)‖² is missing.": CROSS / 2,
        "That is the kernel with itself; the other prompt is missing.": own / 2,
    }


SQUARE_MISTAKES = {
    "∇J_1 is the mean of the gradients, not their sum: its square has the factor 1/4.": 4 * SQUARE,
    "∇J_1 has the factor 1/2, its square the factor 1/4.": 2 * SQUARE,
    "That leaves out the product of the two gradients.": (
        (u**2 * (1 + s**2) + v**2 * (1 + t**2)) / 4
    ),
    "The two gradients point in different directions: the product has a minus.": (SQUARE - CROSS),
}


def score_points(draw):
    return points(draw, u=(0.02, 0.25), v=(0.02, 0.25), s=(-2, 2), t=(-2, 2))


@part("derivations-3", points=1)
def agreement_of_the_easy_prompt(agreement_easy, agreement_hard, square, draw):
    """The easy prompt's score."""
    agree_formula(agreement_easy, EASY, score_points(draw), name="agreement_easy",
                  mistakes=score_mistakes(u**2 * (1 + s**2), EASY))  # fmt: skip


@part("derivations-3", points=1)
def length_of_the_mean_gradient(agreement_easy, agreement_hard, square, draw):
    """‖∇J_1‖², which is the mean agreement."""
    agree_formula(square, SQUARE, score_points(draw), name="square", mistakes=SQUARE_MISTAKES)


# --- 4: the covariance

mu, w1, w2, a1, a2 = sympy.symbols("mu w1 w2 a1 a2")
INNER = mu * w1 * a1 + (1 - mu) * w2 * a2
COVARIANCE = mu * (1 - mu) * (w1 - w2) * (a1 - a2)
INNER_MISTAKES = {
    "The masses are missing.": w1 * a1 + w2 * a2,
    "That is the product of the means alone; the covariance is missing.": INNER - COVARIANCE,
    "The covariance is added with a plus.": INNER - 2 * COVARIANCE,
}
COVARIANCE_MISTAKES = {
    "The sign is wrong: weights and scores that rise together have a positive covariance.": (
        -COVARIANCE
    ),
    "That is E[wa]; subtract E[w] E[a].": INNER,
    "The factor 1 - mu is missing.": COVARIANCE / (1 - mu),
    "The factor mu is missing.": COVARIANCE / mu,
    "The masses are missing.": (w1 - w2) * (a1 - a2),
}


def pair_points(draw, masses=(0.05, 0.95)):
    return points(draw, mu=masses, w1=(0, 4), w2=(0, 4), a1=(-2, 2), a2=(-2, 2))


@part("derivations-4", points=1)
def covariance_of_equal_masses(covariance, inner_steps, draw):
    """The covariance where both prompts have mass one half."""
    agree_formula(covariance, COVARIANCE, pair_points(draw, (0.5, 0.5)), name="covariance",
                  mistakes=COVARIANCE_MISTAKES)  # fmt: skip


@part("derivations-4", points=1)
def inner_product_of_equal_masses(covariance, inner_steps, draw):
    """The steps where both prompts have mass one half."""
    agree_steps(inner_steps, INNER, pair_points(draw, (0.5, 0.5)), name="inner_steps", least=3,
                mistakes=INNER_MISTAKES)  # fmt: skip


# --- 5: the threshold

q, b, e, d, G2 = sympy.symbols("q b e d G2")
RATIO = log((1 - e) / (1 - d))
CROSSING = 1 + log((1 - q) * b / (q * m)) / RATIO
CROSSING_MISTAKES = {
    "That is k - 1: the powers in f have k - 1.": CROSSING - 1,
    "The sign of the fraction is wrong: look which side of the equation each log stands on.": (
        2 - CROSSING
    ),
    "The shares q and 1 - q are exchanged.": 1 + log(q * b / ((1 - q) * m)) / RATIO,
    "That has e and d for 1 - e and 1 - d.": 1 + log((1 - q) * b / (q * m)) / log(e / d),
    "The shares q and 1 - q are missing.": 1 + log(b / m) / RATIO,
}
GAP = log(G2 / b) / RATIO
GAP_MISTAKES = {
    "The sign is wrong: the promise comes later than the crossing.": -GAP,
    "That is k* itself; subtract the crossing.": 1 + log((1 - q) * G2 / (q * m)) / RATIO,
    "A difference of logarithms is the logarithm of the quotient.": log(G2 - b) / RATIO,
}


def threshold_points(draw, **more):
    return points(draw, q=(0.1, 0.9), m=(0.01, 0.5), b=(0.05, 1), e=(0.02, 0.3), d=(0.4, 0.9),
                  **more)  # fmt: skip


@part("derivations-5", points=1)
def crossing_of_two_groups(crossing, gap_steps, draw):
    """The k at which the inner product vanishes."""
    agree_formula(crossing, CROSSING, threshold_points(draw), name="crossing",
                  mistakes=CROSSING_MISTAKES)  # fmt: skip


@part("derivations-5", points=1)
def price_of_the_bound(crossing, gap_steps, draw):
    """The steps, and q and m gone from the last."""
    agree_steps(gap_steps, GAP, threshold_points(draw, G2=(1.5, 4)), name="gap_steps",
                last=("G2", "b", "e", "d"), mistakes=GAP_MISTAKES)  # fmt: skip
