"""Stamped notebooks: chapters that install the library by themselves, for Colab and for download.

``python -m passk_lib.book.stamp OUT_DIR`` writes what the branch that Colab opens holds: a stamped
copy of every chapter, in ``OUT_DIR/chapters``; the students' notebooks, where ``make assignments``
has made them, in ``OUT_DIR/assignments``; and a ``README.md`` with a link to open each.
"""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
from pathlib import Path

import nbformat

from passk_lib.book.repository import COLAB_BRANCH, Repository, find_repository
from passk_lib.book.setup_cell import SETUP_CELL, UNSTAMPED

STUDENTS = Path("_build/assignments/student")  # where `make assignments` puts their notebooks
LINK = re.compile(r"(?<=\]\()([\w./-]+)\.(ipynb|md)(#[^)\s]*)?(?=\))")


def stamp(notebook: str, repository: Repository) -> str:
    """The text of a notebook with ``repository`` in its setup cell, and links that work outside a
    checkout.

    On GitHub a link to another chapter opens that chapter in Colab, a link to a Markdown page the
    page itself. A notebook without the setup cell comes back unchanged but for its links.

    >>> cells = [nbformat.v4.new_code_cell(SETUP_CELL)]
    >>> chapter = nbformat.writes(nbformat.v4.new_notebook(cells=cells))
    >>> stamped = stamp(chapter, Repository("https://github.com/ada/passk"))
    >>> setup_cell = nbformat.reads(stamped, as_version=4).cells[0].source
    >>> print(setup_cell.splitlines()[6])
    REPOSITORY = "https://github.com/ada/passk@main"
    """
    book = nbformat.reads(notebook, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code" and cell.source == SETUP_CELL:
            cell.source = SETUP_CELL.replace(UNSTAMPED, f'REPOSITORY = "{repository.requirement}"')
        elif cell.cell_type == "markdown" and repository.on_github:
            cell.source = LINK.sub(lambda link: _absolute(link, repository), cell.source)
    return nbformat.writes(book) + "\n"


def archive(notebooks: dict[str, str], target: Path) -> None:
    """One file with all notebooks (path inside -> text), the same bytes for the same notebooks."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in sorted(notebooks):
            # Without a date of its own an entry says 1980, whenever it was made.
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, notebooks[name])


def title(path: Path) -> str:
    """A notebook's first heading, or its name where there is none."""
    for cell in nbformat.read(path, as_version=4).cells:
        if found := re.search(r"^# +(.+)$", cell.source, re.MULTILINE):
            if cell.cell_type == "markdown":
                return found[1].strip()
    return path.stem


def _colab(path: str, repository: Repository) -> str:
    owner_and_name = repository.page.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{owner_and_name}/blob/{COLAB_BRANCH}/{path}"


def _absolute(link: re.Match, repository: Repository) -> str:
    name, suffix, anchor = link.groups()
    if suffix == "ipynb":
        return _colab(f"chapters/{name}.ipynb", repository)
    return f"{repository.page}/blob/{repository.branch}/chapters/{name}.md{anchor or ''}"


def _contents(out: Path, repository: Repository) -> str:
    lines = [
        "# Notebooks",
        "",
        f"Made from {repository.page or repository.url}; changes here are lost. Each notebook "
        "installs what it needs.",
    ]
    # The first page first; assignments by their numbers, which stand in their titles.
    for folder, order in (("chapters", lambda path: path.stem != "index"), ("assignments", title)):
        paths = sorted(sorted((out / folder).glob("*.ipynb")), key=order)
        if paths:
            lines += ["", f"## {folder.capitalize()}", ""]
        for path in paths:
            where = f"{folder}/{path.name}"
            link = _colab(where, repository) if repository.on_github else where
            lines.append(f"- [{title(path)}]({link})")
    return "\n".join(lines) + "\n"


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
    chapters = sorted(Path("chapters").glob("*.ipynb"))
    if not chapters:
        print("No chapters here: run this in the root of the book's repository.", file=sys.stderr)
        return 1
    out = Path(arguments[0])
    for folder in ("chapters", "assignments"):  # what an earlier run left there
        shutil.rmtree(out / folder, ignore_errors=True)
    (out / "chapters").mkdir(parents=True)
    for path in chapters:
        stamped = stamp(path.read_text(encoding="utf8"), repository)
        (out / "chapters" / path.name).write_text(stamped, encoding="utf8")
    students = sorted(STUDENTS.glob("*.ipynb"))
    for path in students:
        (out / "assignments").mkdir(exist_ok=True)
        stamped = stamp(path.read_text(encoding="utf8"), repository)
        (out / "assignments" / path.name).write_text(stamped, encoding="utf8")
    (out / "README.md").write_text(_contents(out, repository), encoding="utf8")
    print(
        f"{len(chapters)} chapters and {len(students)} assignments in {out}; "
        f"they install from {repository.requirement}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
