"""The second opinion: a checked statement, evaluated on many finite prompt distributions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .claims import Part, Proof, Result
from .kernel import Theorem
from .models import DIGITS, Policies, Undefined, _is_vector, evaluate, free_in_order
from .terms import Whole


@dataclass
class Opinion:
    """How many cases met the hypotheses, and the first few that break the statement."""

    cases: int
    broken: np.ndarray  # positions in the batch, at most five

    @property
    def holds(self) -> bool:
        return self.cases > 0 and not len(self.broken)


def sides(left, relation, right, models: Policies) -> tuple[np.ndarray, np.ndarray]:
    """Both sides, each (B, M): M values of the free prompts and completions."""
    variables = free_in_order(left, right)
    one = evaluate(left, models, variables).reshape(models.size, -1)
    two = evaluate(right, models, variables).reshape(models.size, -1)
    return one, two


def true_where(left, relation, right, models: Policies, slack: float = 0.0) -> np.ndarray:
    """(B,) booleans: the relation holds for all free variables; exact for fractions.

    slack > 0 is generous to the relation, slack < 0 severe, in units of relative rounding.
    """
    for symbol in left.free_symbols | right.free_symbols:
        if isinstance(symbol, Whole):
            small = models.constants[f"#{symbol.shown}"] < symbol.least
            if small.any():
                ok = np.zeros(models.size, dtype=bool)
                keep = np.flatnonzero(~small)
                if len(keep):
                    ok[keep] = true_where(left, relation, right, models.pick(keep), slack)
                return ok
    if _is_vector(left) or _is_vector(right):
        if relation != "=":
            raise Undefined("vectors are not ordered")
        left, right = _probe(left), _probe(right)
    one, two = sides(left, relation, right, models)
    if models.exact:  # room for roots and logarithms, which have 60 digits
        margin = Fraction(1, 10 ** (DIGITS - 20)) * (abs(one) + abs(two)) * (relation != "<")
    else:
        with np.errstate(invalid="ignore"):
            margin = slack * (1e-9 * (abs(one) + abs(two)) + 1e-12)
    with np.errstate(all="ignore"):
        gap = two - one
        if relation == "=":
            good = abs(gap) <= abs(margin)
        elif relation == "≤":
            good = gap >= -margin
        else:
            good = gap > -margin
    return np.all(good.astype(bool), axis=-1)


def _probe(expr):
    """<expr, v> for the arbitrary direction v: how two vectors are compared."""
    from .setting import v
    from .terms import Inner

    return Inner(expr, v) if expr != 0 else expr


def orders_allow(exprs, models: Policies) -> np.ndarray:
    """(B,): every order that occurs is at least its least value."""
    ok = np.ones(models.size, dtype=bool)
    for e in exprs:
        for symbol in e.free_symbols:
            if isinstance(symbol, Whole):
                ok &= (models.constants[f"#{symbol.shown}"] >= symbol.least).astype(bool)
    return ok


def admitted(givens: list[Theorem], part: Part, models: Policies, slack: float) -> np.ndarray:
    """(B,): all hypotheses, and the premise of an implication, hold (severely if slack < 0)."""
    exprs = [part.left, part.right]
    for t in givens:
        exprs += [t.left, t.right]
    ok = orders_allow(exprs, models)
    conditions = [(t.left, t.relation, t.right) for t in givens]
    if part.premise:
        conditions.append(part.premise)
    for left, relation, right in conditions:
        where = np.flatnonzero(ok)
        if not len(where):
            break
        # equations among the hypotheses hold up to rounding; inequalities are taken as they are
        s = 1.0 if relation == "=" else slack
        ok[where] = true_where(left, relation, right, models.pick(where), s)
    return ok


def second_opinion(givens: list[Theorem], part: Part, models: Policies) -> Opinion:
    """Evaluate one part of a statement wherever its hypotheses hold."""
    with np.errstate(over="ignore", under="ignore"):
        ok = np.flatnonzero(admitted(givens, part, models, slack=0.0))
        if len(ok) and not models.exact:
            ok = ok[_finite(part, models.pick(ok))]
        if not len(ok):
            return Opinion(0, ok)
        good = true_where(
            part.left,
            part.relation,
            part.right,
            models.pick(ok),
            slack=0.0 if models.exact else 1.0,
        )
    # what rounding seems to break is computed again without rounding
    broken = []
    for i in ok[~good]:
        if models.exact or _breaks_exactly(givens, part, models, i):
            broken.append(i)
        if len(broken) == 5:
            break  # enough is enough
    return Opinion(len(ok), np.array(broken, dtype=int))


def _finite(part: Part, models: Policies) -> np.ndarray:
    """(B,): neither side overflows; cases that do are not counted."""
    with np.errstate(invalid="ignore"):
        left, right = (_probe(e) if _is_vector(e) else e for e in (part.left, part.right))
        return np.all(
            [np.isfinite(side).all(-1) for side in sides(left, part.relation, right, models)],
            axis=0,
        )


def _breaks_exactly(givens, part: Part, models: Policies, index: int) -> bool:
    try:
        one = exact_instance(models, index, exactly=True)
        return bool(
            admitted(givens, part, one, 0.0)[0]
            and not true_where(part.left, part.relation, part.right, one)[0]
        )
    except Undefined:
        return True


def of_result(outcome: Result | Proof, models: Policies) -> list[Opinion]:
    """One opinion for each part of a proved statement."""
    givens = [g.theorem for g in outcome.givens]
    return [second_opinion(givens, part, models) for part in outcome.parts]


def exact_instance(models: Policies, index: int, exactly: bool = False) -> Policies:
    """One of the models in fractions, with the constants that equations define computed again.

    exactly: the fractions that the floats are; else the small ones that they stand for.
    """
    one = models.pick(np.array([index])).as_fractions(None if exactly else 10**6)
    p = one.success()
    hardest = p.min(-1)
    new = {"failure": (one.mass * (1 - p)).sum(-1), "U": 1 - hardest}
    for name in one.constants:
        if name.startswith("#"):
            new[name] = np.array([Fraction(int(one.constants[name][0]))], dtype=object)
    return one.with_constants(**new)
