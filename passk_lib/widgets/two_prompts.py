"""Two prompts and their gradients: the example of section 3.3, free to move."""

from __future__ import annotations

import numpy as np

from .. import bandit
from ..interference import conflict, kernel
from ..objectives import weight
from .figure import LiveFigure
from .traits import Choice, Integer, Number, Point

__all__ = ["TwoPrompts"]


class TwoPrompts(LiveFigure):
    """Drag both feature vectors and θ; see gradients, κ, cosines, and what a step does.

    psi_easy, psi_hard: (2,) in [-1.5, 1.5]. theta: (2,) in [-5, 5]. k: 1 to 1000. eta: step size,
    0 to 50. along: the direction of the step, "pass@k", "pass@1", "easy" or "hard" (∇p of that
    prompt alone). Each prompt has mass 1/2.
    """

    psi_easy = Point(bandit.two_prompts().features[0], -1.5, 1.5)
    psi_hard = Point(bandit.two_prompts().features[1], -1.5, 1.5)
    theta = Point(bandit.THETA_REF, -5, 5)
    k = Integer(10, 1, 1000)
    eta = Number(5.0, 0, 50)
    along = Choice("pass@k", "pass@1", "easy", "hard")

    def _prompts(self) -> bandit.BanditPrompts:
        features = np.array([self.psi_easy, self.psi_hard])
        return bandit.BanditPrompts(features, np.array([False, True]), np.array([0.5, 0.5]))

    def _fields(self):
        """The field at θ, the direction of the step, and the field after it."""
        prompts = self._prompts()
        field = prompts.field(self.theta)
        direction = {
            "pass@k": lambda: field.mean(weight(field.success, self.k)),
            "pass@1": field.mean,
            "easy": lambda: field.gradient(0),
            "hard": lambda: field.gradient(1),
        }[self.along]()
        return field, direction, prompts.field(np.array(self.theta) + self.eta * direction)

    def numbers(self) -> dict:
        """p, w, κ, both cosines (None where a gradient is 0), J_1 and J_k, before and after."""
        field, direction, after = self._fields()
        report = conflict(field, self.k)
        w = weight(field.success, self.k)
        kappa = kernel(field)
        length = float(np.sqrt(kappa[0, 0] * kappa[1, 1]))
        norms = np.sqrt(report.norm1_sq) * report.norm_k
        return {
            "p_easy": float(field.success[0]),
            "p_hard": float(field.success[1]),
            "w_easy": float(w[0]),
            "w_hard": float(w[1]),
            "kappa": float(kappa[0, 1]),
            "cosine_prompts": float(kappa[0, 1] / length) if length else None,
            "cosine": float(report.cosine) if norms else None,
            "J_1": field.value(1),
            "J_k": field.value(self.k),
            "direction": direction.tolist(),
            "p_easy_after": float(after.success[0]),
            "p_hard_after": float(after.success[1]),
            "J_1_after": after.value(1),
            "J_k_after": after.value(self.k),
        }

    def _along(self) -> str:
        name = {"pass@k": f"pass@{self.k}", "pass@1": "pass@1"}.get(self.along)
        return f"the gradient of {name or f'the {self.along} prompt'}"

    def describe(self) -> str:
        n = self.numbers()
        cosines = ", ".join(
            f"{name} {'undefined' if n[key] is None else format(n[key], '.2f')}"
            for name, key in (("of the prompts' gradients", "cosine_prompts"),
                              (f"of the gradients of pass@1 and pass@{self.k}", "cosine"))
        )  # fmt: skip
        return (
            f"Two prompts, an easy one (p = {n['p_easy']:.2f}) and a hard one "
            f"(p = {n['p_hard']:.2f}), with kernel {n['kappa']:.4f}; cosine {cosines}. "
            f"A step of size {self.eta:g} along {self._along()} takes pass@1 from "
            f"{n['J_1']:.2f} to {n['J_1_after']:.2f} and pass@{self.k} from {n['J_k']:.2f} to "
            f"{n['J_k_after']:.2f}."
        )

    def picture(self):
        from ..figures import EASY, HARD, PASS1, PASSK
        from .pictures import two_prompts

        field, _, _ = self._fields()
        n = self.numbers()
        gradients = {
            r"$\nabla p(x_e)$": (field.gradient(0), EASY),
            r"$\nabla p(x_h)$": (field.gradient(1), HARD),
            r"$\nabla J_1$": (field.mean(), PASS1),
            rf"$\nabla J_{{{self.k}}}$": (field.mean(weight(field.success, self.k)), PASSK),
        }
        labels = {"p of easy": "p_easy", "p of hard": "p_hard", "pass@1": "J_1",
                  f"pass@{self.k}" + (" " if self.k == 1 else ""): "J_k"}  # fmt: skip
        before = {label: n[key] for label, key in labels.items()}
        after = {label: n[f"{key}_after"] for label, key in labels.items()}
        names = ["easy", "hard"]
        features = [self.psi_easy, self.psi_hard]
        return two_prompts(features, names, gradients, before, after, self._along())
