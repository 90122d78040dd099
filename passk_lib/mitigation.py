r"""A mitigation is two coefficients from three inner products.

Pass@k ascent follows ∇J_k and may cost pass@1. Every mitigation here follows another vector of the
plane that the two gradients span,

    d = α ∇J_1 + β ∇J_k,   with (α, β) chosen from   ‖∇J_1‖², ⟨∇J_k, ∇J_1⟩, ‖∇J_k‖².

The same three numbers say what a step along d does to first order: pass@1 changes at the rate
⟨∇J_1, d⟩ = α ‖∇J_1‖² + β ⟨∇J_k, ∇J_1⟩, pass@k at the rate ⟨∇J_k, d⟩. What each mitigation
guarantees is proved in the ledger (`passk_lib.theory.statements.mitigation`):

    mitigation       first order in pass@1      first order in pass@k
    mix(λ)           >= 0 if λ is large enough  >= 0 if λ is small enough
    no_loss_mix()    exactly 0 in conflict      >= 0
    one_sided()      exactly 0 in conflict      >= 0; the same direction as no_loss_mix
    pcgrad()         >= 0                       >= 0
    min_norm()       >= ‖d‖²                    >= ‖d‖²

Changing the weights instead (`objectives.Clipped`) or the order (`Annealing`) is no such choice:
clipping bounds the cost without fixing its sign, annealing reaches k = 1, which costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from .checks import as_finite, as_integer, as_number
from .field import PromptField, Vector
from .objectives import Objective, PassAtK, as_objective

__all__ = [
    "Annealing",
    "Gram",
    "Mitigation",
    "along",
    "min_norm",
    "mix",
    "no_loss_mix",
    "one_sided",
    "pcgrad",
    "safe_step",
]

ROUNDING = 1e-3
"""How far, relatively, a cross product may exceed Cauchy-Schwarz: float32 sums over many parameters
do by rounding."""


@dataclass(frozen=True)
class Gram:
    """The three inner products of ∇J_1 and ∇J_k at one θ, in squared units of the gradients.

    one, k: from 0 to 1e150.

    >>> gram = Gram.of(np.array([1.0, 0.0]), np.array([-1.0, 2.0]))
    >>> gram.conflict, gram.rates(0, 1)  # plain pass@k: pass@1 falls, pass@k rises
    (True, (-1.0, 5.0))
    """

    one: float
    """‖∇J_1‖²."""
    cross: float
    """⟨∇J_k, ∇J_1⟩, negative in conflict; at most √(one · k) in size."""
    k: float
    """‖∇J_k‖²."""

    def __post_init__(self):
        # Beyond 1e150 the coefficients and rates may leave the range of a float.
        one, k = as_number("one", self.one, 0, 1e150), as_number("k", self.k, 0, 1e150)
        cross, largest = as_number("cross", self.cross), math.sqrt(one) * math.sqrt(k)
        if abs(cross) > largest * (1 + ROUNDING):
            raise ValueError(
                f"cross must be at most sqrt(one * k) = {largest:g} in size, as an inner product "
                f"is; got {cross:g}"
            )
        for name, value in (("one", one), ("cross", cross), ("k", k)):
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, gradient_one: Vector, gradient_k: Vector) -> Gram:
        """From the two gradients, any vectors that know `@`."""
        one, cross, k = (
            float(u @ v)
            for u, v in (
                (gradient_one, gradient_one),
                (gradient_k, gradient_one),
                (gradient_k, gradient_k),
            )
        )
        return cls(one, cross, k)

    @property
    def conflict(self) -> bool:
        """Whether ⟨∇J_k, ∇J_1⟩ < 0."""
        return self.cross < 0

    def rates(self, alpha: float, beta: float) -> tuple[float, float]:
        """⟨∇J_1, d⟩ and ⟨∇J_k, d⟩ of d = alpha ∇J_1 + beta ∇J_k: the change of pass@1 and of pass@k
        per unit of step, to first order."""
        return alpha * self.one + beta * self.cross, alpha * self.cross + beta * self.k

    def norm(self, alpha: float, beta: float) -> float:
        """‖alpha ∇J_1 + beta ∇J_k‖."""
        _, scale = math.frexp(max(abs(alpha), abs(beta)))  # a power of 2: no square overflows
        a, b = math.ldexp(alpha, -scale), math.ldexp(beta, -scale)
        square = a * a * self.one + 2 * a * b * self.cross + b * b * self.k
        return math.ldexp(math.sqrt(max(0.0, square)), scale)  # below 0 by rounding only


@dataclass(frozen=True)
class Mitigation:
    """A named choice of (α, β) from a `Gram`, to be called: `alpha, beta = mitigation(gram)`."""

    name: str
    choose: Callable[[Gram], tuple[float, float]]

    def __call__(self, gram: Gram) -> tuple[float, float]:
        return self.choose(gram)


def mix(lam: float) -> Mitigation:
    """λ ∇J_1 + (1 - λ) ∇J_k: the mixed objective. lam: λ in [0, 1]; 0 is plain pass@k.

    It does not lose pass@1 to first order if and only if λ is at least that of `no_loss_mix`.
    """
    lam = as_number("lam", lam, 0, 1)
    return Mitigation(f"mix λ = {lam:g}", partial(_mix, lam))


def _mix(lam: float, gram: Gram) -> tuple[float, float]:
    return lam, 1 - lam


def no_loss_mix() -> Mitigation:
    """The smallest λ of `mix` without first-order loss in pass@1, chosen anew at every step:

    λ = -⟨∇J_k, ∇J_1⟩ / (‖∇J_1‖² - ⟨∇J_k, ∇J_1⟩) in conflict, else 0.

    >>> gram = Gram(one=1, cross=-1, k=5)
    >>> no_loss_mix()(gram)
    (0.5, 0.5)
    >>> gram.rates(0.5, 0.5)  # pass@1 stays, pass@k rises
    (0.0, 2.0)
    """
    return Mitigation("no-loss mix", _no_loss_mix)


def _no_loss_mix(gram: Gram) -> tuple[float, float]:
    if not gram.conflict:
        return 0.0, 1.0
    total = gram.one - gram.cross
    return -gram.cross / total, gram.one / total


def one_sided() -> Mitigation:
    """∇J_k without its component against ∇J_1: ∇J_k - (⟨∇J_k, ∇J_1⟩/‖∇J_1‖²) ∇J_1 in conflict."""
    return Mitigation("one-sided projection", _one_sided)


def _one_sided(gram: Gram) -> tuple[float, float]:
    return (-gram.cross / gram.one, 1.0) if gram.conflict else (0.0, 1.0)


def pcgrad() -> Mitigation:
    """Symmetric surgery (PCGrad, Yu et al. 2020): in conflict each gradient loses its component
    against the other, then both are added; without conflict their sum."""
    return Mitigation("symmetric surgery", _pcgrad)


def _pcgrad(gram: Gram) -> tuple[float, float]:
    if not gram.conflict:
        return 1.0, 1.0
    return 1 - gram.cross / gram.one, 1 - gram.cross / gram.k


def min_norm() -> Mitigation:
    """The shortest vector between ∇J_1 and ∇J_k (MGDA, Désidéri 2012): γ ∇J_1 + (1 - γ) ∇J_k with
    γ = (‖∇J_k‖² - ⟨∇J_k, ∇J_1⟩)/‖∇J_1 - ∇J_k‖², moved into [0, 1]."""
    return Mitigation("min-norm", _min_norm)


def _min_norm(gram: Gram) -> tuple[float, float]:
    # Where the product reaches the shorter one's square, the shorter gradient itself is nearest.
    if gram.cross >= gram.one:
        return 1.0, 0.0
    if gram.cross >= gram.k:
        return 0.0, 1.0
    to_one, to_k = gram.k - gram.cross, gram.one - gram.cross
    return to_one / (to_one + to_k), to_k / (to_one + to_k)


def along(mitigation: Mitigation, k: Objective | int) -> Callable[[PromptField], Vector]:
    """The direction of a mitigation of pass@k (or another objective) as a function of a field, for
    `ascend(direction=...)`. Asks the field for two weighted means in one call.

    >>> from passk_lib import DenseField
    >>> field = DenseField([0.5, 0.5], [0.9, 0.1], [[3, 0], [-1, 1]])
    >>> one, ten = field.mean(), field.objective_gradient(10)
    >>> way = along(one_sided(), 10)(field)
    >>> [round(float(one @ vector), 9) for vector in (ten, way)]  # the cost in pass@1 is gone
    [-0.968551208, 0.0]
    """
    objective = as_objective(k)
    if not callable(mitigation):
        raise TypeError(f"mitigation must be a Mitigation, such as one_sided(); got {mitigation!r}")

    def direction(field: PromptField) -> Vector:
        one, other = field.means(np.stack([np.ones(field.size), field.weight(objective)]))
        alpha, beta = mitigation(Gram.of(one, other))
        return alpha * one + beta * other

    return direction


def safe_step(gram: Gram, coefficients: tuple[float, float], L_1: float, L_k: float) -> float:
    """The longest step η for which smoothness promises that neither pass@1 nor pass@k falls.

    J(θ + ηd) >= J(θ) + η⟨∇J, d⟩ - (L/2) η² ‖d‖², so that no loss is promised up to
    min over both of 2⟨∇J, d⟩/(L ‖d‖²). It is 0 where a rate is 0 or negative: a mitigation that
    gives up nothing to first order (`one_sided` in conflict) may still lose (L_1/2) η² ‖d‖². At
    half of it each objective gains at least (η/2)⟨∇J, d⟩.

    L_1, L_k: smoothness of J_1 and J_k, greater than 0, as `ascent.smoothness` gives them.
    Returns math.inf where d = 0.

    >>> gram = Gram(one=1, cross=-1, k=5)
    >>> round(safe_step(gram, min_norm()(gram), L_1=1, L_k=10), 9)  # rates ‖d‖²: up to 2/L_k
    0.2
    >>> safe_step(gram, one_sided()(gram), L_1=1, L_k=10)
    0.0
    """
    L_1, L_k = (as_number(*pair, 0, open_low=True) for pair in (("L_1", L_1), ("L_k", L_k)))
    alpha, beta = (float(each) for each in as_finite("coefficients", coefficients, (2,)))
    norm = gram.norm(alpha, beta)
    if norm == 0:
        return math.inf
    pairs = zip(gram.rates(alpha, beta), (L_1, L_k), strict=True)
    return max(0.0, min(2 * (rate / norm) / L / norm for rate, L in pairs))


@dataclass(frozen=True)
class Annealing:
    """A schedule for `ascend`: k goes from `first` to `last` by equal ratios in `steps` steps, then
    stays. Step 0 climbs pass@first, step `steps` - 1 pass@last; in between k is rounded."""

    first: int
    last: int
    steps: int

    def __post_init__(self):
        for name in ("first", "last", "steps"):
            object.__setattr__(self, name, as_integer(name, getattr(self, name), 1))

    @property
    def name(self) -> str:
        """Short name for tables and legends."""
        return f"pass@{self.first} to pass@{self.last}"

    def __call__(self, i: int) -> PassAtK:
        share = min(1.0, as_integer("i", i, 0) / max(1, self.steps - 1))
        return PassAtK(round(self.first ** (1 - share) * self.last**share))
