"""The checks of chapters find what they are there for: each control breaks one convention."""

import copy

import nbformat
import pytest
from small_book import notebook

from passk_lib.book.notebooks import faults

SOLUTION = "<details>\n<summary>Solution</summary>\n\nBecause $1 = 1$.\n\n</details>"
GOALS = "## What you will be able to do\n\n- one thing"
EXERCISES = "## Exercises\n\n" + "\n\n".join(
    f"### Exercise 3.{number}\n\nWhy?\n\n{SOLUTION}" for number in range(1, 5)
)


def chapter(*cells):
    return notebook(GOALS, *cells, EXERCISES)


def found(book, tmp_path, name="03_example.ipynb") -> str:
    nbformat.write(book, tmp_path / name)
    (tmp_path / "02_before.ipynb").touch()
    return "\n".join(faults(tmp_path / name))


GOOD = r"""## 3.1 A section

A link to [Chapter 2](02_before.ipynb#eq-3), to [(5)](#eq-5) and to [a page](https://example.org).
Literal code such as `{ref}` and `:::` in the running text is fine, and so is $\{a\}$ or $w_{k}$.

$$
\begin{aligned} a &= b \\ &= c \end{aligned} \tag{5}
$$

> **Proposition 4.1** (A title). Text with $\kappa$.

```python
x = {"a": 1}  # a fence with a language
```

<details><summary>More</summary>

Text.

</details>
"""


def test_a_good_chapter_has_no_faults(tmp_path):
    assert found(chapter(GOOD, ("code", "1 + 1")), tmp_path) == ""


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("```{note}\nText.\n```", "MyST directive"),
        ("~~~{note}\nText.\n~~~", "MyST directive"),
        (":::{note}\nText.\n:::", "colon fence"),
        (":::\nText.\n:::", "colon fence"),
        ("See {ref}`target`.", "MyST role ({ref})"),
        ("See {eq}`eq:one`.", "MyST role ({eq})"),
        ("See {doc}`page`.", "MyST role ({doc})"),
        ("See {numref}`figure`.", "MyST role ({numref})"),
        ("As {cite:p}`chen2021` say.", "MyST role ({cite:p})"),
        ("(my-target)=\n\nText.", "MyST target"),
        ("$$\na = b\n$$ (my-label)", "MyST equation label"),
        ("The {{ version }}.", "substitution"),
        ("<div>Text.</div>", "HTML element <div>"),
        (r"See \eqref{one}.", r"\eqref does not work"),
        (r"$$ a \label{one} $$", r"\label does not work"),
        (r"$$ a \\ b \tag{1} $$", "breaks its line outside aligned"),
        (r"$$ \begin{aligned} a \tag{1} \end{aligned} $$", "must stand outside aligned"),
        ("$$\na\n\n= b\n$$", "empty line"),
        ("$$ a", "unpaired $$"),
        ("| a |\n| -- |\n| $|x|$ |", "bar inside maths"),
        ("| a |\n| -- |\n| $\\|x\\|$ |", "bar inside maths"),
        ("> **Proposition 4.1 (A title).** Text.", "makes no box"),
        ("> **Definition of a thing**. Text.", "makes no box"),
        ("<details>\n<summary>More</summary>\nText.\n\n</details>", "empty line after it"),
        ("<details>\n<summary>More</summary>\n\nText.\n</details>", "empty line before it"),
        ("<details>\n<summary>More</summary>\n\nText.", "same cell"),
        ("<details>\n<summary>More</summary>\n\n### Oh\n\n</details>", "heading inside"),
        ("# A second title", "one heading of level 1"),
        ("#### Deep", "skips a level"),
        ("[Text](absent.ipynb)", "leads to no file"),
        ("[Text](absent.ipynb#eq-1)", "leads to no file"),
        ("![A picture](absent.png)", "leads to no file"),
    ],
)
def test_a_broken_convention_is_found(markdown, expected, tmp_path):
    assert expected in found(chapter(markdown), tmp_path)


def test_outputs_and_execution_counts_are_found(tmp_path):
    book = chapter(("code", "1"))
    book.cells[3]["execution_count"] = 1
    assert "execution count" in found(book, tmp_path)
    book.cells[3]["execution_count"] = None
    book.cells[3]["outputs"] = [nbformat.v4.new_output("stream", text="x")]
    assert "outputs" in found(book, tmp_path)


def test_a_changed_setup_cell_is_found(tmp_path):
    book = chapter()
    book.cells[1]["source"] += "\n"
    assert "SETUP_CELL" in found(book, tmp_path)


def test_a_setup_cell_that_would_show_is_found(tmp_path):
    book = chapter()
    book.cells[1]["metadata"] = {}
    assert "metadata" in found(book, tmp_path)


def test_code_before_the_setup_cell_is_found(tmp_path):
    book = chapter()
    book.cells.insert(1, nbformat.v4.new_code_cell("import passk_lib"))
    assert "first code cell" in found(book, tmp_path)


def test_missing_goals_and_exercises_are_found(tmp_path):
    assert "first section" in found(notebook(EXERCISES), tmp_path)
    assert "last section" in found(notebook(GOALS), tmp_path)
    assert "needs a list" in found(
        notebook("## What you will be able to do\n\nA lot.", EXERCISES), tmp_path
    )


def test_the_preface_needs_no_exercises(tmp_path):
    assert found(notebook("## Welcome"), tmp_path, "00_preface.ipynb") == ""


def test_three_exercises_are_too_few_and_each_needs_a_solution(tmp_path):
    three = EXERCISES[: EXERCISES.index("### Exercise 3.4")]
    assert "there are 3" in found(notebook(GOALS, three), tmp_path)
    unsolved = EXERCISES.replace(SOLUTION, "", 1)
    assert "Exercise 3.1: no solution" in found(notebook(GOALS, unsolved), tmp_path)


def test_cells_without_ids_are_found(tmp_path):
    book = copy.deepcopy(chapter())
    book["nbformat_minor"] = 4
    for cell in book.cells:
        cell.pop("id")
    assert "cell ids" in found(book, tmp_path)


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    (tmp_path / "03_broken.ipynb").write_text("{}")
    assert "not a valid notebook" in faults(tmp_path / "03_broken.ipynb")[0]
