r"""Estimates of <dJ_k, dJ_1> from sampled prompts and completions, and how sure they are.

N prompts are independent draws from D; prompt i has n independent completions, c_i of them
correct.  g_i = (1/n) sum over its correct completions of d log pi is unbiased for dp(x_i).  What
is estimated is always the population value <dJ_k, dJ_1> over D, not that of the N prompts drawn.

plug-in     (1/N^2) sum over ALL pairs i, j of w_i <g_i, g_j>,  w_i = k (1 - c_i/n)^(k-1).
            Biased twice: w_i and g_i come from the same samples, and the diagonal i = j compares
            a prompt's noise with itself.  The paper's form.
unbiased    1/(N(N-1)) sum over pairs i != j of credit_i <g_i, g_j>.  credit_i g_i with
            credit = k C(n-c, k-1)/C(n-1, k-1) is unbiased for w_k(x_i) dp(x_i) (n >= k), and
            different prompts are independent: a U-statistic, unbiased.  No within-prompt pair
            enters, so n >= k + 1 is not needed.
cross-fit   as unbiased, but over pairs from different folds of the prompts only: also unbiased, a
            little noisier, and it needs no norms of single gradients.

Off-policy samples (another temperature, top-p) keep none of these promises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from ..checks import as_finite, as_flags, as_number, as_positive_integers
from ..estimators import plugin_weight, unbiased_credit
from ..field import SampleCounts

ESTIMATORS = ("plug-in", "unbiased", "cross-fit")


@dataclass(frozen=True)
class SampledAgreement:
    """What the estimators need to know about N sampled gradients g_i.

    counts: n, c of each prompt; agreement: (N,) <g_i, mean of all g>; norm_sq: (N,) |g_i|^2;
    crossfit: (N,) <g_i, mean of g over the other folds>, or None;
    kernel: (N, N) <g_i, g_j>, or None;
    against_credit: k -> (N,) <g_i, mean of credit g>, the credit that of k: what intervals need
    where there is no kernel.

    Three prompts with two parameters; the plug-in's diagonal hides that the prompts disagree:

    >>> g = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.5]])
    >>> counts = SampleCounts(4, np.array([4, 3, 1]))
    >>> seen = SampledAgreement(counts, g @ g.mean(axis=0), (g * g).sum(axis=1))
    >>> seen.inner([1, 2], "plug-in").round(3)
    array([0.694, 0.097])
    >>> seen.inner([1, 2]).round(3)
    array([-0.167, -0.778])
    """

    counts: SampleCounts
    agreement: np.ndarray
    norm_sq: np.ndarray
    crossfit: np.ndarray | None = None
    kernel: np.ndarray | None = None
    against_credit: Mapping[int, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        size = (len(self.counts.c),)
        for k, scores in self.against_credit.items():
            as_finite(f"against_credit[{k}]", scores, size)
        as_finite("agreement", self.agreement, size)
        as_finite("norm_sq", self.norm_sq, size)
        if len(self.agreement) < 2:
            raise ValueError("agreement has 1 prompt: pairs need at least 2")

    @property
    def size(self) -> int:
        return len(self.agreement)

    @property
    def agreement_without_self(self) -> np.ndarray:
        """(N,) <g_i, mean of g over the OTHER prompts>: unbiased for a(x_i)."""
        return (self.size * self.agreement - self.norm_sq) / (self.size - 1)

    def restrict(self, flags: np.ndarray) -> SampledAgreement:
        """The flagged prompts alone: their mean gradient, hence their scores, are their own.

        Needs the kernel.  If the flags were chosen by the counts c, as a filter on pass@1 does,
        then no estimate on the restricted set is unbiased any more: the filter saw the samples.
        """
        flags = as_flags("flags", flags, self.size)
        if self.kernel is None:
            raise ValueError("kernel is None: the scores of a part need the (N, N) kernel")
        if flags.sum() < 2:
            raise ValueError(f"flags: chose {flags.sum()} prompts of {self.size}; at least 2")
        kernel = self.kernel[np.ix_(flags, flags)]
        return SampledAgreement(
            self.counts[flags], kernel.mean(axis=1), np.diag(kernel).copy(), None, kernel
        )

    def weights(self, k, estimator: str = "unbiased") -> np.ndarray:
        """(..., N) what multiplies g_i in the estimate of dJ_k: plug-in weight or credit."""
        k = as_positive_integers("k", k)[..., None]
        if estimator == "plug-in":
            return plugin_weight(self.counts.n, self.counts.c, k)
        if estimator not in ESTIMATORS:
            raise ValueError(f"estimator = {estimator!r}: must be one of {', '.join(ESTIMATORS)}")
        return unbiased_credit(self.counts.n, self.counts.c, k)

    def inner(self, k, estimator: str = "unbiased") -> np.ndarray:
        """The estimate of <dJ_k, dJ_1>, shape of k.  Raises ValueError where n < k."""
        weights = self.weights(k, estimator)
        if estimator == "plug-in":
            return weights @ self.agreement / self.size
        if estimator == "cross-fit":
            if self.crossfit is None:
                raise ValueError("estimator = 'cross-fit': no cross-fitted scores were computed")
            return weights @ self.crossfit / self.size
        return weights @ self.agreement_without_self / self.size

    def _against(self, k: int) -> np.ndarray | None:
        # The credit of k = 1 is 1.
        return self.against_credit.get(k, self.agreement if k == 1 else None)

    def has_interval(self, k, estimator: str = "unbiased") -> bool:
        """Whether `standard_error` has what it needs, for every k."""
        if estimator == "cross-fit" or self.size < 3:  # a jackknife leaves a pair
            return False
        known = all(self._against(int(each)) is not None for each in np.ravel(k))
        return self.kernel is not None or (estimator == "unbiased" and known)

    def standard_error(self, k, estimator: str = "unbiased") -> np.ndarray:
        """Jackknife over prompts of `inner`, shape of k.

        Needs the kernel or, for the unbiased estimator, `against_credit` of that k.  For the
        unbiased one it is that of the statistic (1/N(N-1)) sum h_ij without one prompt; the prompts
        are what is random, their completions included.
        """
        if estimator == "cross-fit":
            raise ValueError("estimator = 'cross-fit': its interval is not defined here")
        if self.size < 3:
            raise ValueError(f"agreement has {self.size} prompts: the jackknife needs at least 3")
        weights = self.weights(k, estimator)
        size = self.size
        # row and column sums of h_ij = w_i <g_i, g_j>
        if self.kernel is not None:
            given = weights * (self.kernel.sum(axis=1))
            taken = weights @ self.kernel
        elif self.has_interval(k, estimator):
            given = weights * (size * self.agreement)
            scores = [self._against(int(each)) for each in np.ravel(k)]
            taken = size * np.reshape(scores, weights.shape)
        else:
            raise ValueError(
                f"kernel is None: the standard error of {estimator!r} at k = {k} needs the (N, N) "
                "kernel" + ("" if estimator == "plug-in" else " or against_credit of that k")
            )
        diagonal = weights * self.norm_sq
        total = given.sum(-1, keepdims=True)
        if estimator == "plug-in":
            left_out = (total - given - taken + diagonal) / (size - 1) ** 2
        else:
            off = total - diagonal.sum(-1, keepdims=True)
            left_out = (off - (given - diagonal) - (taken - diagonal)) / ((size - 1) * (size - 2))
        spread = left_out - left_out.mean(-1, keepdims=True)
        return np.sqrt((size - 1) / size * (spread**2).sum(-1))

    def interval(self, k, level: float = 0.9, estimator: str = "unbiased") -> np.ndarray:
        """(..., 2) estimate -+ quantile * jackknife standard error, for <dJ_k, dJ_1>.

        The coverage is measured, not assumed: see `passk coverage`.
        """
        level = as_number("level", level, 0.0, 1.0, open_low=True)
        if level == 1.0:
            raise ValueError("level = 1.0: must be below 1")
        half = NormalDist().inv_cdf((1 + level) / 2) * self.standard_error(k, estimator)
        middle = self.inner(k, estimator)
        return np.stack([middle - half, middle + half], axis=-1)
