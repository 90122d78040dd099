"""A small book to build in a test, with the real configuration and the real extension."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from passk_lib.book.setup_cell import SETUP_CELL, SETUP_METADATA

ROOT = Path(__file__).resolve().parents[2]


def notebook(*cells: str | tuple[str, str]) -> nbformat.NotebookNode:
    """A notebook of the cells given: text is Markdown, ("code", source) is code. It has the title
    of a chapter and the setup cell."""
    book = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        }
    )
    book.cells.append(nbformat.v4.new_markdown_cell("# A chapter"))
    book.cells.append(nbformat.v4.new_code_cell(SETUP_CELL, metadata=SETUP_METADATA))
    for cell in cells:
        if isinstance(cell, str):
            book.cells.append(nbformat.v4.new_markdown_cell(cell))
        else:
            book.cells.append(nbformat.v4.new_code_cell(cell[1]))
    for index, cell in enumerate(book.cells):
        cell["id"] = f"cell-{index}"
    return book


class SmallBook:
    """A book of a few pages in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "chapters").mkdir()
        shutil.copy(ROOT / "_config.yml", folder)
        for name in ("_ext", "_static", "tools"):
            (folder / name).symlink_to(ROOT / name)
        # The build hashes the library that stands beside the book.
        (folder / "passk_lib").mkdir()
        (folder / "passk_lib" / "file.py").write_text("value = 1\n")
        (folder / "_vendor").mkdir()

    def write(self, **pages) -> None:
        """Pages by name, notebooks or Markdown; the first one is the book's root."""
        for name, page in pages.items():
            if isinstance(page, str):
                (self.folder / "chapters" / f"{name}.md").write_text(page, encoding="utf8")
            else:
                nbformat.write(page, self.folder / "chapters" / f"{name}.ipynb")
        root, *rest = pages
        toc = f"format: jb-book\nroot: chapters/{root}\n"
        if rest:
            toc += "chapters:\n" + "".join(f"  - file: chapters/{name}\n" for name in rest)
        (self.folder / "_toc.yml").write_text(toc)

    def build(self, **environment: str) -> subprocess.CompletedProcess:
        """Build it as `make book` does; its repository is what ``environment`` says."""
        hidden = ("PASSK_REPOSITORY", "PASSK_BRANCH", "GITHUB_REPOSITORY", "GITHUB_REF_TYPE")
        inherited = {name: value for name, value in os.environ.items() if name not in hidden}
        command = [sys.executable, "-c", BUILD, str(self.folder)]
        return subprocess.run(
            command, env={**inherited, **environment}, capture_output=True, text=True, timeout=300
        )

    def page(self, name: str) -> str:
        return (self.folder / "_build" / "html" / "chapters" / f"{name}.html").read_text("utf8")


# tools/build_book.py, on another folder than the one it lies in.
BUILD = """
import sys, pathlib
sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "tools"))
import build_book
build_book.ROOT = pathlib.Path(sys.argv[1])
build_book.BUILD = build_book.ROOT / "_build"
sys.exit(build_book.main([]))
"""
