"""The theory of the paper as derivations that a program checks.

`claim("prop-4.5")` shows one claim, `derivations("05_threshold")` those of a chapter that have no
place of their own, `ledger()` checks all of them, `slips()` lists what running the paper found,
`trusted_base()` what is taken on trust. The rules are in `kernel`, the analytic facts in `axioms`.

A status is computed, at the first call. This claim proves, and a printed one is refuted:

    >>> claim("prop-4.1")
    Proposition 4.1 Gradient conflict characterised [proved]
    >>> claim("slip-1")
    Corollary 4.4 and C.2 “If δ(θ) < 0” has the wrong sign [refuted as printed]
"""

from .axioms import trusted_base as _trusted_base
from .ledger import ledger
from .show import claim, derivations


class _Page(str):
    """Markdown that a notebook displays."""

    def _repr_markdown_(self) -> str:
        return str(self)


def trusted_base() -> str:
    """The page of axioms, each with its reference."""
    return _Page(_trusted_base())


def slips():
    """The paper's slips and fine points, each with its claims and their computed statuses."""
    from .statements.slips import slips as listed

    return listed()


__all__ = ["claim", "derivations", "ledger", "slips", "trusted_base"]
