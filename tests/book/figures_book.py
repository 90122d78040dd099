"""A small book of live figures, built through the book's own configuration and extension.

Pages that no chapter has: all figures together, a figure tied to another widget, a figure alone.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from live import figure_names

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "_build" / "figures-book"
SHARED = ("_config.yml", "_ext", "_vendor", "_static", "passk_lib")

FIGURES = tuple(figure_names())


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address) -> None:
        pass  # the browser closes connections as it leaves a page


@contextmanager
def serve(html: Path) -> Iterator[str]:
    """Serve the pages from a subfolder of localhost; gives the address of their folder."""
    handler = functools.partial(_Quiet, directory=str(html.parent))
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{html.name}/chapters"
        finally:
            server.shutdown()


def _notebook(title: str, *cells: str) -> str:
    code = [
        {"cell_type": "code", "metadata": {}, "source": c, "outputs": [], "execution_count": None}
        for c in cells
    ]
    heading = {"cell_type": "markdown", "metadata": {}, "source": f"# {title}"}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for index, cell in enumerate([heading, *code]):
        cell["id"] = f"cell{index}"
    return json.dumps(
        {"cells": [heading, *code], "metadata": {"kernelspec": kernel},
         "nbformat": 4, "nbformat_minor": 5}
    )  # fmt: skip


def _pages(figures, alone) -> dict[str, str]:
    every = [f"from passk_lib.widgets import *\n{name}()" for name in figures]
    linked = (
        "import ipywidgets\nfrom passk_lib.widgets import ConflictMap\n"
        "figure = ConflictMap()\n"
        "outside = ipywidgets.IntSlider(10, 1, 100, description='k outside')\n"
        "ipywidgets.jslink((outside, 'value'), (figure, 'k'))\n"
        "ipywidgets.VBox([outside, figure])"
    )
    return {
        "start.ipynb": _notebook("Live figures"),
        "linked.ipynb": _notebook("A figure tied to another widget", linked),
        "together.ipynb": _notebook("All on one page", *every),
        **{f"{name.lower()}.ipynb": _notebook("A live figure", cell)
           for name, cell in zip(figures, every, strict=True) if name in alone},
    }  # fmt: skip


def _key(*figures) -> str:
    digest = hashlib.sha256(repr(figures).encode() + Path(__file__).read_bytes())
    for name in ("_config.yml", "_ext", "_static", "passk_lib/figures.py", "passk_lib/widgets"):
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and not {"node_modules", "__pycache__"} & set(file.parts):
                digest.update(file.read_bytes())
    return digest.hexdigest()


def build(figures=FIGURES, alone=FIGURES) -> Path:
    """The folder of built pages; built anew only when the figures or the book's set-up changed.

    figures: all of them together stand on one page. alone: those with a page of their own.
    """
    html, stamp = BOOK / "_build" / "html", BOOK / "stamp"
    if stamp.exists() and stamp.read_text() == _key(figures, alone):
        return html
    shutil.rmtree(BOOK, ignore_errors=True)
    (BOOK / "chapters").mkdir(parents=True)
    for name in SHARED:
        (BOOK / name).symlink_to(ROOT / name)
    pages = _pages(figures, alone)
    for name, text in pages.items():
        (BOOK / "chapters" / name).write_text(text, encoding="utf8")
    rest = [name.removesuffix(".ipynb") for name in pages if name != "start.ipynb"]
    toc = "format: jb-book\nroot: chapters/start\nchapters:\n"
    toc += "".join(f"- file: chapters/{name}\n" for name in rest)
    (BOOK / "_toc.yml").write_text(toc)
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", BOOK, "-W", "-n", "--keep-going"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the figures' book was not built:\n{done.stdout}\n{done.stderr}")
    stamp.write_text(_key(figures, alone))
    return html


if __name__ == "__main__":
    print(build(tuple(sys.argv[1:]) or FIGURES))
