r"""Published advantages: which function of p their expected update ascends, exactly.

An algorithm samples n completions of a prompt, c of them correct, and follows
(1/n) Σ_i A_i ∇log π(y_i|x) with an advantage u(n, c) for correct completions and v(n, c) for
incorrect ones. Its mean is F_n'(p) ∇p for a polynomial F_n, since by leave-one-out

    F_n'(p) = Σ_{j<n} [u(n, j+1) - v(n, j)] C(n-1, j) p^j (1-p)^(n-1-j).

So F_n(p) = E[R(C)] for C ~ Binomial(n, p), with the group reward
R(c) = (1/n) Σ_{j<c} [u(n, j+1) - v(n, j)]: every advantage that looks at n and c alone is the
policy gradient of some reward of the whole group. (If two advantages differ by a baseline, that is
if the sums in brackets agree, they ascend the same F_n.)

The advantages are stated as we read their papers, for rewards 0 and 1, on-policy, without clipping
of ratios, KL penalties, length normalisation or the small constant that guards a division by 0. A
group whose standard deviation is 0 has advantages 0. Of Mahdavi et al. only the unbiased weight of
(2) is taken, without their further parameter γ; of Thrampoulidis et al. only the up-weighting of
hard prompts that they read as a surrogate reward. Numbers are exact: rationals, or rational
multiples of square roots (`Surd`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb

import numpy as np

from .checks import as_finite, as_integer, as_probabilities
from .field import PromptField
from .interference import conflict
from .objectives import ArcsinSqrt, Conditions, LogP, Objective, PassAtK

__all__ = ["Advantage", "Ascended", "HardArcsin", "Surd", "published", "surrogates"]


@dataclass(frozen=True)
class Surd:
    """An exact real number Σ q √d: fractions q by square-free integers d."""

    terms: tuple[tuple[int, Fraction], ...] = ()

    @classmethod
    def of(cls, number) -> Surd:
        """A Surd as it is, an integer or Fraction as Surd."""
        return number if isinstance(number, Surd) else cls._sum({1: Fraction(number)})

    @classmethod
    def root(cls, radicand) -> Surd:
        """√radicand of a Fraction >= 0."""
        try:
            radicand = Fraction(radicand)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(f"radicand must be a rational number; got {radicand!r}") from None
        if radicand < 0:
            raise ValueError(f"radicand must be at least 0; got {radicand}")
        free, square, factor = radicand.numerator * radicand.denominator, 1, 2
        while factor * factor <= free:
            if free % factor**2:
                factor += 1
            else:
                free, square = free // factor**2, square * factor
        return cls._sum({free or 1: Fraction(square if free else 0, radicand.denominator)})

    @classmethod
    def _sum(cls, terms: dict[int, Fraction]) -> Surd:
        return cls(tuple(sorted((d, q) for d, q in terms.items() if q)))

    def __add__(self, other) -> Surd:
        terms = dict(self.terms)
        for d, q in Surd.of(other).terms:
            terms[d] = terms.get(d, Fraction(0)) + q
        return Surd._sum(terms)

    def __mul__(self, factor: int | Fraction) -> Surd:
        return Surd._sum({d: q * factor for d, q in self.terms})

    def __neg__(self) -> Surd:
        return self * -1

    def __sub__(self, other) -> Surd:
        return self + -Surd.of(other)

    __radd__, __rmul__ = __add__, __mul__

    @property
    def rational(self) -> Fraction | None:
        """The number as a Fraction, None if a square root is left."""
        if not self.terms:
            return Fraction(0)
        return self.terms[0][1] if len(self.terms) == 1 and self.terms[0][0] == 1 else None

    def __float__(self) -> float:
        return math.fsum(float(q) * math.sqrt(d) for d, q in self.terms)

    def __str__(self) -> str:
        parts = [str(q) if d == 1 else f"{'' if q == 1 else f'{q}·'}√{d}" for d, q in self.terms]
        return " + ".join(parts).replace("+ -", "- ") or "0"


@dataclass(frozen=True)
class HardArcsin(Objective):
    """F = arcsin √p + √(p(1-p)), with weight √((1-p)/p): GRPO's weight times 1 - p. It falls."""

    @property
    def name(self) -> str:
        return "arcsin √p + √(p(1-p))"

    def value(self, p):
        p = as_probabilities("p", p)
        return np.arctan2(np.sqrt(p), np.sqrt(1 - p)) + np.sqrt(p) * np.sqrt(1 - p)

    def weight(self, p):
        p = as_probabilities("p", p)
        with np.errstate(divide="ignore"):
            return np.sqrt(1 - p) / np.sqrt(p)

    def curvature(self, p):
        p = as_probabilities("p", p)
        with np.errstate(divide="ignore", over="ignore"):
            return -1 / (2 * p * np.sqrt(p) * np.sqrt(1 - p))

    @property
    def conditions(self) -> Conditions:
        return ArcsinSqrt(2).conditions  # concave, unbounded


@dataclass(frozen=True)
class Advantage:
    """An advantage from (n, c), as published.

    correct(n, c) for c >= 1 and incorrect(n, c) for c <= n - 1 return exact numbers; the formulas
    are their text. least_n: fewest samples. said: the F that it is said, or meant, to ascend, up to
    a constant factor; exact: whether F_n is that F at every n, by the design of the authors.
    """

    name: str
    source: str
    correct: Callable[[int, int], Surd | Fraction | int] = field(repr=False)
    incorrect: Callable[[int, int], Surd | Fraction | int] = field(repr=False)
    formulas: tuple[str, str]
    said: Callable[[int], Objective] = field(repr=False)
    """From n: only Tang et al.'s objective depends on it."""
    exact: bool
    least_n: int = 1

    def coefficients(self, n: int) -> tuple[Surd, ...]:
        """The n Bernstein coefficients u(n, j+1) - v(n, j) of F_n', j = 0 ... n - 1."""
        n = as_integer("n", n, self.least_n)
        return tuple(
            Surd.of(self.correct(n, j + 1)) - Surd.of(self.incorrect(n, j)) for j in range(n)
        )

    def group_reward(self, n: int) -> tuple[Surd, ...]:
        """R(c) for c = 0 ... n: F_n(p) = E[R(C)], the Bernstein coefficients of F_n; R(0) = 0."""
        total, rewards = Surd(), [Surd()]
        for each in self.coefficients(n):
            total = total + each * Fraction(1, n)
            rewards.append(total)
        return tuple(rewards)

    def polynomial(self, n: int) -> tuple[Surd, ...]:
        """Coefficients of p^0, p^1 ... p^n in F_n."""
        rewards = self.group_reward(n)
        differences, powers = list(rewards), []
        for m in range(n + 1):  # the m-th forward difference at 0, times C(n, m)
            powers.append(differences[0] * comb(n, m))
            pairs = zip(differences[1:], differences[:-1], strict=True)
            differences = [after - before for after, before in pairs]
        return tuple(powers)

    def ascended(self, n: int) -> Ascended:
        """F_n as an objective."""
        return Ascended(self.name, n, tuple(map(float, self.coefficients(n))))


@dataclass(frozen=True)
class Ascended(Objective):
    """F_n of an advantage: the n Bernstein coefficients of F_n', each at least 0, as floats.

    n: at most 1000, since the binomial coefficients of more leave the range of a float.
    """

    advantage: str
    n: int
    bernstein: tuple[float, ...]

    def __post_init__(self):
        n = as_integer("n", self.n, 1)
        if n > 1000:
            raise ValueError(f"n must be at most 1000 as an objective; got {n}")
        if as_finite("bernstein", self.bernstein, (n,)).min() < 0:
            raise ValueError(
                f"F_n of {self.advantage} must not fall; its coefficients at n = {self.n} are "
                f"{self.bernstein}"
            )

    @property
    def name(self) -> str:
        return f"{self.advantage}, n = {self.n}"

    def _expected(self, values, trials: int, p):
        """E[values[C]] for C ~ Binomial(trials, p)."""
        p = as_probabilities("p", p)[..., None]
        c = np.arange(trials + 1)
        ways = np.array([float(comb(trials, int(j))) for j in c])
        return (ways * p**c * (1 - p) ** (trials - c)) @ np.array(values)

    def value(self, p):
        return self._expected(np.cumsum([0.0, *self.bernstein]) / self.n, self.n, p)

    def weight(self, p):
        return self._expected(self.bernstein, self.n - 1, p)

    def curvature(self, p):
        if self.n == 1:
            return np.zeros_like(as_probabilities("p", p))[()]
        return self._expected((self.n - 1) * np.diff(self.bernstein), self.n - 2, p)

    @property
    def conditions(self) -> Conditions:
        """From the coefficients: a polynomial lies between its smallest and its largest one."""
        steps = np.diff(self.bernstein)
        small = 1e-12 * max(self.bernstein)
        turn = 1.0 if (steps <= small).all() else 0.0 if (steps >= -small).all() else None
        steep = (self.n - 1) * float(np.abs(steps).max(initial=0.0))
        return Conditions(max(self.bernstein), steep, turn)


def _share(n: int, c: int, k: int) -> Fraction:
    """C(n-c, k)/C(n, k): the share of k-subsets without a correct completion."""
    return Fraction(comb(n - c, k), comb(n, k))


def _chen(k: int, n: int, c: int, extra: Fraction) -> Surd:
    failed = _share(n, c, k)
    if failed in (0, 1):
        return Surd()
    return Surd.root(1 / (failed * (1 - failed))) * (failed - extra)


def published(k: int = 4) -> tuple[Advantage, ...]:
    """The advantages that the book compares. k: the order of those that have one, at least 1.

    >>> rloo, grpo, *_ = published()
    >>> [str(each) for each in rloo.coefficients(3)]  # F_3' = 1: pass@1
    ['1', '1', '1']
    >>> [str(each) for each in grpo.coefficients(3)]  # pass@1, too, times a constant
    ['√2', '√2', '√2']
    >>> str(grpo.coefficients(4)[1]) == str(grpo.coefficients(4)[0])  # not beyond n = 3
    False
    """
    k = as_integer("k", k, 1)
    return (
        Advantage(
            "mean baseline",
            "RLOO: Kool et al. 2019, Ahmadian et al. 2024",
            lambda n, c: Fraction(n - c, n - 1),
            lambda n, c: -Fraction(c, n - 1),
            ("(n-c)/(n-1)", "-c/(n-1)"),
            lambda n: PassAtK(1),
            True,
            2,
        ),
        Advantage(
            "division by the standard deviation",
            "GRPO: Shao et al. 2024",
            lambda n, c: Surd.root(Fraction(n - c, c)),
            lambda n, c: -Surd.root(Fraction(c, n - c)),
            ("√((n-c)/c)", "-√(c/(n-c))"),
            lambda n: ArcsinSqrt(),
            False,
            2,
        ),
        Advantage(
            "the same, hard prompts weighted by 1 - c/n",
            "Thrampoulidis et al. 2025",
            lambda n, c: Surd.root(Fraction(n - c, c)) * Fraction(n - c, n),
            lambda n, c: -Surd.root(Fraction(c, n - c)) * Fraction(n - c, n),
            ("(1-c/n) √((n-c)/c)", "-(1-c/n) √(c/(n-c))"),
            lambda n: HardArcsin(),
            False,
            2,
        ),
        Advantage(
            "mean score of the correct ones",
            "rejection-sampling fine-tuning",
            lambda n, c: Fraction(n, c),
            lambda n, c: 0,
            ("n/c", "0"),
            lambda n: LogP(),
            False,
        ),
        Advantage(
            "leave-one-out maximum",
            "Tang et al. 2025 (k = n)",
            lambda n, c: n if c == 1 else 0,
            lambda n, c: 0,
            ("n if c = 1, else 0", "0"),
            lambda n: PassAtK(n),
            True,
        ),
        Advantage(
            "leave-one-out weight",
            "Mahdavi et al. 2025",
            lambda n, c: k * _share(n - 1, c - 1, k - 1),
            lambda n, c: 0,
            ("k C(n-c,k-1)/C(n-1,k-1)", "0"),
            lambda n: PassAtK(k),
            True,
            k,
        ),
        Advantage(
            "share of k-subsets that succeed",
            "PKPO: Walder and Karkhanis 2025",
            lambda n, c: k,
            lambda n, c: k * (1 - _share(n - 1, c, k - 1)),
            ("k", "k [1 - C(n-1-c,k-1)/C(n-1,k-1)]"),
            lambda n: PassAtK(k),
            True,
            k,
        ),
        Advantage(
            "group reward pass@k, standardised",
            "Chen et al. 2025",
            lambda n, c: _chen(k, n, c, Fraction(0)),
            lambda n, c: _chen(k, n, c, _share(n - 1, c, k - 1)),
            ("(1-R)/σ", "(1-R-C(n-1-c,k-1)/C(n-1,k-1))/σ, R = 1-C(n-c,k)/C(n,k), σ = √(R(1-R))"),
            lambda n: ArcsinSqrt(k),
            False,
            max(2, k),
        ),
    )


def surrogates(n: int = 8, k: int = 4, at: PromptField | None = None) -> list[dict]:
    """One row an algorithm: F, weight, per-sample credit, where its weight falls, its conflict.

    n: samples a prompt; k <= n: order of the pass@k algorithms; at: a field for the last columns.
    Columns: `algorithm`, `source`, `correct`, `incorrect` (credits as text), `said` (name of F),
    `exact` (F_n is that F, exactly), `largest difference` (max over p of |F_n' - F'|, both scaled
    to the same weight at p = 1/2; None where exact), `F_n` (coefficients of p, p², …, p^n as text),
    `weight` (Bernstein coefficients of F_n' as text), `at 0`, `at 1/2`, `at 1` (F_n' there),
    `falls` (whether F_n' does not rise anywhere, so that the threshold of Proposition 4.5 has a
    sense), `cosine`, `cosine said`: cos(∇J_1, ∇J_F) at the field for F_n and for the F that it is
    said to ascend (None without a field, or where F' is infinite on it); negative is conflict,
    which holds if and only if the mean agreement under D̃ ∝ F_n' D is negative: (11).
    """
    n, k = as_integer("n", n, 2), as_integer("k", k, 1)
    if k > n:
        raise ValueError(f"k must be at most n = {n}; got {k}")
    if at is not None and not isinstance(at, PromptField):
        raise TypeError(f"at must be a PromptField or None; got {at!r}")
    rows = []
    for each in published(k):
        said, ascended = each.said(n), each.ascended(n)
        agrees = _is_pass_at_k(each, n, said)
        rows.append(
            {
                "algorithm": each.name,
                "source": each.source,
                "correct": each.formulas[0],
                "incorrect": each.formulas[1],
                "said": said.name,
                "exact": agrees,
                "largest difference": None if agrees else _difference(ascended, said),
                "F_n": ", ".join(map(str, each.polynomial(n)[1:])),
                "weight": ", ".join(map(str, each.coefficients(n))),
                "at 0": float(ascended.weight(0.0)),
                "at 1/2": float(ascended.weight(0.5)),
                "at 1": float(ascended.weight(1.0)),
                "falls": ascended.conditions.falls,
                "cosine": None if at is None else _cosine(at, ascended),
                "cosine said": None if at is None else _cosine(at, said),
            }
        )
    return rows


def _is_pass_at_k(advantage: Advantage, n: int, said: Objective) -> bool:
    """Whether F_n is, in exact numbers, the pass@k that `said` names."""
    if not isinstance(said, PassAtK):
        return False
    k = said.k
    wanted = [Surd.of(Fraction((-1) ** (m + 1) * comb(k, m)) if m else 0) for m in range(n + 1)]
    return list(advantage.polynomial(n)) == wanted


def _difference(ascended: Objective, said: Objective) -> float:
    p = np.linspace(0.001, 0.999, 999)
    scale = ascended.weight(0.5) / said.weight(0.5)
    return float(np.abs(ascended.weight(p) - scale * said.weight(p)).max())


def _cosine(at: PromptField, objective: Objective) -> float | None:
    if not np.isfinite(objective.weight(at.success)).all():
        return None
    return float(conflict(at, objective).cosine)
