"""The walk of a student: a new environment, an empty folder, the notebook alone, full marks."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "book"))

from colab import FORK, Colab, closure

from passk_lib.course import assemble, judge

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine"),
]

# What Colab holds already, of what course work needs, and what runs a notebook from a shell.
BROUGHT = ["numpy", "sympy", "matplotlib", "tqdm", "nbclient", "ipykernel", "nbformat", "pip"]

RUN = """
import nbformat, sys
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(book, timeout=300, kernel_name="python3").execute()
nbformat.write(book, sys.argv[1])
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("student")
    return Colab(folder, borrowed=closure(BROUGHT) | {"wheel", "setuptools"})


def said(path):
    outputs = [o for cell in nbformat.read(path, 4).cells for o in cell.get("outputs", ())]
    return "".join(output.get("text", "") for output in outputs)


def solve(student, solution):
    """Copy the solution's answers into the student's notebook, cell by cell."""
    answers = {cell.id: cell.source for cell in nbformat.read(solution, 4).cells}
    book = nbformat.read(student, 4)
    for cell in book.cells:
        cell.source = answers[cell.id]
    nbformat.write(book, student)


@pytest.mark.parametrize("name", assemble.assignments())
def test_opened_solved_exported_and_graded_to_full_marks(session, tmp_path, name):
    assignment = assemble.find(name)
    assemble.assemble(assignment, tmp_path, FORK)
    empty = tmp_path / "empty"
    empty.mkdir()
    notebook = Path(shutil.copy(tmp_path / "student" / f"{name}.ipynb", empty))
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    assert not session.holds("torch")

    session._run([session.python, "-c", RUN, notebook], **offline)
    assert session.holds("passk_lib"), "the setup cell has installed the library"
    assert "public checks passed" not in said(notebook)
    for question in assignment.questions:
        assert question in said(notebook)

    solve(notebook, tmp_path / "solution" / f"{name}.ipynb")
    session._run([session.python, "-c", RUN, notebook], **offline)
    for question in assignment.questions:
        assert f"{question}: public checks passed." in said(notebook)
    assert [path.name for path in empty.iterdir()] == [notebook.name], "no side files"

    missing = judge.missing_protections()
    command = [sys.executable, "-m", "passk_lib", "grade", empty, "--assignment", name]
    command += ["--out", tmp_path / "grades.csv", *(f"--accept-missing={m}" for m in missing)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "grades.csv", newline="", encoding="utf8") as file:
        (row,) = csv.DictReader(file)
    assert (row["points"], row["problem"]) == (row["possible"], "")
    assert float(row["seconds"]) < 60  # under 10 s on an idle machine
