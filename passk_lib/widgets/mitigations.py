"""Ways to follow pass@k without losing pass@1, compared at equal step length from one start."""

from __future__ import annotations

import numpy as np

from ..ascent import Trajectory, ascend
from ..bandit import THETA_REF, Toy
from ..mitigation import Annealing, Gram, along, min_norm, mix, no_loss_mix, one_sided, pcgrad
from ..objectives import Clipped, PassAtK
from .figure import LiveFigure
from .traits import Choice, Integer, Number, Point

__all__ = ["Mitigations"]

REACH = 5.0
STEPS = 60


class Mitigations(LiveFigure):
    """Paths over θ and in the plane of pass@1 and pass@k, every step of the same length.

    method: the one shown in words: "pass@1", "pass@k", "mix" (λ ∇J_1 + (1 - λ) ∇J_k), "one-sided"
    (the no-loss mix goes the same way), "surgery" (PCGrad), "min-norm" (MGDA), "clipped" (weights
    of pass@k cut at `ceiling`), "annealed" (k falls to 1 along the path). theta: (2,) in [-5, 5].
    k: 2 to 1000. lam: λ, 0 to 1. ceiling: 0.1 to 1000. delta: distance of the feature means, 0
    to 3. p_hard: share of hard prompts, 0.05 to 0.95. length: of each step, 0.01 to 0.2. step:
    how many of the 60 steps are shown.
    """

    method = Choice("one-sided", "pass@1", "pass@k", "mix", "surgery", "min-norm", "clipped",
                    "annealed")  # fmt: skip
    theta = Point(THETA_REF, -REACH, REACH)
    k = Integer(10, 2, 1000)
    lam = Number(0.5, 0, 1)
    ceiling = Number(3.0, 0.1, 1000)
    delta = Number(0.2, 0, 3)
    p_hard = Number(0.4, 0.05, 0.95)
    length = Number(0.05, 0.01, 0.2)
    step = Integer(STEPS, 0, STEPS)

    methods = ("pass@1", "pass@k", "mix", "one-sided", "surgery", "min-norm", "clipped", "annealed")

    def _prompts(self):
        return Toy(self.delta, self.p_hard).quadrature()

    def trajectory(self, method: str | None = None, steps: int = STEPS) -> Trajectory:
        """The path of a method, default the chosen one: its θ, and pass@1 and pass@k along it."""
        method = self.method if method is None else method
        directions = {"mix": mix(self.lam), "one-sided": one_sided(), "surgery": pcgrad(),
                      "min-norm": min_norm()}  # fmt: skip
        objectives = {
            "pass@1": 1,
            "clipped": Clipped(PassAtK(self.k), self.ceiling),
            "annealed": Annealing(self.k, 1, STEPS),
        }
        way = directions.get(method)
        return ascend(
            self._prompts().field,
            self.theta,
            objectives.get(method, self.k),
            length=self.length,
            steps=steps,
            track=(1, self.k),
            direction=None if way is None else along(way, self.k),
        )

    def numbers(self) -> dict:
        """‖∇J_1‖², ⟨∇J_k, ∇J_1⟩, ‖∇J_k‖², the cosine and the smallest λ without first-order loss;
        pass@1 and pass@k at the start and, for each of `methods`, after `step` steps; the lowest
        pass@1 on the chosen way, and its end."""
        field = self._prompts().field(self.theta)
        gradients = field.mean(), field.objective_gradient(PassAtK(self.k))
        gram = Gram.of(*gradients)
        size = float(np.linalg.norm(gradients[0]) * np.linalg.norm(gradients[1]))
        names = ("pass@1", f"pass@{self.k}")
        paths = {method: self.trajectory(method, self.step) for method in self.methods}
        chosen = paths[self.method]
        return {
            "one_sq": gram.one,
            "inner": gram.cross,
            "k_sq": gram.k,
            "cosine": gram.cross / size if size > 0 else None,
            "no_loss": no_loss_mix()(gram)[0],
            "J_1": field.value(1),
            "J_k": field.value(self.k),
            "ends": [[float(p.values[name][-1]) for name in names] for p in paths.values()],
            "lowest": float(chosen.values["pass@1"].min()),
            "theta_end": chosen.thetas[-1].tolist(),
        }

    def describe(self) -> str:
        n = self.numbers()
        angle = "undefined" if n["cosine"] is None else f"{n['cosine']:.2f}"
        ends = ", ".join(
            f"{method.replace('@k', f'@{self.k}')}: {one:.3f} and {many:.3f}"
            for method, (one, many) in zip(self.methods, n["ends"], strict=True)
        )
        return (
            f"Ways to follow pass@{self.k} from θ = ({self.theta[0]:.2f}, {self.theta[1]:.2f}), "
            f"where the gradients of pass@1 and pass@{self.k} have cosine {angle}. From pass@1 "
            f"{n['J_1']:.3f} and pass@{self.k} {n['J_k']:.3f}, {self.step} steps of length "
            f"{self.length:g} lead to {ends}."
        )

    def picture(self):
        from .pictures import mitigations

        grid = np.linspace(-REACH, REACH, 31)
        prompts = Toy(self.delta, self.p_hard).quadrature(step=0.25)
        inner = np.empty((len(grid), len(grid)))
        for j, b in enumerate(grid):
            for i, a in enumerate(grid):
                field = prompts.field([a, b])
                one, other = field.means(
                    np.stack([np.ones(field.size), PassAtK(self.k).weight(field.success)])
                )
                inner[j, i] = one @ other
        paths = {}
        for method in self.methods:
            path = self.trajectory(method, self.step)
            values = [path.values[name] for name in ("pass@1", f"pass@{self.k}")]
            paths[method.replace("@k", f"@{self.k}")] = (path.thetas, *values)
        return mitigations(grid, inner, paths, self.k)
