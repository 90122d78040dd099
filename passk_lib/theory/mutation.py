"""Negative controls: change one node of what is written and see whether the checker notices.

Everything a claim writes (hypotheses, lines, statements) passes through `Proof.written`. `sites`
lists what was written, `mutants` every change of a single node of it, and `judge` runs the
derivation once more with that one change. A mutant is

- `falsified`: rejected, and an exact finite field shows that what it says is false;
- `rejected`: rejected, and no field was found (a true line with a reason that does not give it,
  or a field that is hard to find);
- `equivalent`: accepted, with the same normal form as the original;
- `not needed`: accepted, because the change claims less or uses less; on every random field that
  meets its hypotheses, and there are some, the changed claim holds;
- `not needed, no field met it`: accepted, but no random field meets the changed hypotheses, so
  nothing was tried;
- `ACCEPTED FALSE`: accepted although a field falsifies it. There must be none.

In the derivation of w_k = k (1 - p)^(k-1), equation (3), a line loses its factor k:

    >>> from passk_lib.theory.setting import g, u, x, k
    >>> mutant, written, page = next(
    ...     each for each in all_mutants(["eq-3"])
    ...     if each[0].value == ("=", u(x) ** (k - 1) * g(x))
    ... )
    >>> mutant.name, judge(mutant, written, page, Fields(size=20))
    ('drop a factor', 'falsified')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sympy import Add, Integer, Mul, Pow, Symbol, sympify

from . import claims
from .claims import CLAIMS, Claim, Part, Proof
from .kernel import assume
from .models import Policies, Undefined
from .normal import Malformed, nf
from .opinion import admitted, exact_instance, true_where
from .random_models import policies
from .terms import Completion, Fn, Inner, Inv, Mean, OpNorm, Prompt, VectorSymbol, Whole

FALSE = "ACCEPTED FALSE"
UNTRIED = "not needed, no field met it"
CLASSES = ("falsified", "rejected", "equivalent", "not needed", UNTRIED, FALSE)

# ------------------------------------------------------------------- single-node changes of a tree

SWAPS = {"eps": "del", "del": "eps", "U": "V", "V": "U", "G": "m", "m": "G"}


def changes(expr) -> Iterator[tuple[str, object]]:
    """Every change of one node of the expression tree, with its name."""
    yield from _here(expr)
    if isinstance(expr, Prompt | Completion | Whole | Symbol | VectorSymbol):
        return
    for i, child in enumerate(expr.args):
        if isinstance(expr, Mean | OpNorm) and i == 1:
            continue  # a bound variable is only a name
        if isinstance(expr, Fn) and (i == 0 or isinstance(child, Prompt | Completion)):
            continue
        for name, new in changes(child):
            args = list(expr.args)
            args[i] = new
            yield name, expr.func(*args)


def _here(expr) -> Iterator[tuple[str, object]]:
    if isinstance(expr, Prompt | Completion | VectorSymbol):
        return
    if expr.is_Rational:
        if expr:
            yield "flip the sign of a number", -expr
        yield "shift a number", expr + 1
        return
    if isinstance(expr, Whole):
        yield "shift an order", expr + 1
        return
    if expr.is_Symbol:
        if expr.name in SWAPS:
            yield "swap two constants", Symbol(SWAPS[expr.name])
        yield "flip the sign of a symbol", -expr
        return
    if isinstance(expr, Add):
        for a in expr.args:
            rest = [b for b in expr.args if b is not a]
            yield "drop a term", Add(*rest)
            yield "flip the sign of a term", Add(*rest, -a)
        return
    if isinstance(expr, Mul):
        for a in expr.args:
            if not isinstance(a, Integer) or a != -1:
                yield "drop a factor", Mul(*(b for b in expr.args if b is not a))
        yield "flip the sign of a product", -expr
        return
    if isinstance(expr, Pow):
        base, n = expr.args
        yield "raise an exponent", base ** (n + 1)
        if n != 1:
            yield "lower an exponent", base ** (n - 1)
        yield "drop an exponent", base
        return
    if isinstance(expr, Inner) and expr.args[0] != expr.args[1]:
        yield "square one side of an inner product", Inner(expr.args[0], expr.args[0])
    if isinstance(expr, Inv):
        yield "turn a fraction over", expr.args[0]
    yield "flip the sign", -expr


RELATION_CHANGES = {
    "=": (
        ("weaken = to ≤", "≤", False),
        ("turn = into <", "<", False),
        ("turn = into ≥", "≤", True),
    ),
    "≤": (
        ("turn ≤ into ≥", "≤", True),
        ("sharpen ≤ to <", "<", False),
        ("turn ≤ into =", "=", False),
    ),
    "<": (
        ("turn < into >", "<", True),
        ("weaken < to ≤", "≤", False),
        ("turn < into =", "=", False),
    ),
}


def relation_changes(left, relation, right):
    """Every change of one node of a relation."""
    for name, new, turned in RELATION_CHANGES[relation]:
        yield name, ((right, new, left) if turned else (left, new, right))
    for name, new in changes(left):
        yield f"left: {name}", (new, relation, right)
    for name, new in changes(right):
        yield f"right: {name}", (left, relation, new)


# ----------------------------------------------------------------------------- sites and mutants


@dataclass(frozen=True)
class Site:
    """Something written on the page of a claim: its position, kind and content."""

    claim: str
    index: int
    kind: str
    value: object
    premise: tuple | None


@dataclass(frozen=True)
class Mutant:
    """One change of what stands at a site: its name, and the value that stands there then."""

    site: Site
    name: str
    value: object
    drop: int | None = None  # which reason of a line is left out


class _Recorder(Proof):
    def __init__(self, claim_id):
        super().__init__(claim_id)
        self.sites: list[Site] = []

    def written(self, kind, index, value):
        self.sites.append(Site(self.claim_id, index, kind, value, self.premise))
        return value


class _Changed(Proof):
    def __init__(self, mutant: Mutant):
        super().__init__(mutant.site.claim)
        self.mutant = mutant

    def written(self, kind, index, value):
        if index != self.mutant.site.index:
            return value
        if kind == "step":  # relation and expression, and the reasons less the one left out
            reasons = [e for i, e in enumerate(value[2]) if i != self.mutant.drop]
            return (*self.mutant.value, tuple(reasons))
        return self.mutant.value


def sites(claim: Claim) -> tuple[list[Site], Proof]:
    """Everything the claim writes, and its finished page."""
    page = _Recorder(claim.id)
    claim.derive(page)
    return page.sites, page


_NOTHING = (Integer(0), "=", Integer(0))  # what is supposed where a hypothesis is dropped


def mutants(site: Site) -> Iterator[Mutant]:
    """Every single-node change of what stands at the site, and every reason left out."""
    if site.kind in ("hypothesis", "statement"):
        for name, value in relation_changes(*site.value):
            yield Mutant(site, name, value)
        if site.kind == "hypothesis":
            yield Mutant(site, "drop a hypothesis", _NOTHING)
    elif site.kind == "implication":
        premise, goal = site.value
        for name, value in relation_changes(*premise):
            yield Mutant(site, f"premise, {name}", (value, goal))
        for name, value in relation_changes(*goal):
            yield Mutant(site, f"goal, {name}", (premise, value))
    elif site.kind == "start":
        for name, value in changes(site.value):
            yield Mutant(site, name, value)
    elif site.kind == "step":
        relation, right, reasons = site.value
        for i in range(len(reasons)):
            yield Mutant(site, "drop a reason", (relation, right), i)
        for new in {"=": ("<",), "≤": ("=", "<"), "<": ("=", "≤")}[relation]:
            yield Mutant(site, f"turn {relation} into {new}", (new, right))
        for name, value in changes(right):
            yield Mutant(site, name, (relation, value))


def all_mutants(only=None) -> Iterator[tuple[Mutant, list[Site], Proof]]:
    """Every mutant of every derivation (or of `only` these), with the page that it changes.

    A line that stands word for word in several claims, under the same hypotheses and between the
    same neighbours, is changed once.
    """
    from . import statements  # noqa: F401

    seen = set()
    for claim in CLAIMS.values():
        if claim.derive is None or (only is not None and claim.id not in only):
            continue
        written, page = sites(claim)
        given = tuple(s.value for s in written if s.kind == "hypothesis")
        for i, site in enumerate(written):
            near = written[max(i - 1, 0) : i + 2]
            plain = [s.value[:2] if s.kind == "step" else s.value for s in near]
            key = (site.kind, given, site.premise, *plain)
            if key in seen:
                continue
            seen.add(key)
            for mutant in mutants(site):
                yield mutant, written, page


# ------------------------------------------------------------------------------------- judgement


def accepted(mutant: Mutant) -> Proof | None:
    """The page if the checker accepts the changed derivation, else None."""
    page = _Changed(mutant)
    try:
        CLAIMS[mutant.site.claim].derive(page)
    except (ValueError, TypeError, ArithmeticError, IndexError, AttributeError):
        return None
    return page


def said(mutant: Mutant, written: list[Site], page: Proof) -> tuple[list, list[Part]]:
    """What the mutant says: hypotheses, and statements one of which it changes."""
    givens = [g.theorem for g in page.givens]
    site, value = mutant.site, mutant.value
    if site.kind == "hypothesis":
        position = [s.index for s in written if s.kind == "hypothesis"].index(site.index)
        try:
            givens[position] = assume(*(sympify(v) if i != 1 else v for i, v in enumerate(value)))
        except ValueError:
            return [], []
        return givens, page.parts
    if site.kind == "statement":
        return givens, [Part(*value, None)]
    if site.kind == "implication":
        premise, goal = value
        return givens, [Part(*goal, None, "", premise)]
    # a line: the two links it takes part in
    before = written[site.index - 1] if site.index and site.kind == "step" else None
    after = written[site.index + 1] if site.index + 1 < len(written) else None
    parts = []
    here = value if site.kind == "start" else value[1]
    if before is not None:
        left = before.value if before.kind == "start" else before.value[1]
        parts.append(Part(left, value[0], here, None, "", site.premise))
    if after is not None and after.kind == "step":
        parts.append(Part(here, after.value[0], after.value[1], None, "", site.premise))
    return givens, parts


class Fields:
    """Random finite fields on which mutants are tried; small fractions, so exactly repeatable."""

    def __init__(self, size: int = 500, seed: int = 11):
        self.batches = [
            policies(
                size,
                seed + i,
                prompts=2 + i % 2,
                completions=2 + i // 3,
                dim=1 + i // 4,
                largest_order=16 if i % 2 else 5,
                grid=6,
            )
            for i in range(5)
        ]

    def falsify(self, givens, parts) -> Policies | None:
        """A field where all hypotheses hold and one of the parts fails, exactly."""
        for batch in self.batches:
            for part in parts:
                for index in _violations(givens, part, batch)[:4]:
                    one = _confirmed(givens, part, batch, index)
                    if one is not None:
                        return one
        return None

    def met(self, givens, parts) -> int:
        """How many fields meet all hypotheses (and the premise) of one of the parts."""
        return sum(_met(givens, part, batch) for part in parts for batch in self.batches)


def _met(givens, part: Part, models: Policies) -> int:
    with np.errstate(all="ignore"):
        try:
            return int(admitted(givens, part, models, slack=0.0).sum())
        except _UNDEFINED:
            return 0


_UNDEFINED = (Undefined, Malformed, ValueError, OverflowError, TypeError, ZeroDivisionError)


def _violations(givens, part: Part, models: Policies) -> np.ndarray:
    """Positions where the hypotheses seem to hold and the part seems to fail."""
    slack = 0.0 if models.exact or part.relation == "<" else 10.0
    with np.errstate(all="ignore"):
        try:
            ok = np.flatnonzero(admitted(givens, part, models, slack=0.0))
            if not len(ok):
                return ok
            good = true_where(part.left, part.relation, part.right, models.pick(ok), slack)
        except _UNDEFINED:
            return np.array([], dtype=int)
    return ok[~good]


def _confirmed(givens, part: Part, batch: Policies, index: int) -> Policies | None:
    try:
        one = exact_instance(batch, index)
    except ZeroDivisionError:
        return None
    return one if _violations(givens, part, one).size else None


def judge(mutant: Mutant, written: list[Site], page: Proof, fields: Fields) -> str:
    """The class of a mutant."""
    changed = accepted(mutant)
    if changed is None:
        givens, parts = said(mutant, written, page)
        return "falsified" if fields.falsify(givens, parts) is not None else "rejected"
    givens = [g.theorem for g in changed.givens]
    if fields.falsify(givens, changed.parts) is not None:
        return FALSE
    if mutant.drop is None and _same(mutant):
        return "equivalent"
    return "not needed" if fields.met(givens, changed.parts) else UNTRIED


def _same(mutant: Mutant) -> bool:
    """Whether original and mutant have the same normal form and relation."""
    old, new = mutant.site.value, mutant.value
    if mutant.site.kind == "start":
        return not nf(old - new)
    if mutant.site.kind == "step":
        return old[0] == new[0] and not nf(old[1] - new[1])
    if mutant.site.kind == "implication":
        return all(
            a[1] == b[1] and not nf(a[2] - a[0] - b[2] + b[0])
            for a, b in zip(old, new, strict=True)
        )
    return old[1] == new[1] and not nf(old[2] - old[0] - new[2] + new[0])


# ----------------------------------------------------------------------------------- definitions


def definition_mutants() -> Iterator[tuple[str, str, object]]:
    """(head, change, new body) for every single-node change of a definition."""
    from . import statements  # noqa: F401
    from .terms import DEFINITIONS

    for head, definition in list(DEFINITIONS.items()):
        for name, body in changes(sympify(definition.body)):
            yield head, name, body


def heads_in(expr, seen: set | None = None) -> set[str]:
    """The defined names that an expression unfolds."""
    from .terms import DEFINITIONS

    seen = set() if seen is None else seen
    for part in [expr, *expr.args] if not isinstance(expr, Fn) else [expr, *expr.args[1:]]:
        name = part.head if isinstance(part, Fn) else getattr(part, "name", None)
        if name in DEFINITIONS and name not in seen:
            seen.add(name)
            heads_in(sympify(DEFINITIONS[name].body), seen)
        elif part is not expr:
            heads_in(part, seen)
    return seen


def users_of(only=None) -> dict[str, list[str]]:
    """For each defined name, the claims (or of `only` these) whose pages unfold it, shortest
    derivation first."""
    users: dict[str, list[tuple[int, str]]] = {}
    for claim in CLAIMS.values():
        if (
            claim.derive is None
            or "restated" in claim.title
            or (only is not None and claim.id not in only)
        ):
            continue
        written, _ = sites(claim)
        found: set[str] = set()
        for site in written:
            for e in _expressions(site.value):
                found |= heads_in(e)
        for head in found:
            users.setdefault(head, []).append((len(written), claim.id))
    return {head: [c for _, c in sorted(rows)] for head, rows in users.items()}


def _expressions(value):
    if isinstance(value, tuple):
        for v in value:
            yield from _expressions(v)
    elif hasattr(value, "free_symbols") and hasattr(value, "args"):
        yield value


def judge_definition(head: str, body, users: list[str], fields: Fields) -> str:
    """Replace a definition for a moment; the class of this mutant."""
    from dataclasses import replace

    from . import normal
    from .terms import DEFINITIONS

    original = DEFINITIONS[head]
    pages = {c: claims.result(c) for c in users}  # what the claims say, with the right definition
    keep = dict(claims._results)

    def reset():
        normal.forget()
        claims._results.clear()
        claims._results.update({c: r for c, r in keep.items() if r.claim.derive is None})

    DEFINITIONS[head] = replace(original, body=sympify(body))
    try:
        reset()
        rejected = False
        for claim_id in users:
            try:
                claims.result(claim_id)
            except (ValueError, TypeError, ArithmeticError, IndexError, AttributeError):
                rejected = True
                break
        for claim_id in users:
            outcome = pages[claim_id]
            if fields.falsify([g.theorem for g in outcome.givens], outcome.parts) is not None:
                return "falsified" if rejected else FALSE
        if rejected:
            return "rejected"
        new = normal.nf(sympify(body)) if _closed(body) else None
    finally:
        DEFINITIONS[head] = original
        normal.forget()
        claims._results.clear()
        claims._results.update(keep)
    same = new is not None and new == normal.nf(sympify(original.body))
    return "equivalent" if same else "not needed"


def _closed(body) -> bool:
    try:
        nf(sympify(body))
    except Malformed:
        return False
    return True
