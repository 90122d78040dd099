"""Assignment 4, "The threshold": what counts besides the public checks.

`draw` follows the course seed.
"""

import math

import numpy as np

from passk_lib.course.compare import agree, equal, refuses
from passk_lib.course.public import threshold as public
from passk_lib.course.questions import Wrong, part


def prompts(draw, size, low=0.02, high=0.98):
    """Random prompts with E[a] > 0, no two of the same p, in no order."""
    p = np.sort(draw.choice(np.arange(round(100 * low), round(100 * high)), size, replace=False))
    mass = draw.integers(1, 20, size).astype(float)
    a = draw.normal(0, 1, size).round(2) + 0.005
    if mass @ a < 0:
        a = -a
    order = draw.permutation(size)
    return ((mass / mass.sum())[order].tolist(), (p / 100)[order].tolist(), a[order].tolist())


def clear(case, k_max):
    """Whether no sign up to k_max hangs on rounding."""
    return np.abs(public.relative_f(*case, np.arange(1, k_max + 1))).min() > 1e-7


def clear_cases(draw, count, k_max, **options):
    cases = []
    while len(cases) < count:
        case = prompts(draw, int(draw.integers(2, 9)), **options)
        if clear(case, k_max):
            cases.append(case)
    return cases


@part("threshold-1", points=2)
def random_prompts(conflicting, draw):
    """Random prompts, k up to 100; one prompt that is always solved."""
    cases = [(*case, 100) for case in clear_cases(draw, 12, 100)]
    cases.append(([0.4, 0.2, 0.4], [0.3, 0.6, 1.0], [-0.3, 0.5, 0.4], 20))
    agree(conflicting, public.scaled_conflicting, cases, "mass p a k_max",
          mistakes=public.CONFLICT_MISTAKES)  # fmt: skip


@part("threshold-1", points=1)
def beyond_the_smallest_float(conflicting, draw):
    """Easy prompts and k up to 1,500: (1 - p)^(k-1) is far below 1e-308."""
    cases = [(*case, 1500) for case in clear_cases(draw, 2, 1500, low=0.6, high=0.95)]
    cases.append(([0.5, 0.5], [0.7, 0.9], [-0.2, 0.5], 1500))
    agree(conflicting, public.scaled_conflicting, cases, "mass p a k_max",
          mistakes=public.CONFLICT_MISTAKES)  # fmt: skip


@part("threshold-2", points=2)
def random_margins(split, draw):
    """Random prompts; each negative score once as the margin."""
    cases = []
    for case in clear_cases(draw, 10, 1):
        margins = [-y for y in case[2] if y < 0]
        cases += [(*case, m) for m in margins]
        cases += [(*case, m / 2) for m in margins]
    agree(split, public.true_split, cases, "mass p a m", mistakes=public.SPLIT_MISTAKES)


@part("threshold-2", points=1)
def equal_success_is_not_separated(split, draw):
    """epsilon = delta."""
    p = float(draw.integers(10, 60)) / 100
    case = ([0.2, 0.3, 0.5], [p, p, 0.9], [-0.3, 0.1, 0.6], 0.3)
    agree(split, public.true_split, [case], "mass p a m", mistakes=public.SPLIT_MISTAKES)


@part("threshold-3", points=2)
def separated_prompts(k_star, draw):
    """Random prompts whose strongly interfering set is the hardest."""
    cases = []
    for _ in range(10):
        mass, p, _ = prompts(draw, 6)
        order = np.argsort(p)
        a = np.empty(6)
        a[order[:2]] = -draw.integers(5, 30, 2) / 100
        a[order[2:]] = draw.integers(20, 90, 4) / 100
        m = float(-a[order[:2]].max())
        cases.append((mass, p, a.tolist(), m, float(draw.integers(10, 40)) / 10))
    agree(k_star, public.true_k_star, cases, "mass p a m G2", mistakes=public.STAR_MISTAKES)


@part("threshold-3", points=2)
def every_hypothesis_is_checked(k_star, draw):
    """An empty set, epsilon = delta, delta = 1, G² below a score."""
    mass = [0.3, 0.2, 0.5]
    scores = [-0.2, 0.1, 0.6]
    p = [0.1, 0.5, 0.8]
    names = "mass p a m G2"
    refuses(k_star, [(mass, p, scores, 0.3, 1.0)], names, "no score is at most -m")
    refuses(k_star, [(mass, [0.4, 0.4, 0.8], scores, 0.2, 1.0)], names, "epsilon = delta")
    refuses(k_star, [(mass, [0.4, 1.0, 1.0], scores, 0.2, 1.0)], names, "delta is 1")
    refuses(k_star, [(mass, p, scores, 0.2, 0.5)], names, "a score is larger than G²")


def single_crossing(draw, size):
    mass, p, a = prompts(draw, size)
    order = np.argsort(p)
    hard = int(draw.integers(1, size))
    a = np.abs(a)
    a[order[:hard]] *= -0.2 * float((np.array(mass) @ a) / (1 + a.sum()))
    return mass, p, a.tolist()


@part("threshold-4", points=2)
def random_single_crossings(k_dagger, draw):
    """Random prompts with one change of sign."""
    cases = []
    while len(cases) < 12:
        case = single_crossing(draw, int(draw.integers(2, 8)))
        positive = np.dot(case[0], case[2]) > 0
        if positive and clear(case, 400):
            cases.append(case)
    agree(k_dagger, public.true_k_dagger, cases, "mass p a", mistakes=public.DAGGER_MISTAKES)


@part("threshold-4", points=1)
def never_a_conflict(k_dagger, draw):
    """The hardest prompt agrees, or all do: infinity."""
    for case in [([0.5, 0.5], [0.1, 0.6], [0.3, -0.1]), ([0.2, 0.8], [0.3, 0.6], [0.1, 0.2])]:
        equal(f"k_dagger at mass, p, a = {case}", k_dagger(*case), math.inf)


@part("threshold-4", points=1)
def a_very_late_conflict(k_dagger, draw):
    """Success probabilities close together: k† is about 70,000."""
    rare = float(draw.integers(5, 15)) / 1e4
    case = ([0.5, 0.5], [1e-4, 2e-4], [-rare, 1.0])
    agree(k_dagger, public.true_k_dagger, [case], "mass p a", mistakes=public.DAGGER_MISTAKES)


@part("threshold-5", points=3)
def stays_when_it_is_moved(masses, successes, slopes, draw):
    """The pattern stays when all p and g change by up to one part in a thousand."""
    mass, p, g = public.example(masses, successes, slopes)
    for _ in range(200):
        moved = (mass, *(x * (1 + draw.uniform(-1e-3, 1e-3, len(x))) for x in (p, g)))
        if sum(sign < 0 for sign, _ in public.runs(*moved)) < 2:
            raise Wrong("with p and g changed by at most one part in a thousand your example has: "
                        f"{public.told(*moved)}.")  # fmt: skip
