"""`make test` runs its parts side by side and says at its end what all covered."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import run_tests

ROOT = Path(__file__).resolve().parents[2]


def test_the_summary_adds_what_all_parts_covered(tmp_path):
    parts = {
        "book": {"passed": ["tests/book/test_pages.py::test_a"], "failed": [], "mutants": {}},
        "rest": {
            "passed": ["tests/theory/test_ledger.py::test_b", "tests/course/test_c.py::test_c"],
            "failed": ["tests/course/test_c.py::test_d"],
            "mutants": {"fixed part": {"falsified": 5, "rejected": 2}},
        },
    }
    for name, entry in parts.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(entry))
    lines = run_tests.covered([tmp_path / "book.json", tmp_path / "rest.json"])
    said = {line[:13].strip(): line[13:] for line in lines}
    assert "1 tests passed" in said["pages"] and "1 tests passed" in said["claims"]
    assert said["mutants"].split()[0] == "7"
    assert "1 FAILED" in said["assignments"]
    assert said["live figures"] == "not covered by this run"


def test_a_part_that_broke_off_covers_nothing(tmp_path):
    lines = run_tests.covered([tmp_path / "missing.json"])
    assert all("not covered" in line for line in lines)


def test_all_parts_together_are_all_tests():
    """Nothing is left out: what the parts name, the rest ignores, and nothing else."""
    named = [path for paths in run_tests.PARTS.values() for path in paths]
    assert all((ROOT / path).exists() for path in named)
    assert [f"--ignore={path}" for path in named] == run_tests.REST
    makefile = (ROOT / "Makefile").read_text()
    assert makefile.count("tools/run_tests.py") == 2


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of the tests whose parts are noted, not run: run.noted, in the order they began."""
    run = run_tests.Run(tmp_path, [])
    run.noted, run.fails = [], set()

    def part(name, *arguments, shown=True):
        run.noted.append(name)
        (tmp_path / f"{name}.txt").write_text(f"<{name}>")
        time.sleep(0.05)
        run.outcomes[name] = int(name in run.fails)
        return name not in run.fails

    monkeypatch.setattr(run, "part", part)
    return run


def test_speed_comes_alone_at_the_end_and_pages_after_the_book(run, capsys):
    run.everything()
    assert sorted(run.noted) == sorted([*run_tests.PARTS, "rest"])
    assert run.noted[-1] == "speed"
    assert run.noted.index("pages") > run.noted.index("build")
    assert "<rest>" in capsys.readouterr().out
    assert run.report() == 0


@pytest.mark.parametrize("name", ["rest", "figures", "theory", "site", "pages", "speed"])
def test_one_part_that_fails_fails_the_whole_and_is_named(name, run, capsys):
    run.fails = {name}
    run.everything()
    assert len(run.noted) == 7 and run.report() == 1
    assert capsys.readouterr().out.endswith(f"NOT PASSED: {name}\n")


def test_without_a_book_its_pages_are_not_tried_and_the_run_fails(run, capsys):
    run.fails = {"build"}
    run.everything()
    assert sorted(run.noted) == ["build", "rest", "theory"] and run.report() == 1
    assert "NOT PASSED: build; without a book" in capsys.readouterr().out


def test_an_unknown_argument_is_refused():
    command = [sys.executable, ROOT / "tools" / "run_tests.py", "--book"]
    assert subprocess.run(command, capture_output=True).returncode == 2
