"""Build the book with warnings as errors; on failure end with the faults, the first one last to
scroll away.

``python tools/build_book.py [--fresh]``. With --fresh every page is read again (executed cells are
reused).
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PROGRESS = re.compile(
    r"reading sources|build (succeeded|finished)|.*(Execut|cached notebook|WARNING|ERROR)"
)


def main(arguments: list[str]) -> int:
    unknown = set(arguments) - {"--fresh"}
    if unknown:
        print(__doc__, file=sys.stderr)
        return 2
    if "--fresh" in arguments:
        forget_pages()
    print("Building the book.", flush=True)
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", ROOT, "-W", "-n", "--keep-going"]
    log = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as build:
        for line in build.stdout:
            line = COLOUR.sub("", line)
            if line.startswith("[IPKernelApp]"):
                continue  # a kernel's remark on its sockets
            log.append(line)
            if PROGRESS.match(line):
                print(line, end="", flush=True)
    if build.returncode == 0:
        return 0
    # Sphinx reports a fault only when it reads the page: the next build must read all of them
    # again.
    forget_pages()
    print("\nThe book was not built. What went wrong, first fault first:\n", file=sys.stderr)
    print("".join(faults(log)), file=sys.stderr)
    return 1


def forget_pages() -> None:
    shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
    shutil.rmtree(BUILD / "html", ignore_errors=True)


def faults(log: list[str]) -> list[str]:
    """The lines of a build's output that name a fault, each with the lines (a traceback) that
    belong to it.
    """
    kept, inside = [], False
    for line in log:
        if re.search(r"\b(WARNING|ERROR|CRITICAL|Traceback|error:)", line):
            inside = True
        elif re.match(
            r"(reading sources|writing output|pickling|looking for|generating|copying|build )", line
        ):
            inside = False
        if inside:
            kept.append(line)
    return kept or log[-40:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
