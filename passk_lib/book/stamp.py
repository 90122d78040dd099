"""Stamped notebooks: chapters that install the library by themselves, for Colab and for download.

``python -m passk_lib.book.stamp OUT_DIR`` writes a stamped copy of every chapter to
``OUT_DIR/chapters``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat

from passk_lib.book.repository import COLAB_BRANCH, Repository, find_repository
from passk_lib.book.setup_cell import SETUP_CELL, UNSTAMPED

LINK = re.compile(r"(?<=\]\()([\w./-]+)\.(ipynb|md)(#[^)\s]*)?(?=\))")


def stamp(notebook: str, repository: Repository) -> str:
    """The text of a notebook with ``repository`` in its setup cell, and links that work outside a
    checkout.

    On GitHub a link to another chapter opens that chapter in Colab, a link to a Markdown page the
    page itself. A notebook without the setup cell comes back unchanged but for its links.
    """
    book = nbformat.reads(notebook, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code" and cell.source == SETUP_CELL:
            cell.source = SETUP_CELL.replace(UNSTAMPED, f'REPOSITORY = "{repository.requirement}"')
        elif cell.cell_type == "markdown" and repository.on_github:
            cell.source = LINK.sub(lambda link: _absolute(link, repository), cell.source)
    return nbformat.writes(book) + "\n"


def _absolute(link: re.Match, repository: Repository) -> str:
    name, suffix, anchor = link.groups()
    owner_and_name = repository.page.removeprefix("https://github.com/")
    if suffix == "ipynb":
        return f"https://colab.research.google.com/github/{owner_and_name}/blob/{COLAB_BRANCH}/chapters/{name}.ipynb"
    return f"{repository.page}/blob/{repository.branch}/chapters/{name}.md{anchor or ''}"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m passk_lib.book.stamp OUT_DIR", file=sys.stderr)
        return 2
    repository = find_repository()
    if repository is None:
        print(
            "No repository address: set PASSK_REPOSITORY, or add a git remote named origin.",
            file=sys.stderr,
        )
        return 1
    out = Path(arguments[0]) / "chapters"
    out.mkdir(parents=True, exist_ok=True)
    chapters = sorted(Path("chapters").glob("*.ipynb"))
    if not chapters:
        print("No chapters here: run this in the root of the book's repository.", file=sys.stderr)
        return 1
    for path in chapters:
        (out / path.name).write_text(
            stamp(path.read_text(encoding="utf8"), repository), encoding="utf8"
        )
    print(f"{len(chapters)} notebooks in {out}; they install from {repository.requirement}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
