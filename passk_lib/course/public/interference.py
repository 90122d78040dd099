"""Assignment 2, "Interference": the questions and their public checks."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from passk_lib.course.compare import agree, equal, same, shown
from passk_lib.course.questions import Question, Wrong, part

QUESTIONS = (
    Question("interference-1", "The kernel by hand", ("kappa_AB", "kappa_AC", "kappa_BC")),
    Question("interference-2", "The kernel by code", ("gradients", "kernel_and_cosine")),
    Question("interference-3", "The sign, without the parameters", ("sign_of_kernel",)),
    Question("interference-4", "A step for one prompt, seen from another", ("effect",)),
    Question("interference-5", "Three prompts that all hurt one another", ("trio",)),
)


def success(theta, prompt):
    s, hard = prompt
    logit = (theta[0] + theta[1] * s) * (1 if hard else -1)
    e = math.exp(-abs(logit))
    return (1 if logit >= 0 else e) / (1 + e)


def features(prompts):
    """ψ with the sign of the label: the gradient of the margin."""
    return np.array([[1.0, s] if hard else [-1.0, -s] for s, hard in prompts])


def slopes(theta, prompts):
    """p (1 - p), the smaller factor not rounded."""
    return np.array(
        [success(theta, (s, hard)) * success(theta, (s, not hard)) for s, hard in prompts]
    )


# --- 1: by hand

AT_ZERO = (0.0, 0.0)
A, B, C = (1.0, False), (2.0, True), (-3.0, True)


def kappa(one, two, theta=AT_ZERO):
    g = true_gradients(theta, [one, two])
    return float(g[0] @ g[1])


def by_hand_mistakes(one, two):
    right = kappa(one, two)
    return {
        "The sign is wrong: count the labels, then look at 1 + s s'.": -right,
        "Each gradient has the factor p(1 - p) = 1/4; the kernel has it twice.": 16 * right,
        "The factor p(1 - p) = 1/4 belongs to each of the two gradients.": 4 * right,
        "The feature vectors are (1, s): the 1 has its share in the kernel.": (
            right * one[0] * two[0] / (1 + one[0] * two[0])
        ),
    }


@part("interference-1", points=1)
def first_pair_by_hand(kappa_AB, kappa_AC, kappa_BC, draw):
    """The pair A, B."""
    equal("kappa_AB", kappa_AB, kappa(A, B), mistakes=by_hand_mistakes(A, B))


# --- 2: gradients, kernel, cosine


def true_gradients(theta, prompts):
    return slopes(theta, prompts)[:, None] * features(prompts)


def differences(theta, prompts):
    """∇p by central differences: no formula for the gradient is used."""
    step = 1e-5
    return np.array(
        [
            [
                (success(np.add(theta, e), x) - success(np.subtract(theta, e), x)) / (2 * step)
                for e in step * np.eye(2)
            ]
            for x in prompts
        ]
    )


def _rows(theta, prompts, factor):
    return np.array([factor(theta, x) for x in prompts])[:, None] * np.array(
        [[1.0, s] for s, _ in prompts]
    )


GRADIENT_MISTAKES = {
    "Easy prompts want completion 0: their gradient points the other way.": (
        lambda theta, prompts: (
            slopes(theta, prompts)[:, None] * np.abs(features(prompts) * [1, 0])
            + slopes(theta, prompts)[:, None] * np.array([[0.0, s] for s, _ in prompts])
        )
    ),
    "The slope of σ is p(1 - p), not p.": (
        lambda theta, prompts: (
            np.array([success(theta, x) for x in prompts])[:, None] * features(prompts)
        )
    ),
    "That is the gradient of log p, the score; multiply by p.": (
        lambda theta, prompts: (
            np.array([success(theta, (s, not hard)) for s, hard in prompts])[:, None]
            * features(prompts)
        )
    ),
    "The features are (1, s), in this order.": (
        lambda theta, prompts: true_gradients(theta, prompts)[:, ::-1]
    ),
}


@part("interference-2", points=1)
def gradients_of_a_few_prompts(gradients, kernel_and_cosine, draw):
    """Gradients against differences of the success probability."""
    cases = [((0.0, 0.0), [A, B, C]), ((-2.0, -2.0), [(-0.1, False), (0.1, True)])]
    agree(gradients, differences, cases, "theta prompts",
          mistakes=GRADIENT_MISTAKES, relative=1e-6, absolute=1e-8)  # fmt: skip


def true_kernel(theta, prompts):
    g, psi = true_gradients(theta, prompts), features(prompts)
    unit = psi / np.linalg.norm(psi, axis=1, keepdims=True)
    return [g @ g.T, unit @ unit.T]


def _cosine_by(theta, prompts, make):
    k = true_kernel(theta, prompts)[0]
    return [k, make(k)]


KERNEL_MISTAKES = {
    "The second array is the kernel again; divide by the lengths of both gradients.": (
        lambda theta, prompts: _cosine_by(theta, prompts, lambda k: k)
    ),
    "You divide by the length of one gradient; a cosine divides by both.": (
        lambda theta, prompts: _cosine_by(
            theta, prompts, lambda k: k / np.sqrt(np.diag(k))[:, None]
        )
    ),
    "You divide by the squared lengths: take their roots.": (
        lambda theta, prompts: _cosine_by(
            theta, prompts, lambda k: k / np.outer(np.diag(k), np.diag(k))
        )
    ),
}


@part("interference-2", points=1)
def kernel_of_the_papers_pair(gradients, kernel_and_cosine, draw):
    """The two prompts of section 3.3: kernel -0.0108, cosine -0.980."""
    case = ((-2.0, -2.0), [(-0.1, False), (0.1, True)])
    agree(kernel_and_cosine, true_kernel, [case], "theta prompts", mistakes=KERNEL_MISTAKES)


# --- 3: the sign


def true_sign(s, hard, t, also_hard):
    return (1 if hard == also_hard else -1) * int(np.sign(1 + s * t))


SIGN_MISTAKES = {
    "That looks at the labels alone. One pair of the same label in ten interferes negatively.": (
        lambda s, hard, t, also_hard: 1 if hard == also_hard else -1
    ),
    "That looks at 1 + s t alone; an easy and a hard prompt want different completions.": (
        lambda s, hard, t, also_hard: int(np.sign(1 + s * t))
    ),
    "That takes s t for the product of the feature vectors; they are (1, s) and (1, t).": (
        lambda s, hard, t, also_hard: (1 if hard == also_hard else -1) * int(np.sign(s * t))
    ),
    "Where 1 + s t = 0 the prompts do not interfere: the sign is 0.": (
        lambda s, hard, t, also_hard: true_sign(s, hard, t, also_hard) or -1
    ),
}


@part("interference-3", points=1)
def signs_of_a_few_pairs(sign_of_kernel, draw):
    """Pairs near the middle and far from it, against the kernel at θ = (0.3, -0.7)."""

    def by_the_kernel(s, hard, t, also_hard):
        value = kappa((s, hard), (t, also_hard), (0.3, -0.7))
        return 0 if abs(value) < 1e-15 else int(np.sign(value))

    cases = [(0.5, True, 0.25, True), (0.5, False, 0.25, True), (2.0, True, -1.0, True),
             (2.0, False, -1.0, True), (-0.5, False, 1.0, False)]  # fmt: skip
    agree(sign_of_kernel, by_the_kernel, cases, "s hard t also_hard", mistakes=SIGN_MISTAKES)


# --- 4: the effect of a step


def true_effect(theta, eta, stepped, watched):
    g, h = true_gradients(theta, [stepped, watched])
    change = success(np.asarray(theta) + eta * g, watched) - success(theta, watched)
    return [float(eta * (g @ h)), change]


def _with(theta, eta, stepped, watched, prediction=None, length=None):
    g, h = true_gradients(theta, [stepped, watched])
    predicted, change = true_effect(theta, eta, stepped, watched)
    if length is not None:
        eta = eta / float(np.linalg.norm(g))
        return true_effect(theta, eta, stepped, watched)
    return [prediction(eta, g, h, predicted), change]


EFFECT_MISTAKES = {
    "The first number is the kernel; a step of size η changes p by η times as much.": (
        lambda *case: _with(*case, prediction=lambda eta, g, h, right: float(g @ h))
    ),
    "You move by the length η. The step is η∇p, so its length is η‖∇p‖.": (
        lambda *case: _with(*case, length=1)
    ),
    "The sign of the prediction is the other way round: you watch what is lost.": (
        lambda *case: _with(*case, prediction=lambda eta, g, h, right: -right)
    ),
    "The step is taken for the wrong prompt: move for the first, look at the second.": (
        lambda theta, eta, stepped, watched: true_effect(theta, eta, watched, stepped)
    ),
    "That predicts the change of the stepped prompt itself.": (
        lambda *case: _with(*case, prediction=lambda eta, g, h, right: float(eta * (g @ g)))
    ),
}


@part("interference-4", points=1)
def small_and_large_steps(effect, draw):
    """The pair of section 3.3, steps of size 0.05 and 5."""
    pair = ((0.1, True), (-0.1, False))
    cases = [((-2.0, -2.0), eta, *pair) for eta in (0.05, 5.0)]
    agree(effect, true_effect, cases, "theta eta stepped watched", mistakes=EFFECT_MISTAKES)


@part("interference-4", points=1)
def error_is_of_second_order(effect, draw):
    """A step of half the size: the prediction's error falls to a quarter."""

    def error(eta):
        values = effect((0.5, -1.0), eta, (1.0, False), (0.3, True))
        if not same(values, values) or len(np.ravel(values)) != 2:
            raise Wrong(f"effect returns {shown(values)}; two numbers are needed.")
        predicted, change = values
        return float(change) - float(predicted)

    if error(0.01) == 0:
        raise Wrong("your two numbers are equal: the second is the change itself, not predicted.")
    ratio = error(0.02) / error(0.01)
    if not 3.9 < ratio < 4.1:
        raise Wrong(
            f"twice the step makes the error of your prediction {shown(ratio)} times as large; "
            "an error of second order grows 4 times."
        )


# --- 5: three prompts that hurt one another


def as_trio(trio):
    """The three prompts, or Wrong with what keeps them from being ones."""
    if not isinstance(trio, list | tuple) or len(trio) != 3:
        raise Wrong(f"trio: a list of three pairs (s, hard) is needed; yours is {shown(trio)}.")
    prompts = []
    for x in trio:
        good = isinstance(x, list | tuple) and len(x) == 2 and isinstance(x[1], bool)
        if not good or isinstance(x[0], bool) or not same(x[0], x[0]) or np.ndim(x[0]):
            raise Wrong(f"trio: a prompt is a pair (s, True or False); yours is {shown(x)}.")
        if not isinstance(x[0], int | float) and not hasattr(x[0], "numerator"):
            raise Wrong(f"trio: the feature s is a number; yours is {shown(x[0])}.")
        if not abs(float(x[0])) <= 5:
            raise Wrong(f"trio: |s| may be at most 5; yours is {shown(x[0])}.")
        prompts.append((float(x[0]), x[1]))
    return prompts


def least_negative(prompts):
    """The pair with the largest cosine, and that cosine."""
    psi = features(prompts)
    unit = psi / np.linalg.norm(psi, axis=1, keepdims=True)
    pairs = [(float(unit[i] @ unit[j]), i, j) for i, j in combinations(range(3), 2)]
    return max(pairs)


@part("interference-5", points=1)
def every_pair_interferes_negatively(trio, draw):
    """The three cosines are negative."""
    prompts = as_trio(trio)
    cosine, i, j = least_negative(prompts)
    if cosine >= 0:
        product = 1 + prompts[i][0] * prompts[j][0]
        alike = "the same label" if prompts[i][1] == prompts[j][1] else "different labels"
        raise Wrong(
            f"{shown(prompts[i])} and {shown(prompts[j])} have {alike} and "
            f"1 + s s' = {shown(product)}: their cosine is {shown(cosine)}, not negative."
        )
