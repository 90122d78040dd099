"""Small tables that read well in a built page, in JupyterLab, in Colab and in a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

MISSING = "–"


@dataclass(frozen=True)
class Table:
    """A table of named columns: Markdown where Markdown is shown, aligned text elsewhere.

    ``columns`` maps a heading (Markdown, so ``$p$`` is fine) to one value a row. Floats are
    printed with ``digits`` significant digits (1 to 17), truth values as yes and no, None as a
    dash, text as it is; NaN is refused.

    >>> Table({"k": [1, 2], "pass@k": [0.25, 0.4375]}, digits=2)
    k  pass@k
    1    0.25
    2    0.44
    """

    columns: Mapping[str, Sequence]
    digits: int = 6

    def __post_init__(self) -> None:
        if type(self.digits) is not int or not 1 <= self.digits <= 17:
            raise ValueError(f"digits must be an integer from 1 to 17; got {self.digits!r}")
        lengths = {name: len(values) for name, values in self.columns.items()}
        if not lengths:
            raise ValueError("columns must hold at least one column; got none")
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns must all have the same number of rows; got {lengths}")
        for name, values in self.columns.items():
            for row, value in enumerate(values):
                if _is_number(value) and value != value:
                    raise ValueError(
                        f"columns must not hold NaN (None is a missing value); got it in "
                        f"{name!r}, row {row}"
                    )

    def rows(self) -> list[list[str]]:
        """The cells as text, row by row."""
        return [
            [_text(value, self.digits) for value in row]
            for row in zip(*self.columns.values(), strict=True)
        ]

    def _repr_markdown_(self) -> str:
        marks = [
            "--:" if all(_is_number(value) or value is None for value in values) else ":--"
            for values in self.columns.values()
        ]
        lines = [list(map(cell, self.columns)), marks, *(map(cell, row) for row in self.rows())]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def __repr__(self) -> str:
        lines = [list(self.columns), *self.rows()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        )


def table(columns: Mapping[str, Sequence], digits: int = 6) -> Table:
    """Make a `Table`; the last expression of a notebook cell shows it.

    Raises TypeError or ValueError, naming the column, for what a table cannot hold.
    """
    if not isinstance(columns, Mapping):
        raise TypeError(f"columns must be a mapping from headings to values; got {columns!r}")
    return Table({_heading(name): _values(name, each) for name, each in columns.items()}, digits)


def _heading(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"columns must have text as headings; got {name!r}")
    return name


def _values(name: str, values: object) -> list:
    try:
        if isinstance(values, str):
            raise TypeError
        return list(values)  # type: ignore[call-overload]
    except TypeError:  # np.array(1.0) says that it is iterable and is not
        raise TypeError(f"columns must hold one value a row; got {values!r} for {name!r}") from None


def cell(text: str) -> str:
    r"""``text`` as a cell of a Markdown table, where a bar would end the cell.

    In maths bars are spelt out (``|`` as ``\vert``, ``\|`` as ``\Vert``), because front ends differ
    in how they read a backslash before a bar; elsewhere a backslash goes before them.
    """
    parts = re.split(r"(\$[^$]+\$)", text)
    parts[1::2] = [part.replace(r"\|", r"\Vert ").replace("|", r"\vert ") for part in parts[1::2]]
    parts[::2] = [re.sub(r"(?<!\\)\|", r"\|", part) for part in parts[::2]]
    return "".join(parts)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _text(value: object, digits: int) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return f"{float(value):.{digits}g}".replace("-", "−")
    return str(value)
