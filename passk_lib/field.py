"""The one noun of the book: the prompt gradient field at one policy parameter θ.

A field knows, for prompts x with masses μ(x), the success probability p(x) = p_θ(x) and answers
two questions about the gradients g(x) = ∇p_θ(x): the weighted mean Σ μ v g, and the inner products
⟨g(x), u⟩ with a given vector u. Weights, kernel, agreement and conflict ask nothing else, so a
field need not store its gradients: `DenseField` does, a language model need not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from .checks import (
    as_counts,
    as_finite,
    as_flags,
    as_masses,
    as_probabilities,
    as_row,
    as_rows,
    read_only,
)
from .objectives import Objective, as_objective

__all__ = ["COUNT_TOLERANCE", "DenseField", "PromptField", "SampleCounts", "Vector"]

Vector = Any
"""What `PromptField.mean` returns: anything with `u @ v` (a float), `+`, `-` and `scalar * u`."""

COUNT_TOLERANCE = 1e-9
"""How far `success` may lie from c/n in a field that carries counts."""


@dataclass(frozen=True, eq=False)
class SampleCounts:
    """Of n[x] completions sampled for prompt x, c[x] were correct. n, c: (prompts,), 0 <= c <= n.

    Scalars broadcast, so `SampleCounts(32, c)` is 32 samples for every prompt.
    """

    n: np.ndarray
    c: np.ndarray

    def __post_init__(self):
        n, c = as_counts(self.n, self.c)
        if n.ndim != 1:
            raise ValueError(f"counts must have shape (prompts,); got {n.shape}")
        object.__setattr__(self, "n", read_only(n))
        object.__setattr__(self, "c", read_only(c))

    @property
    def success(self) -> np.ndarray:
        """The fraction c/n of correct samples, (prompts,)."""
        return self.c / self.n

    def __getitem__(self, prompts) -> SampleCounts:
        return SampleCounts(self.n[prompts], self.c[prompts])


class PromptField(ABC):
    """Masses, success probabilities and gradients g(x) = ∇p_θ(x) of finitely many prompts.

    mass: (prompts,), >= 0, sum 1 up to `checks.MASS_TOLERANCE`; never renormalised.
    success: (prompts,) in [0, 1]; None takes c/n from the counts.
    counts: the `SampleCounts` that `success` was estimated from, None where it is exact.
    The arrays are stored as read-only float64.

    A subclass calls this constructor and defines `dim`, `mean` and `inner`. It may override
    `means`, `gradient`, `norms` and `kernel_rows`, whose defaults ask `mean` and `inner` only.
    """

    def __init__(self, mass, success=None, counts: SampleCounts | None = None):
        self._mass = read_only(as_masses("mass", mass))
        if counts is not None:
            if not isinstance(counts, SampleCounts):
                raise TypeError(f"counts must be SampleCounts or None; got {counts!r}")
            if counts.n.shape != self._mass.shape:
                raise ValueError(
                    f"counts must have shape {self._mass.shape}, as mass; got {counts.n.shape}"
                )
        elif success is None:
            raise ValueError("success must be given where there are no counts; got None")
        if success is None:
            success = counts.success
        self._success = read_only(as_probabilities("success", success, self._mass.shape))
        if counts is not None:
            gap = np.abs(self._success - counts.success)
            if gap.max() > COUNT_TOLERANCE:
                i = int(gap.argmax())
                raise ValueError(
                    f"success must equal c/n (up to {COUNT_TOLERANCE:g}) where counts are given; "
                    f"got {self._success[i]} for c = {counts.c[i]} of n = {counts.n[i]} "
                    f"at index {i}"
                )
        self._counts = counts

    @property
    def mass(self) -> np.ndarray:
        """μ: probability of each prompt, (prompts,), read-only."""
        return self._mass

    @property
    def success(self) -> np.ndarray:
        """p: success probability of each prompt, (prompts,), read-only: equation (1)."""
        return self._success

    @property
    def counts(self) -> SampleCounts | None:
        """The sample counts behind `success`, or None where it is exact."""
        return self._counts

    @property
    def size(self) -> int:
        """Number of prompts N."""
        return len(self._mass)

    @property
    @abstractmethod
    def dim(self) -> int:
        """Number of parameters d, the dimension of θ and of every gradient."""

    @abstractmethod
    def mean(self, v=None) -> Vector:
        """Σ_x μ(x) v(x) g(x). v: (prompts,) real prompt weights; None stands for ones."""

    @abstractmethod
    def inner(self, u: Vector) -> np.ndarray:
        """⟨g(x), u⟩ for every prompt x, (prompts,). u: a vector as `mean` returns it."""

    def means(self, weights) -> Sequence[Vector]:
        """`mean(v)` for each row v of `weights`, (m, prompts): m vectors."""
        weights = as_finite("weights", weights, (None, self.size))
        return [self.mean(v) for v in weights]

    def gradient(self, i: int) -> Vector:
        """g of prompt i alone. By default the mean of an indicator, divided by the mass."""
        i = as_row("i", i, self.size)
        if self._mass[i] == 0:
            raise ValueError(f"the gradient of prompt {i} needs a mass above 0; its mass is 0")
        v = np.zeros(self.size)
        v[i] = 1 / self._mass[i]
        return self.mean(v)

    def norms(self) -> np.ndarray:
        """‖g(x)‖ for every prompt, (prompts,). By default one `gradient` per prompt."""
        squares = []
        for i in range(self.size):
            g = self.gradient(i)
            squares.append(float(g @ g))
        return np.sqrt(squares)

    def kernel_rows(self, rows) -> np.ndarray:
        """κ(x, x') = ⟨g(x), g(x')⟩ for x in `rows` and every x', (rows, prompts): equation (5)."""
        rows = as_rows("rows", rows, self.size)
        return np.stack([self.inner(self.gradient(i)) for i in rows])

    def value(self, objective: Objective | int) -> float:
        """J_F = E_x[F(p(x))]. objective: an `Objective`, or k for pass@k. F may be -inf at p = 0;
        prompts of mass 0 do not count."""
        values = as_objective(objective).value(self._success)
        return float(self._mass @ np.where(self._mass > 0, values, 0.0))

    def weight(self, objective: Objective | int) -> np.ndarray:
        """w(x) = F'(p(x)), (prompts,): equation (3). ValueError where a weight is infinite."""
        objective = as_objective(objective)
        w = np.asarray(objective.weight(self._success))
        if not np.isfinite(w).all():
            i = int(np.argmin(np.isfinite(w)))
            raise ValueError(
                f"the weight of {objective.name} must be finite on every prompt; "
                f"got {w[i]} at success {self._success[i]}, index {i}"
            )
        return w

    def objective_gradient(self, objective: Objective | int) -> Vector:
        """∇J_F = E_x[w(x) g(x)]: equation (2). objective: an `Objective`, or k for pass@k."""
        return self.mean(self.weight(objective))

    def restrict(self, prompts) -> PromptField:
        """The field conditioned on the flagged prompts: masses divided by their total.

        prompts: (prompts,) booleans, with positive total mass. Conditioning changes the mean
        gradient, hence agreement and conflict: a filter is part of an experiment's definition.
        """
        return _RestrictedField(self, *self._conditioned(prompts))

    def _conditioned(self, prompts) -> tuple[np.ndarray, np.ndarray]:
        flags = as_flags("prompts", prompts, self.size)
        total = self._mass[flags].sum()
        if not total > 0:
            raise ValueError(
                f"prompts must flag a positive mass; got {int(flags.sum())} of {self.size} prompts "
                f"with total mass {total}"
            )
        return flags, self._mass[flags] / total

    def __repr__(self) -> str:
        counted = "" if self._counts is None else ", sampled"
        return (
            f"{type(self).__name__}({self.size} prompts, {self.dim} parameters{counted}, "
            f"pass@1 = {self.value(1):.6g})"
        )


class _RestrictedField(PromptField):
    """A field seen through a filter; it asks the whole field and stores no gradient."""

    def __init__(self, whole: PromptField, flags: np.ndarray, mass: np.ndarray):
        counts = None if whole.counts is None else whole.counts[flags]
        super().__init__(mass, whole.success[flags], counts)
        self._whole, self._flags = whole, flags.copy()
        self._total = whole.mass[flags].sum()

    @property
    def dim(self) -> int:
        return self._whole.dim

    def mean(self, v=None) -> Vector:
        v = np.ones(self.size) if v is None else as_finite("v", v, (self.size,))
        spread = np.zeros(self._whole.size)
        spread[self._flags] = v / self._total
        return self._whole.mean(spread)

    def inner(self, u: Vector) -> np.ndarray:
        return self._whole.inner(u)[self._flags]


class DenseField(PromptField):
    """A field whose gradients are one array (prompts, d): mass, success and counts as above.

    >>> field = DenseField([0.5, 0.5], [0.9, 0.1], [[1, 0], [0, 2]])
    >>> field.mean().tolist()  # the gradient of mean pass@1
    [0.5, 1.0]
    """

    def __init__(self, mass, success, gradients, counts: SampleCounts | None = None):
        super().__init__(mass, success, counts)
        self._gradients = read_only(as_finite("gradients", gradients, (self.size, None)))

    @property
    def gradients(self) -> np.ndarray:
        """g(x) = ∇p_θ(x), (prompts, d), read-only: equation (4)."""
        return self._gradients

    @property
    def dim(self) -> int:
        return self._gradients.shape[1]

    def mean(self, v=None) -> np.ndarray:
        v = self.mass if v is None else self.mass * as_finite("v", v, (self.size,))
        return v @ self._gradients

    def inner(self, u) -> np.ndarray:
        return self._gradients @ as_finite("u", u, (self.dim,))

    def means(self, weights) -> np.ndarray:  # type: ignore[override]
        weights = as_finite("weights", weights, (None, self.size))
        return (weights * self.mass) @ self._gradients

    def gradient(self, i: int) -> np.ndarray:
        i = as_row("i", i, self.size)
        return self._gradients[i]

    def norms(self) -> np.ndarray:
        # Rows scaled by their largest entry: tiny gradients must not underflow when squared.
        scale = np.abs(self._gradients).max(axis=1)
        unit = self._gradients / np.where(scale > 0, scale, 1.0)[:, None]
        return scale * np.linalg.norm(unit, axis=1)

    def kernel_rows(self, rows) -> np.ndarray:
        return self._gradients[as_rows("rows", rows, self.size)] @ self._gradients.T

    def restrict(self, prompts) -> DenseField:
        flags, mass = self._conditioned(prompts)
        counts = None if self.counts is None else self.counts[flags]
        return DenseField(mass, self.success[flags], self._gradients[flags], counts)


def as_field(field) -> PromptField:
    """The field itself; TypeError for anything that is none, prompts without a θ above all."""
    if not isinstance(field, PromptField):
        hint = ": call its .field(theta)" if callable(getattr(field, "field", None)) else ""
        raise TypeError(f"field must be a PromptField; got {type(field).__name__}{hint}")
    return field


_Asking = TypeVar("_Asking", bound=Callable)


def asks_a_field(function: _Asking) -> _Asking:
    """Decorator: the first argument, `field`, goes through `as_field` before anything else."""

    @wraps(function)
    def checked(field, *args, **kwargs):
        return function(as_field(field), *args, **kwargs)

    return checked  # type: ignore[return-value]


def as_field_at(field_at) -> Callable[[Vector], PromptField]:
    """`field_at`, a function from θ to the prompt field there; TypeError for a field itself."""
    if not callable(field_at):
        hint = " at one θ" if isinstance(field_at, PromptField) else ""
        raise TypeError(
            "field_at must be a function from θ to a PromptField, such as prompts.field; "
            f"got {type(field_at).__name__}{hint}"
        )
    return lambda theta: as_field(field_at(theta))
