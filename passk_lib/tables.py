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
    printed with ``digits`` significant digits, truth values as yes and no, None as a dash,
    text as it is.
    """

    columns: Mapping[str, Sequence]
    digits: int = 6

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.columns.items()}
        if not lengths:
            raise ValueError("columns must hold at least one column; got none")
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns must all have the same number of rows; got {lengths}")

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
    """Make a :class:`Table`; the last expression of a notebook cell shows it."""
    return Table({name: list(values) for name, values in columns.items()}, digits)


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
