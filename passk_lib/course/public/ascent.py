"""Assignment 5, "Ascent and mitigation": the questions and their public checks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from passk_lib.bandit import THETA_REF, BanditPrompts, Toy, expit
from passk_lib.course.compare import agree, equal, same, shown
from passk_lib.course.questions import Question, Wrong, part

QUESTIONS = (
    Question("ascent-1", "Value and gradient", ("objective",)),
    Question("ascent-2", "Steps of equal length", ("climb",)),
    Question("ascent-3", "Two mitigations", ("smallest_mix", "projection")),
    Question("ascent-4", "How far smoothness carries", ("longest_step",)),
    Question("ascent-5", "A path to better on both", ("path",)),
)

PAIR = (np.array([[1.0, -0.1], [1.0, 0.1]]), np.array([False, True]))
"""The two prompts of section 3.3."""


def values(theta, psi, hard, k):
    """pass@k: no gradient in it."""
    sign = np.where(hard, 1.0, -1.0)
    return float(np.mean(1 - expit(-sign * (np.asarray(psi) @ theta)) ** k))


def _objective(theta, psi, hard, k, *, weight=None, sign=None, slope=None):
    psi = np.asarray(psi, dtype=float)
    sign = np.where(hard, 1.0, -1.0) if sign is None else sign
    margin = np.where(hard, 1.0, -1.0) * (psi @ np.asarray(theta, dtype=float))
    p, fail = expit(margin), expit(-margin)
    w = k * fail ** (k - 1) if weight is None else weight(p, k)
    slope = p * fail if slope is None else slope(p)
    return [float(np.mean(1 - fail**k)), (w * sign * slope) @ psi / len(p)]


def true_objective(theta, psi, hard, k):
    return _objective(theta, psi, hard, k)


# --- 1: value and gradient


def by_differences(theta, psi, hard, k):
    """The gradient by central differences of the value: no weight in it."""
    step, theta = 1e-5, np.asarray(theta, dtype=float)
    ways = step * np.eye(2)
    gradient = [
        (values(theta + e, psi, hard, k) - values(theta - e, psi, hard, k)) / (2 * step)
        for e in ways
    ]
    return [values(theta, psi, hard, k), gradient]


def _mistaken(**change):
    return lambda theta, psi, hard, k: _objective(theta, psi, hard, k, **change)


OBJECTIVE_MISTAKES = {
    "Your weight is k times too small: at p = 0 it must be k.": _mistaken(
        weight=lambda p, k: (1 - p) ** (k - 1)
    ),
    "The weights are missing: that is the gradient of pass@1.": _mistaken(weight=lambda p, k: 1.0),
    "The weight's power is k - 1.": _mistaken(weight=lambda p, k: k * (1 - p) ** k),
    "Easy prompts want completion 0: their gradient has a minus.": _mistaken(sign=1.0),
    "The slope of σ is p(1 - p).": _mistaken(slope=lambda p: p),
    "That is the sum over prompts; the mean is wanted.": (
        lambda theta, psi, hard, k: [
            _objective(theta, psi, hard, k)[0],
            len(psi) * _objective(theta, psi, hard, k)[1],
        ]
    ),
}


@part("ascent-1", points=1)
def two_prompts(objective, draw):
    """The two prompts of section 3.3, against differences of the value."""
    cases = [(np.array(theta), *PAIR, k) for theta in [(-2.0, -2.0), (0.0, 1.0)] for k in (1, 10)]
    agree(objective, by_differences, cases, "theta psi hard k",
          mistakes=OBJECTIVE_MISTAKES, relative=1e-6, absolute=1e-8)  # fmt: skip


# --- 2: steps of equal length


def true_climb(theta, psi, hard, k, length, steps, *, normal=True, climbed=None, start=True):
    points = [np.array(theta, dtype=float)]
    for _ in range(steps):
        gradient = true_objective(points[-1], psi, hard, climbed or k)[1]
        norm = float(np.linalg.norm(gradient))
        scale = (length / norm if norm > 0 else 0.0) if normal else length
        points.append(points[-1] + scale * gradient)
    return np.array(points if start else points[1:])


CLIMB_MISTAKES = {
    "Your steps have the length ℓ‖∇J‖; divide the gradient by its length.": (
        lambda *case: true_climb(*case, normal=False)
    ),
    "That climbs pass@1.": lambda *case: true_climb(*case, climbed=1),
    "The start is missing.": lambda *case: true_climb(*case, start=False),
    "That walks down.": lambda *case: 2 * np.array(case[0]) - true_climb(*case),
}


@part("ascent-2", points=1)
def a_few_steps(climb, draw):
    """Five steps of pass@10 ascent on two prompts, one step, and none."""
    theta = np.array([-2.0, -2.0])
    cases = [(theta, *PAIR, 10, 0.2, steps) for steps in (0, 1, 5)]
    agree(climb, true_climb, cases, "theta psi hard k length steps", mistakes=CLIMB_MISTAKES,
          relative=1e-7)  # fmt: skip


# --- 3: two mitigations


def true_mix(one, cross, other):
    return -cross / (one - cross) if cross < 0 else 0.0


MIX_MISTAKES = {
    "That is the share of pass@k; the share of pass@1 is the rest.": (
        lambda one, cross, other: 1 - true_mix(one, cross, other)
    ),
    "Without conflict nothing need be mixed in: 0.": (
        lambda one, cross, other: -cross / (one - cross)
    ),
    "Solve λ·one + (1 - λ)·cross = 0; the denominator has both.": (
        lambda one, cross, other: max(0.0, -cross / one)
    ),
    "That protects pass@k, not pass@1.": (
        lambda one, cross, other: 1 - true_mix(other, cross, one)
    ),
}


@part("ascent-3", points=1)
def mixture_loses_nothing(smallest_mix, projection, draw):
    """The mixture at three sets of inner products."""
    cases = [(1.0, -1.0, 4.0), (2.0, -0.5, 0.3), (1.0, 0.5, 4.0)]
    agree(smallest_mix, true_mix, cases, "one cross other", mistakes=MIX_MISTAKES)


def true_projection(one, cross, other):
    return [max(0.0, -cross / one), 1.0]


PROJECTION_MISTAKES = {
    "That projects without conflict, too: it gives away a gain in pass@1.": (
        lambda one, cross, other: [-cross / one, 1.0]
    ),
    "You divide by ‖∇J_k‖²; the component along ∇J_1 needs ‖∇J_1‖².": (
        lambda one, cross, other: [max(0.0, -cross / other), 1.0]
    ),
    "The sign is wrong: the component is taken away.": (
        lambda one, cross, other: [-max(0.0, -cross / one), 1.0]
    ),
    "The first coefficient belongs to ∇J_1, the second to ∇J_k.": (
        lambda one, cross, other: true_projection(one, cross, other)[::-1]
    ),
}


@part("ascent-3", points=1)
def projection_in_conflict_only(smallest_mix, projection, draw):
    """The projection with and without conflict."""
    cases = [(1.0, -1.0, 4.0), (2.0, -0.5, 0.3), (1.0, 0.5, 4.0)]
    agree(projection, true_projection, cases, "one cross other", mistakes=PROJECTION_MISTAKES)


# --- 4: how far smoothness carries


def true_longest(one, cross, other, alpha, beta, L1, Lk, *, factor=2.0, norm=True, both=min):
    square = alpha**2 * one + 2 * alpha * beta * cross + beta**2 * other
    rates = alpha * one + beta * cross, alpha * cross + beta * other
    square = square if norm else 1.0
    return max(0.0, both(factor * r / (L * square) for r, L in zip(rates, (L1, Lk), strict=True)))


LONGEST_MISTAKES = {
    "That is the step with the largest promised gain; twice as far nothing is lost yet.": (
        lambda *case: true_longest(*case, factor=1.0)
    ),
    "‖d‖² is missing.": lambda *case: true_longest(*case, norm=False),
    "That is the step for one of the two; neither may fall.": (
        lambda *case: true_longest(*case, both=max)
    ),
    "That looks at pass@1 alone.": lambda *case: true_longest(*case, both=next),
    "That looks at pass@k alone.": lambda *case: true_longest(*case, both=lambda x: list(x)[1]),
    "‖d‖² has the term 2αβ·cross.": lambda one, cross, other, alpha, beta, L1, Lk: max(
        0.0,
        2 / (alpha**2 * one + beta**2 * other)
        * min((alpha * one + beta * cross) / L1, (alpha * cross + beta * other) / Lk),
    ),
}  # fmt: skip


@part("ascent-4", points=1)
def steps_of_three_directions(longest_step, draw):
    """Plain pass@k ascent in conflict (no step), without, and a mixture."""
    cases = [(1.0, -0.5, 2.0, 0.0, 1.0, 1.0, 5.0), (1.0, 0.5, 2.0, 0.0, 1.0, 1.0, 5.0),
             (1.0, -0.5, 2.0, 0.6, 0.4, 2.0, 10.0)]  # fmt: skip
    agree(longest_step, true_longest, cases, "one cross other alpha beta L1 Lk",
          mistakes=LONGEST_MISTAKES)  # fmt: skip


# --- 5: a path

STEPS, LENGTH, LOSS = 40, 0.1, 1e-4


@lru_cache(maxsize=1)
def sample() -> BanditPrompts:
    return Toy().sample(200, seed=1)


@lru_cache(maxsize=1)
def population() -> BanditPrompts:
    return Toy().quadrature(step=1 / 8, reach=8)


def curve(prompts, points, k):
    """pass@k at each point."""
    return np.array([prompts.mass @ (1 - (1 - prompts.success(t)) ** k) for t in points])


def as_path(path):
    """The points, or Wrong with the rule that the path breaks."""
    if isinstance(path, np.ndarray):
        path = list(path)
    if not isinstance(path, list | tuple) or not same(path, path) or np.ndim(path) != 2:
        raise Wrong(f"path: a list of points of two numbers is needed; yours is {shown(path)}.")
    points = np.array(path, dtype=float)
    if points.shape[1] != 2 or not np.isfinite(points).all():
        raise Wrong(f"path: points of two finite numbers are needed; yours are {shown(path)}.")
    equal("path: the first point", points[0], np.array(THETA_REF))
    if len(points) - 1 > STEPS:
        raise Wrong(f"path: at most {STEPS} steps; yours has {len(points) - 1}.")
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    if lengths.max(initial=0) > LENGTH * (1 + 1e-6):
        i = int(lengths.argmax())
        raise Wrong(f"path: step {i + 1} has the length {shown(lengths[i])}; at most {LENGTH}.")
    return points


@part("ascent-5", points=1)
def no_step_loses(path, draw):
    """The rules for steps, and no loss in pass@1 on the way."""
    points = as_path(path)
    change = np.diff(curve(sample(), points, 1))
    if change.min(initial=0) < -LOSS:
        i = int(change.argmin())
        raise Wrong(
            f"step {i + 1}, at theta = {shown(points[i])}, changes pass@1 by {shown(change[i])}; "
            f"at most {LOSS:g} may be lost."
        )


@part("ascent-5", points=1)
def both_goals(path, draw):
    """pass@1 and pass@5 at the end."""
    end = as_path(path)[-1:]
    for k, goal in ((1, 0.54), (5, 0.90)):
        value = float(curve(sample(), end, k)[0])
        if value < goal:
            raise Wrong(f"at the end pass@{k} is {shown(value)}; at least {goal} was asked for.")
