"""The theory of the paper as derivations that a program checks.

`claim("prop-4.5")` shows one claim; `ledger()` checks all of them; `trusted_base()` lists what is
taken on trust. The rules are in `kernel`, the analytic facts in `axioms`.
"""

from .axioms import trusted_base as _trusted_base
from .ledger import ledger
from .show import claim


class _Page(str):
    """Markdown that a notebook displays."""

    def _repr_markdown_(self) -> str:
        return str(self)


def trusted_base() -> _Page:
    """The page of axioms, each with its reference."""
    return _Page(_trusted_base())


__all__ = ["claim", "ledger", "trusted_base"]
