import numpy as np
import pytest

from passk_lib.tables import table


def test_a_table_is_a_markdown_table_where_markdown_is_shown():
    shown = table({"name": ["a", "b"], "$p$": [0.5, -1e-7]}, digits=3)._repr_markdown_()
    assert shown.splitlines() == [
        "| name | $p$ |",
        "| :-- | --: |",
        "| a | 0.5 |",
        "| b | −1e−07 |",
    ]


def test_bars_of_a_formula_do_not_end_its_cell():
    shown = table({r"$\|\nabla J_1\|^2$": ["$|a|$", "a | b", r"c \| d"]})._repr_markdown_()
    assert shown.splitlines() == [
        r"| $\Vert \nabla J_1\Vert ^2$ |",
        "| :-- |",
        r"| $\vert a\vert $ |",
        r"| a \| b |",
        r"| c \| d |",
    ]


def test_a_table_is_aligned_text_in_a_terminal():
    lines = repr(table({"k": [1, 10], "conflict": [np.False_, True]})).splitlines()
    assert lines == [" k  conflict", " 1        no", "10       yes"]


def test_a_missing_value_is_a_dash():
    assert table({"x": [None, 1.0]}).rows() == [["–"], ["1"]]


def test_columns_of_different_length_are_refused_by_name():
    with pytest.raises(ValueError, match=r"columns must all have the same number of rows.*'b': 1"):
        table({"a": [1, 2], "b": [1]})
