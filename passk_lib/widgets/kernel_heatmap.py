"""The similarity kernel of a sample of prompts, easy ones first (Figure 2)."""

from __future__ import annotations

import numpy as np
import traitlets

from ..bandit import THETA_REF, Toy
from ..interference import cosine_kernel, kernel
from .figure import LiveFigure
from .traits import Choice, Number, Point

__all__ = ["KernelHeatmap"]

SIZE = 160


class _Pair(Point):
    def check(self, value):
        pair = super().check(value)
        if any(index != int(index) for index in pair):
            raise ValueError(f"{self.name} must be two whole numbers; got {pair}")
        return tuple(int(index) for index in pair)


class KernelHeatmap(LiveFigure):
    """Cosines or values of the kernel for all pairs of 160 sampled prompts; any pair can be read.

    theta: (2,) in [-5, 5]. delta: distance of the feature means, 0 to 3. p_hard: share of hard
    prompts, 0.05 to 0.95. kind: "cosine" or "kernel". order: "feature" or "sample", within each
    label. pair: two prompts by their number in the sample, 0 to 159. The sample is that of
    `Toy(delta, p_hard).sample(160, seed)`; `seed` can be given to the constructor only.
    """

    theta = Point(THETA_REF, -5, 5)
    delta = Number(0.2, 0, 3)
    p_hard = Number(0.4, 0.05, 0.95)
    kind = Choice("cosine", "kernel")
    order = Choice("feature", "sample")
    pair = _Pair((0, 1), 0, SIZE - 1)
    # The draws behind the sample; the browser turns them into prompts as δ and p_hard move.
    _uniforms = traitlets.List().tag(sync=True)
    _normals = traitlets.List().tag(sync=True)

    def __init__(self, seed: int = 0, **state):
        self._seed = seed
        rng = np.random.default_rng(seed)
        uniforms, normals = rng.random(SIZE), rng.standard_normal(SIZE)
        super().__init__(**state)
        self._uniforms, self._normals = uniforms.tolist(), normals.tolist()

    def _sample(self):
        prompts = Toy(self.delta, self.p_hard).sample(SIZE, self._seed)
        return prompts, prompts.field(self.theta)

    def numbers(self) -> dict:
        """Shares of negative pairs (two different prompts), E[κ] = ‖∇J_1‖², κ and cosine of
        `pair`; None for what no pair decides."""
        prompts, field = self._sample()
        values = kernel(field)
        different = prompts.hard[:, None] != prompts.hard[None, :]
        pairs = ~np.eye(SIZE, dtype=bool)
        i, j = self.pair

        def share(which):
            return float((values[which] < 0).mean()) if which.any() else None

        return {
            "negative_same": share(pairs & ~different),
            "negative_different": share(different),
            "negative": share(pairs),
            "mean_kernel": float(values.mean()),
            "kappa": float(values[i, j]),
            "cosine": float(cosine_kernel(field, rows=[i])[0, j]),
        }

    def describe(self) -> str:
        n = self.numbers()
        shares = {key: n[key] for key in ("negative_same", "negative_different")}
        said = {key: "none" if x is None else f"{x:.0%}" for key, x in shares.items()}
        return (
            f"Heatmap of the {'cosine of the ' if self.kind == 'cosine' else ''}kernel for all "
            f"pairs of {SIZE} prompts, δ = {self.delta:g}, share of hard prompts {self.p_hard:g}. "
            f"Pairs that interfere negatively: {said['negative_different']} of those of an easy "
            f"and a hard prompt, {said['negative_same']} of those of one label."
        )

    def picture(self):
        from ..figures import kernel_heatmap

        prompts, field = self._sample()
        values = cosine_kernel(field) if self.kind == "cosine" else kernel(field)
        if self.kind == "kernel":
            values = values / np.abs(values).max()
        by = prompts.features[:, 1] if self.order == "feature" else np.arange(SIZE)
        return kernel_heatmap(values, prompts.hard, by)
