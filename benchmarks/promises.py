"""A promise of speed beside what was measured, and the one thing a benchmark has to offer.

A benchmark is a module in this folder with a function

    def rows() -> list[Promise]: ...

that measures and returns one `Promise` for each thing promised.  Nothing else: `make bench` finds
the module by that function, runs it in a process of its own and prints its rows with all others.
Whether a promise holds follows from its two numbers; nobody writes it down.  What cannot be
measured on this machine (no GPU, no browser) is returned without `measured`, and `note` says why.

    Promise("agreement scores against one backward per prompt", "at least", 8, "x", measured=9.4)
    Promise("a key press repaints the threshold figure", "at most", 16, "ms", note="no Chromium")
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite

SENSES = ("at least", "at most")


@dataclass(frozen=True)
class Promise:
    """`what` is at least (or at most) `bound` `unit`s; `measured` is None where it was not.

    note: with what it was measured, or why it was not.
    """

    what: str
    sense: str
    bound: float
    unit: str
    measured: float | None = None
    note: str = ""

    def __post_init__(self):
        if self.sense not in SENSES:
            raise ValueError(f"sense = {self.sense!r}: must be one of {', '.join(SENSES)}")
        if self.measured is not None and not isfinite(self.measured):
            raise ValueError(f"measured = {self.measured!r}: must be finite, or None")
        if self.measured is None and not self.note:
            raise ValueError("note = '': must say why nothing was measured")

    @property
    def holds(self) -> bool | None:
        """None where nothing was measured."""
        if self.measured is None:
            return None
        return (
            self.measured >= self.bound
            if self.sense == "at least"
            else (self.measured <= self.bound)
        )

    @property
    def verdict(self) -> str:
        return {None: "not measured", True: "pass", False: "FAIL"}[self.holds]

    def as_dict(self) -> dict:
        return {**asdict(self), "verdict": self.verdict}
