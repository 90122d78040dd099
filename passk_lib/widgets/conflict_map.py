"""The θ plane of the toy: where the gradients of pass@k and pass@1 conflict (Figures 3 and 5)."""

from __future__ import annotations

import numpy as np

from ..ascent import ascend
from ..bandit import THETA_REF, Toy
from ..interference import conflict
from ..objectives import weight
from .figure import LiveFigure
from .traits import Choice, Integer, Number, Point

__all__ = ["ConflictMap"]

REACH = 5.0
STEPS = 100


class ConflictMap(LiveFigure):
    """Contours of J_1 and J_k over θ, the conflict region, and both ascents from a point one drags.

    theta: (2,) in [-5, 5]. k: 1 to 1000. delta: distance of the feature means, 0 to 3. p_hard:
    share of hard prompts, 0.05 to 0.95. eta: step size of the ascents, 0.1 to 5. step: how many of
    the 100 steps are shown. ascent: which one, "pass@k" or "pass@1". contours: "both", "J_1" or
    "J_k".
    """

    theta = Point(THETA_REF, -REACH, REACH)
    k = Integer(10, 1, 1000)
    delta = Number(0.2, 0, 3)
    p_hard = Number(0.4, 0.05, 0.95)
    eta = Number(1.0, 0.1, 5)
    step = Integer(STEPS, 0, STEPS)
    ascent = Choice("pass@k", "pass@1")
    contours = Choice("both", "J_1", "J_k")

    def _prompts(self):
        return Toy(self.delta, self.p_hard).quadrature()

    def path(self, objective: str, steps: int = STEPS) -> np.ndarray:
        """θ along the ascent of "pass@k" or "pass@1" from `theta`: (steps + 1, 2)."""
        k = 1 if objective == "pass@1" else self.k
        field_at = self._prompts().field
        return ascend(field_at, self.theta, k, step=self.eta, steps=steps).thetas

    def numbers(self) -> dict:
        """J_1, J_k, ⟨∇J_k, ∇J_1⟩, both norms, their cosine; J_1, J_k and θ after `step` steps."""
        prompts = self._prompts()
        field = prompts.field(self.theta)
        report = conflict(field, self.k)
        end = self.path(self.ascent, self.step)[-1]
        field_end = prompts.field(end)
        return {
            "J_1": field.value(1),
            "J_k": field.value(self.k),
            "inner": float(report.inner),
            "norm_1": float(np.sqrt(report.norm1_sq)),
            "norm_k": float(report.norm_k),
            "cosine": float(report.cosine),
            "J_1_end": field_end.value(1),
            "J_k_end": field_end.value(self.k),
            "theta_end": end.tolist(),
        }

    def describe(self) -> str:
        n = self.numbers()
        name = f"pass@{self.k}" if self.ascent == "pass@k" else "pass@1"
        verdict = "conflict" if n["inner"] < 0 and self.k > 1 else "no conflict"
        return (
            f"Conflict map over θ for k = {self.k}, δ = {self.delta:g}, share of hard prompts "
            f"{self.p_hard:g}. At θ = ({self.theta[0]:.2f}, {self.theta[1]:.2f}) the cosine of the "
            f"gradients of pass@1 and pass@{self.k} is {n['cosine']:.2f}: {verdict}. "
            f"{self.step} steps of {name} ascent take pass@1 from {n['J_1']:.3f} to "
            f"{n['J_1_end']:.3f} and pass@{self.k} from {n['J_k']:.3f} to {n['J_k_end']:.3f}."
        )

    def picture(self):
        from ..figures import conflict_map

        grid = np.linspace(-REACH, REACH, 41)
        prompts = Toy(self.delta, self.p_hard).quadrature(step=0.25)
        tables = np.empty((3, len(grid), len(grid)))
        for j, b in enumerate(grid):
            for i, a in enumerate(grid):
                field = prompts.field([a, b])
                w = weight(field.success, self.k)
                g1, gk = field.means(np.stack([np.ones(field.size), w]))
                tables[:, j, i] = field.value(1), field.value(self.k), g1 @ gk
        if self.k == 1:
            tables[2] = 1.0  # a square: no conflict, whatever rounding says
        paths = {"pass@1": self.path("pass@1"), f"pass@{self.k}": self.path("pass@k")}
        return conflict_map(grid, *tables, self.k, paths=paths)
