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


# --- the shape of a 7B model ----------------------------------------------------------------


def test_without_a_gpu_the_7b_shape_is_not_measured_and_says_so(monkeypatch, capsys):
    import seven_billion

    monkeypatch.setattr(seven_billion.torch.cuda, "is_available", lambda: False)
    assert [row.verdict for row in seven_billion.rows()] == ["not measured"]
    monkeypatch.setattr(sys, "argv", ["seven_billion.py"])
    seven_billion.main()
    assert capsys.readouterr().out == "not measured: no GPU here\n"


def test_the_7b_benchmark_runs_over_a_tiny_shape(monkeypatch, capsys):
    import seven_billion

    options = "--tiny --device cpu --prompts 3 --rows 2 --length 16".split()
    monkeypatch.setattr(sys, "argv", ["seven_billion.py", *options])
    seven_billion.main()
    out = capsys.readouterr().out
    assert "tokens/s" in out and "96 tokens in" in out and "peak" not in out
    found = seven_billion.measure(seven_billion.TINY, 3, 2, 16, "cpu")
    assert found.tokens == 3 * 2 * 16 and found.step_seconds > 0 and found.gigabytes is None


def test_the_7b_shape_has_7b_parameters_and_known_cards_a_peak():
    import seven_billion
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(seven_billion.QWEN2_7B)
    assert model.num_parameters() == 7_615_616_512  # as the model's own card says
    assert seven_billion.peak_of("NVIDIA H100 PCIe") < seven_billion.peak_of("NVIDIA H100 80GB")
    assert seven_billion.peak_of("Abacus 3000") is None
