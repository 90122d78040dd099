"""Which objectives conflict with pass@1: one transform F of the success probability at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ascent import ascend
from ..bandit import THETA_REF, Toy
from ..interference import agreement
from ..objectives import AllCorrect, ArcsinSqrt, Entropic, LogP, Objective, PassAtK, PowerMean
from .figure import LiveFigure
from .traits import Choice, Integer, Number, Point

__all__ = ["Objectives"]

REACH = 5.0
STEPS = 100
_NEARLY_ONE = 1 - 2.0**-53


@dataclass(frozen=True)
class _Finite(Objective):
    """An objective whose weight is asked below p = 1 only, where a margin beyond 37 rounds to.

    There 1/√(p (1-p)) would be infinite, though its product with ∇p is far below rounding.
    """

    own: Objective

    @property
    def name(self) -> str:
        return self.own.name

    def value(self, p):
        return self.own.value(p)

    def weight(self, p):
        return self.own.weight(np.minimum(p, _NEARLY_ONE))


class Objectives(LiveFigure):
    """Weight, reweighted difficulty, conflict region and ascent of an objective one picks, on the
    toy of section 3.2.

    objective: "pass@k", "pass@1", "log p", "arcsin" (2 arcsin √p), "power" (p^a / a), "entropic"
    (entropic risk), or "pass^k" (all k correct). k: 1 to 1000, of pass@k and pass^k. a: 0.05 to 4.
    t: -10 to 10; at 0 the entropic risk is pass@1. theta: (2,) in [-5, 5]. delta: distance of the
    feature means, 0 to 3. p_hard: share of hard prompts, 0.05 to 0.95. length: of each step of both
    ascents, 0.01 to 0.2, so that the scale of F does not matter. step: steps shown, 0 to 100.
    """

    objective = Choice("log p", "pass@k", "pass@1", "arcsin", "power", "entropic", "pass^k")
    k = Integer(10, 1, 1000)
    a = Number(0.5, 0.05, 4)
    t = Number(4.0, -10, 10)
    theta = Point(THETA_REF, -REACH, REACH)
    delta = Number(0.2, 0, 3)
    p_hard = Number(0.4, 0.05, 0.95)
    length = Number(0.05, 0.01, 0.2)
    step = Integer(STEPS, 0, STEPS)

    def chosen(self) -> Objective:
        """The objective as the library knows it."""
        return {
            "pass@k": lambda: PassAtK(self.k),
            "pass@1": lambda: PassAtK(1),
            "log p": LogP,
            "arcsin": ArcsinSqrt,
            "power": lambda: PowerMean(self.a),
            "entropic": lambda: Entropic(self.t) if abs(self.t) >= 1e-8 else PassAtK(1),
            "pass^k": lambda: AllCorrect(self.k),
        }[self.objective]()

    def _prompts(self):
        return Toy(self.delta, self.p_hard).quadrature()

    def path(self, objective: Objective | int | None = None, steps: int = STEPS) -> np.ndarray:
        """θ along an ascent from `theta` in steps of equal length, of the chosen objective or of
        another: (steps + 1, 2)."""
        objective = _Finite(self.chosen()) if objective is None else objective
        climb = {"length": self.length, "steps": steps}
        return ascend(self._prompts().field, self.theta, objective, **climb).thetas

    def numbers(self) -> dict:
        """J_1, J_F, ⟨∇J_F, ∇J_1⟩ and the cosine; the mean weight, and the mean success probability
        among the prompts as F weighs them; J_1, J_F and θ after `step` steps."""
        objective, prompts = _Finite(self.chosen()), self._prompts()
        field = prompts.field(self.theta)
        w = field.mass * objective.weight(field.success)
        one, other = field.means(np.stack([np.ones(field.size), w / field.mass]))
        inner = float(w @ agreement(field))
        size = float(np.linalg.norm(one) * np.linalg.norm(other))
        end = self.path(steps=self.step)[-1]
        after = prompts.field(end)
        return {
            "J_1": field.value(1),
            "J_F": field.value(objective),
            "inner": inner,
            "cosine": inner / size if size > 0 else None,
            "mean_weight": float(w.sum()),
            "mean_shifted": float(w @ field.success / w.sum()),
            "J_1_end": after.value(1),
            "J_F_end": after.value(objective),
            "theta_end": end.tolist(),
        }

    def describe(self) -> str:
        n, name = self.numbers(), self.chosen().name
        angle = "undefined" if n["cosine"] is None else f"{n['cosine']:.2f}"
        verdict = "conflict" if n["inner"] < 0 and name != "pass@1" else "no conflict"
        return (
            f"The objective {name} on the toy, at θ = ({self.theta[0]:.2f}, {self.theta[1]:.2f}). "
            f"The mean success probability is {n['J_1']:.2f} among all prompts and "
            f"{n['mean_shifted']:.2f} as {name} weighs them. The cosine of its gradient and that "
            f"of pass@1 is {angle}: {verdict}. {self.step} steps of its ascent take pass@1 from "
            f"{n['J_1']:.3f} to {n['J_1_end']:.3f}, and its own value from {n['J_F']:.3f} to "
            f"{n['J_F_end']:.3f}."
        )

    def picture(self):
        from .pictures import objectives

        grid = np.linspace(-REACH, REACH, 31)
        prompts = Toy(self.delta, self.p_hard).quadrature(step=0.25)
        objective, name = _Finite(self.chosen()), self.chosen().name
        cosine = np.ones((len(grid), len(grid)))
        for j, b in enumerate(grid):
            for i, first in enumerate(grid):
                field = prompts.field([first, b])
                w = objective.weight(field.success)
                one, other = field.means(np.stack([np.ones(field.size), w]))
                size = np.linalg.norm(one) * np.linalg.norm(other)
                if size > 0 and name != "pass@1":
                    cosine[j, i] = one @ other / size
        field = self._prompts().field(self.theta)
        p = np.linspace(0.002, 0.998, 400)
        share = field.mass * objective.weight(field.success)
        w = objective.weight(p) / share.sum()
        bars = [np.histogram(field.success, np.linspace(0, 1, 21), weights=v / v.sum())[0]
                for v in (field.mass, share)]  # fmt: skip
        paths = {"pass@1": self.path(1), name: self.path()}
        return objectives(p, w, bars, grid, cosine, paths, name)
