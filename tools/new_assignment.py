"""Starts an assignment's master: a notebook with the cells that `make assignments` looks for.

``python tools/new_assignment.py NAME TITLE``, such as ``budget "Assignment 7. A budget of tries"``.
The questions are those that ``passk_lib/course/public/NAME.py`` lists; their text and solutions are
still to be written.
"""

import re
import sys
from pathlib import Path

import nbformat

from passk_lib.course import questions

ASSIGNMENTS = Path(__file__).resolve().parent.parent / "assignments"
FIRST = """# {title}

What this assignment is about, in two or three sentences.

**Before you start:** chapter 0, "Its title". **Time:** about 75 minutes.

**What you will be able to do:**

- the first thing;
- the second thing."""
IMPORTS = "import numpy as np\n\nfrom passk_lib.course import check"


def master(title: str, asked: list[questions.Question]) -> nbformat.NotebookNode:
    markdown, code, raw = (
        nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell, nbformat.v4.new_raw_cell,
    )  # fmt: skip
    cells = [markdown(FIRST.format(title=title), id="title"), code(IMPORTS, id="imports")]
    for number, question in enumerate(asked, 1):
        answer = "\n".join(f"{variable} = 0  # SOLUTION" for variable in question.answers)
        cells += [
            raw(f"# BEGIN QUESTION\nname: {question.name}", id=f"q{number}-begin"),
            markdown(f"The task of {question.name}.", id=f"q{number}-text"),
            raw("# BEGIN SOLUTION", id=f"q{number}-solution"),
            code(answer, id=f"q{number}-answer"),
            raw("# END SOLUTION", id=f"q{number}-solved"),
            raw("# END QUESTION", id=f"q{number}-end"),
        ]
    return nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        cells=cells,
    )


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not re.fullmatch(r"[a-z]+", arguments[0]):
        print('usage: python tools/new_assignment.py budget "Assignment 7. A budget of tries"',
              file=sys.stderr)  # fmt: skip
        return 2
    name, title = arguments
    target = ASSIGNMENTS / name / "master.ipynb"
    try:
        asked = list(questions.questions(questions.public(f"{name}-1")).values())
    except ValueError:
        print(f"new_assignment: error: write passk_lib/course/public/{name}.py first",
              file=sys.stderr)  # fmt: skip
        return 2
    if target.exists():
        print(f"new_assignment: error: assignments/{name} has a master already", file=sys.stderr)
        return 2
    target.parent.mkdir(exist_ok=True)
    nbformat.write(master(title, asked), target)
    print(f"assignments/{name}/master.ipynb is written, with {len(asked)} questions.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
