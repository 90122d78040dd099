"""Attacks on `passk grade`: each gets its fair score or a clear zero, and harms nothing else."""

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from attacks import ATTACKS, BAD_FIRST_ANSWERS, FULL, NONE, SPENT
from nbformat.v4 import new_code_cell, new_notebook

from passk_lib.course import assemble, judge

pytestmark = pytest.mark.skipif(
    judge.NAMESPACES in judge.missing_protections(),
    reason="no namespaces here: submissions cannot be confined, so the attacks were not tried",
)

ASSIGNMENT = "estimators"
SECONDS = 8  # for a notebook; imports take some seconds on a busy machine


def solution_cells():
    return [c.source for c in assemble.find(ASSIGNMENT).master().cells if c.cell_type == "code"]


def write(path, cells):
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in cells]), path)


def attack_cells(attack, places):
    source = attack.cell
    for mark, value in places.items():
        source = source.replace(mark, value)
    if attack.wrong:
        return [source]
    return [*solution_cells(), source] if attack.last else [source, *solution_cells()]


def grade(folder, submissions):
    """Run the command on `submissions` (name: cells); returns the table's rows and what it said."""
    handed_in = folder / "submissions"
    handed_in.mkdir()
    for name, cells in submissions.items():
        write(handed_in / f"{name}.ipynb", cells)
    (folder / "seed").write_text("a secret of the tests")
    before = contents(folder)
    out = folder.parent / f"{folder.name}.csv"
    command = [sys.executable, "-m", "passk_lib", "grade", handed_in, "--assignment", ASSIGNMENT]
    command += ["--out", out, "--seed-file", folder / "seed", "--time-limit", str(SECONDS)]
    command += ["--memory-limit", "1024", "--jobs", "2"]
    command += [f"--accept-missing={name}" for name in judge.missing_protections()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stderr
    assert contents(folder) == before, "a submission changed files of the teacher"
    with open(out, newline="", encoding="utf8") as file:
        return {Path(row["submission"]).stem: row for row in csv.DictReader(file)}


def contents(folder):
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for place in (folder, assemble.FOLDER, Path(judge.__file__).parent)
        for path in place.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def run_attacks(folder, attacks):
    folder.mkdir()
    server = socket.create_server(("127.0.0.1", 0))
    places = {
        "@TESTS@": str(folder),
        "@ASSIGNMENTS@": str(assemble.FOLDER),
        "@PORT@": str(server.getsockname()[1]),
    }
    with server:
        return grade(folder, {name: attack_cells(a, places) for name, a in attacks.items()})


def verify(row, outcome):
    reasons = row["problem"] + row["estimators-1 feedback"]
    if outcome == FULL:
        assert row["points"] == row["possible"] == "29", reasons
    elif outcome == SPENT:
        assert re.search("MemoryError|Too many open files|of memory", row["problem"]), reasons
    else:
        assert row["points"] == "0", reasons
        if outcome != NONE:
            assert re.search(outcome, row["problem"]), reasons
    assert float(row["seconds"]) < 3 * SECONDS + 10


QUICK = {name: attack for name, attack in ATTACKS.items() if attack.quick}
LONG = {name: attack for name, attack in ATTACKS.items() if not attack.quick}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return run_attacks(tmp_path_factory.mktemp("quick") / "course", QUICK)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    return run_attacks(tmp_path_factory.mktemp("long") / "course", LONG)


@pytest.mark.parametrize("name", QUICK)
def test_an_attack_gets_its_fair_score_or_a_zero_with_the_reason(quick, name):
    verify(quick[name], QUICK[name].outcome)


@pytest.mark.long
@pytest.mark.parametrize("name", LONG)
def test_a_rarer_attack_gets_its_fair_score_or_a_zero_with_the_reason(long, name):
    verify(long[name], LONG[name].outcome)


@pytest.mark.long
def test_no_process_and_no_scratch_folder_is_left_behind(long):
    time.sleep(1)
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert "course/worker.py" not in left
    assert not list(Path("/tmp").glob("passk-grade-*"))


@pytest.mark.long
def test_ctrl_c_ends_all_at_once_leaves_nothing_and_the_command_goes_on(tmp_path):
    handed_in, out = tmp_path / "submissions", tmp_path / "grades.csv"
    handed_in.mkdir()
    write(handed_in / "a.ipynb", solution_cells())
    for name in ("b", "c"):
        write(handed_in / f"{name}.ipynb", ["import time; time.sleep(86422)"])
    command = [sys.executable, "-m", "passk_lib", "grade", handed_in, "--assignment", ASSIGNMENT]
    command += ["--out", out, "--time-limit", "300", "--jobs", "2"]
    command += [f"--accept-missing={name}" for name in judge.missing_protections()]
    before = set(Path("/tmp").glob("passk-grade-*"))
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not out.exists() or len(set(Path("/tmp").glob("passk-grade-*")) - before) < 2:
        assert running.poll() is None
        time.sleep(0.2)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=30)[1]
    assert running.returncode == 130
    assert "1 of 3 are graded; the same command goes on from there" in said
    assert "Traceback" not in said
    assert not set(Path("/tmp").glob("passk-grade-*")) - before
    command[command.index("300")] = "2"
    for name in ("b", "c"):
        os.unlink(handed_in / f"{name}.ipynb")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_one_misbehaving_answer_costs_its_own_question_alone(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    handed_in = {}
    for name, (body, _) in BAD_FIRST_ANSWERS.items():
        cell = f"def pass_from_counts(n, c, k):\n    {body}"
        independent = [c.replace("pass_from_counts(n, int(c), int(k))",
                                 "(1 - comb(n - int(c), k) / comb(n, k))")
                       .replace("counts = rewards", "if max(ks) > n:\n        "
                                "raise ValueError\n    counts = rewards")
                       for c in solution_cells()]  # fmt: skip
        handed_in[name] = [*independent, cell]
    rows = grade(folder, handed_in)
    for name, (_, reason) in BAD_FIRST_ANSWERS.items():
        row = rows[name]
        assert (row["estimators-1"], row["points"]) == ("0", "22"), (name, row)
        assert re.search(reason, row["estimators-1 feedback"]), (name, row)


def test_an_answer_that_loops_in_its_check_cell_costs_its_own_question_alone(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    loop = "def credit(n, c, k):\n    while True: pass"
    (row,) = grade(
        folder, {"a": [*solution_cells(), loop, 'check("estimators-5", credit)']}
    ).values()
    assert (row["points"], row["estimators-5"], row["problem"]) == ("23", "0", "")
    assert "for one question" in row["estimators-5 feedback"]


def test_an_ordinary_user_can_confine_too(tmp_path):
    """Without root: files hidden and read-only, no new namespaces, no way to leave the root."""
    if os.geteuid() != 0 or not Path("/usr/bin/python3").exists():
        pytest.skip("needs root, to become an ordinary user, and the system's Python")
    program = (
        "import ctypes, os\n"
        "print(sorted(os.listdir('/')), flush=True)\n"
        "for act in (lambda: os.mkdir('/x'), lambda: os.mkdir('/usr/x'), lambda: os.chroot('.'),\n"
        "            lambda: os.listdir('/proc')):\n"
        "    try: act(); print('possible')\n"
        "    except OSError: print('no')\n"
        "print(ctypes.CDLL(None).unshare(0x10000000), open('mine', 'w').write('x'))\n"
    )
    script = shutil.copy(Path(judge.__file__).with_name("confine.py"), "/tmp")
    folder = tempfile.mkdtemp(dir="/tmp")
    os.chmod(folder, 0o777)
    settings = {
        "command": ["/usr/bin/python3", "-I", "-c", program],
        "root": folder,
        "visible": ["/usr", "/lib", "/lib64", "/bin"],
        "library": "/usr/share",
        "environment": {},
        "user": None,
        "namespaces": True,
        "memory": 2**30,
        "seconds": 20,
        "scratch": 2**24,
        "processes": 16,
    }
    try:
        done = subprocess.run(
            ["/usr/bin/python3", "-I", "-S", script, json.dumps(settings)],
            user=65534, group=65534, extra_groups=[], cwd="/", env={}, capture_output=True,
            text=True,
        )  # fmt: skip
    finally:
        os.unlink(script)
        os.rmdir(folder)
    if done.returncode == 97:
        pytest.skip(f"ordinary users get no namespaces here: {done.stdout.strip()}")
    first, *rest = done.stdout.splitlines()
    assert "scratch" in first and "home" not in first and "tmp" not in first, first
    assert rest == ["no", "no", "no", "no", "-1 1"]


def test_files_that_are_no_notebooks_get_a_zero_that_says_so(tmp_path):
    secret = tmp_path / "secret.ipynb"
    write(secret, solution_cells())
    assignment, limits = assemble.find(ASSIGNMENT), judge.Limits(seconds=SECONDS)
    link, pipe, text, deep = (tmp_path / f"{n}.ipynb" for n in ("link", "pipe", "text", "deep"))
    link.symlink_to(secret)
    os.mkfifo(pipe)
    text.write_text("no notebook")
    deep.write_text("[" * 10**6)
    for path in (link, pipe, text, deep):
        judged = judge.judge(assignment, path, "", limits)
        assert judged.points == 0
        assert judged.problem.startswith("not run: ")
