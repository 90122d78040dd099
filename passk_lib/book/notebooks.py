"""What every chapter keeps to, so that it reads well in JupyterLab, in Colab, on GitHub and in the
built book.

``faults(path)`` lists what is wrong with one notebook. From the shell: ``python -m
passk_lib.book.notebooks`` checks all chapters, or the notebooks named.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat

from passk_lib.book.conventions import EXERCISE, KINDS, STATEMENT
from passk_lib.book.setup_cell import SETUP_CELL, SETUP_METADATA

GOALS = "What you will be able to do"
EXERCISES = "Exercises"

FENCE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?^ {0,3}\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL
)
INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
MATHS = re.compile(r"\$\$.*?\$\$|(?<!\\)\$[^$\n]+\$", re.DOTALL)
HEADING = re.compile(r"^(#{1,6}) +(.+?) *#* *$", re.MULTILINE)
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)")
SOLUTION = re.compile(
    r"<details>\s*<summary>Solution</summary>\n\s*\n.*?\n\s*\n</details>", re.DOTALL
)


def faults(path: Path | str) -> list[str]:
    """Everything that is wrong with the notebook at ``path``, one sentence each; an empty list if
    nothing is.

    >>> import tempfile
    >>> cells = [nbformat.v4.new_markdown_cell("# Title")]
    >>> page = nbformat.v4.new_notebook(cells=cells)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nbformat.write(page, Path(folder, "A_page.ipynb"))
    ...     for fault in faults(Path(folder, "A_page.ipynb")):
    ...         print(fault)
    A_page.ipynb: the kernel must be python3
    A_page.ipynb: the first code cell must be SETUP_CELL of passk_lib.book.setup_cell, to the letter
    """
    path = Path(path)
    try:
        book = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        nbformat.validate(book)
    except Exception as error:  # whatever it is that keeps the file from being a notebook
        return [f"{path.name}: not a valid notebook: {error}"]
    return [f"{path.name}: {fault}" for check in CHECKS for fault in check(book, path)]


def is_chapter_with_exercises(path: Path) -> bool:
    """Numbered chapters have goals and exercises; the preface (00) and the appendices need none."""
    return re.match(r"(?!00)\d\d_", path.name) is not None


def check_format(book, path: Path) -> Iterator[str]:
    if book.nbformat != 4 or book.nbformat_minor < 5:
        yield f"format {book.nbformat}.{book.nbformat_minor}; cell ids need 4.5"
    if book.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel must be python3"
    for index, cell in enumerate(book.cells):
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            yield f"cell {index} holds outputs or an execution count; notebooks are stored without"


def check_setup_cell(book, path: Path) -> Iterator[str]:
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    if not code or code[0].source != SETUP_CELL:
        yield "the first code cell must be SETUP_CELL of passk_lib.book.setup_cell, to the letter"
    elif dict(code[0].metadata) != SETUP_METADATA:
        yield f"the setup cell's metadata must be {SETUP_METADATA}"
    if sum(cell.source == SETUP_CELL for cell in code) > 1:
        yield "the setup cell stands there more than once"


def check_headings(book, path: Path) -> Iterator[str]:
    headings = [found for text in prose(book) for found in HEADING.findall(text)]
    levels = [len(marks) for marks, _ in headings]
    if not book.cells or not book.cells[0].source.startswith("# "):
        yield "the first cell must begin with the chapter's title, '# …'"
    if levels.count(1) != 1:
        yield f"one heading of level 1 is needed; there are {levels.count(1)}"
    for (_, title), before, level in zip(headings[1:], levels, levels[1:], strict=False):
        if level > before + 1:
            yield f"the heading {title!r} skips a level"


def check_markdown(book, path: Path) -> Iterator[str]:
    for text in prose(book, fences=True):
        if re.search(r"^ {0,3}(`{3,}|~{3,})\s*\{", text, re.MULTILINE):
            yield "a MyST directive (a fence with {…}) shows as raw text outside the book"
    for text in prose(book):
        without_maths = MATHS.sub("", text)
        if re.search(r"^ {0,3}:{3,}", text, re.MULTILINE):
            yield "a colon fence (:::) shows as raw text outside the book"
        if role := re.search(r"\{[a-z][\w:+-]*\}(?=`)", text):
            yield f"a MyST role ({role[0]}) shows as raw text outside the book"
        if re.search(r"^\([\w.:-]+\)=\s*$", text, re.MULTILINE):
            yield "a MyST target ((name)=) shows as raw text outside the book"
        if re.search(r"\$\$ *\([\w.:-]+\) *$", text, re.MULTILINE):
            yield "a MyST equation label ($$ (name)) shows as raw text outside the book; use \\tag"
        if re.search(r"\{\{.*?\}\}", without_maths):
            yield "a substitution ({{…}}) shows as raw text outside the book"
        if tag := re.search(r"<(div|span|script|style|iframe|center|font)\b", without_maths):
            yield f"the HTML element <{tag[1]}> is not shown alike everywhere"


def check_maths(book, path: Path) -> Iterator[str]:
    for text in prose(book):
        if command := re.search(r"\\(eqref|ref|label)\b", text):
            yield f"\\{command[1]} does not work everywhere; use \\tag{{9}} and [(9)](#eq-9)"
        for formula in re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL):
            outside = outside_environments(formula)
            if "\\tag" in formula and "\\tag" not in outside:
                yield "a \\tag must stand outside aligned, just before the closing $$"
            elif "\\tag" in formula and "\\\\" in outside:
                yield "an equation with \\tag breaks its line outside aligned"
            if "\n\n" in formula.strip():
                yield "an equation holds an empty line; it ends there in some front ends"
        for row in re.findall(r"^\|.*\|[ \t]*$", text, re.MULTILINE):
            # A bar ends the cell, and front ends differ in how they read a backslash before it.
            if odd := [cell for cell in row.split("|") if cell.count("$") % 2]:
                yield f"a bar inside maths ends the table's cell: {odd[0].strip()!r}; use \\vert"
        if MATHS.sub("", text).count("$$"):
            yield "an unpaired $$"


def outside_environments(formula: str) -> str:
    r"""``formula`` without all that stands between \begin and \end, innermost first."""
    inner = r"\\begin\{([a-z]+\*?)\}(?:(?!\\begin\{).)*?\\end\{\1\}"
    while (shorter := re.sub(inner, "", formula, flags=re.DOTALL)) != formula:
        formula = shorter
    return formula


def check_statements(book, path: Path) -> Iterator[str]:
    for text in prose(book):
        for opening in re.findall(r"^> \*\*(.+?)\*\*", text, re.MULTILINE):
            if opening.split()[0].rstrip(".") in KINDS and not STATEMENT.match(opening):
                yield f"'> **{opening}**' makes no box; write '> **Proposition 4.1** (title). …'"


def check_details(book, path: Path) -> Iterator[str]:
    for text in prose(book, fences=True):
        openings, closings = len(re.findall("<details", text)), len(re.findall("</details>", text))
        if openings != closings:
            yield "<details> and </details> must stand in the same cell"
        for block in re.findall(r"<details.*?</details>", text, re.DOTALL):
            if not re.match(r"<details>\s*<summary>[^<\n]+</summary>[ \t]*\n[ \t]*\n", block):
                yield "<details> needs <summary>…</summary> and an empty line after it"
            if not re.search(r"\n[ \t]*\n</details>$", block):
                yield "</details> needs an empty line before it"
            if HEADING.search(FENCE.sub("", block)):
                yield "a heading inside <details>"


def check_frame(book, path: Path) -> Iterator[str]:
    """Goals at the beginning, four to six exercises with solutions at the end."""
    if not is_chapter_with_exercises(path):
        return
    text = "\n\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    sections = [title for marks, title in HEADING.findall(FENCE.sub("", text)) if marks == "##"]
    if not sections or sections[0] != GOALS:
        yield f"the first section must be '## {GOALS}'"
    elif not re.search(rf"^## {GOALS}\s*\n\s*(?:[^\n#]+\n\s*)?[-*] ", text, re.MULTILINE):
        yield f"'## {GOALS}' needs a list"
    if not sections or sections[-1] != EXERCISES:
        yield f"the last section must be '## {EXERCISES}'"
        return
    exercises = re.split(r"^### +", text[text.rindex(f"## {EXERCISES}") :], flags=re.MULTILINE)[1:]
    if not 4 <= len(exercises) <= 6:
        yield f"four to six exercises are needed; there are {len(exercises)}"
    for exercise in exercises:
        title = exercise.splitlines()[0]
        if not EXERCISE.match(title):
            yield f"an exercise is headed '### Exercise 3.1', not '### {title}'"
        if not SOLUTION.search(exercise):
            yield f"{title}: no solution in <details><summary>Solution</summary> … </details>"


def check_links(book, path: Path) -> Iterator[str]:
    for text in prose(book):
        for target in LINK.findall(MATHS.sub("", text)):
            if re.match(r"(https?|mailto):|#", target):
                continue
            file = target.split("#")[0]
            if not (path.parent / file).is_file():
                yield f"the link to {target!r} leads to no file"
            elif file.endswith(".html"):
                yield f"the link to {target!r} works in the built book only; link to its source"


def prose(book, fences: bool = False) -> list[str]:
    """The Markdown cells' text without code, with ``fences`` without inline code only."""
    texts = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    if fences:
        return texts
    # What stands in for inline code keeps roles visible: {ref}`x` is a fault, `x` alone is not.
    return [INLINE_CODE.sub("``", FENCE.sub("", text)) for text in texts]


CHECKS: tuple[Callable, ...] = (
    check_format,
    check_setup_cell,
    check_headings,
    check_markdown,
    check_maths,
    check_statements,
    check_details,
    check_frame,
    check_links,
)


def main(arguments: list[str]) -> int:
    paths = [Path(argument) for argument in arguments] or sorted(Path("chapters").glob("*.ipynb"))
    found = [fault for path in paths for fault in faults(path)]
    print("\n".join(found) or f"{len(paths)} notebooks, no faults.")
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
