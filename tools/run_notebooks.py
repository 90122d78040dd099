"""Run notebooks as a reader would: each alone in an empty folder, from top to bottom.

``python tools/run_notebooks.py [--report FILE] NOTEBOOK ...``

Each runs in a kernel of the Python that runs this command, which needs nbclient and ipykernel. A
notebook fails when a cell raises, when NumPy or PyTorch is another version afterwards, or when its
setup cell takes more than 30 seconds beyond pip's downloads. The report (Markdown) says what failed
and with which versions; the exit status is 1 if anything did.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

# What Colab brings: reinstalling it costs minutes, and a restart of the reader's kernel.
UNTOUCHED = ("numpy", "torch")
NAMED = (*UNTOUCHED, "sympy", "matplotlib", "ipywidgets", "anywidget", "transformers", "passk-lib")
SETUP_SECONDS = 30
CELL_SECONDS = 900
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def versions() -> dict[str, str]:
    """The installed versions, asked of a new process: an installation changes them."""
    code = f"""
from importlib.metadata import PackageNotFoundError, version
for name in {NAMED}:
    try:
        print(name, version(name))
    except PackageNotFoundError:
        print(name, "missing")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return dict(line.split() for line in done.stdout.splitlines())


def seconds(cell) -> float:
    times = cell.metadata.get("execution", {})
    begin, end = (times.get(name) for name in ("iopub.execute_input", "shell.execute_reply"))
    if not begin or not end:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def run(path: Path) -> tuple[str, float, float]:
    """What went wrong with a notebook (an empty string: nothing), the seconds that all of it took,
    and those of its first code cell."""
    book = nbformat.read(path, as_version=4)
    before, start = versions(), time.monotonic()
    fault = ""
    with tempfile.TemporaryDirectory() as empty:
        client = NotebookClient(
            book,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": empty}},
        )
        try:
            client.execute()
        except CellExecutionError as error:
            fault = COLOUR.sub("", str(error)).strip()
        except Exception as error:  # a dead kernel, a cell that does not end
            fault = f"{type(error).__name__}: {error}"
    took = time.monotonic() - start
    setup = next((seconds(cell) for cell in book.cells if cell.cell_type == "code"), 0.0)
    after = versions()
    for name in UNTOUCHED:
        if after[name] != before[name]:
            fault += f"\n{name} was {before[name]} before and is {after[name]} afterwards."
    if setup > SETUP_SECONDS and os.environ.get("PIP_NO_INDEX"):  # no downloads in it
        fault += f"\nThe setup cell took {setup:.0f} s; at most {SETUP_SECONDS} s are promised."
    return fault.strip(), took, setup


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run notebooks, each alone in an empty folder.")
    parser.add_argument("--report", type=Path, help="write what failed to this file (Markdown)")
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    given = parser.parse_args(arguments)
    if missing := [str(path) for path in given.notebooks if not path.is_file()]:
        parser.error(f"no such notebook: {', '.join(missing)}")
    failed = {}
    for path in given.notebooks:
        fault, took, setup = run(path)
        print(f"{path.name:<24} {took:6.1f} s, setup {setup:4.1f} s  {'FAILED' if fault else 'ok'}")
        if fault:
            failed[path.name] = fault
            print(fault, flush=True)
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    print(f"{len(given.notebooks) - len(failed)} of {len(given.notebooks)} ran. With {used}.")
    if given.report:
        parts = [f"{len(failed)} of {len(given.notebooks)} notebooks failed.\n\nWith {used}.\n"]
        # A traceback's end says most; an issue's text has a limit.
        parts += [f"## {name}\n\n```text\n{fault[-3000:]}\n```\n" for name, fault in failed.items()]
        given.report.write_text("\n".join(parts), encoding="utf8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
