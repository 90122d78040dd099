"""The commands as a reader meets them: what cannot work is refused at once, in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from passk_lib.__main__ import main
from passk_lib.llm import cli
from passk_lib.llm.coverage import measure, population
from passk_lib.llm.train import RECIPES, check_target, model_card, write_model


def refusal(capfd, *arguments) -> str:
    """The one line with which the command ends, status 2."""
    assert main([*map(str, arguments)]) == 2
    out, error = capfd.readouterr()
    assert out == "" and error.count("\n") == 1, error
    head = f"passk {arguments[0]}: error: "
    assert error.startswith(head)
    return error.removeprefix(head)


@pytest.fixture
def no_training(monkeypatch):
    def begun(*_):
        pytest.fail("training began")

    monkeypatch.setattr(cli, "train", begun)


# --- train-tiny -----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["mine", "."])
def test_a_folder_with_files_of_my_own_is_not_written_to(
    tmp_path, monkeypatch, capfd, no_training, where
):
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("README.md", "config.json"):
        (mine / name).write_text("mine")
    monkeypatch.chdir(mine if where == "." else tmp_path)
    error = refusal(capfd, "train-tiny", "B", "--out", where)
    assert error.startswith(f"--out = {where!r}: is not empty")
    assert {path.name: path.read_text() for path in mine.iterdir()} == {
        "README.md": "mine",
        "config.json": "mine",
    }


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("", "--out = '': is empty"),
        ("file", "--out = 'file': is a file"),
        ("file/below/it", "file is a file; give a folder"),
        ("/proc/none/such", "--out = '/proc/none/such': cannot be written"),
        ("x" * 300, "cannot be written: File name too long"),
    ],
)
def test_a_folder_that_cannot_be_is_refused_before_training(
    tmp_path, monkeypatch, capfd, no_training, out, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    assert message in refusal(capfd, "train-tiny", "B", "--out", out)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_tiny_model_is_written_again_over_itself_and_over_no_other(tmp_path, model_b):
    card = model_card(RECIPES["B"], *model_b, [0.0])
    assert check_target("--out", str(tmp_path / "new"), "B") == tmp_path / "new"
    assert not (tmp_path / "new").exists()
    write_model(*model_b, tmp_path / "new", card)
    assert check_target("--out", str(tmp_path / "new"), "B")
    assert not [path for path in (tmp_path / "new").iterdir() if path.name.startswith(".")]
    for other in ("B500", "S"):
        with pytest.raises(ValueError, match=f"holds no tiny model {other}"):
            check_target("--out", str(tmp_path / "new"), other)


# --- experiment -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--verifier", "foo"], "verifier = 'foo': must be one of exact, number"),
        (["--verifier", "exact"], "verifier = 'exact': the task subtraction has its own"),
        (["--data", "mine.jsonl"], "data = 'mine.jsonl': the task subtraction has its own"),
        (["--data-revision", "v1"], "data_revision = 'v1': the task subtraction has its own"),
        (["--task", "jsonl", "--data", "x", "--data-revision", "v1"], "'v1': a file has no rev"),
        (["--task", "jsonl", "--hard-fraction", "0.4"], "hard_fraction = 0.4: the task jsonl has"),
        (["--promts", "40"], "unrecognized arguments: --promts 40"),
        (["--prompt", "40"], "unrecognized arguments: --prompt 40"),
        (["--prompts", "many"], "argument --prompts: invalid int value: 'many'"),
        (["--kernel", "--no-kernel"], "argument --no-kernel: not allowed with argument --kernel"),
        (["--n", "1"], "n = 1: the values of k begin at 2"),
        (["--n", "0"], "n must be an integer from 1 to 2^53; got 0"),
        (["--ks", "1-999999999"], "--ks = '1-999999999': 1-999999999 has more than 10000 values"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(tmp_path, capfd, arguments, message):
    assert message in refusal(capfd, "experiment", tmp_path / "out", "--quiet", *arguments)
    assert not (tmp_path / "out").exists()


def test_a_folder_below_a_file_is_named(tmp_path, capfd):
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "sub"
    error = refusal(capfd, "experiment", out)
    assert error == f"out = {str(out)!r}: {tmp_path / 'file'} is a file; give a folder\n"


# --- coverage -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--repetitions", "1"], "--repetitions = 1: must be an integer >= 2"),
        (["--n", "0"], "--n = 0: must be an integer from 1"),
        (["--n", "-3"], "--n = -3: must be an integer from 1"),
        (["--n", "8"], "--ks = 16: must be integers from 1 to --n = 8"),
        (["--ks", "0"], "--ks = 0: must be integers from 1"),
        (["--prompts", "-4"], "--prompts = -4: must be an integer from 3"),
        (["--prompts", "0"], "--prompts = 0: must be an integer from 3"),
        (["--population", "100000"], "--population = 100000: must be an integer from 2 to 4711"),
        (["--population", "0"], "--population = 0: must be an integer from 2"),
        (["--hard-fraction", "nan"], "--hard-fraction = nan: must be a number from 0 to 1"),
        (["--seed", "-1"], "--seed = -1: must be an integer >= 0"),
        (["--level", "1"], "--level = 1.0: must be above 0 and below 1"),
        (["--level", "90"], "--level = 90.0: must be above 0 and below 1"),
        (["--level", "nan"], "--level = nan: must be above 0 and below 1"),
        (["--models", "B,Z"], "--models = 'B,Z': must be among A, B, B500, S"),
        (["--out", "nodir/x.json"], "--out = 'nodir/x.json': there is no folder 'nodir'"),
        (["--out", "."], "--out = '.': is a folder; give a file"),
        (["--out", "file/x.json"], "--out = 'file/x.json': there is no folder 'file'"),
        (["--out", "/proc/x.json"], "--out = '/proc/x.json': cannot be written"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_coverage_refuses_what_it_cannot_measure_before_it_begins(
    tmp_path, monkeypatch, capfd, arguments, message
):
    def begun(*_):
        pytest.fail("a model was loaded")

    monkeypatch.setattr("passk_lib.llm.coverage.load", begun)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    assert message in refusal(capfd, "coverage", *arguments)


@pytest.mark.filterwarnings("error")
def test_the_smallest_coverage_that_is_allowed_has_numbers_everywhere(tmp_path, capfd):
    options = "--models B --population 2 --prompts 3 --n 1 --ks 1 --repetitions 2 --quiet".split()
    assert main(["coverage", *options, "--out", str(tmp_path / "x.json")]) == 0
    assert "nan" not in capfd.readouterr().out.lower()
    assert "NaN" not in (tmp_path / "x.json").read_text()


def test_from_python_the_arguments_have_their_own_names():
    with pytest.raises(ValueError, match="size = 100000: must be an integer from 2 to 4711 where "):
        population("B", size=100_000)
    with pytest.raises(ValueError, match="repetitions = 1: "):
        measure(None, repetitions=1)


# --- a reader that has seen enough ----------------------------------------------------------


@pytest.mark.parametrize("arguments", [["ledger"], ["experiment", "--help"], ["--help"]])
def test_a_pipe_that_closes_early_ends_the_command_without_a_word(arguments):
    """`passk ledger | head -3`, with a reader that has gone before the first line."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "passk_lib", *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == 141 or "--help" in arguments  # argparse itself lets it pass


def test_a_pipe_that_breaks_elsewhere_is_reported(monkeypatch, capfd):
    """Negative control: only the command's own output may end in silence."""

    def broken(_):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(cli, "experiment", broken)
    assert main(["experiment"]) == 2
    assert "error: [Errno 32] Broken pipe" in capfd.readouterr().err


@pytest.mark.parametrize("where", ["import", "run"])
def test_control_c_is_one_line_also_while_libraries_are_imported(monkeypatch, capfd, where):
    def stop(*_):
        raise KeyboardInterrupt("stopped in stage 'gradients'" if where == "run" else "")

    if where == "import":
        monkeypatch.setattr("passk_lib.__main__.importlib.import_module", stop)
    else:
        monkeypatch.setattr("passk_lib.llm.cli.experiment", stop)
    assert main(["experiment", "out"]) == 130
    said = "interrupted" if where == "import" else "stopped in stage 'gradients'"
    assert capfd.readouterr().err == f"\npassk experiment: {said}\n"
