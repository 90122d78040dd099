r"""Prompt interference and gradient conflict, for any prompt field: sections 3, 4, appendices A, B.

Kernel κ(x, x') = ⟨g(x), g(x')⟩, agreement score a(x) = ⟨g(x), ∇J_1⟩, and the conflict between ∇J_k
and ∇J_1 with every side of Proposition 4.1. Nothing here costs more than a few passes over the
prompts, except kernel blocks, which are N numbers a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .checks import as_integers, as_nonnegative, as_number, as_rows, read_only
from .expsum import TINIEST, Run, certified_signs, sum_error
from .field import DenseField, PromptField, asks_a_field
from .objectives import Objective, PassAtK

__all__ = [
    "ConflictReport",
    "ConflictSet",
    "Hypothesis",
    "InterferenceSet",
    "SingleCrossing",
    "Threshold",
    "agreement",
    "best_set",
    "conflict",
    "conflict_set",
    "cosine_kernel",
    "gradient_products",
    "interference_set",
    "k_star",
    "kernel",
    "kernel_blocks",
    "least_score_bound",
    "single_crossing",
]

_BATCH = 2**22
"""Largest number of weights (values of k times prompts) held at once."""


# --- The kernel: (5), Definition 3.1 ---------------------------------------------------------


@asks_a_field
def kernel(field: PromptField, rows=None) -> np.ndarray:
    """κ(x, x') = ⟨g(x), g(x')⟩: (rows, prompts), or all (prompts, prompts) where rows is None.

    Positive entries: a small step for x also helps x'; negative ones: it hurts x' (Definition 3.1).
    The full matrix takes N² numbers; `kernel_blocks` goes through it in pieces.
    """
    rows = np.arange(field.size) if rows is None else as_rows("rows", rows, field.size)
    return field.kernel_rows(rows)


@asks_a_field
def cosine_kernel(field: PromptField, rows=None, undefined: float | None = None) -> np.ndarray:
    """cos(g(x), g(x')), in [-1, 1]: the kernel divided by both norms (Figure 2).

    A prompt with g = 0 (for one, wherever p is 0 or 1) has no cosine: ValueError naming such
    prompts, unless `undefined` is given, the number to put there.
    """
    _require_squares(field)
    undefined = None if undefined is None else as_number("undefined", undefined)
    rows = np.arange(field.size) if rows is None else as_rows("rows", rows, field.size)
    norms = field.norms()
    zero = norms == 0
    needed = np.flatnonzero(zero)
    if len(needed) and undefined is None:
        raise ValueError(
            "gradients must not be zero for a cosine (or pass undefined=...); zero at "
            f"prompts {needed[:10].tolist()}{' and more' if len(needed) > 10 else ''}"
        )
    safe = np.where(zero, 1.0, norms)
    cosine = field.kernel_rows(rows) / safe[rows, None] / safe
    # Rounding may leave [-1, 1] by an ulp or two.
    np.clip(cosine, -1, 1, out=cosine)
    if len(needed):
        cosine[zero[rows]] = undefined
        cosine[:, zero] = undefined
    return cosine


@asks_a_field
def kernel_blocks(field: PromptField, block: int = 1024) -> Iterator[tuple[slice, np.ndarray]]:
    """The kernel in bands of at most `block` rows: yields (rows as a slice, (rows, prompts))."""
    block = int(as_integers("block", block, 1))
    bands = (slice(at, min(at + block, field.size)) for at in range(0, field.size, block))
    return ((rows, field.kernel_rows(np.arange(rows.start, rows.stop))) for rows in bands)


# --- Agreement and conflict: (8)-(11), (19), (20) --------------------------------------------


def _require_squares(field: PromptField) -> None:
    """Refuse gradients whose products floats cannot hold: they would be 0 or infinite."""
    if isinstance(field, DenseField):
        largest = float(np.abs(field.gradients).max())
        if largest > 0 and not 1e-140 <= largest <= 1e140:
            raise ValueError(
                "gradients must have a largest entry between 1e-140 and 1e140 in size, so that "
                f"products neither underflow nor overflow; got {largest:g}: rescale them"
            )


@asks_a_field
def agreement(field: PromptField) -> np.ndarray:
    """a(x) = ⟨g(x), ∇J_1⟩ for every prompt, (prompts,): equation (8). One mean, one inner.

    Negative where a step for x alone lowers pass@1. Its mean E[a] is ‖∇J_1‖², never negative. For
    gradients estimated from samples that mean is biased upwards: each prompt's own noise is part
    of the ∇J_1 that it is compared with.
    """
    _require_squares(field)
    return field.inner(field.mean())


def _label(k: np.ndarray) -> int | np.ndarray:
    return int(k) if k.ndim == 0 else read_only(k)


@dataclass(frozen=True)
class _Request:
    """What `conflict` and its kin were asked about: one source of weights per report entry."""

    k: int | np.ndarray | None
    names: list[str]
    sources: list[Objective | np.ndarray]
    scalar: bool

    @classmethod
    def of(cls, field: PromptField, k, weights) -> _Request:
        if weights is not None:
            return cls._given(field, k, weights)
        if k is None:
            raise ValueError("k must be given where there are no weights; got None")
        if isinstance(k, Objective):
            return cls(getattr(k, "k", None), [k.name], [k], True)
        k = as_integers("k", k, 1)
        if k.ndim > 1:
            raise ValueError(f"k must be one integer or a list of them; got shape {k.shape}")
        sources = [PassAtK(int(each)) for each in np.atleast_1d(k)]
        names = [source.name for source in sources]
        return cls(_label(k), names, sources, k.ndim == 0)  # type: ignore[arg-type]

    @classmethod
    def _given(cls, field: PromptField, k, weights) -> _Request:
        w = as_nonnegative("weights", weights)
        if w.ndim not in (1, 2) or w.shape[-1] != field.size:
            raise ValueError(
                f"weights must have shape ({field.size},) or (m, {field.size}); got {w.shape}"
            )
        names = ["given weights"] * (1 if w.ndim == 1 else len(w))
        if k is not None:
            if isinstance(k, Objective):
                raise TypeError(f"k must be integers where weights are given; got {k!r}")
            k = as_integers("k", k, 1)
            if k.shape != w.shape[:-1]:
                raise ValueError(
                    f"k must have shape {w.shape[:-1]}, one entry per row of weights; got {k.shape}"
                )
            names = [f"weights for k = {each}" for each in np.atleast_1d(k)]
            k = _label(k)
        return cls(k, names, list(np.atleast_2d(w)), w.ndim == 1)

    def batches(self, field: PromptField) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Weights and their logarithms, each (batch, prompts), a bounded number at a time."""
        step = max(1, _BATCH // field.size)
        for start in range(0, len(self.sources), step):
            w, log_w = [], []
            for source in self.sources[start : start + step]:
                if isinstance(source, Objective):
                    w.append(field.weight(source))
                    log_w.append(source.log_weight(field.success))
                else:
                    w.append(source)
                    with np.errstate(divide="ignore"):
                        log_w.append(np.log(source))
            yield np.stack(w), np.stack(log_w)

    def shaped(self, columns: list) -> float | np.ndarray:
        """Entries in report shape: a number for one k, else a read-only array."""
        return float(columns[0]) if self.scalar else read_only(np.array(columns))


@dataclass(frozen=True, eq=False)
class ConflictReport:
    """⟨∇J_k, ∇J_1⟩ and every quantity of Proposition 4.1: numbers for one k, arrays for many.

    Each side is computed by its own route, so that equality is a check, not a tautology:
    `inner` from the two gradients, `weighted_agreement` from weights and agreement scores (9),
    `decomposition` from ‖∇J_1‖² and the covariance (10), `reweighted` from the mean agreement
    under D̃_k ∝ w D (11). Properties that some field leaves undefined raise ValueError there.
    """

    k: int | np.ndarray | None
    """The k asked for; None for another objective or for given weights."""
    names: tuple[str, ...]
    """What each entry is about, such as `pass@8`."""
    inner: float | np.ndarray
    """⟨∇J_k, ∇J_1⟩, from the gradients."""
    norm1_sq: float
    """‖∇J_1‖², from the gradient."""
    norm_k: float | np.ndarray
    """‖∇J_k‖."""
    weighted_agreement: float | np.ndarray
    """E[w a]: right side of (9)."""
    mean_weight: float | np.ndarray
    """E[w]."""
    mean_agreement: float
    """E[a], which equals ‖∇J_1‖² by (8)."""
    covariance: float | np.ndarray
    """cov(w, a), as the mean product of deviations."""
    cv_weight: float | np.ndarray
    """CV(w) = σ_w/E[w]; 0 where all weights agree up to rounding, or all are 0."""
    std_agreement: float
    """σ_a; 0 where all agreement scores agree up to rounding."""
    log_mean_weight: float | np.ndarray
    """log E[w], also where E[w] itself underflows; -inf where every weight is 0."""
    # Of w/E[w], which does not underflow with w: E_D̃[a], cov(w, a)/E[w], ⟨∇J_k, ∇J_1⟩/E[w] and
    # ‖∇J_k‖/E[w].
    _shifted: float | np.ndarray
    _covariance: float | np.ndarray
    _direction_inner: float | np.ndarray
    _direction_norm: float | np.ndarray

    @property
    def conflict(self) -> bool | np.ndarray:
        """Whether ⟨∇J_k, ∇J_1⟩ < 0. Read off (11), whose factor E_D̃[a] cannot underflow.

        Within rounding of 0 the sign is not certain; `conflict_set` decides what can be decided.
        """
        below = np.less(self._shifted, 0)
        return below if below.ndim else bool(below)

    @property
    def decomposition(self) -> float | np.ndarray:
        """E[w]·‖∇J_1‖² + cov(w, a): right side of (10)."""
        return self.mean_weight * self.norm1_sq + self.covariance

    @property
    def reweighted(self) -> float | np.ndarray:
        """E[w]·E_D̃[a]: right side of (11); 0 where every weight is 0."""
        return self.mean_weight * self._shifted

    @property
    def agreement_shifted(self) -> float | np.ndarray:
        """E_D̃[a], the mean agreement under D̃_k ∝ w D, the prompts as pass@k sees them: (11)."""
        self._require("agreement_shifted", self.log_mean_weight > -np.inf, "every weight is 0")
        return self._shifted

    @property
    def cosine(self) -> float | np.ndarray:
        """cos(∇J_k, ∇J_1), in [-1, 1]."""
        length = self._direction_norm * np.sqrt(self.norm1_sq)
        self._require("cosine", length > 0, "∇J_k or ∇J_1 is 0")
        return np.clip(self._direction_inner / length, -1, 1)  # an ulp beyond 1 is rounding

    @property
    def std_weight(self) -> float | np.ndarray:
        """σ_w."""
        return self.mean_weight * self.cv_weight

    @property
    def correlation(self) -> float | np.ndarray:
        """ρ(w, a) of appendix A, in [-1, 1]. Undefined at k = 1, where all weights are 1."""
        return np.clip(self._covariance / self._spread("correlation"), -1, 1)

    @property
    def correlation_bound(self) -> float | np.ndarray:
        """-E[w]·‖∇J_1‖² / (σ_w σ_a): conflict is a correlation below this, condition (19)."""
        return -self.norm1_sq / self._spread("correlation_bound")

    @property
    def variation_product(self) -> float | np.ndarray:
        """CV(w)·CV(a) = σ_w σ_a / (E[w] ‖∇J_1‖²). Conflict implies that it exceeds 1."""
        defined = np.greater(self.log_mean_weight, -np.inf) & (self.norm1_sq > 0)
        self._require("variation_product", defined, "E[w] or ‖∇J_1‖² is 0")
        return self.cv_weight * self.std_agreement / self.norm1_sq

    def _spread(self, name: str) -> float | np.ndarray:
        spread = self.cv_weight * self.std_agreement
        self._require(name, spread > 0, "σ_w or σ_a is 0")
        return spread

    def _require(self, name: str, defined, reason: str) -> None:
        where = np.flatnonzero(~np.atleast_1d(defined))
        if len(where):
            entries = ", ".join(self.names[i] for i in where[:10])
            raise ValueError(f"{name} is undefined where {reason}: here for {entries}")

    def as_dict(self) -> dict:
        """All quantities by name, plain numbers and lists; None for what is undefined."""
        quantities = {"names": list(self.names)}
        for name in _QUANTITIES:
            try:
                value = getattr(self, name)
            except ValueError:
                value = None
            quantities[name] = (
                value.tolist() if isinstance(value, np.ndarray | np.generic) else value
            )
        return quantities

    def table(self) -> str:
        """The report as plain text, one line per entry."""
        columns = {
            "⟨∇J_k,∇J_1⟩": self.inner,
            "E[w]": self.mean_weight,
            "E[w]‖∇J_1‖²": self.mean_weight * self.norm1_sq,
            "cov(w,a)": self.covariance,
            "E_D̃[a]": self._shifted,
        }
        width = max(len(name) for name in self.names)
        lines = [" " * width + "".join(f"{head:>15}" for head in columns) + "  conflict"]
        numbers = zip(*(np.atleast_1d(column) for column in columns.values()), strict=True)
        for name, row, yes in zip(self.names, numbers, np.atleast_1d(self.conflict), strict=True):
            cells = "".join(f"{x:>15.6g}" for x in row)
            lines.append(f"{name:<{width}}{cells}  {'yes' if yes else 'no'}")
        return "\n".join(lines)

    __repr__ = __str__ = table


_QUANTITIES = (
    "k inner norm1_sq norm_k cosine weighted_agreement decomposition reweighted mean_weight "
    "log_mean_weight mean_agreement agreement_shifted covariance std_weight cv_weight "
    "std_agreement correlation correlation_bound variation_product conflict"
).split()


@asks_a_field
def conflict(field: PromptField, k=None, weights=None) -> ConflictReport:
    """How ∇J_k and ∇J_1 stand to each other: Proposition 4.1, for one k or many at once.

    k: an integer, a list of integers, or an `Objective`. weights: (prompts,) or (m, prompts),
    any numbers >= 0, to replace the default w = F'(p) at `field.success`: unbiased estimates from
    counts, say. With weights, k only labels them and may be left out.

    Costs one mean, one inner and one `means` of the field.

    >>> from passk_lib import Toy
    >>> field = Toy(delta=0.2, p_hard=0.4).quadrature().field((-2, -2))
    >>> bool(conflict(field, k=10).cosine < 0 < conflict(field, k=2).cosine)
    True
    """
    _require_squares(field)
    request = _Request.of(field, k, weights)
    mass = field.mass
    gradient = field.mean()
    a = field.inner(gradient)
    norm1_sq = float(gradient @ gradient)
    mean_agreement = float(mass @ a)
    deviation = a - mean_agreement
    columns = {name: [] for name in _COLUMNS}
    for w, log_w in request.batches(field):
        density, log_mean = _shift_density(mass, log_w)
        mean_weight = w @ mass
        # One vector at a time, so that `means` may be a generator.
        products = [(float(g @ gradient), float(g @ g)) for g in field.means(density)]
        inner, norm_sq = np.array(products).T
        norm = np.sqrt(norm_sq)
        relative = density - (density @ mass)[:, None]
        for name, entries in {
            "inner": mean_weight * inner,
            "norm_k": mean_weight * norm,
            "weighted_agreement": (w * mass) @ a,
            "mean_weight": mean_weight,
            "covariance": ((w - mean_weight[:, None]) * mass) @ deviation,
            "cv_weight": _std(density, relative, mass),
            "log_mean_weight": log_mean,
            "_shifted": (density * mass) @ a,
            "_covariance": (relative * mass) @ deviation,
            "_direction_inner": inner,
            "_direction_norm": norm,
        }.items():
            columns[name].extend(entries)
    return ConflictReport(
        k=request.k,
        names=tuple(request.names),
        norm1_sq=norm1_sq,
        mean_agreement=mean_agreement,
        std_agreement=float(_std(a[None], deviation[None], mass)[0]),
        **{name: request.shaped(entries) for name, entries in columns.items()},
    )


_COLUMNS = (
    "inner norm_k weighted_agreement mean_weight covariance cv_weight log_mean_weight "
    "_shifted _covariance _direction_inner _direction_norm"
).split()


def _shift_density(mass: np.ndarray, log_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dD̃/dD = w / E[w], (m, prompts), and log E[w], (m,). Zero and -inf where all weights are 0.

    From the logarithms, so that D̃_k stands even where k is so large that every weight underflows.
    """
    log_w = np.where(mass > 0, log_w, -np.inf)
    top = log_w.max(axis=1)
    scaled = np.exp(log_w - np.where(top > -np.inf, top, 0.0)[:, None])
    total = scaled @ mass
    with np.errstate(divide="ignore", over="ignore"):
        density = scaled / np.where(total > 0, total, 1.0)[:, None]
        log_mean = top + np.log(total)
    if not np.isfinite(density).all():
        raise ValueError(
            "mass must be 0 or at least 1e-307 on the prompts that the weights single out, so that "
            f"their share can be scaled to 1; got the weighted mass {total.min():g}"
        )
    return density, log_mean


def _std(x: np.ndarray, centred: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Standard deviation of each row; exactly 0 where the entries agree up to rounding."""
    x = x[:, mass > 0]
    constant = np.ptp(x, axis=1) <= 1e-15 * np.abs(x).max(axis=1)
    # Root masses first, then the largest entry scaled to 1: squares neither overflow nor vanish.
    parts = np.abs(centred) * np.sqrt(mass)
    top = parts.max(axis=1)
    unit = parts / np.where(top > 0, top, 1.0)[:, None]
    return np.where(constant, 0.0, top * np.sqrt((unit**2).sum(axis=1)))


@asks_a_field
def gradient_products(field: PromptField, k) -> np.ndarray:
    """⟨∇J_k, ∇J_m⟩ for all pairs of the listed values, (len(k), len(k)): equation (20)."""
    _require_squares(field)
    request = _Request.of(field, k, None)
    gradients = [g for w, _ in request.batches(field) for g in field.means(w)]
    return np.array([[float(g @ h) for h in gradients] for g in gradients])


# --- The strongly interfering set: (13)-(15), Corollary 4.4 ----------------------------------


@dataclass(frozen=True, eq=False)
class InterferenceSet:
    """X_-(θ, m) = {x: a(x) <= -m}, its mass, and the pass@k weight inside and outside it."""

    m: float
    """The margin, > 0."""
    members: np.ndarray
    """(prompts,) booleans: the set (13)."""
    q: float
    """q_θ, its mass, in [0, 1]."""
    k: int | np.ndarray | None
    W_minus: float | np.ndarray
    """E[w 1{x in X_-}]: equation (14)."""
    W_plus: float | np.ndarray
    """E[w 1{x not in X_-}]: equation (15)."""

    def delta(self, bound: float) -> float | np.ndarray:
        """δ(θ) = m W_- - bound·W_+, where a <= bound on every prompt: Corollary 4.4.

        Then ⟨∇J_k, ∇J_1⟩ <= -δ(θ), so δ(θ) > 0 means conflict. (The paper prints δ(θ) < 0 there;
        its proof needs and shows δ(θ) > 0.) The paper takes bound = G²; G²/4 is valid too.
        """
        return self.m * self.W_minus - as_number("bound", bound, 0) * self.W_plus


@asks_a_field
def interference_set(field: PromptField, k, m: float, weights=None) -> InterferenceSet:
    """The prompts with a(x) <= -m, and W_-, W_+ for one k or many: (13)-(15).

    k and weights as in `conflict`; m: the margin, greater than 0.
    """
    m = as_number("m", m, 0, open_low=True)
    request = _Request.of(field, k, weights)
    members = agreement(field) <= -m
    inside = np.where(members, field.mass, 0.0)
    outside = np.where(members, 0.0, field.mass)
    w_minus, w_plus = [], []
    for w, _ in request.batches(field):
        w_minus.extend(w @ inside)
        w_plus.extend(w @ outside)
    return InterferenceSet(
        m=m,
        members=read_only(members),
        q=float(inside.sum()),
        k=request.k,
        W_minus=request.shaped(w_minus),
        W_plus=request.shaped(w_plus),
    )


# --- The threshold k*: (16), Proposition 4.5 --------------------------------------------------


@dataclass(frozen=True)
class Hypothesis:
    """One condition of a theorem on one field: whether it holds, and by how much."""

    statement: str
    holds: bool
    slack: float
    """Distance to failing, at least 0, where it holds; else what is missing, at most 0."""


@dataclass(frozen=True)
class Threshold:
    """k* of Proposition 4.5 at one θ, with the hypotheses it rests on.

    For every k > k* the proposition promises conflict. `paper` uses the printed bound a <= G²,
    `sharp` the bound a <= G²/4, valid under the same assumption since ‖∇p‖² <= p(1 - p) G².
    Both raise ValueError, naming what fails and by how much, unless every hypothesis holds.
    """

    m: float
    """Margin of the strongly interfering set X_-."""
    q: float
    """Its mass."""
    epsilon: float | None
    """Largest success probability on X_-; None where X_- is empty."""
    delta: float
    """Smallest success probability outside X_-."""
    rest: float
    """The mass outside X_-: 1 - q, to full relative precision where q rounds to 1."""
    G_squared: float
    """The bound on E‖score‖² of Assumption 4.3."""
    hypotheses: tuple[Hypothesis, ...]

    @property
    def holds(self) -> bool:
        """Whether every hypothesis of Proposition 4.5 holds at this θ."""
        return all(hypothesis.holds for hypothesis in self.hypotheses)

    @property
    def paper(self) -> float:
        """k* as printed, (33): 1 + log((1-q)G²/(qm)) / log((1-ε)/(1-δ))."""
        return self._k_star(self.G_squared)

    @property
    def sharp(self) -> float:
        """k* with G²/4 in the place of G²."""
        return self._k_star(self.G_squared / 4)

    def _k_star(self, bound: float) -> float:
        if not self.holds:
            failing = "; ".join(
                f"{h.statement} fails by {-h.slack:.6g}" for h in self.hypotheses if not h.holds
            )
            raise ValueError(f"k* needs every hypothesis of Proposition 4.5: {failing}")
        return float(_k_star(self.m, self.q, self.epsilon, self.delta, self.rest, bound))


def _k_star(m, q, epsilon, delta, rest, bound):
    """Equation (33); arrays broadcast. Sums of logarithms: no product can leave the floats."""
    room = np.log(rest) + np.log(bound) - np.log(q) - np.log(m)
    return 1 + room / np.log1p((delta - epsilon) / (1 - delta))


@asks_a_field
def least_score_bound(field: PromptField) -> float:
    """The smallest G² that Assumption 4.3 allows at this θ: max ‖g‖²/(p(1 - p)).

    E[score] = 0 gives ‖∇p‖² <= p(1 - p) E‖score‖², with equality for a policy of two actions.
    A p that rounds to 1 leaves up to 2^-54 for 1 - p, and is taken to leave that much. ValueError
    if g is not 0 although p is 0, or too large beside the other prompts where p is 1: no policy
    has that. ValueError too where floats cannot hold the squares.
    """
    _require_squares(field)
    present, p = field.mass > 0, field.success
    norms = field.norms() * present
    spread = p * np.where(p < 1, 1 - p, _LOST_BESIDE_1)
    demand = (norms / np.sqrt(np.where(spread > 0, spread, 1.0))) ** 2
    # A gradient at the level of rounding is no contradiction, wherever it stands.
    felt = norms > 1e-14 * norms.max()
    elsewhere = demand[(p > 0) & (p < 1)].max(initial=0.0)
    impossible = np.flatnonzero(felt & ((p == 0) | ((p == 1) & (demand > 1e6 * elsewhere))))
    if len(impossible):
        i = int(impossible[0])
        raise ValueError(
            "gradients must be zero where success is 0 or 1, up to what rounding hides; "
            f"got norm {norms[i]:g} at success {p[i]:g}, index {i}, and G² of at most "
            f"{elsewhere:g} needed by the prompts between 0 and 1"
        )
    return float(demand.max())


_LOST_BESIDE_1 = 2.0**-54
"""The largest 1 - p for which p rounds to 1."""


@asks_a_field
def best_set(field: PromptField, k: int, bound: float) -> InterferenceSet:
    """Of all margins m, the strongly interfering set with the largest δ(θ) at this bound on a.

    k: one integer. ValueError if no agreement score is negative.
    """
    splits = _Splits.of(field)
    bound = as_number("bound", bound, 0)
    weighted = (field.mass * field.weight(k))[splits.order]
    inside = np.cumsum(weighted)[splits.count - 1]
    delta = splits.m * inside - bound * (weighted.sum() - inside)
    return interference_set(field, k, float(splits.m[np.argmax(delta)]))


@dataclass(frozen=True, eq=False)
class _Splits:
    """Every set X_-(θ, m) that some margin gives, from the smallest: one entry per entry of m."""

    m: np.ndarray
    q: np.ndarray
    epsilon: np.ndarray
    delta: np.ndarray
    rest: np.ndarray
    order: np.ndarray
    """Prompts of positive mass by rising agreement; X_- is the first `count` of them."""
    count: np.ndarray

    @classmethod
    def of(cls, field: PromptField) -> _Splits:
        a = agreement(field)
        order = np.flatnonzero(field.mass > 0)
        order = order[np.argsort(a[order], kind="stable")]
        a, p, mass = a[order], field.success[order], field.mass[order]
        # Ends of ties with a < 0. Outside there is always a prompt, for E[a] >= 0.
        last = np.flatnonzero((a[:-1] < 0) & (np.diff(a) > 0))
        if not len(last):
            raise ValueError(
                "m must be given where no agreement score is negative: no X_- to choose"
            )
        return cls(
            m=-a[last],
            q=np.cumsum(mass)[last],
            epsilon=np.maximum.accumulate(p)[last],
            delta=np.minimum.accumulate(p[::-1])[::-1][last + 1],
            rest=np.cumsum(mass[::-1])[::-1][last + 1],
            order=order,
            count=last + 1,
        )


@asks_a_field
def k_star(field: PromptField, m: float | None = None, G_squared: float | None = None) -> Threshold:
    """The threshold of Proposition 4.5 with its hypotheses checked: (16), (33).

    m: margin > 0 of the strongly interfering set; None takes, among all margins for which the
    hypotheses hold, the one with the smallest printed k* (where none does, the one that comes
    closest to separating the success probabilities). G_squared: bound on E‖score‖², Assumption
    4.3; None takes the smallest one possible at this θ, `least_score_bound`.

    The paper asks q_θ >= q at every θ, which is impossible where ∇J_1 = 0; here q = q_θ at this θ.
    """
    least = least_score_bound(field)
    G_squared = least if G_squared is None else as_number("G_squared", G_squared, 0, open_low=True)
    if m is None:
        m = _best_margin(_Splits.of(field), G_squared)
    m = as_number("m", m, 0, open_low=True)
    present = field.mass > 0
    members = (agreement(field) <= -m) & present
    outside = ~members & present
    p, q = field.success, float(field.mass[members].sum())
    epsilon = float(p[members].max()) if members.any() else None
    delta = float(p[outside].min()) if outside.any() else 1.0
    gap = delta - epsilon if members.any() else delta
    score_slack = G_squared - least
    if abs(score_slack) <= 1e-12 * least:  # equal up to rounding
        score_slack = 0.0
    return Threshold(
        m=m,
        q=q,
        epsilon=epsilon,
        delta=delta,
        rest=float(field.mass[outside].sum()),
        G_squared=G_squared,
        hypotheses=(
            Hypothesis("q > 0", q > 0, q),
            Hypothesis("sup p on X_- < inf p outside", gap > 0, gap),
            Hypothesis("inf p outside X_- < 1", delta < 1, 1 - delta),
            Hypothesis("‖∇p‖² <= p(1-p) G²", score_slack >= 0, score_slack),
        ),
    )


def _best_margin(splits: _Splits, G_squared: float) -> float:
    gap = splits.delta - splits.epsilon
    fine = np.flatnonzero((gap > 0) & (splits.delta < 1))
    if not len(fine):
        return float(splits.m[np.argmax(gap)])
    entries = (splits.m, splits.q, splits.epsilon, splits.delta, splits.rest)
    k_stars = _k_star(*[x[fine] for x in entries], G_squared)  # type: ignore[call-arg]
    return float(splits.m[fine[np.argmin(k_stars)]])


# --- The exact set of conflicting k -----------------------------------------------------------


@dataclass(frozen=True)
class SingleCrossing:
    """Whether agreement changes sign once along p: a <= 0 below some p₀ and a >= 0 above it.

    Then conflict, once begun, holds for every larger k.
    """

    highest_negative: float
    """Largest p with a < 0; 0 where there is none."""
    lowest_positive: float
    """Smallest p with a > 0; 1 where there is none."""

    @property
    def holds(self) -> bool:
        """True if any p₀ from `highest_negative` to `lowest_positive` will do."""
        return self.highest_negative <= self.lowest_positive


@asks_a_field
def single_crossing(field: PromptField) -> SingleCrossing:
    """Check of the single-crossing condition on the prompts of positive mass, at float signs."""
    a, p, present = agreement(field), field.success, field.mass > 0
    return SingleCrossing(
        float(p[present & (a < 0)].max(initial=0.0)), float(p[present & (a > 0)].min(initial=1.0))
    )


@dataclass(frozen=True)
class ConflictSet:
    """Every k from 1 to k_max, sorted by the sign of ⟨∇J_k, ∇J_1⟩."""

    k_max: int
    runs: tuple[Run, ...]
    """Runs that cover 1 ... k_max in order: sign -1 (conflict), 1 (none), 0 (undecided)."""
    beyond: int
    """The sign at every k > k_max, where that is certain; else 0."""
    descartes: int
    """Most sign changes that f can have over all real k > 1, by Descartes' rule: the number of sign
    changes of μ a, summed over prompts of equal p, in the order of p."""

    @property
    def intervals(self) -> list[tuple[int, int]]:
        """The conflicting k as intervals (first, last), both included."""
        return [(run.first, run.last) for run in self.runs if run.sign < 0]

    @property
    def undecided(self) -> list[tuple[int, int]]:
        """The k whose sign floats cannot tell, as intervals (first, last)."""
        return [(run.first, run.last) for run in self.runs if run.sign == 0]

    @property
    def crossings(self) -> list[int]:
        """Every k whose sign differs from that of k - 1, both being decided."""
        pairs = zip(self.runs[:-1], self.runs[1:], strict=True)
        return [right.first for left, right in pairs if left.sign * right.sign < 0]

    @property
    def k_dagger(self) -> float:
        """k† = sup{k : ⟨∇J_k, ∇J_1⟩ >= 0}, so that every larger k conflicts.

        math.inf if conflict does not last; ValueError where floats leave it open.
        """
        if self.beyond > 0:
            return math.inf
        if self.beyond < 0:
            tail = list(self.runs)
            last = tail.pop().first - 1 if tail[-1].sign < 0 else self.k_max
            if tail[-1].sign > 0:
                return last
        raise ValueError(
            f"k_dagger is not decided: sign beyond {self.k_max} is {self.beyond}, undecided k "
            f"{self.undecided[:3]}"
        )

    def __contains__(self, k: int) -> bool:
        k = int(as_integers("k", k, 1))
        if k > self.k_max:
            sign = self.beyond
        else:
            sign = next(run.sign for run in self.runs if run.first <= k <= run.last)
        if sign == 0:
            raise ValueError(f"whether k = {k} conflicts is not decided in floats")
        return sign < 0

    def __str__(self) -> str:
        def said(intervals):
            return ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in intervals) or "no k"

        open_ends = f"; undecided: {said(self.undecided)}" if self.undecided else ""
        after = {-1: "conflict", 1: "no conflict", 0: "undecided"}[self.beyond]
        return (
            f"conflict at {said(self.intervals)} (of k = 1 to {self.k_max}){open_ends}; "
            f"beyond: {after}"
        )


@asks_a_field
def conflict_set(
    field: PromptField, k_max: int = 10**6, agreement_error: np.ndarray | None = None
) -> ConflictSet:
    """All k up to `k_max` with ⟨∇J_k, ∇J_1⟩ < 0, certified against the rounding of floats.

    Masses, success probabilities and gradients count as exact. agreement_error: (prompts,) bound
    on the error of each agreement score; None bounds the rounding of a `DenseField`, and takes any
    other field's scores as exact. k = 1 never conflicts: ⟨∇J_1, ∇J_1⟩ is a square.
    """
    k_max = int(as_integers("k_max", k_max, 1))
    _require_squares(field)
    if agreement_error is not None:
        a, error = agreement(field), as_nonnegative("agreement_error", agreement_error)
        if error.shape != (field.size,):
            raise ValueError(f"agreement_error must have shape ({field.size},); got {error.shape}")
    else:
        a, error = _agreement_with_error(field)
    c = field.mass * a
    lost = 2 * TINIEST * ((field.mass > 0) & ((a != 0) | (error > 0)))
    c_error = field.mass * error + 2.0**-52 * np.abs(c) + lost
    runs, beyond = certified_signs(c, c_error, field.success, k_max)
    if runs and runs[0].sign > 0:
        runs[0] = runs[0]._replace(first=1)
    else:
        runs.insert(0, Run(1, 1, 1))
    return ConflictSet(k_max, tuple(runs), beyond, _sign_changes(c, c_error, field.success))


def _agreement_with_error(field: PromptField) -> tuple[np.ndarray, np.ndarray]:
    """Agreement scores and bounds on their rounding errors, each (prompts,)."""
    if not isinstance(field, DenseField):
        return agreement(field), np.zeros(field.size)
    g, size = field.gradients, np.abs(field.gradients)
    gradient, total = np.zeros(field.dim), np.zeros(field.dim)
    for i in range(0, field.size, 128):  # in blocks, for the bound of `sum_error`
        gradient += field.mass[i : i + 128] @ g[i : i + 128]
        total += field.mass[i : i + 128] @ size[i : i + 128]
    # Relative rounding, and what products of numbers other than 0 lose by underflow.
    doubt = 1.01 * sum_error(field.size) * total + np.count_nonzero(size, axis=0) * TINIEST
    rounding = 1.01 * 2.0**-53 * (field.dim + 1)
    lost = 2 * (field.dim + 1) * TINIEST * size.any(axis=1)
    return g @ gradient, size @ (doubt + rounding * np.abs(gradient)) + lost


def _sign_changes(c: np.ndarray, error: np.ndarray, p: np.ndarray) -> int:
    """Most sign changes of c, summed over equal p < 1, along p; doubtful sums take either sign."""
    order = np.argsort(p, kind="stable")
    order = order[p[order] < 1]
    if not len(order):
        return 0
    starts = np.flatnonzero(np.diff(p[order], prepend=-1.0))
    total, doubt = (np.add.reduceat(x[order], starts) for x in (c, error + 1e-12 * np.abs(c)))
    up = down = 0  # most changes so far if the last sign is +, if it is -
    for x, e in zip(total.tolist(), doubt.tolist(), strict=True):
        if x == e == 0:
            continue
        rise, fall = down + 1, up + 1
        if x > -e:
            up = max(up, rise)
        if x < e:
            down = max(down, fall)
    return max(up, down, 1) - 1
