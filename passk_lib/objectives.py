r"""Objectives of a success probability: pass@k and, through one base class, its concave relatives.

An objective maps the success probability p of one prompt to F(p). Over a prompt distribution it
becomes J_F(θ) = E_x[F(p_θ(x))], with gradient ∇J_F = E_x[w(x) ∇p_θ(x)] and weight w = F'(p).
Pass@k is F(p) = 1 - (1 - p)^k, so w = k (1 - p)^(k-1): equations (1)-(3) of the paper.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from .checks import as_positive_integers, as_probabilities, broadcast

__all__ = ["Objective", "PassAtK", "as_objective", "log_weight", "pass_at_k", "weight"]


def _log_all_but_one_fail(p: np.ndarray, k: np.ndarray) -> np.ndarray:
    """(k - 1) log(1 - p), and 0 for k = 1 even where p = 1. Never rounds 1 - p for small p."""
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = (k - 1) * np.log1p(-p)
    return np.where(k == 1, 0.0, exponent)


def times_exp(k, exponent):
    """k exp(exponent), by halves: the power may be too small for a float when k times it is not."""
    half = np.exp(exponent / 2)
    return (k * half) * half


def _checked(p, k) -> list[np.ndarray]:
    return broadcast(p=as_probabilities("p", p), k=as_positive_integers("k", k))


def pass_at_k(p, k):
    """Probability 1 - (1 - p)^k that at least one of k independent completions is correct.

    p: success probability, any shape, in [0, 1]. k: integers >= 1. Both broadcast.
    Relative error below 1e-12 for k up to 10^6, however small p is.
    """
    p, k = _checked(p, k)
    with np.errstate(divide="ignore"):
        return -np.expm1(k * np.log1p(-p))


def weight(p, k):
    """Weight w = k (1 - p)^(k-1) that pass@k puts on a prompt: equation (3).

    p: success probability, any shape, in [0, 1]. k: integers >= 1. Both broadcast.
    It falls from k at p = 0 to 0 at p = 1; for k = 1 it is 1 everywhere, p = 1 included.
    Relative error below 1e-12 wherever the value is a normal float (k up to 10^6).
    """
    p, k = _checked(p, k)
    q = 1 - p
    lost = (1 - q) - p  # exactly what rounding took from q: 1 - p = q + lost
    restore = np.exp((k - 1) * np.log1p(lost / np.where(q > 0, q, 1.0)))
    # By halves where the power is too small for a float although k times it may not be.
    power, half = q ** (k - 1), q ** ((k - 1) / 2)
    return np.where(power > 1e-290, k * power, (k * half) * half) * restore


def log_weight(p, k):
    """Natural logarithm of `weight(p, k)`, also where the weight itself underflows.

    It is -inf exactly where the weight is 0: at p = 1 for k > 1. The error is at most
    1e-12 * max(1, |log w|) for k up to 10^6.
    """
    p, k = _checked(p, k)
    return np.log(k) + _log_all_but_one_fail(p, k)


class Objective(ABC):
    """A non-decreasing concave transform F of the success probability, F: [0, 1] → R.

    Subclasses give `name`, `value` and `weight`. A weight is never negative and never rises with
    p; it may be +inf at p = 0 (F = log p has w = 1/p), and whoever averages it must say what
    happens there. Arrays in, arrays of the same shape out.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Short name for tables and legends, such as `pass@8`."""

    @abstractmethod
    def value(self, p):
        """F(p). p: success probability, any shape, in [0, 1]."""

    @abstractmethod
    def weight(self, p):
        """F'(p) >= 0, the weight of a prompt in the gradient of E[F(p)]: equation (2)."""

    def log_weight(self, p):
        """log F'(p); override it where the weight may underflow."""
        with np.errstate(divide="ignore"):
            return np.log(self.weight(p))


@dataclass(frozen=True)
class PassAtK(Objective):
    """Pass@k as an objective. `PassAtK(1)` is pass@1, the mean success probability."""

    k: int

    def __post_init__(self):
        k = as_positive_integers("k", self.k)
        if k.ndim:
            raise ValueError(f"k must be one integer for PassAtK; got shape {k.shape}")
        object.__setattr__(self, "k", int(k))

    @property
    def name(self) -> str:
        return f"pass@{self.k}"

    def value(self, p):
        return pass_at_k(p, self.k)

    def weight(self, p):
        return weight(p, self.k)

    def log_weight(self, p):
        return log_weight(p, self.k)


def as_objective(objective: Objective | int) -> Objective:
    """An objective as it is; an integer k as `PassAtK(k)`."""
    return objective if isinstance(objective, Objective) else PassAtK(objective)
