"""Claims: statements with a status that is computed, and the builder in which they are derived.

A claim is a function that receives a `Proof` and writes on it, in the order of a page: what is
given, the chains of steps, the statement. The statement is compared with the theorem that the
rules returned; nothing else decides that a claim is proved.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sympy import sympify

from . import kernel
from .kernel import Rejected, Theorem
from .normal import nf
from .terms import free_variables, latex, unwrapped

COMPUTED = ("proved", "checked", "refuted as printed")
DECLARED = ("defined", "assumed", "cited")
# From strong to weak; what is defined or assumed weakens nothing that uses it.
STRENGTH = {"proved": 2, "defined": 2, "assumed": 2, "cited": 1, "checked": 0}
SIGN = {"=": "=", "≤": r"\le", "<": "<"}
TURNED = {"≤": r"\ge", "<": ">"}


@dataclass(frozen=True)
class Line:
    """One line of a derivation: `relation` is empty at the start of a chain or for a heading."""

    relation: str
    formula: str
    reason: str
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One part of a statement, with the theorem that proves it."""

    left: object
    relation: str
    right: object
    theorem: Theorem | None
    words: str = ""
    premise: tuple | None = None

    def latex(self) -> str:
        """Left, relation and right, without the premise."""
        return _relation_latex((self.left, self.relation, self.right))


@dataclass(frozen=True)
class Given:
    """A hypothesis of a claim, in words and as the theorem that supposes it."""

    words: str
    theorem: Theorem

    def latex(self) -> str:
        """The supposed relation."""
        t = self.theorem
        if t.left == 0 and t.relation != "=":  # a > 0 reads better than 0 < a
            return f"{unwrapped(latex(t.right))} {TURNED[t.relation]} 0"
        return _theorem_latex(t)


class Proof:
    """The page on which one claim is derived.

    More tries never hurt: 1 - p(x) is at most 1, so one more factor makes its power no larger.

    >>> from passk_lib.theory.axioms import bounded, power_sign
    >>> from passk_lib.theory.kernel import mean, times
    >>> from passk_lib.theory.setting import J, k, u, x
    >>> low, high = bounded(u(x))  # 0 ≤ u(x) and u(x) ≤ 1, where u = 1 - p
    >>> reason = mean(times(high, power_sign(low, k)), x)
    >>> page = Proof()
    >>> derived = page.chain(J(k), ("≤", J(k + 1), "a factor ≤ 1", reason))
    >>> page.state(J(k), "≤", J(k + 1), by=derived)
    >>> print(page.parts[0].latex())
    J_{k}(\\theta) \\le J_{1+k}(\\theta)

    With the sign turned round, the difference is not the sum of the reasons:

    >>> page.state(J(k + 1), "≤", J(k), by=derived)
    Traceback (most recent call last):
    passk_lib.theory.kernel.Rejected: right - left is not the sum of the reasons: 2 terms are left
    """

    def __init__(self, claim_id: str = "", lookup: Callable[[str], Result] | None = None):
        self.claim_id = claim_id
        self._lookup = lookup or (lambda other: result(other))
        self.givens: list[Given] = []
        self.lines: list[Line] = []
        self.parts: list[Part] = []
        self.rests_on: list[str] = []
        self.premise: tuple | None = None  # what is supposed just now, inside an implication

    # -- a subclass may change what is written; see mutation.py
    def written(self, kind: str, index: int, value):
        """Every expression, relation and list of reasons passes through here once."""
        return value

    def _write(self, kind, value):
        self._count = getattr(self, "_count", -1) + 1
        return self.written(kind, self._count, value)

    def given(self, words: str, left, relation: str, right, everywhere: bool = False) -> Theorem:
        """A hypothesis of the claim; `everywhere`: at every theta."""
        left, relation, right = self._write("hypothesis", (sympify(left), relation, sympify(right)))
        theorem = kernel.assume(left, relation, right, everywhere)
        self.givens.append(Given(words, theorem))
        return theorem

    def use(self, claim_id: str, part: int = 0) -> Theorem:
        """A part of an earlier claim; its hypotheses must be proved or given here too."""
        earlier = self._lookup(claim_id)
        if earlier.status == "refuted as printed":
            raise Rejected(f"{claim_id}: is refuted as printed, nothing can rest on it")
        if not earlier.parts:
            raise Rejected(f"{claim_id}: has no statement to use")
        if claim_id not in self.rests_on:
            self.rests_on.append(claim_id)
        theorem = kernel.resting_on(earlier.parts[part].theorem, claim_id)
        for g in self.givens:  # a hypothesis for every theta serves for this theta
            theorem = _try_discharge(theorem, g.theorem)
        return theorem

    def rest_on(self, claim_id: str) -> None:
        """Name a claim that the statement leans on without using its theorem."""
        if self._lookup(claim_id).status == "refuted as printed":
            raise Rejected(f"{claim_id}: is refuted as printed, nothing can rest on it")
        self.rests_on.append(claim_id)

    def step(self, words: str) -> None:
        """A heading inside the derivation."""
        self.lines.append(Line("", "", words))

    def chain(self, start, *steps) -> Theorem:
        """start R1 e1 R2 e2 ...: each step is (relation, expression, reason, *evidence)."""
        left = self._write("start", sympify(start))
        self.lines.append(Line("", latex(left), ""))
        links = []
        for relation, right, reason, *evidence in steps:
            relation, right, evidence = self._write(
                "step", (relation, sympify(right), tuple(evidence))
            )
            link = kernel.combine(left, relation, right, *evidence)
            uses = sorted(link.rests_on)
            self.lines.append(
                Line(relation, latex(right), reason + _inequalities(link, evidence), tuple(uses))
            )
            links.append(link)
            left = right
        return kernel.chain(*links)

    def state(self, left, relation: str, right, by: Theorem, words: str = "") -> None:
        """A part of the statement; `by` must prove exactly this, or something stronger."""
        left, relation, right = self._write("statement", (sympify(left), relation, sympify(right)))
        theorem = kernel.combine(left, relation, right, by)
        self._check_hypotheses(theorem)
        self.parts.append(Part(left, relation, right, theorem, words))

    def state_same(self, by: Theorem, words: str = "") -> None:
        """State what the theorem `by` says, as it says it."""
        self.state(by.left, by.relation, by.right, by, words)

    def implies(
        self, premise, goal, argument: Callable[[Theorem], Theorem], words: str = ""
    ) -> None:
        """State: if premise then goal. `argument` turns the supposed premise into the goal."""
        premise, goal = self._write("implication", (_spread(premise), _spread(goal)))
        if free_variables(premise[0]) | free_variables(premise[2]):
            raise Rejected("a supposition is about no prompt in particular; state it as given")
        self.step(f"Suppose ${_relation_latex(premise)}$.")
        supposed = kernel.assume(*premise)
        self.premise = premise
        theorem = kernel.combine(*goal, argument(supposed))
        self.premise = None
        self._check_hypotheses(theorem, allowed=next(iter(supposed.hypotheses)))
        self.parts.append(Part(*goal, theorem, words, premise))

    def equivalent(self, first, second, forward: Callable, backward: Callable) -> None:
        """first <=> second, each direction derived."""
        self.implies(first, second, forward)
        self.implies(second, first, backward)

    def _check_hypotheses(self, theorem, allowed=None) -> None:
        stated = set().union(*(g.theorem.hypotheses for g in self.givens))
        for h in theorem.hypotheses:
            if h not in stated and h != allowed:
                raise Rejected(
                    f"a hypothesis is used that is not given: {h.left} {h.relation} {h.right}"
                )


def _spread(relation):
    return sympify(relation[0]), relation[1], sympify(relation[2])


def _relation_latex(relation) -> str:
    left, right = (unwrapped(latex(sympify(side))) for side in relation[::2])
    return f"{left} {SIGN[relation[1]]} {right}"


def _theorem_latex(t: Theorem) -> str:
    return _relation_latex((t.left, t.relation, t.right))


def _inequalities(link: Theorem, evidence) -> str:
    """The inequalities among the reasons, where they are short and say more than the line."""
    shown = []
    for item in evidence:
        t = item[1] if isinstance(item, tuple) else item
        if t.relation != "=" and nf(t.difference - link.difference):
            text = _theorem_latex(t)
            if len(text) <= 160:
                shown.append(f"${text}$")
    return f" [from {'; '.join(shown)}]" if shown else ""


def _try_discharge(theorem: Theorem, proof: Theorem) -> Theorem:
    if set(proof.hypotheses) & set(theorem.hypotheses):
        return theorem
    try:
        return kernel.discharge(theorem, proof)
    except Rejected:
        return theorem


# ------------------------------------------------------------------------------- the registry


@dataclass(frozen=True)
class Claim:
    """What is claimed, before it is checked."""

    id: str
    number: str
    kind: str  # equation, proposition, corollary, lemma, definition, assumption, number, slip ...
    title: str
    chapter: str
    derive: Callable[[Proof], None] | None = None
    check: Callable[[], Check] | None = None
    declared: str = ""
    statement: str = ""  # LaTeX/Markdown where it is not printed from checked expressions
    reason: str = ""  # why a declared status is what it is, or a remark
    depends_on: tuple[str, ...] = ()
    refutes: bool = False


@dataclass(frozen=True)
class Check:
    """Outcome of a finite check: how many cases (at least one), what they show (Markdown)."""

    cases: int
    shows: str
    holds: bool = True

    def __post_init__(self):
        if isinstance(self.cases, bool) or self.cases < 1:
            raise ValueError(f"cases: {self.cases!r} must be an integer of at least 1")


@dataclass(frozen=True)
class Result:
    """A claim with its computed status. The theorems of its parts name it as their source."""

    claim: Claim
    status: str
    seconds: float
    depends_on: tuple[str, ...]
    givens: tuple[Given, ...] = ()
    lines: tuple[Line, ...] = ()
    parts: tuple[Part, ...] = ()
    check: Check | None = None
    axioms: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The claim's id, such as prop-4.5."""
        return self.claim.id


CLAIMS: dict[str, Claim] = {}
_results: dict[str, Result] = {}
_running: list[str] = []


def _register(claim: Claim) -> None:
    if claim.id in CLAIMS:
        raise ValueError(f"id: {claim.id!r} is taken")
    CLAIMS[claim.id] = claim


def proved(
    id: str,
    number: str,
    title: str,
    kind: str = "equation",
    chapter: str = "",
    reason: str = "",
    statement: str = "",
):
    """Register a derivation. Its status is `proved` only if it checks.

    number: the paper's, or a dash. chapter: the notebook that states it, without its ending.
    Raises ValueError if the id is taken; so do `checked` and `declare`.
    """

    def wrap(derive):
        _register(
            Claim(
                id, number, kind, title, chapter, derive=derive, reason=reason, statement=statement
            )
        )
        return derive

    return wrap


def checked(
    id: str,
    number: str,
    title: str,
    statement: str,
    kind: str = "number",
    chapter: str = "",
    depends_on=(),
    refutes: bool = False,
    reason: str = "",
):
    """Register a finite check (`refutes`: the statement is the printed one and must fail)."""

    def wrap(function):
        _register(
            Claim(
                id,
                number,
                kind,
                title,
                chapter,
                check=function,
                statement=statement,
                depends_on=tuple(depends_on),
                refutes=refutes,
                reason=reason,
            )
        )
        return function

    return wrap


def declare(
    id: str,
    number: str,
    title: str,
    status: str,
    statement: str,
    reason: str,
    kind: str = "equation",
    chapter: str = "",
    depends_on=(),
) -> None:
    """Register what is defined, assumed or cited, with the reason; ValueError for other words."""
    if status not in DECLARED:
        raise ValueError(f"status: {status!r} is computed, never declared; allowed are {DECLARED}")
    _register(
        Claim(
            id,
            number,
            kind,
            title,
            chapter,
            declared=status,
            statement=statement,
            reason=reason,
            depends_on=tuple(depends_on),
        )
    )


def result(claim_id: str) -> Result:
    """The claim with its status; checks it, and what it rests on, at the first call.

    Raises ValueError for an unknown id, `kernel.Rejected` where the derivation does not check.
    """
    if claim_id not in CLAIMS:
        import difflib

        near = difflib.get_close_matches(claim_id, CLAIMS, n=3)
        raise ValueError(
            f"claim id: {claim_id!r} is unknown"
            + (f"; did you mean {', '.join(near)}?" if near else "")
        )
    if claim_id not in _results:
        if claim_id in _running:
            raise Rejected(f"{claim_id}: rests on itself")
        _running.append(claim_id)
        try:
            _results[claim_id] = _run(CLAIMS[claim_id])
        finally:
            _running.pop()
    return _results[claim_id]


def forget() -> None:
    """Drop every computed status (not the claims)."""
    _results.clear()


def _weakest(own: str, claim_id: str, needs) -> str:
    """The weakest among a status and those of the claims that are needed; `own` if all are as
    strong."""
    statuses = {d: result(d).status for d in needs}
    for d, status in statuses.items():
        if status not in STRENGTH:
            raise Rejected(f"{claim_id}: rests on {d}, which is {status}")
    weakest = min(statuses.values(), key=STRENGTH.__getitem__, default=own)
    return weakest if STRENGTH[weakest] < STRENGTH[own] else own


def _run(claim: Claim, proof: Proof | None = None) -> Result:
    begin = time.perf_counter()
    if claim.derive is None:
        own = claim.declared or "checked"
        status = _weakest(own, claim.id, claim.depends_on)
        if status != own:
            raise Rejected(f"{claim.id}: is declared {own} and rests on a claim that is {status}")
        outcome = claim.check() if claim.check else None
        if outcome and outcome.holds == claim.refutes:
            raise Rejected(f"{claim.id}: the check fails: {outcome.shows}")
        if claim.refutes:
            status = "refuted as printed"
        return Result(claim, status, time.perf_counter() - begin, claim.depends_on, check=outcome)
    proof = proof or Proof(claim.id)
    claim.derive(proof)
    if not proof.parts:
        raise Rejected(f"{claim.id}: states nothing")
    # what the page names, and what its theorems come from, however they got there
    sources = sorted(set().union(*(p.theorem.rests_on for p in proof.parts)))
    needs = tuple(dict.fromkeys([*proof.rests_on, *sources]))
    status = _weakest("proved", claim.id, needs)
    axioms = sorted(set().union(*(p.theorem.axioms for p in proof.parts)))
    parts = tuple(replace(p, theorem=kernel.resting_on(p.theorem, claim.id)) for p in proof.parts)
    return Result(
        claim,
        status,
        time.perf_counter() - begin,
        needs,
        tuple(proof.givens),
        tuple(proof.lines),
        parts,
        axioms=tuple(axioms),
    )
