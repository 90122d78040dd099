"""A claim as Markdown with LaTeX: it reads the same in the book, in JupyterLab and in Colab."""

from __future__ import annotations

import re

from .axioms import AXIOMS
from .claims import CLAIMS, SIGN, Part, Result, result
from .terms import latex

BADGE = {
    "proved": "✓ proved",
    "checked": "≈ checked",
    "refuted as printed": "✗ refuted as printed",
    "defined": "≔ defined",
    "assumed": "○ assumed",
    "cited": "→ cited",
}
_KIND = {"proposition": "Proposition", "corollary": "Corollary", "lemma": "Lemma",
         "definition": "Definition", "theorem": "Theorem", "assumption": "Assumption"}
_CALLED = re.compile(r"(?:Proposition|Corollary|Lemma|Definition|Assumption) ([A-Z0-9]+\.[0-9]+)")
_EQUATION = re.compile(r"eq-(\d+)$")
_STATEMENT = re.compile(r"(?:prop|cor|lem|def)-[A-Z0-9]+\.\d+$")


class ClaimView:
    """What `claim(id)` returns: the claim with its status, displayed as Markdown.

    `steps=False` leaves out the derivation.
    """

    def __init__(self, outcome: Result, steps: bool = True):
        self.result, self.steps = outcome, steps

    @property
    def status(self) -> str:
        return self.result.status

    def _repr_markdown_(self) -> str:
        return markdown(self.result, self.steps)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/markdown": self._repr_markdown_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        c = self.result.claim
        return f"{c.number} {c.title} [{self.status}]"


def claim(claim_id: str, steps: bool = True) -> ClaimView:
    """Check the claim with this id (and only what it rests on) and show it.

    Raises ValueError for an unknown id.
    """
    from . import statements  # noqa: F401  fills the registry
    return ClaimView(result(claim_id), steps)


def link(claim_id: str) -> str:
    """A link to where the book states the claim; plain words where it has no place of its own."""
    c = CLAIMS[claim_id]
    text = c.number if c.number != "—" else c.title
    numbered = _EQUATION.match(claim_id)
    placed = (numbered and int(numbered[1]) <= 20) or _STATEMENT.match(claim_id)
    if placed and c.chapter[:1] == "0":
        return f"[{text}]({c.chapter}.ipynb#{claim_id})"
    return text


def heading(r: Result) -> str:
    """The bold words, the title and the badge."""
    c = r.claim
    name = _KIND.get(c.kind, "Claim")
    number = _CALLED.match(c.number)
    name += f" {number[1]}" if number else ""
    also = "" if number or c.number == "—" else f" {c.number}:"
    return f"**{name}** ({c.title}).{also} *{BADGE[r.status]}*"


def markdown(r: Result, steps: bool = True) -> str:
    """The whole claim; `steps`: with its derivation line by line."""
    c = r.claim
    box = [heading(r), ""]
    if r.givens:
        box += ["Suppose:", ""]
        box += [f"- {_given(g)}" for g in r.givens] + [""]
    if c.statement:
        box += [c.statement, ""]
    box += _statement(r.parts)
    if c.reason:
        box += [f"*{'Why' if c.declared else 'Remark'}:* {c.reason}", ""]
    if r.check:
        times = "One exact case" if r.check.cases == 1 else f"{r.check.cases:,} cases"
        box += [f"*{times}:* {r.check.shows}", ""]
    out = "\n".join(("> " + line).rstrip() for line in box[:-1])
    if steps and r.lines:
        out += "\n\n" + derivation(r)
    tail = []
    if r.depends_on:
        word = "Mended, or settled, in " if c.refutes else "Rests on "
        tail.append(word + ", ".join(link(d) for d in dict.fromkeys(r.depends_on)) + ".")
    if r.axioms:
        tail.append("Taken on trust along the way: " + ", ".join(
            a for a in AXIOMS if a in r.axioms) + ".")
    return out + ("\n\n" + " ".join(tail) if tail else "")


def _given(g) -> str:
    """The words and the checked formula; only the formula where the words are one as well."""
    bare = g.words.startswith("$") and g.words.endswith("$") and g.words.count("$") == 2
    return f"${g.latex()}$" if bare or not g.words else f"{g.words}: ${g.latex()}$"


def derivation(r: Result) -> str:
    """The derivation as a table: formula and reason, line by line."""
    rows = ["| | Derivation | Reason |", "| :-- | :-- | :-- |"]
    n = 0
    for line in r.lines:
        if not line.formula:
            rows.append(f"| | | *{_cell(line.reason)}* |")
            continue
        n += 1
        sign = f"{SIGN[line.relation]}\\; " if line.relation else ""
        reason, extra = line.reason, []
        for used in line.uses:  # a number in the reason becomes a link
            number = CLAIMS[used].number
            if number != "—" and number in reason:
                reason = reason.replace(number, link(used), 1)
            else:
                extra.append(link(used))
        reason += f" – uses {', '.join(extra)}" if extra else ""
        rows.append(f"| {n} | ${sign}\\displaystyle {line.formula}$ | {_cell(reason)} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


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
            if after and after.premise and _relation(*after.premise) == here and (
                    after.latex() == supposed):
                out += [f"$${supposed}\\quad\\Longleftrightarrow\\quad {here}$$", ""]
                i += 2
                continue
            here = f"{supposed}\\quad\\Longrightarrow\\quad {here}"
        words = f"\\qquad\\text{{{part.words}}}" if part.words else ""
        out += [f"$${here}{words}$$", ""]
        i += 1
    return out
