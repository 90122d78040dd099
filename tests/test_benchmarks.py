"""A promise holds by its two numbers alone, and a broken one ends `make bench` with status 1."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(FOLDER))

from promises import Promise  # noqa: E402

BENCHMARK = """
from promises import Promise

def rows():
    print("a benchmark may talk")
    return [
        Promise("kept", "at least", 2, "x", {measured}),
        Promise("a card", "at most", 1, "s", note="no GPU here"),
    ]
"""


def bench(folder: Path, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(folder), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path):
    for name in ("__main__.py", "promises.py"):
        shutil.copy(FOLDER / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("sense", "measured", "verdict"),
    [
        ("at least", 2.0, "pass"),
        ("at least", 1.9, "FAIL"),
        ("at most", 2.0, "pass"),
        ("at most", 2.1, "FAIL"),
    ],
)
def test_a_promise_holds_by_its_numbers(sense, measured, verdict):
    assert Promise("it", sense, 2, "x", measured).verdict == verdict


def test_what_was_not_measured_says_why():
    assert Promise("it", "at most", 2, "s", note="no browser").verdict == "not measured"
    with pytest.raises(ValueError, match="must say why"):
        Promise("it", "at most", 2, "s")
    with pytest.raises(ValueError, match="must be finite"):
        Promise("it", "at most", 2, "s", float("nan"))
    with pytest.raises(ValueError, match="sense = 'about'"):
        Promise("it", "about", 2, "s", 1.0)


def test_every_benchmark_is_found_and_its_table_recorded_with_the_hardware(folder):
    (folder / "mine.py").write_text(BENCHMARK.format(measured=3))
    done = bench(folder, "--record")
    assert done.returncode == 0, done.stderr
    assert "kept" in done.stdout and "pass" in done.stdout and "no GPU here" in done.stdout
    record = json.loads((folder / "record.json").read_text())
    assert [row["verdict"] for row in record["rows"]] == ["pass", "not measured"]
    assert record["hardware"]["date"] and record["hardware"]["processor"]


def test_a_broken_promise_and_a_failing_benchmark_have_status_one(folder):
    (folder / "mine.py").write_text(BENCHMARK.format(measured=1))
    done = bench(folder)
    assert done.returncode == 1 and "FAIL" in done.stdout
    (folder / "broken.py").write_text("def rows():\n    raise RuntimeError('no')\n")
    done = bench(folder, "--only", "broken", "--only", "mine")
    assert done.returncode == 1 and "benchmark broken failed" in done.stderr
    assert "kept" in done.stdout
