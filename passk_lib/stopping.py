r"""When to stop pass@k training: "pass@k updates now cost pass@1".

The inner product ⟨∇J_k, ∇J_1⟩ is the first-order price that one unit of pass@k ascent pays in
pass@1. During training it is known by an estimate with an interval (`llm.estimates`); the rule
speaks only when the whole interval lies below zero, and if it does so `patience` times in a row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .checks import as_finite, as_integer, as_number

__all__ = ["StoppingRule", "Verdict", "cost_of_pass_at_k", "false_alarm_bound"]

Verdict = Literal["costs", "does not cost", "undecided"]


def cost_of_pass_at_k(interval) -> Verdict:
    """What an interval (low, high) for ⟨∇J_k, ∇J_1⟩ says of the next pass@k update.

    "costs" (pass@1 falls to first order) where high < 0, "does not cost" where low > 0, else
    "undecided". ValueError where low > high, or an end is no finite number.

    >>> cost_of_pass_at_k((-0.3, -0.1)), cost_of_pass_at_k((-0.3, 0.1))
    ('costs', 'undecided')
    """
    low, high = (float(end) for end in as_finite("interval", interval, (2,)))
    if low > high:
        raise ValueError(f"interval must be (low, high) with low <= high; got ({low:g}, {high:g})")
    return "costs" if high < 0 else "does not cost" if low > 0 else "undecided"


@dataclass(frozen=True)
class StoppingRule:
    """Stop after `patience` verdicts "costs" in a row. A value: `see` returns the rule after one
    more look, so that it can be stored with a checkpoint and resumed.

    patience: looks in a row, at least 1. seen: how many of them the last looks have given so far.

    >>> rule = StoppingRule(patience=2)
    >>> for interval in [(-3, -1), (-2, 1), (-4, -2), (-5, -2)]:
    ...     rule = rule.see(interval)
    ...     print(rule.seen, rule.stop)
    1 False
    0 False
    1 False
    2 True
    """

    patience: int = 2
    seen: int = 0

    def __post_init__(self):
        object.__setattr__(self, "patience", as_integer("patience", self.patience, 1))
        object.__setattr__(self, "seen", as_integer("seen", self.seen, 0))

    def see(self, interval) -> StoppingRule:
        """The rule after one more interval (low, high) for ⟨∇J_k, ∇J_1⟩."""
        costs = cost_of_pass_at_k(interval) == "costs"
        return StoppingRule(self.patience, self.seen + 1 if costs else 0)

    @property
    def stop(self) -> bool:
        """Whether pass@k updates now cost pass@1, by this rule."""
        return self.seen >= self.patience


def false_alarm_bound(looks: int, level: float = 0.9, patience: int = 2) -> float:
    """Bound on the probability that the rule stops within `looks` looks though none ever costs.

    ⌊looks/patience⌋ · (1 - level)/2, at most 1: each look has an interval that lies wholly below
    a true value >= 0 with probability at most (1 - level)/2 (if it misses equally often on either
    side), and `patience` looks in a row include one whose number `patience` divides. No
    independence between looks is needed; with it the chance is far smaller.

    >>> round(false_alarm_bound(looks=10, level=0.95, patience=5), 9)
    0.05
    """
    looks, patience = as_integer("looks", looks, 0), as_integer("patience", patience, 1)
    level = as_number("level", level, 0.0, 1.0)
    return min(1.0, math.floor(looks / patience) * (1 - level) / 2)
