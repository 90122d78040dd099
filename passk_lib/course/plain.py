"""Plain data: what may pass between a student's code and a check, and nothing else.

A check never holds a student's own objects.  Numbers, strings, tuples, lists, dicts, arrays and
SymPy expressions are written out as JSON and read back, in the notebook as in grading; so an object
that claims to equal everything, or a class of one's own, gets no further than its type's name.
"""

from __future__ import annotations

import dis
import math
import sys
import types
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

LARGEST_ARRAY = 1_000_000
LARGEST_TEXT = 100_000
LARGEST_INTEGER = 20_000  # bits
DEEPEST = 30


@dataclass(frozen=True)
class Other:
    """Stands for an object that is no plain data; `kind` is the name of its type."""

    kind: str

    def __str__(self) -> str:
        return f"an object of type {self.kind}"


@dataclass(frozen=True)
class Function:
    """Stands for something that can be called; `empty`: its body is `...` still."""

    empty: bool = False


def write(value, depth: int = 0):
    """`value` as JSON data. What is not plain data becomes the name of its type."""
    kind = type(value)
    if depth > DEEPEST:
        return ["other", "too deeply nested data"]
    if value is None or kind is bool:
        return value
    if kind is int:
        if value.bit_length() > LARGEST_INTEGER:
            return ["other", "integer of too many digits"]
        return value if value.bit_length() < 64 else ["int", hex(value)]
    if kind is float:
        return value if math.isfinite(value) else ["float", repr(value)]
    if kind is str:
        return value if len(value) <= LARGEST_TEXT else ["other", "too long text"]
    if kind is complex:
        return ["complex", [write(value.real), write(value.imag)]]
    if kind is Fraction:
        return ["fraction", [hex(value.numerator), hex(value.denominator)]]
    if isinstance(value, np.generic):
        return write(value.item(), depth + 1) if value.dtype.kind in "biufcU" else _other(value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            return ["list", [write(v, depth + 1) for v in value.tolist()]]
        if value.dtype.kind not in "biufc" or value.size > LARGEST_ARRAY:
            return _other(value)
        if value.dtype.kind == "c":
            parts = [value.real.ravel().tolist(), value.imag.ravel().tolist()]
            return ["complexes", list(value.shape), *[[write(x) for x in part] for part in parts]]
        return [
            "array",
            value.dtype.kind,
            list(value.shape),
            [write(x) for x in value.ravel().tolist()],
        ]
    if kind in (list, tuple):
        if len(value) > LARGEST_ARRAY:
            return _other(value)
        return [kind.__name__, [write(v, depth + 1) for v in value]]
    if kind is dict:
        return ["dict", [[write(k, depth + 1), write(v, depth + 1)] for k, v in value.items()]]
    if _is_sympy(value, "MatrixBase"):
        flat = min(value.shape, default=0) == 1
        return write(list(value) if flat else value.tolist(), depth + 1)
    if _is_sympy(value, "Basic"):
        from passk_lib.course.formulas import from_sympy

        return from_sympy(value)
    if not callable(value):
        return _other(value)
    return ["function", "empty"] if _is_empty(value) else ["function"]


def _is_empty(value) -> bool:
    """Whether `value` is a function that does nothing but return None, whatever its docstring."""
    if not isinstance(value, types.FunctionType) or len(value.__code__.co_code) > 50:
        return False
    steps = [(step.opname, step.argval) for step in dis.get_instructions(value)]
    return all(
        name in ("RESUME", "NOP", "RETURN_VALUE")
        or (name in ("LOAD_CONST", "RETURN_CONST") and constant is None)
        for name, constant in steps
    )


def _other(value) -> list:
    return ["other", type(value).__name__[:80]]


def _is_sympy(value, base: str) -> bool:
    sympy = sys.modules.get("sympy")  # nobody holds an expression who has not imported it
    kind = getattr(sympy, base, None)
    return kind is not None and isinstance(value, kind)


def read(data, depth: int = 0):
    """What `write` wrote.  ValueError for anything else, whoever sent it."""
    if depth > 2 * DEEPEST:
        raise ValueError("data: nested too deeply")
    if data is None or isinstance(data, bool | int | float | str):
        return data
    try:
        kind, *rest = data
        return _READERS[kind](*rest, depth=depth + 1)
    except (TypeError, KeyError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise ValueError(f"data: not in the form that passk_lib writes ({error})") from None


def _array(kind, shape, entries, depth):
    dtype = {"b": bool, "i": np.int64, "u": np.uint64, "f": np.float64}[kind]
    return np.array([read(x, depth) for x in entries], dtype=dtype).reshape([int(s) for s in shape])


def _complexes(shape, real, imag, depth):
    parts = [np.array([read(x, depth) for x in part], dtype=float) for part in (real, imag)]
    return (parts[0] + 1j * parts[1]).reshape([int(s) for s in shape])


def _formula(tree, depth):
    from passk_lib.course.formulas import Formula

    return Formula(tree)


_READERS = {
    "int": lambda text, depth: int(text, 16),
    "float": lambda text, depth: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text],
    "complex": lambda parts, depth: complex(*[read(x, depth) for x in parts]),
    "fraction": lambda parts, depth: Fraction(*[int(x, 16) for x in parts]),
    "array": _array,
    "complexes": _complexes,
    "list": lambda items, depth: [read(x, depth) for x in items],
    "tuple": lambda items, depth: tuple(read(x, depth) for x in items),
    "dict": lambda pairs, depth: {read(k, depth): read(v, depth) for k, v in pairs},
    "formula": _formula,
    "function": lambda *empty, depth: Function(empty == ("empty",)),
    "other": lambda kind, depth: Other(str(kind)),
}
