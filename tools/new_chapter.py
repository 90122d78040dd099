"""Starts a chapter: a notebook that keeps to the conventions, with its text still to be written.

``python tools/new_chapter.py NAME TITLE``, such as ``09_two_tries "9. Two tries"``.
"""

import re
import sys
from pathlib import Path

import nbformat

from passk_lib.book.notebooks import EXERCISES, GOALS
from passk_lib.book.setup_cell import SETUP_CELL, SETUP_METADATA

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"
SOLUTION = "<details>\n<summary>Solution</summary>\n\nThe answer, and why.\n\n</details>"


def chapter(number: str, title: str) -> nbformat.NotebookNode:
    exercises = "\n\n".join(
        f"### Exercise {number}.{i}\n\nA question that takes a pencil or three lines of code.\n\n"
        + SOLUTION
        for i in range(1, 5)
    )
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    book = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        cells=[
            markdown(f"# {title}\n\nWhat this chapter is about, in two or three sentences."),
            code(SETUP_CELL, metadata=SETUP_METADATA),
            markdown(f"## {GOALS}\n\n- the first thing\n- the second thing"),
            markdown(f"## {number}.1 The first section\n\nOne idea a paragraph."),
            code("from passk_lib import pass_at_k\n\npass_at_k(0.5, 2)"),
            markdown(f"## {EXERCISES}\n\n{exercises}"),
        ],
    )
    for index, cell in enumerate(book.cells):
        cell["id"] = f"{int(number):02}-{index:03}"
    return book


def main(arguments: list[str]) -> int:
    named = re.fullmatch(r"(\d\d)_[a-z0-9_]+", arguments[0]) if len(arguments) == 2 else None
    if named is None or int(named[1]) == 0:
        print('usage: python tools/new_chapter.py 09_two_tries "9. Two tries"', file=sys.stderr)
        return 2
    target = CHAPTERS / f"{arguments[0]}.ipynb"
    if target.exists():
        print(f"new_chapter: error: {target.name} is there already", file=sys.stderr)
        return 2
    nbformat.write(chapter(str(int(named[1])), arguments[1]), target)
    print(f"chapters/{target.name} is written; name it in _toc.yml.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
