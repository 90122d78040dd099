"""The recorded arrays of an experiment on a language model: Figures 6 and 7, for any k."""

from __future__ import annotations

from functools import cached_property
from statistics import NormalDist

import numpy as np
import traitlets

from ..checks import as_finite
from ..estimators import plugin_weight, unbiased_credit, unbiased_weight
from ..objectives import weight
from .experiment_data import Sums, exact_sums, pack, toy_sums, unpack
from .figure import LiveFigure
from .traits import Choice, Integer, Number

__all__ = ["Experiment"]

_Z = NormalDist().inv_cdf(0.95)  # of a 90 % interval


class _UpToSamples(Integer):
    """1 to n: beyond the number of completions a prompt no estimate is unbiased."""

    def validate(self, obj, value):
        value = self.check(value)
        if value > obj.sums.n:
            allowed = f"an integer from 1 to {obj.sums.n}, the completions of each prompt"
            raise ValueError(f"{self.name} must be {allowed}; got {value}")
        return value


class _Estimator(Choice):
    def validate(self, obj, value):
        value = self.check(value)
        if value == "exact" and obj.sums.exact is None:
            raise ValueError(
                f"{self.name} must be 'unbiased' or 'plug-in': this experiment was given no exact "
                f"scores; got {value!r}"
            )
        return value


class Experiment(LiveFigure):
    """Agreement, weights, contributions, and ⟨∇J_k, ∇J_1⟩ over k, from what was sampled once.

    `Experiment.of(result)` shows the result of `passk_lib.llm.experiment.run`. Without one it is
    the toy of section 3.2 that is sampled: 200 prompts, 32 answers to each.

    k: 1 to the number n of completions a prompt. estimator: "unbiased", "plug-in" or, where the
    experiment has them, "exact". q: share of hard prompts in the prompt distribution, 0 to 1; a
    prompt counts with the ratio of its density under this q to that under which it was drawn.
    filter: "whole set" or "filtered": easy prompts with c/n > delta1 and hard ones with
    0 < c/n < delta2. delta1: 0.5 to 1. delta2: 0 to 0.5. Exact values are those of the whole
    prompt distribution; a filter on samples does not touch them.
    """

    k = _UpToSamples(8, 1, 1000)
    estimator = _Estimator("unbiased", "plug-in", "exact")
    q = Number(0.15, 0, 1)
    filter = Choice("whole set", "filtered")
    delta1 = Number(0.85, 0.5, 1)
    delta2 = Number(0.10, 0, 0.5)

    _data = traitlets.Dict().tag(sync=True)

    def __init__(self, data: dict | None = None, **state):
        self._of_toy = data is None
        self._data = toy_sums() if data is None else data
        super().__init__(**{"k": min(8, self.sums.n), "q": self.sums.share, **state})

    @classmethod
    def of(cls, result, along_hard=None, **state) -> Experiment:
        """The figure of a `passk_lib.llm.experiment.Result`, which must hold the kernel.

        along_hard: (P,) exact inner product of ∇p with the mean gradient of the hard prompts, for
        every prompt of the task: `field.inner(field.mean(hard / share))`. With it, and with exact
        values in the result, "exact" is a third estimator, for every q.
        """
        kernel = result.sampled.kernel
        if kernel is None:
            raise ValueError("result has no kernel: run the experiment with kernel=True")
        counts, labels, share, exact = result.counts, result.hard, None, None
        if result.has_exact and labels is not None:
            task = result.task
            share = float(task.mass[task.hard].sum())
        if along_hard is not None:
            if share is None:
                raise ValueError(
                    "along_hard needs a result with exact values and labels; this one has none"
                )
            along_hard = as_finite("along_hard", along_hard, task.mass.shape)
            exact = exact_sums(
                int(counts.n[0]),
                result.stages["prompts"]["index"],
                result.population_success,
                (result.population_agreement - share * along_hard) / (1 - share),
                along_hard,
                task.hard,
                task.mass,
            )
        hard = result.success < 0.5 if labels is None else labels
        return cls(pack(counts.n, counts.c, hard, kernel, share, exact), **state)

    @property
    def data(self) -> dict:
        """What the figure was made of, small enough for a page; `Experiment(data)` is the same."""
        return self._data

    @cached_property
    def sums(self) -> Sums:
        """The same as arrays."""
        return unpack(self._data)

    def __repr__(self) -> str:
        if self._of_toy:
            return super().__repr__()
        about = f"<{len(self.sums.c)} prompts, n = {self.sums.n}>"
        return super().__repr__().replace("(", f".of({about}, ", 1)

    # --- What is estimated -------------------------------------------------------------------

    def _filtered(self) -> bool:
        return self.filter == "filtered" and self.estimator != "exact"

    def _kept(self) -> np.ndarray:
        """(N,) the prompts that the filter leaves, or all."""
        s = self.sums
        if not self._filtered():
            return np.ones(len(s.c), dtype=bool)
        success = s.c / s.n
        return (success > self.delta1) | ((success > 0) & (success < self.delta2))

    def _ratio(self, hard: np.ndarray) -> np.ndarray:
        """The density of a prompt under q, relative to that under which it was drawn."""
        share = self.sums.share
        return np.where(hard, self.q / share, (1 - self.q) / (1 - share))

    def weights(self, k: int | None = None) -> np.ndarray:
        """(N,) the weight of each prompt: what multiplies its gradient, by the chosen estimator.

        Unbiased: the credit of its correct completions; where there is none, the unbiased estimate
        of its weight, for nothing is there to be credited.
        """
        s, k = self.sums, self.k if k is None else k
        if self.estimator == "exact":
            return weight(s.exact.success, k)
        if self.estimator == "plug-in":
            return plugin_weight(s.n, s.c, k)
        return np.where(s.c == 0, unbiased_weight(s.n, s.c, k), unbiased_credit(s.n, s.c, k))

    def scores(self) -> np.ndarray:
        """(N,) agreement scores, against the mean gradient of the prompts that are kept."""
        s = self.sums
        if self.estimator == "exact":
            return s.exact.agreement @ [1 - self.q, self.q]
        kept = self._kept()
        total = self._total(kept)
        a = s.rows @ self._by_group(kept) / total
        if self.estimator == "unbiased":
            count = kept.sum()
            a = (a - self._ratio(s.hard) * s.diagonal / total) * count / (count - 1)
        return a

    def _total(self, kept: np.ndarray) -> float:
        # Of the whole set the sum of the ratios is known, N on average: importance weighting, which
        # is unbiased. The mass that a filter keeps under q is not known, and is estimated.
        return float(self._ratio(self.sums.hard)[kept].sum() if self._filtered() else len(kept))

    def _by_group(self, kept: np.ndarray) -> np.ndarray:
        """(groups,) the ratio of a group's prompts, 0 where the filter drops them."""
        s = self.sums
        here = np.bincount(s.group[kept & (s.c > 0)], minlength=len(s.levels)) > 0
        return here * self._ratio(s.group_hard)

    def _group_weights(self, k: int) -> np.ndarray:
        s = self.sums
        if self.estimator == "plug-in":
            return plugin_weight(s.n, s.levels, k)
        return unbiased_credit(s.n, s.levels, k)

    def _half_width(self, kept: np.ndarray) -> float:
        """Half the width of a 90 % interval of ⟨∇J_k, ∇J_1⟩: jackknife over the kept prompts."""
        s, count, total = self.sums, int(kept.sum()), self._total(kept)
        ratio, w, of_group = self._ratio(s.hard), self.weights(), self._by_group(kept)
        given = (ratio * w * (s.rows @ of_group))[kept]
        taken = (ratio * (s.rows @ (of_group * self._group_weights(self.k))))[kept]
        diagonal = (ratio**2 * w * s.diagonal)[kept]
        without = total - (ratio[kept] if self._filtered() else 1)
        if self.estimator == "unbiased":
            off = given.sum() - diagonal.sum()
            left = off - (given - diagonal) - (taken - diagonal)
            left = left / without**2 * (count - 1) / (count - 2)
        else:
            left = (given.sum() - given - taken + diagonal) / without**2
        spread = left - left.mean()
        return float(_Z * np.sqrt((count - 1) / count * (spread @ spread)))

    def products(self, k: int) -> dict[str, float]:
        """For any k up to n: ⟨∇J_k, ∇J_1⟩, ‖∇J_1‖² and, where it was sampled, ‖∇J_k‖²."""
        s, kept = self.sums, self._kept()
        if self.estimator == "exact":
            mix = np.array([1 - self.q, self.q])
            inner, norm = ((mix @ s.exact.table[i - 1])[1:] @ mix for i in (k, 1))
            return {"inner": float(inner), "norm_1_sq": float(norm), "norm_k_sq": None}
        count = int(kept.sum())
        one = self._by_group(kept) / self._total(kept)
        many = one * self._group_weights(k)

        def pairs(u, v):
            if self.estimator == "plug-in":
                return float(u @ s.gram @ v)
            return float((u @ s.gram @ v - (u * v) @ s.own) * count / (count - 1))

        return {"inner": pairs(many, one), "norm_1_sq": pairs(one, one),
                "norm_k_sq": pairs(many, many)}  # fmt: skip

    def mean_weight(self) -> float:
        """E[w_k]: unbiased or plug-in over the kept prompts, or exact."""
        s, kept = self.sums, self._kept()
        if self.estimator == "exact":
            return float([1 - self.q, self.q] @ s.exact.table[self.k - 1, :, 0])
        of = unbiased_weight if self.estimator == "unbiased" else plugin_weight
        w = self._ratio(s.hard) * of(s.n, s.c, self.k)
        return float(w[kept].sum() / self._total(kept))

    def numbers(self) -> dict:
        """⟨∇J_k, ∇J_1⟩ with its 90 % interval, both squared norms and the cosine, the mean weight,
        the mean score and the weighted mean score; how many prompts are kept, are hard, and have a
        negative score. None where something is undefined, or was not computed exactly."""
        s, kept = self.sums, self._kept()
        count = int(kept.sum())
        n = {"prompts": count, "hard": int((kept & s.hard).sum())}
        n |= dict.fromkeys(["inner", "low", "high", "norm_1_sq", "norm_k_sq", "cosine",
                            "mean_weight", "mean_agreement", "weighted_agreement",
                            "opposed"])  # fmt: skip
        if count < 3:
            return n
        n |= self.products(self.k)
        n["opposed"] = int((self.scores()[kept] < 0).sum())
        n["mean_agreement"], n["mean_weight"] = n["norm_1_sq"], self.mean_weight()
        if n["mean_weight"] > 0:
            n["weighted_agreement"] = n["inner"] / n["mean_weight"]
        if self.estimator != "exact":
            half = self._half_width(kept)
            n["low"], n["high"] = n["inner"] - half, n["inner"] + half
            if n["norm_1_sq"] > 0 and n["norm_k_sq"] > 0:
                n["cosine"] = n["inner"] / float(np.sqrt(n["norm_1_sq"] * n["norm_k_sq"]))
        return n

    def describe(self) -> str:
        n = self.numbers()
        name = {"unbiased": "unbiased estimate", "plug-in": "plug-in estimate"}
        what = name.get(self.estimator, "exact value")
        where = f"{n['prompts']} prompts ({n['hard']} hard)"
        if self._filtered():
            where += f" that the filter c/n > {self.delta1:g} or 0 < c/n < {self.delta2:g} keeps"
        if n["inner"] is None:
            return f"An experiment: {where}; fewer than three leave nothing to estimate."
        verdict = "conflict" if n["inner"] < 0 and self.k > 1 else "no conflict"
        weighted = n["weighted_agreement"]
        return (
            f"An experiment with {where}, {self.sums.n} completions each, share of hard prompts "
            f"{self.q:g}. For k = {self.k} the {what} of the inner product of the two gradients is "
            f"{n['inner']:.3g}: {verdict}. {n['opposed']} prompts have a negative agreement score; "
            f"the mean score is {n['mean_agreement']:.3g}"
            + ("." if weighted is None else f", weighted by pass@{self.k} {weighted:.3g}.")
        )

    def picture(self):
        from .pictures import experiment

        s, kept, n = self.sums, self._kept(), self.numbers()
        orders = np.arange(1, s.n + 1)
        enough = kept.sum() > 2
        a = self.scores()[kept] if enough else np.zeros(kept.sum())
        inner = [self.products(int(k))["inner"] for k in orders] if enough else None
        return experiment(
            a, self.weights()[kept], s.hard[kept], (s.c / s.n)[kept], self.k,
            orders, inner, n["mean_agreement"], n["weighted_agreement"],
        )  # fmt: skip
