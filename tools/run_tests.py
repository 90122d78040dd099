"""All tests, in parts side by side: what drives the built book, and everything else.

``python tools/run_tests.py [--long]``. Two parts run at a time, for two processors. In one lane the
book is built, its live figures are driven, the theory is proved, mutants included, and the site is
tried. In the other stands all that needs no book, and then every built page is looked at. Last,
with the machine to themselves, come the tests of speed. What the second lane prints is shown when
it is done. At the end stands what all covered between them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = {
    "build": ["tests/book/test_build.py"],
    "figures": ["tests/book/test_live_figures.py"],
    "theory": ["tests/theory"],
    "site": ["tests/book/test_site.py", "tests/book/test_reference.py"],
    "pages": ["tests/book/test_pages.py"],
    "speed": ["tests/book/test_speed.py"],
}
REST = [f"--ignore={path}" for paths in PARTS.values() for path in paths]


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


class Run:
    """The parts of one run of the tests, their outcomes and what they printed."""

    def __init__(self, folder: Path, chosen: list[str]):
        self.folder, self.chosen = folder, chosen
        self.outcomes: dict[str, int] = {}
        self.children: list[subprocess.Popen] = []

    def part(self, name: str, *arguments: str, shown: bool = True) -> bool:
        """Run a part; True if all its tests passed."""
        command = pytest(self.folder / f"{name}.json", *arguments, *self.chosen)
        with open(self.folder / f"{name}.txt", "w", encoding="utf-8") as output:
            to = None if shown else output
            child = subprocess.Popen(command, cwd=ROOT, stdout=to, stderr=to)
            self.children.append(child)
            self.outcomes[name] = child.wait()
        return self.outcomes[name] == 0

    def everything(self) -> None:
        built = threading.Event()

        def beside() -> None:
            self.part("rest", *REST, shown=False)
            built.wait()
            if self.outcomes["build"] == 0:
                self.part("pages", *PARTS["pages"], shown=False)

        other = threading.Thread(target=beside, daemon=True)
        other.start()
        whole = self.part("build", "--book", *PARTS["build"])
        built.set()
        if whole:
            self.part("figures", *PARTS["figures"])
        self.part("theory", *PARTS["theory"])
        if whole:
            self.part("site", *PARTS["site"])
        other.join()
        for name in ("rest", "pages"):
            if name in self.outcomes:
                print(f"\nPart {name!r}, which ran beside it:\n", flush=True)
                print((self.folder / f"{name}.txt").read_text(encoding="utf-8"), end="", flush=True)
        if whole:
            self.part("speed", *PARTS["speed"])

    def report(self) -> int:
        """Print what was covered; the exit status."""
        print("\nWhat all parts covered:")
        print("\n".join(covered(sorted(self.folder.glob("*.json")))))
        broken = [name for name, outcome in self.outcomes.items() if outcome]
        if broken:
            print(f"NOT PASSED: {', '.join(broken)}", end="")
            print("; without a book nothing of it was tried" * ("build" in broken))
        return int(bool(broken))


def main(arguments: list[str]) -> int:
    if set(arguments) - {"--long"}:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), [] if "--long" in arguments else ["-m", "not long"])
        try:
            run.everything()
        except KeyboardInterrupt:
            for child in run.children:
                child.terminate()
            raise
        return run.report()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
