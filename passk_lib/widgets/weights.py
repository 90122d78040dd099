"""Pass@k and its weight over the success probability; a distribution and its reweighted version."""

from __future__ import annotations

import numpy as np

from ..objectives import log_weight, pass_at_k, weight
from .figure import LiveFigure
from .traits import Integer, Masses

__all__ = ["Weights"]

BINS = 20
CENTRES = (np.arange(BINS) + 0.5) / BINS


def _two_camps() -> list[float]:
    """A camp of hard prompts and a larger one of easy prompts."""
    hard = np.exp(-(((CENTRES - 0.12) / 0.12) ** 2))
    easy = np.exp(-(((CENTRES - 0.85) / 0.14) ** 2))
    return np.round(hard + 1.4 * easy, 4).tolist()


class Weights(LiveFigure):
    """w_k(p) and pass@k over p, and what the weight does to a distribution of difficulties.

    k: 1 to 1000. mass: 20 numbers >= 0, the prompts with p in each twentieth of [0, 1], up to a
    common factor; a prompt counts at the middle of its bin.
    """

    k = Integer(10, 1, 1000)
    mass = Masses(_two_camps())

    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """The bins' shares of all prompts: under D and under D̃_k, each (20,)."""
        share = np.array(self.mass) / np.sum(self.mass)
        log_w = log_weight(CENTRES, self.k)
        shifted = share * np.exp(log_w - log_w.max())
        return share, shifted / shifted.sum()

    def numbers(self) -> dict:
        """J_1, J_k, E[w], the mean of p under D̃_k, and D̃_k itself."""
        share, shifted = self.shares()
        return {
            "J_1": float(share @ CENTRES),
            "J_k": float(share @ pass_at_k(CENTRES, self.k)),
            "mean_weight": float(share @ weight(CENTRES, self.k)),
            "mean_shifted": float(shifted @ CENTRES),
            "shifted": shifted.tolist(),
        }

    def describe(self) -> str:
        n = self.numbers()
        return (
            f"Pass@{self.k} and its weight over the success probability p, and a distribution of "
            f"difficulties. pass@1 is {n['J_1']:.3f}, pass@{self.k} is {n['J_k']:.3f}; the mean "
            f"success probability is {n['J_1']:.2f} among all prompts and {n['mean_shifted']:.2f} "
            f"among the prompts as pass@{self.k} weighs them."
        )

    def picture(self):
        from .pictures import weights

        return weights(CENTRES, *self.shares(), self.k)
