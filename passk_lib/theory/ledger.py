"""All claims with their computed status: the ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .claims import CLAIMS, Result, result
from .show import badge, link


@dataclass
class Ledger:
    """The checked claims, in the order of the paper.

    >>> from passk_lib.theory import claim
    >>> names = ("assumption-4.3", "eq-9", "slip-1")
    >>> some = Ledger([claim(name).result for name in names])
    >>> some.counts()
    {'assumed': 1, 'proved': 1, 'refuted as printed': 1}
    >>> row = some.records()[1]
    >>> row["title"], row["depends_on"]
    ('The inner product is a weighted mean of agreement', ['eq-2', 'eq-8'])
    """

    results: list[Result]

    def records(self) -> list[dict]:
        """One dict a claim: id, paper number, kind, title, status, depends_on, seconds."""
        return [
            {
                "id": r.id,
                "number": r.claim.number,
                "kind": r.claim.kind,
                "title": r.claim.title,
                "status": r.status,
                "depends_on": list(dict.fromkeys(r.depends_on)),
                "seconds": round(r.seconds, 4),
            }
            for r in self.results
        ]

    def counts(self) -> dict[str, int]:
        """How many claims have each status."""
        return dict(Counter(r.status for r in self.results))

    def edges(self) -> list[tuple[str, str]]:
        """(claim, what it rests on), for the dependency graph."""
        return [(r.id, d) for r in self.results for d in dict.fromkeys(r.depends_on)]

    def _repr_markdown_(self) -> str:
        rows = ["| Id | Paper | Claim | Status | Rests on |", "| :-- | :-- | :-- | :-- | :-- |"]
        for r in self.results:
            needs = ", ".join(link(d) for d in dict.fromkeys(r.depends_on))
            number, title = r.claim.number, r.claim.title
            if number == "—":  # what the paper does not have is linked by its title
                title = link(r.id, title)
            elif link(r.id).startswith("["):
                number = link(r.id)
            rows.append(f"| `{r.id}` | {number} | {title} | {badge(r.status)} | {needs} |")
        return "\n".join(rows)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/markdown": self._repr_markdown_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        rows = [
            (
                r.id,
                r.claim.number,
                r.status,
                f"{r.seconds:.2f}",
                " ".join(dict.fromkeys(r.depends_on)),
            )
            for r in self.results
        ]
        head = ("claim", "paper", "status", "seconds", "rests on")
        widths = [max(len(row[i]) for row in (head, *rows)) for i in range(4)]
        lines = [
            "  ".join(
                [*(cell.ljust(n) for cell, n in zip(row, widths, strict=False)), row[4]]
            ).rstrip()
            for row in (head, *rows)
        ]
        total = ", ".join(f"{n} {status}" for status, n in self.counts().items())
        return "\n".join([*lines, "", f"{len(rows)} claims: {total}"])


def ledger() -> Ledger:
    """Check every claim. Raises `kernel.Rejected` at the first that does not hold."""
    from . import statements  # noqa: F401  fills the registry

    return Ledger([result(claim_id) for claim_id in CLAIMS])
