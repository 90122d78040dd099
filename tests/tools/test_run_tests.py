"""`make test` runs two halves side by side and says at its end what both covered."""

import json
import subprocess
import sys
from pathlib import Path

import run_tests

ROOT = Path(__file__).resolve().parents[2]


def test_the_summary_adds_what_both_halves_covered(tmp_path):
    halves = {
        "book": {"passed": ["tests/book/test_pages.py::test_a"], "failed": [], "mutants": {}},
        "rest": {
            "passed": ["tests/theory/test_ledger.py::test_b", "tests/course/test_c.py::test_c"],
            "failed": ["tests/course/test_c.py::test_d"],
            "mutants": {"fixed part": {"falsified": 5, "rejected": 2}},
        },
    }
    for name, entry in halves.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(entry))
    lines = run_tests.covered([tmp_path / "book.json", tmp_path / "rest.json"])
    said = {line[:13].strip(): line[13:] for line in lines}
    assert "1 tests passed" in said["pages"] and "1 tests passed" in said["claims"]
    assert said["mutants"].split()[0] == "7"
    assert "1 FAILED" in said["assignments"]
    assert said["live figures"] == "not covered by this run"


def test_a_half_that_broke_off_covers_nothing(tmp_path):
    lines = run_tests.covered([tmp_path / "missing.json"])
    assert all("not covered" in line for line in lines)


def test_both_halves_together_are_all_tests():
    """Nothing is left out: what one half ignores the other runs, or it comes alone at the end."""
    assert all((ROOT / path).is_file() for path in [*run_tests.BOOK, run_tests.SPEED])
    makefile = (ROOT / "Makefile").read_text()
    assert makefile.count("tools/run_tests.py") == 2


def test_an_unknown_argument_is_refused():
    command = [sys.executable, ROOT / "tools" / "run_tests.py", "--book"]
    assert subprocess.run(command, capture_output=True).returncode == 2
