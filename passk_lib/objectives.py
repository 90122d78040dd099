r"""Objectives of a success probability: pass@k and, through one base class, its relatives.

An objective maps the success probability p of one prompt to F(p). Over a prompt distribution it
becomes J_F(θ) = E_x[F(p_θ(x))], with gradient ∇J_F = E_x[w(x) ∇p_θ(x)] and weight w = F'(p).
Pass@k is F(p) = 1 - (1 - p)^k, so w = k (1 - p)^(k-1): equations (1)-(3) of the paper.

    objective      F(p)                    F'(p)                    weight
    PassAtK(k)     1 - (1-p)^k             k (1-p)^(k-1)            falls, at most k
    LogP()         log p                   1/p                      falls, unbounded
    ArcsinSqrt()   2 arcsin √p             1/√(p(1-p))              falls, rises, unbounded
    ArcsinSqrt(k)  (2/k) arcsin √(pass@k)  (1-p)^(k/2-1)/√(pass@k)  falls, unbounded
    PowerMean(a)   p^a / a                 p^(a-1)                  a < 1: falls, unbounded
    Entropic(t)    log(1 - p + p e^t) / t  (e^t-1)/(t(1-p+p e^t))   t > 0: falls, bounded
    AllCorrect(k)  p^k                     k p^(k-1)                rises, at most k
    Clipped(F, c)  F, then its tangents    min(F'(p), c)            as F, at most c

Which statements of the book hold for which of them is said by `Objective.conditions`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from .checks import as_number, as_positive_integers, as_probabilities, broadcast

__all__ = [
    "AllCorrect",
    "ArcsinSqrt",
    "Clipped",
    "Conditions",
    "Entropic",
    "LogP",
    "Objective",
    "PassAtK",
    "PowerMean",
    "as_objective",
    "log_weight",
    "pass_at_k",
    "weight",
]


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

    >>> float(pass_at_k(0.5, 2))
    0.75
    """
    p, k = _checked(p, k)
    with np.errstate(divide="ignore"):
        return -np.expm1(k * np.log1p(-p))


def weight(p, k):
    """Weight w = k (1 - p)^(k-1) that pass@k puts on a prompt: equation (3).

    p: success probability, any shape, in [0, 1]. k: integers >= 1. Both broadcast.
    It falls from k at p = 0 to 0 at p = 1; for k = 1 it is 1 everywhere, p = 1 included.
    Relative error below 1e-12 wherever the value is a normal float (k up to 10^6).

    >>> weight([0, 0.5, 1], 4).tolist()
    [4.0, 0.5, 0.0]
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


@dataclass(frozen=True)
class Conditions:
    """What is known of an objective's weight F' on [0, 1], and which statements need what.

    4.1, (11), (19) and (20) hold for every differentiable F, B.1 for every F that does not fall,
    so for every `Objective`. The others ask for more.
    """

    largest_weight: float = math.inf
    """A bound on F'; inf where there is none, or none is known."""
    largest_curvature: float = math.inf
    """A bound on |F''|; inf where there is none, or none is known."""
    turn: float | None = None
    """F' does not rise before this p and does not fall after it: 1 for a concave F, 0 for a convex
    one. None where nothing is known."""
    steepest_at_ends: bool = False
    """Whether |F''| over every interval is known to be largest at one of its ends."""

    @property
    def falls(self) -> bool:
        """Whether F' does not rise with p (F is concave): harder prompts weigh more. The threshold
        of Proposition 4.5 needs it."""
        return self.turn == 1 or self.largest_curvature == 0

    @property
    def rises(self) -> bool:
        """Whether F' does not fall with p (F is convex): easier prompts weigh more."""
        return self.turn == 0 or self.largest_curvature == 0

    @property
    def smooth(self) -> bool:
        """Whether F' and F'' are bounded. Lemma C.1 and Proposition 4.6 need it."""
        return self.largest_weight < math.inf and self.largest_curvature < math.inf

    @property
    def statements(self) -> dict[str, bool]:
        """Statement of the paper: whether what it needs of F is known to hold."""
        return {
            "Proposition 4.1, (11), (19), (20)": True,
            "Proposition B.1": True,
            "Proposition 4.5": self.falls,
            "Lemma C.1, Proposition 4.6": self.smooth,
        }


class Objective(ABC):
    """A differentiable, non-decreasing transform F of the success probability, F: [0, 1] → R.

    Subclasses give `name`, `value` and `weight`, and say in `conditions` what more is known; this
    class itself promises nothing more. A weight is never negative. It may be +inf at p = 0 or 1
    (F = log p has w = 1/p), where F may be -inf: fields refuse such a weight by name. Where F is
    not concave, a larger weight is not a harder prompt. Arrays in, arrays of the same shape out.
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

    def curvature(self, p):
        """F''(p), the slope of the weight: what (34) needs beside it. Not every objective says."""
        raise NotImplementedError(f"{self.name} gives no second derivative")

    @property
    def conditions(self) -> Conditions:
        """Bounds on F' and |F''| over [0, 1], and where F' turns."""
        return Conditions()


def _one_k(k, owner: str) -> int:
    k = as_positive_integers("k", k)
    if k.ndim:
        raise ValueError(f"k must be one integer for {owner}; got shape {k.shape}")
    return int(k)


@dataclass(frozen=True)
class PassAtK(Objective):
    """At least one of k completions is correct. `PassAtK(1)` is pass@1, the mean success."""

    k: int

    def __post_init__(self):
        object.__setattr__(self, "k", _one_k(self.k, "PassAtK"))

    @property
    def name(self) -> str:
        return f"pass@{self.k}"

    def value(self, p):
        return pass_at_k(p, self.k)

    def weight(self, p):
        return weight(p, self.k)

    def log_weight(self, p):
        return log_weight(p, self.k)

    def curvature(self, p):
        if self.k == 1:
            return np.zeros_like(as_probabilities("p", p))[()]
        return -self.k * weight(p, self.k - 1)

    @property
    def conditions(self) -> Conditions:
        return Conditions(self.k, self.k * (self.k - 1), 1.0, True)


@dataclass(frozen=True)
class LogP(Objective):
    """F = log p, the log-likelihood that one completion is correct. A step for it follows the mean
    score of the correct completions alone, as rejection-sampling fine-tuning does."""

    @property
    def name(self) -> str:
        return "log p"

    def value(self, p):
        with np.errstate(divide="ignore"):
            return np.log(as_probabilities("p", p))

    def weight(self, p):
        with np.errstate(divide="ignore", over="ignore"):
            return 1 / as_probabilities("p", p)

    def log_weight(self, p):
        return -self.value(p)

    def curvature(self, p):
        with np.errstate(divide="ignore", over="ignore"):
            return -1 / as_probabilities("p", p) ** 2

    @property
    def conditions(self) -> Conditions:
        return Conditions(turn=1.0, steepest_at_ends=True)


@dataclass(frozen=True)
class ArcsinSqrt(Objective):
    """F = (2/k) arcsin √(pass@k), whose weight is (1-p)^(k-1)/√(P(1-P)) with P = 1 - (1-p)^k: the
    reward of a group of k completions divided by its standard deviation.

    k = 1 is 2 arcsin √p, as in GRPO: its weight 1/√(p(1-p)) falls up to p = 1/2, then rises, so
    that nearly solved prompts weigh as much as nearly impossible ones. For k >= 2 it falls.
    """

    k: int = 1

    def __post_init__(self):
        object.__setattr__(self, "k", _one_k(self.k, "ArcsinSqrt"))

    @property
    def name(self) -> str:
        return "2 arcsin √p" if self.k == 1 else f"arcsin √pass@{self.k}"

    def value(self, p):
        p = as_probabilities("p", p)
        return 2 / self.k * np.arctan2(np.sqrt(pass_at_k(p, self.k)), (1 - p) ** (self.k / 2))

    def weight(self, p):
        p = as_probabilities("p", p)
        with np.errstate(divide="ignore"):
            return (1 - p) ** (self.k / 2 - 1) / np.sqrt(pass_at_k(p, self.k))

    def log_weight(self, p):
        p = as_probabilities("p", p)
        with np.errstate(divide="ignore"):
            tail = 0.0 if self.k == 2 else (self.k / 2 - 1) * np.log1p(-p)
            return tail - np.log(pass_at_k(p, self.k)) / 2

    def curvature(self, p):
        p = as_probabilities("p", p)
        with np.errstate(divide="ignore", over="ignore"):
            if self.k == 1:
                return (p - 0.5) * self.weight(p) ** 3
            success, half = pass_at_k(p, self.k), self.k / 2
            own = 0.0 if self.k == 2 else (half - 1) * (1 - p) ** (half - 2) / np.sqrt(success)
            return -own - half * (1 - p) ** (3 * half - 2) / success**1.5

    @property
    def conditions(self) -> Conditions:
        return Conditions(turn=0.5 if self.k == 1 else 1.0, steepest_at_ends=True)


@dataclass(frozen=True)
class PowerMean(Objective):
    """F = p^a / a, what the power mean E[p^a]^(1/a) ascends. a: real, not 0 (its limit is `LogP`).

    a = 1 is the mean. Below 1 the weight p^(a-1) falls without bound; above 1 it rises to 1.
    """

    a: float

    def __post_init__(self):
        a = as_number("a", self.a)
        if a == 0:
            raise ValueError("a must not be 0, whose limit is LogP(); got 0")
        object.__setattr__(self, "a", a)

    @property
    def name(self) -> str:
        return f"power {self.a:g}"

    def value(self, p):
        with np.errstate(divide="ignore", over="ignore"):
            return as_probabilities("p", p) ** self.a / self.a

    def weight(self, p):
        with np.errstate(divide="ignore", over="ignore"):
            return as_probabilities("p", p) ** (self.a - 1)

    def log_weight(self, p):
        p = as_probabilities("p", p)
        if self.a == 1:
            return np.zeros_like(p)[()]
        with np.errstate(divide="ignore"):
            return (self.a - 1) * np.log(p)

    def curvature(self, p):
        p = as_probabilities("p", p)
        if self.a == 1:
            return np.zeros_like(p)[()]
        with np.errstate(divide="ignore", over="ignore"):
            return (self.a - 1) * p ** (self.a - 2)

    @property
    def conditions(self) -> Conditions:
        steep = abs(self.a - 1) if self.a == 1 or self.a >= 2 else math.inf
        largest = 1.0 if self.a >= 1 else math.inf
        return Conditions(largest, steep, 1.0 if self.a <= 1 else 0.0, True)


@dataclass(frozen=True)
class Entropic(Objective):
    """F = log(1 - p + p e^t) / t: entropic risk, log E[e^(t r)] / t of one completion's reward r.

    t: from -300 to 300, not 0 (its limit is pass@1). t > 0 seeks risk: the weight falls from
    (e^t - 1)/t at p = 0, always bounded. t < 0 avoids it: the weight rises.
    """

    t: float

    def __post_init__(self):
        t = as_number("t", self.t, -300, 300)
        if abs(t) < 1e-8:
            raise ValueError(f"t must not be 0, whose limit is PassAtK(1); got {self.t}")
        object.__setattr__(self, "t", t)

    @property
    def name(self) -> str:
        return f"entropic {self.t:g}"

    def _moment(self, p):
        """E[e^(t r)], (1 - p) + p e^t."""
        return (1 - p) + p * math.exp(self.t)

    def value(self, p):
        p = as_probabilities("p", p)
        # log1p keeps small p, the sum of two positive terms keeps small 1 - p.
        low, high = np.log1p(np.minimum(p, 0.5) * math.expm1(self.t)), np.log(self._moment(p))
        return np.where(p < 0.5, low, high)[()] / self.t

    def weight(self, p):
        return math.expm1(self.t) / self.t / self._moment(as_probabilities("p", p))

    def curvature(self, p):
        return -self.t * self.weight(p) ** 2

    @property
    def conditions(self) -> Conditions:
        largest = math.expm1(abs(self.t)) / abs(self.t)
        return Conditions(largest, abs(self.t) * largest**2, 1.0 if self.t > 0 else 0.0, True)


@dataclass(frozen=True)
class AllCorrect(Objective):
    """F = p^k: all of k completions are correct, "pass^k". Its weight k p^(k-1) rises with p."""

    k: int

    def __post_init__(self):
        object.__setattr__(self, "k", _one_k(self.k, "AllCorrect"))

    @property
    def name(self) -> str:
        return f"pass^{self.k}"

    def value(self, p):
        return as_probabilities("p", p) ** self.k

    def weight(self, p):
        return self.k * as_probabilities("p", p) ** (self.k - 1)

    def log_weight(self, p):
        p = as_probabilities("p", p)
        if self.k == 1:
            return np.zeros_like(p)[()]
        with np.errstate(divide="ignore"):
            return math.log(self.k) + (self.k - 1) * np.log(p)

    def curvature(self, p):
        p = as_probabilities("p", p)
        if self.k == 1:
            return np.zeros_like(p)[()]
        return self.k * (self.k - 1) * p ** (self.k - 2)

    @property
    def conditions(self) -> Conditions:
        return Conditions(self.k, self.k * (self.k - 1), 0.0, True)


@dataclass(frozen=True)
class Clipped(Objective):
    """The objective whose weight is min(F'(p), ceiling): F, continued by its tangents.

    Where F' exceeds the ceiling, F is replaced by its tangent at the point where F' meets it, so
    that value and weight stay continuous and finite (log p at p = 0 too). F'' jumps there.

    objective: one that knows where its weight turns. ceiling: greater than 0.
    """

    objective: Objective
    ceiling: float
    _kept: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        ceiling = as_number("ceiling", self.ceiling, 0, open_low=True)
        turn = as_objective(self.objective).conditions.turn
        if turn is None:
            raise ValueError(
                f"objective must say in its conditions where its weight turns; {self.objective!r} "
                "does not"
            )
        object.__setattr__(self, "objective", as_objective(self.objective))
        object.__setattr__(self, "ceiling", ceiling)
        object.__setattr__(self, "_kept", (self._edge(turn, 0.0), self._edge(turn, 1.0)))

    def _edge(self, low: float, high: float) -> float:
        """The last p from `low`, where F' is smallest, towards `high` with F'(p) <= ceiling."""
        if not self.objective.weight(low) <= self.ceiling:
            return low
        if self.objective.weight(high) <= self.ceiling:
            return high
        while True:
            # Halved, or by orders of magnitude: the edge may lie at any scale near p = 0.
            middle = (low + high) / 2 if high else (low / 16 if low > 1e-290 else 0.0)
            if middle in (low, high) or abs(high - low) <= 2e-16 * low:
                return low
            if self.objective.weight(middle) <= self.ceiling:
                low = middle
            else:
                high = middle

    @property
    def name(self) -> str:
        return f"{self.objective.name}, weight ≤ {self.ceiling:g}"

    def value(self, p):
        p = as_probabilities("p", p)
        inside = np.clip(p, *self._kept)
        return self.objective.value(inside) + self.ceiling * (p - inside)

    def weight(self, p):
        return np.minimum(self.objective.weight(p), self.ceiling)

    def log_weight(self, p):
        return np.minimum(self.objective.log_weight(p), math.log(self.ceiling))

    def curvature(self, p):
        p = as_probabilities("p", p)
        low, high = self._kept
        kept = (p >= low) & (p <= high) & (low < high)
        inside = np.clip(p, low, high)
        return np.where(kept, self.objective.curvature(inside), 0.0)[()]

    @property
    def conditions(self) -> Conditions:
        """|F''| over the interval that is kept: at its ends where the objective says that it is
        largest there, else what bounds it everywhere."""
        inner = self.objective.conditions
        low, high = self._kept
        steep = inner.largest_curvature
        if low == high:
            steep = 0.0
        elif inner.steepest_at_ends:
            ends = np.abs(self.objective.curvature(np.array(self._kept)))
            steep = min(steep, float(ends.max()))
        return Conditions(min(inner.largest_weight, self.ceiling), steep, inner.turn)


def as_objective(objective: Objective | int) -> Objective:
    """An objective as it is; an integer k as `PassAtK(k)`."""
    return objective if isinstance(objective, Objective) else PassAtK(objective)
