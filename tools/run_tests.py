"""The whole test: unit tests, then the book with warnings as errors, then the built pages. Stops at
the first failure.

``python tools/run_tests.py [--long]``. With --long the tests marked ``long`` run too.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = "tests/book/test_pages.py"


def main(arguments: list[str]) -> int:
    if set(arguments) - {"--long"}:
        print(__doc__, file=sys.stderr)
        return 2
    marks = [] if "--long" in arguments else ["-m", "not long"]
    pytest = [sys.executable, "-m", "pytest", "-q", *marks]
    steps = [
        ("Unit tests", [*pytest, "tests", f"--ignore={PAGES}"]),
        ("The book", [sys.executable, "tools/build_book.py", "--fresh"]),
        ("The built pages", [*pytest, PAGES]),
    ]
    for name, command in steps:
        print(f"\n== {name} ==", flush=True)
        code = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        ).returncode
        if code:
            print(f"\n{name}: failed.", file=sys.stderr)
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
