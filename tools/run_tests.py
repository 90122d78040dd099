"""The tests in two halves side by side: what drives the built book, and everything else.

``python tools/run_tests.py [--long]``. Building the book and looking at its pages take as long as
all other tests together, and each half keeps about one core busy. The first half is shown as it
runs; the other is shown when both are done. Then, with the machine to themselves, come the tests of
speed. At the end stands what all covered between them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOK = [f"tests/book/{name}.py" for name in ("test_live_figures", "test_site", "test_pages")]
SPEED = "tests/book/test_speed.py"


def pytest(record: Path, *arguments: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "--covered-to", str(record), *arguments]
    return [*command, "-p", "no:cacheprovider"]  # two runs must not share one


def covered(records: list[Path]) -> list[str]:
    """The summary of all records together."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "book")]
    from covered import summary

    passed, failed, mutants = [], [], {}
    for record in records:
        if record.exists():
            entry = json.loads(record.read_text(encoding="utf-8"))
            passed += entry["passed"]
            failed += entry["failed"]
            mutants |= entry["mutants"]
    return summary(passed, failed, mutants)


def main(arguments: list[str]) -> int:
    if set(arguments) - {"--long"}:
        print(__doc__, file=sys.stderr)
        return 2
    chosen = [] if "--long" in arguments else ["-m", "not long"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = [folder / "book.json", folder / "rest.json", folder / "speed.json"]
        rest = pytest(records[1], *chosen, *(f"--ignore={path}" for path in [*BOOK, SPEED]))
        with (
            open(folder / "rest.txt", "w", encoding="utf-8") as output,
            subprocess.Popen(rest, cwd=ROOT, stdout=output, stderr=output) as other,
        ):
            try:
                book = subprocess.run(pytest(records[0], "--book", *chosen, *BOOK), cwd=ROOT)
                print("\nThe other half, which ran beside it:\n", flush=True)
                other.wait()
            except KeyboardInterrupt:
                other.terminate()
                raise
        print((folder / "rest.txt").read_text(encoding="utf-8"), end="")
        speed = subprocess.run(pytest(records[2], SPEED), cwd=ROOT)
        print("\nWhat all covered:\n" + "\n".join(covered(records)))
    return book.returncode or other.returncode or speed.returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
