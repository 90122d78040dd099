"""`make assignments`: from one master a student notebook, a solution notebook, an autograder zip.

A master is a notebook in the format of Otter Assign without its tests: those, the setup cell, the
headings with their points and the cells that call `check` are added here from the questions, so
that each stands in one place.  ``python -m passk_lib.course.assemble [OUT_DIR] [--seed-file FILE]
[--only NAME]`` writes, for each assignment::

    OUT_DIR/student/NAME.ipynb        what students open: no solutions, no hidden checks
    OUT_DIR/solution/NAME.ipynb       the same with solutions
    OUT_DIR/gradescope/NAME.zip       the autograder, in Gradescope's layout
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from passk_lib.book.repository import Repository, find_repository
from passk_lib.book.setup_cell import SETUP_CELL, SETUP_METADATA, UNSTAMPED
from passk_lib.course import questions
from passk_lib.course.seed import COURSE_SEED_FILE, read_seed

COURSE_SETUP_CELL = SETUP_CELL.replace("passk-lib[book]", "passk-lib[course]")
"""As in the chapters, but without torch."""

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "assignments"

REWORD = """
    from passk_lib.course.in_otter import reword

    reword("/autograder/results/results.json")
"""
"""The last lines of the autograder's program."""

SOLUTION_MARK = re.compile(r"^ *# (?:BEGIN|END) SOLUTION *\n?|  # SOLUTION *$", re.MULTILINE)

# The autograder's whole environment. Only what grading imports, at the versions of the book.
PINNED = ("otter-grader", "numpy", "sympy", "mpmath", "matplotlib", "ipykernel")


@dataclass(frozen=True)
class Assignment:
    """One folder of assignments/ and the public module that belongs to it."""

    name: str
    folder: Path
    public: ModuleType

    @property
    def questions(self) -> dict[str, questions.Question]:
        return questions.questions(self.public)

    @property
    def parts(self) -> list[questions.Part]:  # type: ignore[name-defined]
        """All parts, public ones first."""
        hidden = questions.parts(questions.load(self.folder / "hidden.py"), hidden=True)
        return questions.parts(self.public) + hidden

    def parts_of(self, question: str) -> list[questions.Part]:  # type: ignore[name-defined]
        return [part for part in self.parts if part.question == question]

    def master(self) -> nbformat.NotebookNode:
        return nbformat.read(self.folder / "master.ipynb", as_version=4)


def assignments(folder: Path = FOLDER) -> list[str]:
    """The names of all assignments in `folder`."""
    return sorted(path.parent.name for path in folder.glob("*/master.ipynb"))


def find(name: str, folder: Path = FOLDER) -> Assignment:
    """The assignment called `name`. ValueError, with the names that there are, for another."""
    if name not in assignments(folder):
        known = ", ".join(assignments(folder)) or "none here; run this in the book's repository"
        raise ValueError(f"there is no assignment {name!r}; there are: {known}")
    return Assignment(name, folder / name, questions.public(f"{name}-1"))


# --- The master, completed -----------------------------------------------------------------------


def question_of(cell) -> str | None:
    """The name of the question that a raw cell begins."""
    lines = cell.source.splitlines()
    if cell.cell_type != "raw" or not lines or lines[0].strip() != "# BEGIN QUESTION":
        return None
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("name:"))


def setup_cell(repository: Repository | None) -> nbformat.NotebookNode:
    stamped = f'REPOSITORY = "{repository.requirement}"' if repository else UNSTAMPED
    source = COURSE_SETUP_CELL.replace(UNSTAMPED, stamped)
    cell = new_code_cell(source, metadata=dict(SETUP_METADATA))
    cell.id = "setup"
    return cell


def complete(assignment: Assignment, repository: Repository | None) -> nbformat.NotebookNode:
    """The master with Otter's configuration, setup cell, headings, check cells and tests."""
    book = assignment.master()
    cells = [_otter_configuration(), book.cells[0], setup_cell(repository)]
    current = None
    for cell in book.cells[1:]:
        if name := question_of(cell):
            current = assignment.questions[name]
            cell.source += "\ncheck_cell: false"  # `check` takes its place
            cells += [cell, _heading(assignment, current)]
        elif cell.cell_type == "raw" and cell.source.strip() == "# END QUESTION":
            cells += [*_tests(assignment, current), cell, _check_cell(current)]
        else:
            cells.append(cell)
    book.cells = cells
    return book


def _otter_configuration() -> nbformat.NotebookNode:
    return new_raw_cell(
        "\n".join(
            [
                "# ASSIGNMENT CONFIG",
                "init_cell: false",
                "check_all_cell: false",
                "export_cell: false",
                "run_tests: false",
                "requirements: requirements.txt",
                "overwrite_requirements: true",
                "python_version: '3.12'",
                "autograder_files: [autograder]",
                "tests: {ok_format: false, files: true}",
                "generate: {show_stdout: false, show_hidden: false, logo: false, pdf: false}",
            ]
        )
    )


def _heading(assignment: Assignment, question: questions.Question) -> nbformat.NotebookNode:
    points = sum(part.points for part in assignment.parts_of(question.name))
    number = question.name.rsplit("-", 1)[1]
    text = f"## Question {number}. {question.title} ({points:g} points)"
    return _with_id(new_markdown_cell(text), f"{question.name}-heading")


def _check_cell(question: questions.Question) -> nbformat.NotebookNode:
    arguments = ", ".join([f'"{question.name}"', *question.answers])
    return _with_id(new_code_cell(f"check({arguments})"), f"{question.name}-check")


def _with_id(cell, identity: str):
    cell.id = identity
    return cell


def _tests(assignment: Assignment, question: questions.Question) -> list:
    cells = [new_raw_cell("# BEGIN TESTS")]
    for part in assignment.parts_of(question.name):
        function = part.run.__name__
        answers = ", ".join(question.answers)
        cells.append(
            new_code_cell(
                '""" # BEGIN TEST CONFIG\n'
                f"points: {part.points:g}\n"
                f"hidden: {str(part.hidden).lower()}\n"
                '""" # END TEST CONFIG\n'
                f"def test_{function}({answers}):\n"
                "    from passk_lib.course.in_otter import run_part\n"
                f'    run_part("{part.question}", "{function}", {answers})'
            )
        )
    return [*cells, new_raw_cell("# END TESTS")]


# --- What is written -----------------------------------------------------------------------------


def requirements() -> list[str]:
    """The pinned packages of the autograder, at the versions of the book's environment."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf8").splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    return [f"{name}=={pins[name]}" for name in PINNED]


def build_wheel(folder: Path) -> Path:
    """The library as a wheel in `folder`, without models, recorded results and live figures."""
    with tempfile.TemporaryDirectory() as made:
        source = Path(made)
        unneeded = shutil.ignore_patterns("__pycache__", "models", "recorded", "static")
        shutil.copytree(ROOT / "passk_lib", source / "passk_lib", ignore=unneeded)
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, source)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
        command += ["--no-build-isolation", "--wheel-dir", str(folder), str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"the library's wheel could not be built: {done.stderr.strip()[-500:]}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def assemble(
    assignment: Assignment,
    out: Path,
    repository: Repository | None,
    wheel: Path | None = None,
    seed: str = "",
) -> None:
    """Write the student and the solution notebook, and with a `wheel` the autograder's zip."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        master = work / f"{assignment.name}.ipynb"
        nbformat.write(complete(assignment, repository), master)
        _prepare_autograder(assignment, work, wheel, seed)
        _run_otter(master, work / "dist")
        for kind, made_by_otter in (("student", "student"), ("solution", "autograder")):
            book = nbformat.read(work / "dist" / made_by_otter / master.name, as_version=4)
            target = out / kind / master.name
            target.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(_cleaned(book), target)
        if wheel:
            (archive,) = (work / "dist/autograder").glob("*autograder*.zip")
            target = out / "gradescope" / f"{assignment.name}.zip"
            target.parent.mkdir(parents=True, exist_ok=True)
            _finish_zip(archive, target, work / "requirements.txt")


def _finish_zip(archive: Path, target: Path, requirements_file: Path) -> None:
    """Otter's zip with the list of requirements, and with our wording of what students read."""
    with zipfile.ZipFile(archive) as given, zipfile.ZipFile(target, "w") as made:
        for entry in given.infolist():
            content = given.read(entry)
            if entry.filename == "run_otter.py":
                content += REWORD.encode()
            made.writestr(entry, content)
        made.write(requirements_file, "requirements.txt")


def _prepare_autograder(assignment: Assignment, work: Path, wheel: Path | None, seed: str) -> None:
    folder = work / "autograder"
    folder.mkdir()
    shutil.copy(assignment.folder / "hidden.py", folder)
    (folder / COURSE_SEED_FILE).write_text(seed, encoding="utf8")
    lines = requirements()
    if wheel:
        shutil.copy(wheel, folder)
        lines.append(f"/autograder/source/files/autograder/{wheel.name}")
    (work / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf8")


def _run_otter(master: Path, result: Path) -> None:
    from otter.assign import main as otter_assign

    logging.getLogger("otter").setLevel(logging.ERROR)
    here = os.getcwd()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            otter_assign(str(master), str(result), no_pdfs=True, no_run_tests=True)
    finally:
        os.chdir(here)


def _cleaned(book: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Without Otter's metadata and marks, and without outputs."""
    book.metadata.pop("otter", None)
    book.metadata.pop("assignment", None)
    book.cells = [cell for cell in book.cells if cell.cell_type != "raw"]
    for cell in book.cells:
        for key in ("otter", "deletable", "editable"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source = SOLUTION_MARK.sub("", cell.source)
    return book


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make assignments", description=__doc__.split("\n")[0])
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "_build/assignments")
    parser.add_argument("--only", metavar="NAME", help="one assignment instead of all")
    parser.add_argument("--seed-file", type=Path, help="the course seed, kept secret")
    options = parser.parse_args(arguments)
    try:
        seed = read_seed(options.seed_file)
        names = [options.only] if options.only else assignments()
        repository = find_repository(ROOT)
        with tempfile.TemporaryDirectory() as made:
            wheel = build_wheel(Path(made))
            for name in names:
                assemble(find(name), options.out, repository, wheel, seed)
                print(f"{name}: student notebook, solution and autograder written")
    except (ValueError, OSError) as error:
        print(f"make assignments: error: {error}", file=sys.stderr)
        return 2
    print(f"{len(names)} assignments in {options.out}")
    if repository is None:
        print("No repository address: set PASSK_REPOSITORY, or add a git remote named origin.")
    elif repository.url.startswith("file:"):
        print(f"Students cannot install from {repository.url}: set PASSK_REPOSITORY to the address "
              "of a public repository and make them again.")  # fmt: skip
    if not seed:
        print("No course seed: the hidden checks use the numbers that anyone can compute.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
