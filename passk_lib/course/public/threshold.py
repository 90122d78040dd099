"""Assignment 4, "The threshold": the questions and their public checks."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from passk_lib.course.compare import agree, refuses, same, shown
from passk_lib.course.questions import Question, Wrong, part

QUESTIONS = (
    Question("threshold-1", "Every k that conflicts", ("conflicting",)),
    Question("threshold-2", "The strongly interfering set", ("split",)),
    Question("threshold-3", "The promise", ("k_star",)),
    Question("threshold-4", "The truth", ("k_dagger",)),
    Question("threshold-5", "A re-entrant example of your own", ("masses", "successes", "slopes")),
)


# --- 1: every k that conflicts


def relative_f(mass, p, a, ks):
    """f(k) divided by the sum of its terms' sizes: in [-1, 1], and exact where weights vanish."""
    mass, p, a = (np.array(x, dtype=float) for x in (mass, p, a))
    ratio = (1 - p) / (1 - p.min())
    terms = mass * a * ratio ** (np.asarray(ks)[:, None] - 1.0)
    return terms.sum(axis=1) / np.abs(terms).sum(axis=1)


def exact_conflicting(mass, p, a, k_max):
    """In fractions, so without any rounding: slow, for short lists."""
    mass, p, a = ([Fraction(x).limit_denominator(10**6) for x in xs] for xs in (mass, p, a))
    return [
        k
        for k in range(1, k_max + 1)
        if sum(w * (1 - x) ** (k - 1) * y for w, x, y in zip(mass, p, a, strict=True)) < 0
    ]


def scaled_conflicting(mass, p, a, k_max):
    return [int(k) + 1 for k in np.flatnonzero(relative_f(mass, p, a, range(1, k_max + 1)) < 0)]


def plain_conflicting(mass, p, a, k_max, weighted=True):
    mass, p, a = (np.array(x, dtype=float) for x in (mass, p, a))
    mass = mass if weighted else np.ones_like(mass)
    return [k for k in range(1, k_max + 1) if (mass * (1 - p) ** (k - 1) * a).sum() < 0]


THIRDS = [1 / 3, 1 / 3, 1 / 3]
EPISODE = (THIRDS, [0.1, 0.5, 0.9], [1.0, -3.0, 5.0])
LASTING = ([0.5, 0.5], [0.1, 0.6], [-0.01, 0.03])

CONFLICT_MISTAKES = {
    "The weights have underflowed: divide all powers by that of the hardest prompt.": (
        plain_conflicting
    ),
    "The masses are missing.": lambda *case: plain_conflicting(*case, weighted=False),
    "Those are the k without conflict.": lambda mass, p, a, k_max: [
        k for k in range(1, k_max + 1) if k not in scaled_conflicting(mass, p, a, k_max)
    ],
    "The exponent is k - 1, not k.": lambda mass, p, a, k_max: [
        k - 1 for k in scaled_conflicting(mass, p, a, k_max + 1) if k > 1
    ],
    "You stop before k_max.": lambda mass, p, a, k_max: scaled_conflicting(mass, p, a, k_max - 1),
}


@part("threshold-1", points=1)
def an_episode_and_a_lasting_conflict(conflicting, draw):
    """Three prompts with conflict at k = 2 only, two with conflict from k = 3 on."""
    cases = [(*EPISODE, 12), (*LASTING, 8), ([0.9, 0.1], [0.2, 0.7], [-0.01, 1.0], 5)]
    agree(conflicting, exact_conflicting, cases, "mass p a k_max", mistakes=CONFLICT_MISTAKES)


# --- 2: the strongly interfering set


def true_split(mass, p, a, m, *, strict=False, count=False):
    inside = [y < -m if strict else y <= -m for y in a]
    epsilon = max((x for x, i in zip(p, inside, strict=True) if i), default=math.nan)
    delta = min((x for x, i in zip(p, inside, strict=True) if not i), default=math.nan)
    q = sum(w for w, i in zip(mass, inside, strict=True) if i)
    q = sum(inside) / len(inside) if count else q
    return {"q": q, "epsilon": epsilon, "delta": delta, "separated": epsilon < delta}


SPLIT_MISTAKES = {
    "The set holds the prompts with a <= -m, those with a = -m included.": (
        lambda *case: true_split(*case, strict=True)
    ),
    "q is the mass of the set, not its share of the number of prompts.": (
        lambda *case: true_split(*case, count=True)
    ),
    "(16) asks epsilon < delta; you answer for the opposite.": (
        lambda *case: {**true_split(*case), "separated": not true_split(*case)["separated"]}
    ),
    "epsilon and delta are exchanged.": (
        lambda *case: {
            **true_split(*case),
            "epsilon": true_split(*case)["delta"],
            "delta": true_split(*case)["epsilon"],
        }
    ),
    "(16) is strict: with epsilon = delta nothing is separated.": (
        lambda *case: {
            **true_split(*case),
            "separated": true_split(*case)["epsilon"] <= true_split(*case)["delta"],
        }
    ),
}
FIVE = ([0.1, 0.2, 0.3, 0.3, 0.1], [0.05, 0.1, 0.4, 0.7, 0.9], [-0.4, -0.2, -0.1, 0.5, 0.6])


@part("threshold-2", points=1)
def five_prompts(split, draw):
    """Five prompts, three margins, one of which is attained."""
    cases = [(*FIVE, m) for m in (0.3, 0.2, 0.05)]
    agree(split, true_split, cases, "mass p a m", mistakes=SPLIT_MISTAKES)


@part("threshold-2", points=1)
def empty_sets(split, draw):
    """A margin that no prompt reaches."""
    refuses(split, [(*FIVE, 0.5)], "mass p a m", "no score is at most -m")


# --- 3: the promise


def true_k_star(mass, p, a, m, G2):
    s = true_split(mass, p, a, m)
    room = math.log((1 - s["q"]) * G2 / (s["q"] * m))
    return 1 + room / math.log((1 - s["epsilon"]) / (1 - s["delta"]))


def _other_k_star(change):
    def formula(mass, p, a, m, G2):
        s = true_split(mass, p, a, m)
        return change(s["q"], m, G2, s["epsilon"], s["delta"])

    return formula


STAR_MISTAKES = {
    "The 1 in front is missing: the weight has the power k - 1.": (
        lambda *case: true_k_star(*case) - 1
    ),
    "q and 1 - q are exchanged.": _other_k_star(
        lambda q, m, G2, e, d: 1 + math.log(q * G2 / ((1 - q) * m)) / math.log((1 - e) / (1 - d))
    ),
    "Take 1 - epsilon and 1 - delta, the chances to fail.": _other_k_star(
        lambda q, m, G2, e, d: 1 + math.log((1 - q) * G2 / (q * m)) / math.log(d / e)
    ),
    "G2 is G² already; you square it, or multiply twice.": _other_k_star(
        lambda q, m, G2, e, d: 1 + math.log((1 - q) * G2**2 / (q * m)) / math.log((1 - e) / (1 - d))
    ),
    "That is the sharper threshold of section 5.4, with G²/4; the printed one is asked for.": (
        lambda mass, p, a, m, G2: true_k_star(mass, p, a, m, G2 / 4)
    ),
    "k* is a real number here: do not round it.": lambda *case: math.ceil(true_k_star(*case)),
}


@part("threshold-3", points=1)
def exercise_and_another(k_star, draw):
    """Exercise 5.1, where k* = 6.68, and five prompts."""
    cases = [(*LASTING, 0.01, 1.0), (*FIVE, 0.2, 2.0)]
    agree(k_star, true_k_star, cases, "mass p a m G2", mistakes=STAR_MISTAKES)


@part("threshold-3", points=1)
def no_promise_without_separation(k_star, draw):
    """An easy prompt that interferes strongly."""
    mixed = ([0.3, 0.3, 0.4], [0.1, 0.3, 0.6], [-0.2, 0.5, -0.2])
    refuses(k_star, [(*mixed, 0.1, 1.0)], "mass p a m G2",
            "epsilon = 0.6 is above delta = 0.3")  # fmt: skip


# --- 4: the truth


def true_k_dagger(mass, p, a):
    if a[int(np.argmin(p))] > 0:
        return math.inf
    low, high = 1, 2
    while relative_f(mass, p, a, [high])[0] >= 0:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if relative_f(mass, p, a, [middle])[0] < 0:
            high = middle
        else:
            low = middle
    return low


def _from_dagger(change):
    def other(mass, p, a):
        k = true_k_dagger(mass, p, a)
        return k if math.isinf(k) else change(k)

    return other


DAGGER_MISTAKES = {
    "That is the first k with conflict; the last one without is one less.": (
        _from_dagger(lambda k: k + 1)
    ),
    "One too small: look at f(k) itself, with the power k - 1.": _from_dagger(lambda k: k - 1),
    "The hardest prompt agrees in one case: then no k ever conflicts, and the answer is inf.": (
        _from_dagger(lambda k: k)
    ),
}


@part("threshold-4", points=1)
def two_and_three_prompts(k_dagger, draw):
    """Exercise 5.1, where k† = 2, and three prompts; each k tried in fractions."""

    def by_trying(mass, p, a):
        found = exact_conflicting(mass, p, a, 60)
        return found[0] - 1

    cases = [LASTING, (THIRDS, [0.1, 0.3, 0.8], [-0.05, 0.2, 0.4]),
             ([0.1, 0.9], [0.05, 0.1], [-0.1, 0.1])]  # fmt: skip
    agree(k_dagger, by_trying, cases, "mass p a", mistakes=DAGGER_MISTAKES)


# --- 5: a re-entrant example

LAST_K = 200


def numbers(name, answer):
    if not isinstance(answer, list | tuple | np.ndarray) or not same(list(answer), list(answer)):
        raise Wrong(f"{name}: a list of numbers is needed; yours is {shown(answer)}.")
    values = np.array([float(x) for x in answer])
    if not np.isfinite(values).all():
        raise Wrong(f"{name}: finite numbers are needed; yours are {shown(answer)}.")
    return values


def example(masses, successes, slopes):
    """The three arrays, or Wrong with what keeps them from being prompts."""
    mass, p, g = (
        numbers(name, x)
        for name, x in (("masses", masses), ("successes", successes), ("slopes", slopes))
    )
    if not len(mass) == len(p) == len(g) or not 1 <= len(p) <= 6:
        raise Wrong(
            "three lists of the same length, at most 6, are needed; yours have "
            f"{len(mass)}, {len(p)} and {len(g)} entries."
        )
    if (mass <= 0).any() or abs(mass.sum() - 1) > 1e-9:
        raise Wrong(f"masses: positive numbers of sum 1; yours sum to {shown(mass.sum())}.")
    if (p <= 0).any() or (p >= 1).any():
        raise Wrong(f"successes: numbers between 0 and 1; yours are {shown(p)}.")
    if abs(mass @ g) < 1e-9 * (mass @ abs(g)):
        raise Wrong("slopes: their mean is 0, so that every agreement score is 0.")
    return mass, p, g


def runs(mass, p, g):
    """Signs of f over k = 1 ... LAST_K as runs (sign, first k); unclear signs are left out."""
    ks = np.arange(1, LAST_K + 1)
    relative = relative_f(mass, p, g * (mass @ g), ks)
    found = []
    for k, value in zip(ks, relative, strict=True):
        if abs(value) > 1e-9 and (not found or found[-1][0] != np.sign(value)):
            found.append((int(np.sign(value)), int(k)))
    return found


def told(mass, p, g):
    parts = [f"{'conflict' if s < 0 else 'none'} from k = {k}" for s, k in runs(mass, p, g)]
    return ", ".join(parts)


@part("threshold-5", points=1)
def three_prompts_are_too_few(masses, successes, slopes, draw):
    """The scores change sign often enough for conflict to come back."""
    mass, p, g = example(masses, successes, slopes)
    a = (g * (mass @ g))[np.argsort(p)]
    signs = np.sign(a[a != 0])
    changes = int((signs[1:] != signs[:-1]).sum())
    if changes < 3:
        raise Wrong(
            f"sign changes of your scores in the order of p: {changes}. So f has at most as many "
            "over k. None (at k = 1), conflict, none, and conflict again need 3 changes."
        )


@part("threshold-5", points=1)
def comes_goes_and_comes_back(masses, successes, slopes, draw):
    """Conflict, none, and conflict again up to k = 200."""
    mass, p, g = example(masses, successes, slopes)
    if sum(sign < 0 for sign, _ in runs(mass, p, g)) < 2:
        raise Wrong(f"up to k = {LAST_K} your example has: {told(mass, p, g)}.")
