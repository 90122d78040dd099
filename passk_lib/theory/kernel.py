"""Theorems, and the only rules that make them.

A `Theorem` is `left (=, <=, <) right` under the hypotheses it carries. It cannot be written down:
only the rules of this file and of `axioms.py` return one, and each rule looks at the expressions
of its premises, never at their names. Prompts and completions that are free in a theorem or in a
hypothesis are read "for all"; other symbols (k, G, m, ...) are fixed but arbitrary.

The one rule that does most of the work is `combine`: `left <= right` holds if right - left is, by
the normal form, a sum of differences that are known to be non-negative.

    >>> a, b = Symbol("a"), Symbol("b")
    >>> combine(2 * a * b, "≤", a**2 + b**2, square(a - b))
    Theorem(2*a*b ≤ a**2 + b**2)
    >>> combine(a**2 + b**2, "≤", 2 * a * b, square(a - b))
    Traceback (most recent call last):
    passk_lib.theory.kernel.Rejected: right - left is not the sum of the reasons: 3 terms are left
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from sympy import Expr, Poly, Symbol, sympify

from .normal import Malformed, exponent, is_vector, nf
from .terms import (
    DEFINITIONS,
    Completion,
    E,
    Grad,
    Hess,
    Inner,
    Moved,
    OpNorm,
    Prompt,
    VectorSymbol,
    Whole,
    free_variables,
    substitute,
)

RELATIONS = ("=", "≤", "<")


class Rejected(ValueError):
    """A rule does not accept its premises: the derivation does not check."""


@dataclass(frozen=True)
class Hypothesis:
    """What a theorem supposes. `everywhere`: at every theta, not only at the one considered."""

    left: Expr
    relation: str
    right: Expr
    everywhere: bool = False


_KEY = object()


class Theorem:
    """left (=, <=, <) right, under `hypotheses`, by `axioms`, using the claims in `rests_on`.

    It can be neither changed nor copied. That guards against accidents, not against a program
    that reaches into Python's internals: what is trusted is the code of this package.
    """

    __slots__ = ("axioms", "hypotheses", "left", "relation", "rests_on", "right")

    def __init__(self, key, left, relation, right, hypotheses, axioms, rests_on):
        if key is not _KEY:
            raise TypeError("a Theorem is made by rules, never written down")
        values = (
            frozenset(axioms),
            frozenset(hypotheses),
            left,
            relation,
            frozenset(rests_on),
            right,
        )
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def __init_subclass__(cls):
        raise TypeError("a Theorem has no subclasses")

    def __setattr__(self, name, value):
        raise AttributeError(f"{name}: a Theorem does not change")

    def __delattr__(self, name):
        raise AttributeError(f"{name}: a Theorem does not change")

    def __reduce_ex__(self, protocol):  # also what copy and deepcopy call
        raise TypeError("a Theorem is made by rules, never copied")

    def __repr__(self):
        return f"Theorem({self.left} {self.relation} {self.right})"

    @property
    def difference(self):
        """right - left, which the theorem says is 0, at least 0, or above 0."""
        return self.right - self.left


def conclude(left, relation, right, premises=(), hypotheses=(), axiom=None) -> Theorem:
    """Make a theorem; for the rules of this file and of axioms.py alone."""
    left, right = sympify(left), sympify(right)
    _only_theorems(premises)
    if relation not in RELATIONS:
        raise Rejected(f"relation: {relation!r} is none of = ≤ <")
    if is_vector(nf(left)) or is_vector(nf(right)):
        if relation != "=":
            raise Rejected("vectors can be equal, not ordered")
        nf(left - right)  # a sum of a vector and a scalar is refused here
    hypotheses = set(hypotheses).union(*(p.hypotheses for p in premises))
    axioms = set().union(*(p.axioms for p in premises)) | ({axiom} if axiom else set())
    rests_on = set().union(*(p.rests_on for p in premises))
    return Theorem(_KEY, left, relation, right, hypotheses, axioms, rests_on)


def instance(t: Theorem, left, right, hypotheses, axiom: str) -> Theorem:
    """The instance of a schema t, hypotheses included; for `axioms.transform` alone."""
    _only_theorems([t])
    return Theorem(_KEY, left, t.relation, right, hypotheses, t.axioms | {axiom}, t.rests_on)


def _only_theorems(premises) -> None:
    for t in premises:
        if type(t) is not Theorem:
            raise Rejected(f"a premise must be a Theorem, not {type(t).__name__}")


# -------------------------------------------------------------------------- logical rules


def assume(left, relation, right, everywhere: bool = False) -> Theorem:
    """h |- h."""
    h = Hypothesis(sympify(left), relation, sympify(right), everywhere)
    return conclude(h.left, relation, h.right, hypotheses=[h])


def resting_on(theorem: Theorem, claim_id: str) -> Theorem:
    """The same theorem, marked as taken from an earlier claim."""
    _only_theorems([theorem])
    return Theorem(
        _KEY,
        theorem.left,
        theorem.relation,
        theorem.right,
        theorem.hypotheses,
        theorem.axioms,
        {claim_id},
    )


def combine(left, relation, right, *evidence) -> Theorem:
    """left (relation) right, because right - left = sum of c_i * (right_i - left_i).

    Evidence is a theorem, or a pair (c, theorem): c any scalar expression for an equation, a
    positive rational number for an inequality.
    """
    left, right = sympify(left), sympify(right)
    premises, total, strict = [], 0, False
    for item in evidence:
        c, t = item if isinstance(item, tuple) else (1, item)
        c = sympify(c)
        nf(c)  # before SymPy cancels: a factor such as 1/q has no meaning where q may be 0
        if t.relation != "=":
            if not (c.is_Rational and c > 0):
                raise Rejected(f"an inequality may be used a positive number of times, not {c}")
            if relation == "=":
                raise Rejected("an equation cannot rest on an inequality")
            strict = strict or t.relation == "<"
        premises.append(t)
        total = total + c * t.difference
    if relation == "<" and not strict:
        raise Rejected("a strict inequality needs a strict one among its reasons")
    rest = nf(right - left - total)
    if rest:
        raise Rejected(f"right - left is not the sum of the reasons: {len(rest)} terms are left")
    return conclude(left, relation, right, premises)


def chain(*links: Theorem) -> Theorem:
    """a R b, b S c |- a T c, with T the stronger of R and S in the order =, <=, <."""
    for first, second in pairwise(links):
        if nf(first.right - second.left):
            raise Rejected("the links of a chain do not join")
    relation = max((t.relation for t in links), key=RELATIONS.index)
    return conclude(links[0].left, relation, links[-1].right, links)


def flip(t: Theorem) -> Theorem:
    """a R b |- -b R -a."""
    return conclude(-t.right, t.relation, -t.left, [t])


def weaken(t: Theorem) -> Theorem:
    """a < b |- a <= b, and a = b |- a <= b."""
    return conclude(t.left, "≤", t.right, [t])


def times(t: Theorem, factor: Theorem) -> Theorem:
    """a R b, 0 S c |- a c R b c (strict only if both are)."""
    if nf(factor.left) or factor.relation == "=":
        raise Rejected("the factor must be shown to be at least 0")
    relation = t.relation
    if relation == "<" and factor.relation != "<":
        relation = "≤"
    return conclude(t.left * factor.right, relation, t.right * factor.right, [t, factor])


def scaled(t: Theorem, c) -> Theorem:
    """a = b |- c a = c b, for any scalar c."""
    if t.relation != "=":
        raise Rejected("only an equation can be multiplied by a quantity of unknown sign")
    c = sympify(c)
    nf(c)
    return conclude(c * t.left, "=", c * t.right, [t])


def power_equal(t: Theorem, n) -> Theorem:
    """a = b |- a^n = b^n, n >= 0."""
    if t.relation != "=":
        raise Rejected("an equation is needed")
    n = sympify(n)
    exponent(n)
    return conclude(t.left**n, "=", t.right**n, [t])


def inner(t: Theorem, vector) -> Theorem:
    """u = v |- <u, w> = <v, w>."""
    if t.relation != "=":
        raise Rejected("an inner product of an inequality has no meaning")
    return conclude(Inner(t.left, vector), "=", Inner(t.right, vector), [t])


def at(t: Theorem, mapping: dict, suppositions: bool = False) -> Theorem:
    """The instance of t at other prompts, completions, orders, symbols or vectors.

    suppositions: vectors may stand in hypotheses too, which then become those of the instance;
    not in one for every theta, since what replaces them is taken at the theta considered. Prompts
    and completions that are free in a hypothesis stand there "for all": they keep their names, and
    what replaces a vector must not name them.
    """
    mapping = {old: sympify(new) for old, new in mapping.items()}
    sides = (t.left, t.right)
    for old, new in mapping.items():
        if isinstance(old, Prompt | Completion):
            if isinstance(old, Prompt) != isinstance(new, Prompt) or not isinstance(
                new, Prompt | Completion
            ):
                raise Rejected(f"{old} can only become a variable of its own sort")
            continue
        if not isinstance(old, Whole | VectorSymbol) and (
            type(old) is not Symbol or old.name in DEFINITIONS
        ):
            raise Rejected(f"{old} is no free symbol, vector, order, prompt or completion")
        form = nf(new)
        inside = [h for h in t.hypotheses if mentions(h.left, old) or mentions(h.right, old)]
        if inside and not (suppositions and isinstance(old, VectorSymbol)):
            raise Rejected(f"{old} occurs in a hypothesis and cannot be replaced")
        if any(h.everywhere for h in inside):
            raise Rejected(f"{old} occurs in a hypothesis for every theta and cannot be replaced")
        if any(
            free_variables(new) & (free_variables(h.left) | free_variables(h.right)) for h in inside
        ):
            raise Rejected(f"{old} stands in a hypothesis for all of what is free in {new}")
        sides += tuple(side for h in inside for side in (h.left, h.right))
        if isinstance(old, Whole):
            if not _is_order(new, old.least):
                raise Rejected(f"{old.shown} must stay an integer of at least {old.least}")
            continue
        if isinstance(old, VectorSymbol):
            gone, own_sort = VectorSymbol(Symbol("#gone")), is_vector(form) or not form
        else:
            gone, own_sort = Symbol("#gone"), not is_vector(form)
        if not own_sort:
            raise Rejected(f"{old} can only become a scalar if it is one, else a vector")
        if not new.is_number and any(_constant_in(old, side) for side in sides):
            raise Rejected(f"{old} stands inside a gradient; only a number may replace it")
        if any(mentions(substitute(side, {old: gone}), old) for side in sides):
            raise Rejected(f"{old} is hidden in a definition and cannot be replaced")
    left, right = substitute(t.left, mapping), substitute(t.right, mapping)
    if not suppositions:
        return conclude(left, t.relation, right, [t])
    vectors = {old: new for old, new in mapping.items() if isinstance(old, VectorSymbol)}
    moved = {
        Hypothesis(
            substitute(h.left, vectors), h.relation, substitute(h.right, vectors), h.everywhere
        )
        for h in t.hypotheses
    }
    return Theorem(_KEY, left, t.relation, right, moved, t.axioms, t.rests_on)


def _constant_in(symbol, expr, inside: bool = False) -> bool:
    """Whether symbol is free in expr where it is held fixed while theta moves.

    That is inside Grad, Hess (function and direction), OpNorm, and the function of Moved, whose
    step is taken at theta.
    """
    if expr == symbol:
        return inside
    if isinstance(expr, OpNorm) and expr.args[1] == symbol:
        return False  # bound
    if isinstance(expr, Moved):
        return _constant_in(symbol, expr.args[0], True) or _constant_in(
            symbol, expr.args[1], inside
        )
    inside = inside or isinstance(expr, Grad | Hess | OpNorm)
    return any(_constant_in(symbol, a, inside) for a in expr.args)


def mentions(expr, symbol) -> bool:
    """Whether a symbol or vector occurs in expr, with all definitions unfolded."""
    if isinstance(symbol, VectorSymbol):
        name = ("vec", symbol.args[0].name)
    else:
        name = ("order" if isinstance(symbol, Whole) else "sym", symbol.name)

    def inside(part):
        if part == name:
            return True
        if isinstance(symbol, Whole) and part == (symbol.name, part[1:] and part[1]):
            return True  # an order as (part of) an exponent
        return isinstance(part, tuple) and any(inside(q) for q in part if isinstance(q, tuple))

    return inside(nf(expr))


def _is_order(expr, least: int) -> bool:
    """Whether expr is an integer of at least `least` for all values of its orders."""
    symbols = sorted(expr.free_symbols, key=str)
    if not all(isinstance(s, Whole) for s in symbols):
        return False
    if not symbols:
        return bool(expr.is_Integer and expr >= least)
    if not expr.is_polynomial(*symbols):
        return False
    coefficients = Poly(expr, *symbols).as_dict()
    constant = coefficients.pop((0,) * len(symbols), 0)
    if not all(c.is_Integer and c > 0 for c in coefficients.values()):
        return False
    return sympify(constant).is_Integer and bool(expr.subs({s: s.least for s in symbols}) >= least)


def discharge(t: Theorem, *proofs: Theorem) -> Theorem:
    """Drop hypotheses that are proved: h |- c and |- h give |- c."""
    _only_theorems([t, *proofs])
    left = set(t.hypotheses)
    gained: set = set()
    for proof in proofs:
        for h in t.hypotheses:
            same = not nf(proof.difference - (h.right - h.left))
            strong_enough = RELATIONS.index(proof.relation) >= RELATIONS.index(h.relation)
            if proof.relation == "=" and h.relation != "=":
                strong_enough = h.relation == "≤"
            elif h.relation == "=":
                strong_enough = proof.relation == "="
            if same and strong_enough:
                if h.everywhere and any(not g.everywhere for g in proof.hypotheses):
                    raise Rejected("a hypothesis at every theta needs a proof at every theta")
                left.discard(h)
                gained |= proof.hypotheses
    if left == set(t.hypotheses):
        raise Rejected("none of the proofs proves a hypothesis")
    axioms = t.axioms.union(*(p.axioms for p in proofs))
    rests_on = t.rests_on.union(*(p.rests_on for p in proofs))
    return Theorem(_KEY, t.left, t.relation, t.right, left | gained, axioms, rests_on)


# ------------------------------------------------------- expectation, order, inner product


def mean(t: Theorem, *variables) -> Theorem:
    """E is monotone: f R g for all x |- E_x[f] R E_x[g]."""
    for v in variables:
        if not isinstance(v, Prompt | Completion):
            raise Rejected("an expectation is over a prompt or a completion")
    return conclude(E(t.left, *variables), t.relation, E(t.right, *variables), [t])


def number(c) -> Theorem:
    """|- 0 < c for a positive rational number c."""
    c = sympify(c)
    if not (c.is_Rational and c > 0):
        raise Rejected(f"{c} is not a positive rational number")
    return conclude(0, "<", c)


def at_least(k: Whole) -> Theorem:
    """|- least <= k."""
    if not isinstance(k, Whole):
        raise Rejected(f"{k} is not an order such as k")
    return conclude(k.least, "≤", k)


def squared_norm(v) -> Theorem:
    """|- 0 <= <v, v>."""
    if nf(v) and not is_vector(nf(v)):
        raise Malformed("a squared norm needs a vector")
    return conclude(0, "≤", Inner(v, v))


def square(s) -> Theorem:
    """|- 0 <= s^2."""
    s = sympify(s)
    nf(s)  # SymPy squares the imaginary unit before anything else sees it
    return conclude(0, "≤", s**2)
