r"""The toy of section 3.2: a contextual bandit with two actions and two shared parameters.

A prompt has a label, easy or hard, and a feature s, drawn from N(-δ/2, 1) if easy and N(+δ/2, 1)
if hard; ψ = [1, s]. The policy plays action 1 with probability σ(θᵀψ). Action 0 is correct on easy
prompts, action 1 on hard ones. So p = σ(m) with the margin m = -θᵀψ (easy) or +θᵀψ (hard), and
equation (7) is ∇p = σ(m) σ(-m) ∇m.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .checks import as_finite, as_flags, as_integers, as_masses, as_number, read_only
from .field import DenseField

__all__ = [
    "LARGEST_QUADRATURE",
    "THETA_REF",
    "BanditPrompts",
    "PolicyConstants",
    "Toy",
    "expit",
    "two_prompts",
]

THETA_REF = read_only(np.array([-2.0, -2.0]))
"""A reference policy biased towards action 0. The paper states no θ; this one reproduces every
number of section 3.3."""

LARGEST_QUADRATURE = 100_000
"""How many nodes `Toy.quadrature` makes at most. The default makes 642."""


def expit(m) -> np.ndarray:
    """Logistic function σ(m) = 1 / (1 + exp(-m)), without overflow; small values keep full relative
    precision. m: real, any shape."""
    e = np.exp(-np.abs(m))
    return np.where(np.asarray(m) >= 0, 1.0, e) / (1 + e)


class PolicyConstants(NamedTuple):
    """Bounds E‖∇log π‖² <= G² and E‖∇²log π‖ <= F for every prompt: Assumption 4.3, (12)."""

    G_squared: float
    F: float


@dataclass(frozen=True, eq=False)
class BanditPrompts:
    """Prompts of the toy: features ψ (prompts, 2), hard (prompts,) booleans, mass (prompts,)."""

    features: np.ndarray
    hard: np.ndarray
    mass: np.ndarray

    def __post_init__(self):
        mass = as_masses("mass", self.mass)
        features = as_finite("features", self.features, (len(mass), 2))
        for name, array in [
            ("features", features),
            ("hard", as_flags("hard", self.hard, len(mass))),
            ("mass", mass),
        ]:
            object.__setattr__(self, name, read_only(array))

    @property
    def size(self) -> int:
        """Number of prompts."""
        return len(self.mass)

    @property
    def strata(self) -> dict[str, np.ndarray]:
        """The two difficulty labels as flags, each (prompts,)."""
        return {"easy": ~self.hard, "hard": self.hard}

    @property
    def policy_constants(self) -> PolicyConstants:
        """The least G² and F of Assumption 4.3 that hold on these prompts at every θ.

        With two actions both expectations are π(1 - π)‖ψ‖², at most ‖ψ‖²/4. Finite for finitely
        many prompts only: Gaussian features are unbounded, and the assumption then fails.
        """
        bound = float((self.features**2).sum(axis=1).max()) / 4
        return PolicyConstants(G_squared=bound, F=bound)

    def margin(self, theta) -> np.ndarray:
        """m = θᵀψ of the correct action, (prompts,): its log-odds. theta: (2,), θᵀψ finite."""
        theta = as_finite("theta", theta, (2,))
        with np.errstate(over="ignore", invalid="ignore"):
            logit = self.features @ theta
        if not np.isfinite(logit).all():
            raise ValueError(f"theta must be small enough for θᵀψ to be finite; got {theta}")
        return np.where(self.hard, logit, -logit)

    def success(self, theta) -> np.ndarray:
        """p_θ(x) = σ(m), (prompts,): equation (1) for this policy."""
        return expit(self.margin(theta))

    def field(self, theta) -> DenseField:
        """The prompt gradient field at θ, with the gradients of equation (7)."""
        margin = self.margin(theta)
        # σ(m) and σ(-m) each to full precision: p (1 - p) would lose the second one near p = 1.
        success = expit(margin)
        slope = success * expit(-margin)
        signed = np.where(self.hard, slope, -slope)
        return DenseField(self.mass, success, signed[:, None] * self.features)


@dataclass(frozen=True)
class Toy:
    """The prompt distribution of section 3.2.

    delta: distance between the two feature means, >= 0. p_hard: share of hard prompts, in [0, 1].

    >>> prompts = Toy(delta=0.2, p_hard=0.4).quadrature()  # the whole population
    >>> round(float(prompts.mass[prompts.hard].sum()), 9)
    0.4
    """

    delta: float = 0.2
    p_hard: float = 0.4

    def __post_init__(self):
        object.__setattr__(self, "delta", as_number("delta", self.delta, 0))
        object.__setattr__(self, "p_hard", as_number("p_hard", self.p_hard, 0, 1))

    def sample(self, size: int, seed: int) -> BanditPrompts:
        """`size` independent prompts of mass 1/size each; the same seed gives the same prompts."""
        size, seed = (int(as_integers(*pair)) for pair in [("size", size, 1), ("seed", seed, 0)])
        rng = np.random.default_rng(seed)
        hard = rng.random(size) < self.p_hard
        s = rng.standard_normal(size) + np.where(hard, self.delta / 2, -self.delta / 2)
        return BanditPrompts(_features(s), hard, np.full(size, 1 / size))

    def quadrature(self, step: float = 1 / 16, reach: float = 10.0) -> BanditPrompts:
        """The population itself, as nodes of the trapezoid rule: no sampling noise.

        Each label's Gaussian is replaced by equidistant nodes within `reach` standard deviations.
        The error falls like exp(-2π²/(|θ₂| step)), since 1/(1 + exp(-m)) has its poles at a
        distance π/|θ₂| from the real line, but large k slows it. As given, J_k is exact to 1e-12
        and ∇J_k to 1e-9·‖∇J_k‖ + 1e-12 for ‖θ‖ <= 4 and k <= 1000; halve the step when θ doubles.
        Gauss-Hermite nodes do far worse: they follow polynomials, not poles.

        There are about 4·reach/step nodes, at most `LARGEST_QUADRATURE`.
        """
        step = as_number("step", step, 0, open_low=True)
        reach = as_number("reach", reach, 0, open_low=True)
        if step > reach:
            raise ValueError(f"step must be at most reach = {reach:g}; got {step}")
        if 4 * (reach / step) > LARGEST_QUADRATURE:
            raise ValueError(
                f"step must be at least 4·reach/{LARGEST_QUADRATURE} = "
                f"{4 * reach / LARGEST_QUADRATURE:g}, for at most {LARGEST_QUADRATURE} nodes; "
                f"got {step}"
            )
        half = int(reach / step)
        t = step * np.arange(-half, half + 1)
        density = np.exp(-(t**2) / 2)
        density /= density.sum()
        hard = np.repeat([False, True], len(t))
        s = np.concatenate([t - self.delta / 2, t + self.delta / 2])
        mass = np.concatenate([(1 - self.p_hard) * density, self.p_hard * density])
        return BanditPrompts(_features(s), hard, mass)


def _features(s: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones_like(s), s])


def two_prompts(delta: float = 0.2) -> BanditPrompts:
    """The two prompts of section 3.3, each of mass 1/2: easy at s = -δ/2, then hard at s = +δ/2."""
    delta = as_number("delta", delta, 0)
    s = np.array([-delta / 2, delta / 2])
    return BanditPrompts(_features(s), np.array([False, True]), np.array([0.5, 0.5]))
