"""Objectives and mitigations by name, as `passk posttrain` and its settings write them."""

from __future__ import annotations

from collections.abc import Callable

from .. import mitigation, objectives
from ..objectives import Objective, PassAtK

OBJECTIVES = "pass@K, all-correct@K, log, arcsin, power:A, entropic:T, each also with /clip:C"
MITIGATIONS = "none, mix:LAMBDA, no-loss-mix, one-sided, pcgrad, min-norm"


def _refuse(name: str, text: str, allowed: str, why: str = ""):
    because = f" ({why})" if why else ""
    return ValueError(f"{name} = {text!r}: must be one of {allowed}{because}")


def _called(name: str, text: str, allowed: str, makers: dict[str, Callable]):
    """`makers` by the part of `text` before its argument; the argument goes to the maker."""
    mark = "@" if "@" in text else ":"
    word, given, argument = text.partition(mark)
    key = word + mark if given else word
    if key not in makers:
        raise _refuse(name, text, allowed)
    try:
        if not given:
            return makers[key]()
        return makers[key](int(argument) if mark == "@" else float(argument))
    except (ValueError, TypeError) as error:
        raise _refuse(name, text, allowed, str(error)) from None


def objective_named(text: str) -> Objective:
    """`pass@8`, `all-correct@4`, `log`, `arcsin`, `power:0.5`, `entropic:2`; `log/clip:4` is one
    whose weight is cut at 4.  ValueError for anything else.

    >>> float(objective_named("pass@8").weight(0.5)), objective_named("log/clip:4").name
    (0.0625, 'log p, weight ≤ 4')
    """
    makers = {
        "pass@": PassAtK,
        "all-correct@": objectives.AllCorrect,
        "log": objectives.LogP,
        "arcsin": objectives.ArcsinSqrt,
        "power:": objectives.PowerMean,
        "entropic:": objectives.Entropic,
    }
    base, clip, _ = text.partition("/clip:")
    objective = _called("objective", base, OBJECTIVES, makers)
    if not clip:
        return objective
    try:
        return objectives.Clipped(objective, float(text.removeprefix(base + clip)))
    except (ValueError, TypeError) as error:
        raise _refuse("objective", text, OBJECTIVES, str(error)) from None


def mitigation_named(text: str) -> Callable | None:
    """Gram -> (alpha, beta), the step's shares of dJ_1 and dJ_F; None for `none`.

    >>> mitigation_named("one-sided")(mitigation.Gram(one=1.0, cross=-0.5, k=2.0))
    (0.5, 1.0)
    """
    makers = {
        "none": lambda: None,
        "mix:": mitigation.mix,
        "no-loss-mix": mitigation.no_loss_mix,
        "one-sided": mitigation.one_sided,
        "pcgrad": mitigation.pcgrad,
        "min-norm": mitigation.min_norm,
    }
    return _called("mitigation", text, MITIGATIONS, makers)
