"""A claim as Markdown with LaTeX: it reads the same in the book, in JupyterLab and in Colab."""

from __future__ import annotations

import re

from passk_lib.tables import cell

from .axioms import AXIOMS
from .claims import CLAIMS, SIGN, Part, Result, result
from .normal import unfold
from .terms import DEFINITIONS, Fn, Moved, VectorSymbol, Whole, latex

BADGE = {
    "proved": "✓ proved",
    "checked": "≈ checked",
    "refuted as printed": "✗ refuted as printed",
    "defined": "≔ defined",
    "assumed": "○ assumed",
    "cited": "→ cited",
}
LONG = 8  # a derivation with more lines is folded
APPENDIX = "D_derivations"
_KIND = {
    "proposition": "Proposition",
    "corollary": "Corollary",
    "lemma": "Lemma",
    "definition": "Definition",
    "theorem": "Theorem",
    "assumption": "Assumption",
}
_CALLED = re.compile(r"[A-Z][a-z]+ ([A-Z0-9]+\.[0-9]+)(?:, \(\d+\))?$")  # "Corollary 4.4"
_NUMBER = re.compile(r"(?:Proposition|Corollary|Lemma) [A-Z0-9]+\.\d+|\(\d+\)")
_EQUATION = re.compile(r"eq-(\d+)$")
_STATEMENT = re.compile(r"(?:prop|cor|lem|def)-[A-Z0-9]+\.\d+$")


class ClaimView:
    """What `claim(id)` returns: the claim with its status, displayed as Markdown.

    `steps=False` leaves out the derivation; `fold` puts it into a box that opens at a click
    (None: if it has more than 8 lines).
    """

    def __init__(self, outcome: Result, steps: bool = True, fold: bool | None = None):
        self.result, self.steps, self.fold = outcome, steps, fold

    @property
    def status(self) -> str:
        """proved, checked, refuted as printed, defined, assumed or cited."""
        return self.result.status

    def _repr_markdown_(self) -> str:
        return markdown(self.result, self.steps, self.fold)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/markdown": self._repr_markdown_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        c = self.result.claim
        return f"{c.number} {c.title} [{self.status}]"


def claim(claim_id: str, steps: bool = True, fold: bool | None = None) -> ClaimView:
    """Check the claim with this id (and only what it rests on) and show it.

    Raises ValueError for an unknown id.
    """
    from . import statements  # noqa: F401  fills the registry

    return ClaimView(result(claim_id), steps, fold)


class Derivations:
    """Claims one after the other, each with a link target and its derivation folded."""

    def __init__(self, results: list[Result]):
        self.results = results

    def _repr_markdown_(self) -> str:
        return "\n\n".join(f'<a id="{r.id}"></a>\n\n{markdown(r, fold=True)}' for r in self.results)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/markdown": self._repr_markdown_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return "\n".join(repr(ClaimView(r)) for r in self.results)


def derivations(chapter: str) -> Derivations:
    """The derived claims of a chapter ("05_threshold") that no chapter shows in full.

    "slips" stands for the derived slips. Raises ValueError if there are none.
    """
    from . import statements  # noqa: F401  fills the registry

    found = [
        c.id
        for c in CLAIMS.values()
        if c.derive
        and not _shown_in_full(c.id)
        and chapter == ("slips" if c.kind == "slip" else c.chapter)
    ]
    if not found:
        known = sorted({c.chapter for c in CLAIMS.values() if c.derive and c.kind != "slip"})
        raise ValueError(
            f"chapter: {chapter!r} has no derivations; allowed are {', '.join([*known, 'slips'])}"
        )
    return Derivations([result(claim_id) for claim_id in found])


def _shown_in_full(claim_id: str) -> bool:
    return bool(_STATEMENT.match(claim_id)) or claim_id == "eq-20"


def link(claim_id: str, text: str = "") -> str:
    """A link to where the book states the claim; plain words where it has no place of its own."""
    c = CLAIMS[claim_id]
    text = text or (c.number if c.number != "—" else f"“{c.title}”")
    numbered = _EQUATION.match(claim_id)
    placed = (numbered and int(numbered[1]) <= 20) or _STATEMENT.match(claim_id)
    if placed and c.chapter:
        return f"[{text}]({c.chapter}.ipynb#{claim_id})"
    return f"[{text}]({APPENDIX}.ipynb#{claim_id})" if c.derive else text


def badge(status: str) -> str:
    """The badge for a cell of a table: its mark stays with its first word."""
    return BADGE[status].replace(" ", "\u00a0", 1)


def heading(r: Result) -> str:
    """The bold words, the title and the badge."""
    c = r.claim
    name = _KIND.get(c.kind, "Claim")
    number = _CALLED.match(c.number) if c.kind in _KIND else None
    name += f" {number[1]}" if number else ""
    also = "" if number or c.number == "—" else f" {c.number}:"
    return f"**{name}** ({c.title}).{also} *{BADGE[r.status]}*"


def markdown(r: Result, steps: bool = True, fold: bool | None = None) -> str:
    """The whole claim; `steps`: with its derivation line by line, folded if `fold`."""
    c = r.claim
    box = [heading(r), ""]
    bare = [f"${g.latex()}$" for g in r.givens if _bare(g)]
    given = _orders(r) + [f"{g.words}: ${g.latex()}$" for g in r.givens if not _bare(g)]
    given += [", ".join(bare)] if bare else []
    if r.givens:
        box += ["Suppose:", "", *(f"- {line}" for line in given), ""]
    elif given:
        box += [f"For {', '.join(given)}:", ""]
    if c.statement:
        box += [c.statement, ""]
    box += _statement(r.parts)
    where = _where(r)
    if where:
        box += ["Where " + ", ".join(where) + ".", ""]
    if c.reason:
        box += [f"*{'Why' if c.declared else 'Remark'}:* {c.reason}", ""]
    if r.check:
        times = "One exact case" if r.check.cases == 1 else f"{r.check.cases:,} cases"
        box += [f"*{times}:* {r.check.shows}", ""]
    out = "\n".join(("> " + line).rstrip() for line in box[:-1])
    if steps and r.lines:
        table = derivation(r)
        lines = sum(bool(line.formula) for line in r.lines)
        if fold or (fold is None and lines > LONG):
            table = (
                f"<details><summary>The derivation, {lines} lines</summary>\n\n{table}\n\n"
                "</details>"
            )
        out += "\n\n" + table
    tail = []
    if r.depends_on:
        word = "Mended, or settled, in " if c.refutes else "See also " if c.check else "Rests on "
        tail.append(word + ", ".join(link(d) for d in dict.fromkeys(r.depends_on)) + ".")
    if r.axioms:
        tail.append(
            "Taken on trust along the way: " + ", ".join(a for a in AXIOMS if a in r.axioms) + "."
        )
    return out + ("\n\n" + " ".join(tail) if tail else "")


def _bare(g) -> bool:
    """Whether the words of a hypothesis say no more than its formula does."""
    formula = g.words.startswith("$") and g.words.endswith("$") and g.words.count("$") == 2
    return formula or not g.words


# names that the book defines where they first occur, and that every reader of a claim knows
_COMMON = {"p", "w", "J", "a", "kappa", "eps", "del", "JF", "JH"}


def _where(r: Result) -> list[str]:
    """The definitions behind the names in the statement, each once, what it needs after it."""
    found: dict = {}

    def visit(e):
        if isinstance(e, Moved) and not isinstance(e.args[1], VectorSymbol):
            found[Moved] = rf"$\theta^{{+}}=\theta+{latex(e.args[1])}$"
        if isinstance(e, Fn) and e.head in DEFINITIONS and e.head not in _COMMON:
            if e not in found:
                found[e] = f"${latex(e)}={latex(unfold(e))}$"
                visit(unfold(e))
            return
        for part in e.args:
            visit(part)

    for e in _expressions(r):
        visit(e)
    return list(found.values())


def with_links(text: str, used: tuple[str, ...] = ()) -> str:
    """Numbers of equations and statements outside maths, such as (9), as links.

    Where "(2), any transform" is `used`, (2) means it.
    """
    ids = {CLAIMS[c].number: c for c in reversed(CLAIMS)}
    ids |= {CLAIMS[c].number.split(",")[0]: c for c in used}

    def linked(found) -> str:
        return link(ids[found[0]], found[0]) if found[0] in ids else found[0]

    parts = re.split(r"(\$[^$]*\$)", text)
    parts[::2] = [_NUMBER.sub(linked, part) for part in parts[::2]]
    return "".join(parts)


def derivation(r: Result) -> str:
    """The derivation as a table: formula and reason, line by line."""
    rows = ["| | Derivation | Reason |", "| :-- | :-- | :-- |"]
    n = 0
    for line in r.lines:
        if not line.formula:
            rows.append(f"| | *{cell(line.reason)}* | |")
            continue
        n += 1
        sign = f"{SIGN[line.relation]}\\; " if line.relation else ""
        reason = with_links(line.reason, line.uses)
        extra = [
            link(used) for used in line.uses if "](" not in link(used) or f"#{used})" not in reason
        ]
        reason += f" – uses {', '.join(extra)}" if extra else ""
        rows.append(f"| {n} | ${sign}\\displaystyle {line.formula}$ | {cell(reason)} |")
    return "\n".join(rows)


def _relation(left, relation, right) -> str:
    return f"{latex(left)} {SIGN[relation]} {latex(right)}"


def _statement(parts: list[Part]) -> list[str]:
    out, i = [], 0
    while i < len(parts):
        part = parts[i]
        here = part.latex()
        if part.premise:
            supposed = _relation(*part.premise)
            after = parts[i + 1] if i + 1 < len(parts) else None
            if (
                after
                and after.premise
                and _relation(*after.premise) == here
                and (after.latex() == supposed)
            ):
                out += [f"$${supposed}\\quad\\Longleftrightarrow\\quad {here}$$", ""]
                i += 2
                continue
            here = f"{supposed}\\quad\\Longrightarrow\\quad {here}"
        else:
            first, last = part, part
            while (
                i + 1 < len(parts)
                and not parts[i + 1].premise
                and (parts[i + 1].words == part.words)
            ):
                new = parts[i + 1]
                if len(here) + len(new.latex()) > 500:
                    break  # too wide for a page
                if new.left == last.right:  # a <= b, b <= c is shown as a <= b <= c
                    here, last = f"{here} {SIGN[new.relation]} {latex(new.right)}", new
                elif new.right == first.left:
                    here, first = f"{latex(new.left)} {SIGN[new.relation]} {here}", new
                else:
                    break
                i += 1
        words = f"\\qquad\\text{{{part.words}}}" if part.words else ""
        out += [f"$${here}{words}$$", ""]
        i += 1
    return out


def _expressions(r: Result):
    """Every expression of the hypotheses and the statement."""
    for g in r.givens:
        yield from (g.theorem.left, g.theorem.right)
    for part in r.parts:
        yield from (part.left, part.right, *(part.premise or ())[::2])


def _orders(r: Result) -> list[str]:
    """`integers k >= 1` for the orders that occur, with the least value that all parts allow."""
    least: dict[str, int] = {}
    for e in _expressions(r):
        for symbol in e.free_symbols:
            if isinstance(symbol, Whole):
                least[symbol.shown] = min(symbol.least, least.get(symbol.shown, symbol.least))
    return [f"${name}\\ge {low}$, an integer" for name, low in sorted(least.items())]
