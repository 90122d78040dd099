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


@pytest.mark.parametrize("digits", [0, -1, 18, 2.5, "6", True, None])
def test_digits_that_are_no_number_of_digits_are_refused(digits):
    with pytest.raises(ValueError, match="digits must be an integer from 1 to 17"):
        table({"x": [1.0]}, digits)


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ([1, 2], TypeError, "columns must be a mapping from headings to values"),
        ({1: [1]}, TypeError, "columns must have text as headings; got 1"),
        ({"x": 1.0}, TypeError, "columns must hold one value a row; got 1.0 for 'x'"),
        ({"x": np.array(1.0)}, TypeError, "columns must hold one value a row"),
        ({"x": "ab"}, TypeError, "columns must hold one value a row; got 'ab' for 'x'"),
        ({"x": [1.0, np.nan]}, ValueError, "columns must not hold NaN .* 'x', row 1"),
    ],
)
def test_columns_that_make_no_table_are_refused_by_name(columns, error, message):
    with pytest.raises(error, match=message):
        table(columns)
