"""The threshold k* of Proposition 4.5 against the exact set of conflicting k."""

from __future__ import annotations

import numpy as np

from .. import checks
from ..bandit import THETA_REF, Toy
from ..field import DenseField
from ..interference import agreement, conflict, conflict_set, k_star
from .figure import LiveFigure
from .traits import Choice, Integer, Number, _Entries, frozen

__all__ = ["Threshold"]

K_MAX = 1000


class _Prompts(_Entries):
    """Rows (mass, p, g): masses > 0 up to a common factor, p in [0.001, 0.999], g in [-50, 50]."""

    def check(self, value):
        rows = checks.as_finite(self.name, value, (None, 3))
        if len(rows) > 8:
            raise ValueError(f"{self.name} must have at most 8 rows; got {len(rows)}")
        for index, (label, low, high) in enumerate(
            [("masses", 1e-6, 1e6), ("success probabilities", 0.001, 0.999), ("gradients", -50, 50)]
        ):
            column = rows[:, index]
            if ((column < low) | (column > high)).any():
                raise ValueError(
                    f"{self.name} must have {label} (column {index}) from {low:g} to {high:g}; "
                    f"got {column.tolist()}"
                )
        return frozen(rows.tolist())


class Threshold(LiveFigure):
    """Mean agreement under D̃_k over k, with every crossing, k* and its hypotheses.

    prompts: up to 8 rows (mass, success probability, gradient) of a policy with one parameter.
    margin: m as a share of the largest -a, 0.05 to 1. k: 1 to 1000. source: "prompts", or "toy"
    for the toy of section 3.2 at θ = (-2, -2).
    """

    prompts = _Prompts(((1, 0.03, -2), (2, 0.1, -1), (9, 0.6, 1), (8, 0.9, 1.5)))
    margin = Number(0.5, 0.05, 1)
    k = Integer(10, 1, K_MAX)
    source = Choice("prompts", "toy")

    def field(self) -> DenseField:
        """The prompts as a field."""
        if self.source == "toy":
            return Toy().quadrature().field(THETA_REF)
        mass, success, gradients = np.array(self.prompts, dtype=float).T
        return DenseField(mass / mass.sum(), success, gradients[:, None])

    def numbers(self) -> dict:
        """The conflicting k up to 1000 as intervals, k* (None where a hypothesis fails), what it is
        made of, and the mean agreement under D̃_k."""
        field = self.field()
        a = agreement(field)
        strongest = float(max(0.0, (-a[field.mass > 0]).max()))
        found = {"k_star": None, "k_star_sharp": None, "q": 0.0, "epsilon": None, "G_squared": None}
        if strongest > 0:
            t = k_star(field, m=self.margin * strongest)
            found = {
                "k_star": t.paper if t.holds else None,
                "k_star_sharp": t.sharp if t.holds else None,
                "q": t.q,
                "epsilon": t.epsilon,
                "delta": t.delta,
                "G_squared": t.G_squared,
            }
        return {
            "intervals": [list(pair) for pair in conflict_set(field, K_MAX).intervals],
            "agreement_shifted": float(conflict(field, self.k).agreement_shifted),
            **found,
        }

    def describe(self) -> str:
        n = self.numbers()
        spans = ", ".join(f"{a} to {b}" if b > a else f"{a}" for a, b in n["intervals"]) or "no k"
        promise = (
            "a hypothesis of Proposition 4.5 fails, so it promises nothing"
            if n["k_star"] is None
            else f"Proposition 4.5 promises conflict beyond k* = {n['k_star']:.1f}"
        )
        return f"Mean agreement over k: conflict for {spans} (k up to {K_MAX}); {promise}."

    def picture(self):
        from .pictures import threshold

        k = np.unique(np.round(np.geomspace(1, K_MAX, 150)).astype(int))
        n = self.numbers()
        shifted = conflict(self.field(), k).agreement_shifted
        return threshold(k, shifted, n["intervals"], n["k_star"])
