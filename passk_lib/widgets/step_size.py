"""What a step along ∇J_k does to J_1 and J_k, against what Proposition 4.6 promises."""

from __future__ import annotations

import numpy as np

from ..ascent import largest_step, step_bounds
from ..bandit import THETA_REF, two_prompts
from ..objectives import PassAtK
from .figure import LiveFigure
from .traits import Integer, Number, Point

__all__ = ["StepSize"]


class StepSize(LiveFigure):
    """ΔJ_1/η and ΔJ_k/η over η on the two prompts of section 3.3, with promised and true limits.

    theta: (2,) in [-5, 5]. k: 1 to 1000. delta: distance of the features, 0 to 3. eta: the step
    that is read off, 1e-5 to 1000.
    """

    theta = Point(THETA_REF, -5, 5)
    k = Integer(10, 1, 1000)
    delta = Number(0.2, 0, 3)
    eta = Number(5.0, 1e-5, 1e3)

    def _changes(self, etas) -> tuple[np.ndarray, np.ndarray]:
        prompts, objective = two_prompts(self.delta), PassAtK(self.k)
        field = prompts.field(self.theta)
        direction = field.objective_gradient(objective)
        after = [prompts.field(np.array(self.theta) + eta * direction) for eta in etas]
        return (
            np.array([f.value(1) - field.value(1) for f in after]),
            np.array([f.value(objective) - field.value(objective) for f in after]),
        )

    def numbers(self) -> dict:
        """⟨∇J_k, ∇J_1⟩, ‖∇J_k‖², δ(θ) and the promised steps (paper, sharp), the largest step that
        works, and what the step `eta` changes. δ(θ) is None where no prompt is opposed."""
        prompts = two_prompts(self.delta)
        field = prompts.field(self.theta)
        gradient = field.objective_gradient(PassAtK(self.k))
        # Both bounds of (12) over every θ: σ(1 - σ)‖ψ‖² is at most ‖ψ‖²/4.
        G_squared = float((prompts.features**2).sum(axis=1).max() / 4)
        opposed = (field.inner(field.mean()) < 0).any()
        bounds = step_bounds(field, self.k, G_squared, G_squared) if opposed else None
        change_1, change_k = self._changes([self.eta])
        return {
            "inner": float(gradient @ field.mean()),
            "square": float(gradient @ gradient),
            **{f"delta_{name}": bounds[name].delta if bounds else None
               for name in ("paper", "sharp")},
            **{f"step_{name}": bounds[name].step if bounds else 0.0 for name in ("paper", "sharp")},
            "largest_step": largest_step(prompts.field, np.array(self.theta), self.k),
            "change_1": float(change_1[0]),
            "change_k": float(change_k[0]),
        }  # fmt: skip

    def describe(self) -> str:
        n = self.numbers()
        return (
            f"Change of pass@1 and pass@{self.k} along the gradient of pass@{self.k}, over the "
            f"step size. Proposition 4.6 promises a fall of pass@1 and a rise of pass@{self.k} up "
            f"to {n['step_paper']:.2g}, sharper constants up to {n['step_sharp']:.2g}; it is so "
            f"up to {n['largest_step']:.3g}. A step of {self.eta:g} changes pass@1 by "
            f"{n['change_1']:.3g} and pass@{self.k} by {n['change_k']:.3g}."
        )

    def picture(self):
        from .pictures import step_size

        n = self.numbers()
        etas = np.geomspace(1e-5, 1e3, 120)
        change = [values / etas for values in self._changes(etas)]
        promised = {"promised": (n["step_paper"], "--"), "sharper": (n["step_sharp"], ":")}
        limit = n["largest_step"] if np.isfinite(n["largest_step"]) else None
        return step_size(etas, change, (n["inner"], n["square"]), promised, limit, self.k)
