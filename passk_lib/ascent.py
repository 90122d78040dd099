r"""Gradient ascent of any objective, and how long a step may be: Proposition 4.6, Figure 5.

A policy is given as `field_at`, a function from θ to the prompt field there. θ is an array, or any
vector that supports `+` and `scalar *` like those that the field's `mean` returns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .checks import as_integer, as_number, read_only
from .field import PromptField, Vector, as_field_at
from .interference import best_set, interference_set, least_score_bound
from .objectives import Objective, PassAtK, as_objective

__all__ = ["StepBounds", "Trajectory", "ascend", "largest_step", "smoothness", "step_bounds"]

FieldAt = Callable[[Vector], PromptField]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """θ and the objectives along an ascent; entry 0 is the start, so steps + 1 entries each."""

    objective: str
    """Name of the objective, or of the schedule of objectives, that was climbed."""
    step: float | None
    """θ moved by step · direction; None where every step had the same length."""
    thetas: np.ndarray | list
    """(steps + 1, d), or a list if θ is no array."""
    values: dict[str, np.ndarray]
    """By objective name, such as `pass@1`: its value on the whole prompt distribution."""
    strata: dict[str, dict[str, np.ndarray]]
    """By stratum (`easy`, `hard`), then by objective name: its mean over that stratum alone."""
    length: float | None = None
    """‖θ⁺ - θ‖ of every step where they were equal, else None."""


Schedule = Callable[[int], Objective | int]
"""The objective of each step, counted from 0."""


def ascend(
    field_at: FieldAt,
    theta: Vector,
    objective: Objective | int | Schedule,
    *,
    step: float | None = None,
    length: float | None = None,
    steps: int,
    track: tuple[Objective | int, ...] = (1,),
    strata: Mapping[str, np.ndarray] | None = None,
    direction: Callable[[PromptField], Vector] | None = None,
) -> Trajectory:
    """θ ← θ + step · ∇J, or θ ← θ + length · ∇J/‖∇J‖, `steps` times.

    objective: an `Objective`, k for pass@k, or a schedule: a function from the number of the step
    to one of these, such as `mitigation.Annealing`; its first and last objective are recorded.
    step, length: exactly one of them. With `length` every step moves θ as far as any other, so
    that methods are compared by where they go, not by how far; a direction of length 0 stays.
    Near a maximum or a ridge such steps do not shrink: they hop around it.
    track: further objectives to record. strata: flags (prompts,) by name; each must keep a
    positive mass along the way. direction: the vector to follow from a field, instead of ∇J of
    the objective; `mitigation.along` makes such functions.

    >>> from passk_lib import Toy
    >>> prompts = Toy(delta=0.2, p_hard=0.4).quadrature()
    >>> way = ascend(prompts.field, (-2, -2), 10, step=1.0, steps=100)  # pass@10
    >>> way.values["pass@10"][[0, -1]].round(2).tolist()
    [0.82, 1.0]
    >>> way.values["pass@1"][[0, -1]].round(2).tolist()  # the price
    [0.53, 0.51]
    """
    field_at, steps = as_field_at(field_at), as_integer("steps", steps, 0)
    schedule = None if isinstance(objective, Objective) or not callable(objective) else objective
    if schedule is not None and direction is not None:
        raise ValueError(
            "direction must not be given where objective is a schedule: it follows one"
        )
    if direction is not None and not callable(direction):
        raise TypeError(f"direction must be a function of a field; got {direction!r}")
    fixed = None if schedule else as_objective(objective)  # type: ignore[arg-type]
    objective_at = schedule or (lambda i: fixed)
    if (step is None) == (length is None):
        raise ValueError(f"give exactly one of step and length; got {step} and {length}")
    if length is None:
        step = as_number("step", step, 0, open_low=True)
    else:
        length = as_number("length", length, 0, open_low=True)
    climbed = [as_objective(objective_at(i)) for i in sorted({0, max(steps - 1, 0)})]
    recorded = {each.name: each for each in [*_tracked(track), *climbed]}
    strata = dict(strata or {})
    values = {name: [] for name in recorded}
    by_stratum = {label: {name: [] for name in recorded} for label in strata}

    thetas = [np.array(theta, dtype=float) if isinstance(theta, list | tuple) else theta]
    for i in range(steps + 1):
        field = field_at(thetas[-1])
        parts = {label: field.restrict(flags) for label, flags in strata.items()}
        for name, each in recorded.items():
            values[name].append(field.value(each))
            for label, part in parts.items():
                by_stratum[label][name].append(part.value(each))
        if i < steps:
            way = direction(field) if direction else field.objective_gradient(objective_at(i))
            if isinstance(thetas[-1], np.ndarray) and np.shape(way) != thetas[-1].shape:
                raise ValueError(
                    f"direction must have the shape of theta, {thetas[-1].shape}; got "
                    f"{np.shape(way)}"
                )
            thetas.append(thetas[-1] + (step if length is None else _to_length(length, way)) * way)
    return Trajectory(
        objective=climbed[0].name if schedule is None else _name(schedule),
        step=step,
        thetas=read_only(np.stack(thetas)) if isinstance(thetas[0], np.ndarray) else thetas,
        values=_arrays(values),
        strata={label: _arrays(lists) for label, lists in by_stratum.items()},
        length=length,
    )


def _to_length(length: float, way: Vector) -> float:
    """The factor that gives a direction this length; 0 for the zero vector."""
    scale = 1.0
    if isinstance(way, np.ndarray) and way.dtype == np.float64:  # its square may leave the range
        scale = float(np.abs(way).max()) or 1.0
        way = way / scale
    norm = math.sqrt(float(way @ way))
    return length / norm / scale if norm > 0 else 0.0


def _name(schedule: Schedule) -> str:
    return getattr(schedule, "name", None) or getattr(schedule, "__name__", "schedule")


def _tracked(track) -> list[Objective]:
    if isinstance(track, Objective | str) or not isinstance(track, Iterable):
        raise TypeError(f"track must be a tuple of objectives or k, such as (1,); got {track!r}")
    return [as_objective(each) for each in track]


def _arrays(lists: dict[str, list[float]]) -> dict[str, np.ndarray]:
    return {name: read_only(np.array(entries)) for name, entries in lists.items()}


# --- How long a step may be: Lemma C.1, Proposition 4.6 ---------------------------------------


@dataclass(frozen=True)
class StepBounds:
    """Up to which step η, by one set of constants, θ + η ∇J_k must lower J_1 and raise J_k.

    Where δ(θ) <= 0 nothing says that ∇J_k and ∇J_1 conflict: no promise, and `step` is 0.
    """

    m: float
    """Margin of the strongly interfering set behind δ(θ)."""
    delta: float
    """δ(θ) of Corollary 4.4: ⟨∇J_k, ∇J_1⟩ <= -δ(θ)."""
    gradient_sq: float
    """The bound on ‖∇J_k‖²."""
    L_1: float
    """Smoothness of J_1, Lemma C.1."""
    L_k: float
    """Smoothness of J_k, Lemma C.1."""

    @property
    def C2(self) -> float:
        """J_1(θ + η∇J_k) <= J_1(θ) - η δ(θ) + η² C_2."""
        return self.gradient_sq * self.L_1 / 2

    @property
    def step(self) -> float:
        """min(δ(θ)/C_2, 1/L_k), or 0 where δ(θ) <= 0: condition (48)."""
        if self.delta <= 0:
            return 0.0
        # One factor of C_2 at a time: their product may be too small for a float.
        return min(2 * (self.delta / self.gradient_sq) / self.L_1, 1 / self.L_k)


def step_bounds(
    field: PromptField, k: int, G_squared: float, F: float, m: float | None = None
) -> dict[str, StepBounds]:
    """The step sizes that Proposition 4.6 promises, as `paper` and as `sharp`.

    G_squared, F: bounds on E‖∇log π‖² and E‖∇²log π‖, (12), which must hold for every prompt all
    along the step, not at this θ alone; at most 1e130. ValueError if G_squared is below
    `least_score_bound`, so that it fails at this θ already. m: margin of X_-; None takes the one
    with the largest δ(θ).

    paper: a <= G², ‖∇J_k‖² <= k²G², so C_2 = k²G²L_1/2, and L_k = k²G² + kF.
    sharp: a <= G²/4, ‖∇J_k‖² <= kG²/4, so C_2 = kG²L_1/8, and L_k = k(G² + F) = k·L_1. Both from
    ‖∇p‖² <= p(1-p)G², and the second also from (1-p)^(k-1) (1 + (k-1)p) <= 1.
    """
    k = PassAtK(k).k
    G_squared = as_number("G_squared", G_squared, 0, 1e130, open_low=True)
    F = as_number("F", F, 0, 1e130)
    least = least_score_bound(field)
    if G_squared < least * (1 - 1e-12):  # equality up to rounding is fine: two actions have it
        raise ValueError(
            f"G_squared must be at least {least:g}, which the gradients at this θ need "
            f"(least_score_bound); got {G_squared:g}"
        )
    L_1 = G_squared + F
    constants = {
        "paper": (G_squared, k**2 * G_squared, k**2 * G_squared + k * F),
        "sharp": (G_squared / 4, k * G_squared / 4, k * L_1),
    }
    bounds = {}
    for name, (bound, gradient_sq, L_k) in constants.items():
        chosen = best_set(field, k, bound) if m is None else interference_set(field, k, m)
        delta = float(chosen.delta(bound))
        bounds[name] = StepBounds(chosen.m, delta, gradient_sq, L_1, L_k)
    return bounds


def smoothness(objective: Objective | int, G_squared: float, F: float) -> float:
    """A constant L with ‖∇²J‖ <= L at every θ: Lemma C.1 for any objective of bounded weight.

    L = M_2 G² + M_1 (G² + F) with bounds M_1 on F' and M_2 on |F''|; for pass@k the sharper
    k (G² + F). G_squared, F as in `step_bounds`. ValueError where `conditions` knows no bound:
    log p and 2 arcsin √p have none, but their clipped forms have.

    >>> smoothness(10, G_squared=2, F=1)  # 10 (2 + 1)
    30.0
    """
    objective, G_squared = as_objective(objective), as_number("G_squared", G_squared, 0)
    F = as_number("F", F, 0)
    known = objective.conditions
    if not known.smooth:
        raise ValueError(
            f"objective must have a bounded weight with a bounded slope; {objective.name} has none"
        )
    if isinstance(objective, PassAtK):
        return objective.k * (G_squared + F)
    return known.largest_curvature * G_squared + known.largest_weight * (G_squared + F)


def largest_step(
    field_at: FieldAt, theta: Vector, k: int, *, start: float = 1e-6, stop: float = 1e6
) -> float:
    """The largest η such that every tried step up to it lowers J_1 and raises J_k.

    Tries η = start · 1.1^i along ∇J_k until one fails, then halves the last gap down to a relative
    1e-9. What happens between two tries is not seen. Returns 0 if `start` fails already (no
    conflict at this k, say), math.inf if all steps up to `stop` work.

    >>> from passk_lib import Toy
    >>> prompts = Toy(delta=0.2, p_hard=0.4).quadrature()
    >>> round(largest_step(prompts.field, np.array([-2.0, -2.0]), 10), 1)
    74.7
    >>> largest_step(prompts.field, np.array([-2.0, -2.0]), 2)  # no conflict at k = 2
    0.0
    """
    start = as_number("start", start, 0, open_low=True)
    stop = as_number("stop", stop, start)
    objective, field_at = PassAtK(k), as_field_at(field_at)
    field = field_at(theta)
    direction = field.objective_gradient(objective)
    before = field.value(1), field.value(objective)

    def works(step: float) -> bool:
        after = field_at(theta + step * direction)
        return after.value(1) < before[0] and after.value(objective) > before[1]

    good, bad = 0.0, start
    while works(bad):
        good, bad = bad, 1.1 * bad
        if bad > stop:
            return math.inf
    while good > 0 and bad - good > 1e-9 * good:
        middle = (good + bad) / 2
        good, bad = (middle, bad) if works(middle) else (good, middle)
    return good
