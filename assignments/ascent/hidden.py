"""Assignment 5, "Ascent and mitigation": what counts besides the public checks.

`draw` follows the course seed.
"""

import numpy as np

from passk_lib.bandit import THETA_REF
from passk_lib.course.compare import agree, shown
from passk_lib.course.public import ascent as public
from passk_lib.course.questions import Wrong, part


def toy(draw, size):
    s = draw.normal(0, 1, size).round(2)
    return np.stack([np.ones(size), s], axis=1), draw.random(size) < 0.4


@part("ascent-1", points=3)
def random_prompts(objective, draw):
    """Random prompts and parameters, k up to 32, one prompt alone."""
    cases = []
    for size, k in [(1, 3), (2, 1), (10, 5), (50, 32), (7, 2)]:
        cases.append((draw.normal(0, 1.5, 2).round(2), *toy(draw, size), k))
    agree(objective, public.true_objective, cases, "theta psi hard k",
          mistakes=public.OBJECTIVE_MISTAKES, relative=1e-8)  # fmt: skip


@part("ascent-2", points=2)
def random_climbs(climb, draw):
    """Random starts, k and lengths."""
    cases = []
    for k, length, steps in [(1, 0.1, 8), (5, 0.5, 6), (16, 0.02, 10)]:
        cases.append((draw.normal(0, 1, 2).round(2), *toy(draw, 20), k, length, steps))
    agree(climb, public.true_climb, cases, "theta psi hard k length steps",
          mistakes=public.CLIMB_MISTAKES, relative=1e-6, absolute=1e-8)  # fmt: skip


@part("ascent-2", points=1)
def stays_where_the_gradient_is_zero(climb, draw):
    """An easy and a hard prompt that look alike, at θ = 0: the gradients cancel."""
    s = float(draw.integers(-20, 20)) / 10
    case = (np.zeros(2), np.array([[1.0, s], [1.0, s]]), np.array([False, True]), 4, 0.1, 3)
    agree(climb, public.true_climb, [case], "theta psi hard k length steps")


def inner_products(draw):
    g, h = draw.normal(0, 1, (2, 2)).round(2) + 0.003
    return float(g @ g), float(g @ h), float(h @ h)


@part("ascent-3", points=2)
def random_mixtures(smallest_mix, projection, draw):
    """Both mitigations at random gradients, and at right angles."""
    cases = [inner_products(draw) for _ in range(30)] + [(2.0, 0.0, 3.0)]
    agree(smallest_mix, public.true_mix, cases, "one cross other", mistakes=public.MIX_MISTAKES)
    agree(projection, public.true_projection, cases, "one cross other",
          mistakes=public.PROJECTION_MISTAKES)  # fmt: skip


@part("ascent-4", points=3)
def random_directions(longest_step, draw):
    """Random directions and constants; half of them promise no step."""
    cases = []
    for _ in range(40):
        alpha, beta = (float(x) for x in draw.uniform(-0.3, 1, 2).round(2))
        L1, Lk = (float(x) for x in draw.uniform(0.2, 9, 2).round(2))
        cases.append((*inner_products(draw), alpha, beta + 0.003, L1, Lk))
    agree(longest_step, public.true_longest, cases, "one cross other alpha beta L1 Lk",
          mistakes=public.LONGEST_MISTAKES)  # fmt: skip


@part("ascent-5", points=2)
def holds_on_the_population(path, draw):
    """pass@1 and pass@5 on the whole population of prompts."""
    points = public.as_path(path)
    prompts = public.population()
    before, after = public.curve(prompts, [THETA_REF, points[-1]], 1)
    if after < before:
        raise Wrong(f"on the population pass@1 falls from {shown(before)} to {shown(after)}.")
    reached = float(public.curve(prompts, points[-1:], 5)[0])
    if reached < 0.87:
        raise Wrong(f"on the population pass@5 is {shown(reached)} at the end; "
                    "at least 0.87 was asked for.")  # fmt: skip
