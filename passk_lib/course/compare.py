"""How a check compares: every disagreement becomes one sentence with numbers in it.

`agree` is for functions, `equal` for values, `refuses` for inputs that must raise, `agree_formula`
for SymPy expressions, `agree_steps` for derivations.  Most take `mistakes`, a dict from a sentence
to the wrong function that it is about: where the student's values are those of that function, the
sentence is added. Numbers are equal where they differ by no more than `relative` (1e-9) of the
right one, plus `absolute` (1e-12) where there is one.

An equivalent form passes, however it is written. A wrong sign is answered with a point where it
shows:

    >>> import sympy
    >>> from passk_lib.course.questions import as_answer
    >>> p, k = sympy.symbols("p k")
    >>> where = [{"p": Fraction(1, 2), "k": 3}, {"p": Fraction(1, 4), "k": 1}]
    >>> weight = k * (1 - p) ** (k - 1)
    >>> agree_formula(as_answer(k / (1 - p) ** (1 - k)), weight, where)
    >>> agree_formula(as_answer(-weight), weight, where)  # doctest: +NORMALIZE_WHITESPACE
    Traceback (most recent call last):
    passk_lib.course.questions.Wrong: at p = 0.25, k = 1 yours is -1,
    it should be 1. The size is right everywhere, the sign is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from numbers import Number

import numpy as np

from passk_lib.course import plain
from passk_lib.course.formulas import Formula, Unusual, as_formula
from passk_lib.course.questions import Answer, Raised, Wrong

__all__ = ["agree", "agree_formula", "agree_steps", "equal", "points", "refuses", "shown"]

RELATIVE = 1e-9
LARGEST_SHOWN = 20  # entries of an array of rows


def agree(
    answer,
    expected: Callable,
    cases: Iterable[tuple],
    names: str,
    *,
    mistakes: Mapping[str, Callable] | None = None,
    relative: float = RELATIVE,
    absolute: float = 1e-12,
) -> None:
    """`answer(*case)` is `expected(*case)` for every case, up to rounding; else `Wrong`.

    names: the arguments' names, as in "n c k", for the sentence "at n = 10, c = 3, k = 2 yours is
    0.51, it should be 0.533".
    """
    _is_function(answer)
    cases = [tuple(case) for case in cases]
    got = [_call(answer, case, names) for case in cases]
    want = [expected(*case) for case in cases]
    wrong = [
        i for i in range(len(cases)) if not same(got[i], want[i], relative, absolute)
    ]  # fmt: skip
    if not wrong:
        return
    case, yours, right = cases[wrong[0]], got[wrong[0]], want[wrong[0]]
    text = _at(case, names) + _disagreement(yours, right)
    for sentence, mistake in (mistakes or {}).items():
        if all(same(g, mistake(*case), 1e-7, 1e-9) for g, case in zip(got, cases, strict=True)):
            raise Wrong(f"{text} {sentence}")
    raise Wrong(text + _pattern(got, want))


def equal(
    name: str,
    answer,
    expected,
    *,
    mistakes: Mapping[str, object] | None = None,
    relative: float = RELATIVE,
    absolute: float = 1e-12,
) -> None:
    """The value `answer`, called `name` in the notebook, is `expected` up to rounding."""
    if same(answer, expected, relative, absolute):
        return
    text = f"{name}: {_disagreement(answer, expected)}"
    for sentence, mistake in (mistakes or {}).items():
        if same(answer, mistake, 1e-7, 1e-9):
            raise Wrong(f"{text} {sentence}")
    raise Wrong(text)


def refuses(
    answer, cases: Iterable[tuple], names: str, why: str, *, error: str = "ValueError"
) -> None:
    """`answer(*case)` raises `error` for every case; `why` says what is wrong with such input."""
    _is_function(answer)
    for case in cases:
        start = f"{_at(case, names)}{why}: raise {error}; yours"
        try:
            value = answer(*case)
        except Raised as raised:
            if error not in raised.kinds:
                raise Wrong(f"{start} raises {raised}.") from None
        else:
            raise Wrong(f"{start} returns {shown(value)}.")


def agree_formula(
    answer,
    expected,
    where: list[dict],
    *,
    name: str = "",
    mistakes: Mapping[str, object] | None = None,
    relative: float = RELATIVE,
) -> None:
    """The SymPy expression `answer` has the values of `expected` at all points `where`.

    expected and the values of `mistakes` are SymPy expressions. The points give each symbol that
    may occur a number; see `points`.
    """
    start = f"{name}: " if name else ""
    if isinstance(answer, Number) and not isinstance(answer, bool):  # a constant is an expression
        import sympy

        answer = as_formula(sympy.sympify(answer))
    if not isinstance(answer, Formula):
        raise Wrong(f"{start}a SymPy expression is needed; yours is {shown(answer)}.")
    strange = answer.symbols - set(where[0])
    if strange:
        allowed = ", ".join(where[0])
        raise Wrong(
            f"{start}your expression holds {', '.join(sorted(strange))}; only {allowed} may occur."
        )
    right = as_formula(expected)
    got = []
    for point in where:
        try:
            got.append(answer.at(point))
        except Unusual as unusual:
            raise Wrong(f"{start}{_point(point)}your expression {unusual}.") from None
    want = [right.at(point) for point in where]
    wrong = [i for i, (g, w) in enumerate(zip(got, want, strict=True)) if not _near(g, w, relative)]
    if not wrong:
        return
    i = min(wrong, key=lambda i: _plainness(where[i]))
    text = f"{start}{_point(where[i])}yours is {shown(got[i])}, it should be {shown(want[i])}."
    for sentence, mistake in (mistakes or {}).items():
        form = as_formula(mistake)
        if all(_near(g, form.at(p), 1e-9) for g, p in zip(got, where, strict=True)):
            raise Wrong(f"{text} {sentence}")
    raise Wrong(text + _pattern([float(g) for g in got], [float(w) for w in want]))


def agree_steps(
    answer,
    expected,
    where: list[dict],
    *,
    name: str = "",
    least: int = 2,
    last: Iterable[str] | None = None,
    mistakes: Mapping[str, object] | None = None,
) -> None:
    """A derivation: a list of SymPy expressions, each equal to the one before and to `expected`.

    The first wrong step is named, with a point where it differs from the step before it. No step
    may be written down twice in a row. least: how many are needed; last: the symbols that may occur
    in the last one (None: any of the points').
    """
    start = f"{name}: " if name else ""
    if not isinstance(answer, list | tuple):
        raise Wrong(f"{start}a list of SymPy expressions is needed; yours is {shown(answer)}.")
    for i, step in enumerate(answer):
        follows = f" does not follow from step {i}" if i else ""
        title = f"{start}step {i + 1}{follows}"
        agree_formula(step, expected, where, name=title, mistakes=mistakes)
        if i and _tree(step) == _tree(answer[i - 1]):
            raise Wrong(f"{start}steps {i} and {i + 1} are the same expression.")
    if len(answer) < least:
        raise Wrong(f"{start}at least {least} steps are needed; yours has {len(answer)}.")
    allowed = set(where[0] if last is None else last)
    strange = getattr(answer[-1], "symbols", set()) - allowed
    if strange:
        left, allowed = (", ".join(sorted(names)) for names in (strange, allowed))
        raise Wrong(f"{start}the last step still holds {left}; only {allowed} may be left.")


def _tree(step):
    return step.tree if isinstance(step, Formula) else step


def points(draw: np.random.Generator, count: int = 40, **ranges) -> list[dict]:
    """`count` points for `agree_formula`; the values are short fractions, easy to repeat by hand.

    Each range is (low, high) for a number in between, in hundredths, or a `range` for a whole one.
    """
    made = []
    for _ in range(count):
        point = {}
        for name, bounds in ranges.items():
            if isinstance(bounds, range):
                point[name] = int(draw.choice(bounds))
            else:
                low, high = (round(100 * b) for b in bounds)
                point[name] = Fraction(int(draw.integers(low, high + 1)), 100)
        made.append(point)
    return made


# --- Comparing ----------------------------------------------------------------------------------


def same(got, want, relative: float = RELATIVE, absolute: float = 1e-12) -> bool:
    """Equal up to rounding, entry by entry; lists, tuples and arrays of numbers are alike."""
    if isinstance(want, bool | np.bool_):
        return isinstance(got, bool | np.bool_) and bool(got) == bool(want)
    if isinstance(want, str) or want is None:
        return type(got) is type(want) and got == want
    if isinstance(want, dict):
        return (
            isinstance(got, dict)
            and set(got) == set(want)
            and all(same(got[key], want[key], relative, absolute) for key in want)
        )
    if isinstance(want, tuple | list) and _numbers(want) is None:
        return (
            isinstance(got, tuple | list | np.ndarray)
            and len(got) == len(want)
            and all(same(g, w, relative, absolute) for g, w in zip(got, want, strict=True))
        )
    one, two = _numbers(got), _numbers(want)
    if two is None:
        raise TypeError(f"expected: {shown(want)} cannot be compared")
    if one is None or one.shape != two.shape:
        return False
    with np.errstate(all="ignore"):
        # Beside infinity every number would be near.
        near = np.isfinite(two) & (np.abs(one - two) <= relative * np.abs(two) + absolute)
    return bool(np.all(near | (one == two) | (np.isnan(one) & np.isnan(two))))


def _numbers(value) -> np.ndarray | None:
    """`value` as an array of floats; None where it is anything but numbers in a regular shape."""
    if isinstance(value, Formula):
        try:
            return np.float64(value.at({}))
        except Unusual:
            return None
    if isinstance(value, Fraction | int) and not isinstance(value, bool):
        try:
            return np.float64(value)
        except OverflowError:
            return None
    if isinstance(value, tuple | list):
        value = [_numbers(entry) for entry in value]
        if any(entry is None for entry in value):
            return None
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        return None
    return array.astype(float) if array.dtype.kind in "iuf" or array.size == 0 else None


def _near(got, want, relative: float) -> bool:
    return abs(got - want) <= relative * abs(want) + 1e-20


def _is_function(answer) -> None:
    if not isinstance(answer, Answer):
        raise Wrong(f"a function is needed; yours is {shown(answer)}.")


def _call(answer: Answer, case: tuple, names: str):
    try:
        return answer(*case)
    except Raised as raised:
        raise Wrong(f"{_at(case, names)}your function raised {raised}.") from None


# --- Wording ------------------------------------------------------------------------------------


def shown(value) -> str:
    """A value as students read it: seven digits, long arrays cut short."""
    if isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, str) or value is None:
        return repr(value) if value is None else repr(value[:60])
    if isinstance(value, Fraction):
        return shown(float(value)) if value.denominator > 1000 else str(value)
    if isinstance(value, int | np.integer):
        return str(value) if abs(value) < 10**300 else "an integer of hundreds of digits"
    if isinstance(value, plain.Function) or isinstance(value, Answer):
        return "a function"
    if isinstance(value, plain.Other | Formula):
        return str(value)
    if isinstance(value, tuple | list | np.ndarray):
        if isinstance(value, np.ndarray) and not value.shape:
            return shown(value.item())
        if isinstance(value, np.ndarray) and value.ndim > 1 and value.size > LARGEST_SHOWN:
            return f"an array of shape {value.shape}"
        text = ", ".join([*map(shown, value[:6]), *["…"] * (len(value) > 6)])
        return f"({text})" if isinstance(value, tuple) else f"[{text}]"
    if isinstance(value, dict):
        items = [f"{shown(k)}: {shown(v)}" for k, v in list(value.items())[:6]]
        return "{" + ", ".join(items) + "}"
    try:
        return f"{float(value):.7g}"
    except (TypeError, ValueError):
        return str(value)[:60]


def _at(case: tuple, names: str) -> str:
    pairs = zip(names.split(), case, strict=True)
    text = ", ".join(f"{name} = {shown(value)}" for name, value in pairs)
    return f"at {text} " if text else ""


def _point(point: dict) -> str:
    values = {name: float(v) if isinstance(v, Fraction) else v for name, v in point.items()}
    return "at " + ", ".join(f"{name} = {shown(v)}" for name, v in values.items()) + " "


def _plainness(point: dict) -> float:
    """Small for points that are easy to check by hand."""
    return sum(abs(float(v)) for v in point.values())


def _disagreement(got, want) -> str:
    text = f"yours is {shown(got)}, it should be {shown(want)}"
    one, two = _numbers(got), _numbers(want)
    if one is not None and two is not None and one.shape != two.shape:
        yours, right = (f"shape {a.shape}" if a.shape else "one number" for a in (one, two))
        text += f" ({yours} instead of {right})"
    return text + "."


def _pattern(got: list, want: list) -> str:
    """A sentence about what all disagreements have in common, if they have."""
    pairs = [(_numbers(g), _numbers(w)) for g, w in zip(got, want, strict=True)]
    if any(g is None or w is None or g.shape != w.shape for g, w in pairs):
        return ""
    one, two = (np.concatenate([np.ravel(pair[i]) for pair in pairs]) for i in (0, 1))
    keep = np.abs(two) > 1e-12
    if keep.sum() < 2 or np.any(np.abs(one[~keep]) > 1e-9) or not np.all(np.isfinite(one)):
        return ""
    ratio = one[keep] / two[keep]
    if not np.allclose(ratio, ratio[0], rtol=1e-7) or math.isclose(ratio[0], 1, rel_tol=1e-6):
        return ""
    if math.isclose(ratio[0], -1, rel_tol=1e-6):
        return " The size is right everywhere, the sign is wrong."
    if abs(ratio[0]) < 1e-12:
        return " Yours is zero everywhere."
    return f" At every point tried yours is {ratio[0]:.6g} times what it should be."
