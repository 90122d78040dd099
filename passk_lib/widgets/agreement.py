"""Agreement scores of the toy's population, before and along an ascent of pass@k (Figure 4)."""

from __future__ import annotations

import numpy as np

from ..ascent import ascend
from ..bandit import THETA_REF, Toy
from ..interference import agreement
from ..objectives import PassAtK
from .figure import LiveFigure
from .traits import Integer, Number, Point

__all__ = ["AgreementHistogram"]

STEPS = 100


class AgreementHistogram(LiveFigure):
    """Distribution of agreement scores at θ and after some steps of pass@k ascent, under D and D̃_k.

    theta: (2,) in [-5, 5]. k: 1 to 1000. delta: distance of the feature means, 0 to 3. p_hard:
    share of hard prompts, 0.05 to 0.95. eta: step size, 0.1 to 5. step: steps taken, 0 to 100.
    """

    theta = Point(THETA_REF, -5, 5)
    k = Integer(10, 1, 1000)
    delta = Number(0.2, 0, 3)
    p_hard = Number(0.4, 0.05, 0.95)
    eta = Number(1.0, 0.1, 5)
    step = Integer(20, 0, STEPS)

    def _scores(self, step: float = 1 / 16):
        """For the start and the end: scores, D and D̃_k over nodes `step` apart."""
        toy = Toy(self.delta, self.p_hard)
        climb = toy.quadrature().field
        path = ascend(climb, self.theta, self.k, step=self.eta, steps=self.step).thetas
        prompts, found = toy.quadrature(step=step), []
        for theta in (path[0], path[-1]):
            field = prompts.field(theta)
            log_w = PassAtK(self.k).log_weight(field.success)
            shifted = field.mass * np.exp(log_w - log_w.max())
            found.append((agreement(field), field.mass, shifted / shifted.sum()))
        return found

    def numbers(self) -> dict:
        """Mean score and share of negative scores, under D and D̃_k, at the start and after."""
        n = {}
        for (a, mass, shifted), when in zip(self._scores(), ("", "_after"), strict=True):
            n[f"mean{when}"] = float(mass @ a)
            n[f"mean_shifted{when}"] = float(shifted @ a)
            n[f"negative{when}"] = float(mass[a < 0].sum())
            n[f"negative_shifted{when}"] = float(shifted[a < 0].sum())
        return n

    def describe(self) -> str:
        n = self.numbers()
        return (
            f"Agreement scores at θ = ({self.theta[0]:.2f}, {self.theta[1]:.2f}), k = {self.k}: "
            f"{n['negative']:.0%} of the prompts are negative, the mean is {n['mean']:.2g} among "
            f"all prompts and {n['mean_shifted']:.2g} as pass@{self.k} weighs them. After "
            f"{self.step} steps of pass@{self.k} ascent {n['negative_after']:.0%} are negative, "
            f"and the means are {n['mean_after']:.2g} and {n['mean_shifted_after']:.2g}."
        )

    def picture(self):
        from .pictures import agreement

        fine = 1 / 512  # so close that bars do not show the nodes
        found = self._scores(fine)
        kept = np.concatenate([a[mass > 1e-4 * fine] for a, mass, _ in found])
        edges = np.linspace(kept.min(), kept.max(), 49)
        bars = [[np.histogram(a, edges, weights=v)[0] for v in (mass, shifted)]
                for a, mass, shifted in found]  # fmt: skip
        n = self.numbers()
        means = [(n["mean"], n["mean_shifted"]), (n["mean_after"], n["mean_shifted_after"])]
        return agreement(edges, *bars, means, self.k, self.step)
