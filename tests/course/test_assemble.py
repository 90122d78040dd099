"""What `make assignments` hands out: no solutions to students, nothing that is not pinned."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from passk_lib.book.repository import Repository
from passk_lib.course import assemble, in_otter, judge

FORK = Repository("https://github.com/reader/fork", "main")
OTTER = Path(sys.executable).parent / "otter"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("assignments")
    for name in assemble.assignments():
        assemble.assemble(assemble.find(name), out, FORK)
    return out


def text_of(path):
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


@pytest.mark.parametrize("name", assemble.assignments())
def test_the_student_notebook_holds_no_solution_and_no_hidden_check(made, name):
    book = nbformat.read(made / "student" / f"{name}.ipynb", as_version=4)
    nbformat.validate(book)
    text, solution = (text_of(made / kind / f"{name}.ipynb") for kind in ("student", "solution"))
    assert "..." in text
    assert len(text) < len(solution)
    for word in ("SOLUTION", "grader", "otter", "hidden", "BEGIN", "tests passed"):
        assert word not in text + str(book.metadata), word
    assert "SOLUTION" not in solution
    for part in assemble.find(name).parts:
        assert part.run.__name__ + "(" not in text


@pytest.mark.parametrize("name", assemble.assignments())
def test_every_question_has_its_points_and_its_check(made, name):
    assignment, text = assemble.find(name), text_of(made / "student" / f"{name}.ipynb")
    for question in assignment.questions.values():
        points = sum(part.points for part in assignment.parts_of(question.name))
        assert f"{question.title} ({points:g} points)" in text
        assert f'check("{question.name}", {", ".join(question.answers)})' in text


@pytest.mark.parametrize("name", assemble.assignments())
def test_the_setup_cell_knows_the_fork_and_asks_for_no_torch(made, name):
    book = nbformat.read(made / "student" / f"{name}.ipynb", as_version=4)
    setup = next(cell.source for cell in book.cells if cell.cell_type == "code")
    assert f'REPOSITORY = "{FORK.requirement}"' in setup
    assert "passk-lib[course]" in setup
    assert "passk-lib[book]" not in setup


@pytest.mark.parametrize("name", assemble.assignments())
def test_a_master_holds_no_outputs_and_says_time_chapter_and_goals(name):
    book = assemble.find(name).master()
    assert book.cells[0].source.startswith("# Assignment")
    assert "What you will be able to do" in book.cells[0].source
    assert re.search(r"\d+ minutes", book.cells[0].source)
    assert re.search(r"[Cc]hapter", book.cells[0].source)
    for cell in book.cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None


def test_the_student_notebook_with_the_solutions_answers_gets_full_marks(made):
    """The student's walk in short; tests/course/test_walk.py goes all of it."""
    assignment = assemble.find("estimators")
    if missing := judge.missing_protections():
        pytest.skip(f"submissions cannot be confined here: no {', '.join(missing)}")
    judged = judge.judge(assignment, made / "student/estimators.ipynb", "", judge.Limits())
    assert judged.points == 0
    judged = judge.judge(assignment, made / "solution/estimators.ipynb", "", judge.Limits())
    assert (judged.points, judged.problem) == (judged.possible, "")


def test_the_autograders_environment_is_pinned_and_small():
    pins = assemble.requirements()
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", pin) for pin in pins)
    assert len(pins) <= 8
    assert not [pin for pin in pins if pin.startswith(("torch", "transformers"))]


def test_what_is_made_is_not_stored():
    ignored = (assemble.ROOT / ".gitignore").read_text(encoding="utf8").split()
    assert "/_build/" in ignored
    kept = [path.name for path in assemble.FOLDER.rglob("*") if path.is_file()]
    assert not [name for name in kept if name.endswith((".zip", "-student.ipynb"))]


def test_an_unknown_assignment_is_one_line_with_the_names_that_there_are(capsys):
    assert assemble.main(["--only", "nothing"]) == 2
    error = capsys.readouterr().err
    assert "'nothing'" in error and "estimators" in error
    assert error.count("\n") == 1


def test_an_address_that_students_cannot_reach_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(assemble, "build_wheel", lambda folder: None)
    monkeypatch.setattr(assemble, "assemble", lambda *arguments: None)
    for address, named in ((f"file://{tmp_path}", True), ("https://example.org/book", False)):
        monkeypatch.setenv("PASSK_REPOSITORY", address)
        assert assemble.main([str(tmp_path)]) == 0
        assert ("cannot install from" in capsys.readouterr().out) == named


def test_results_that_students_see_speak_of_public_checks(tmp_path):
    results = tmp_path / "results.json"
    results.write_text(
        '{"tests": [{"name": "Public Tests", "output": "q1 results: All test cases passed!"}]}'
    )
    in_otter.reword(results)
    assert "All test cases" not in results.read_text()
    assert "public checks passed." in results.read_text()


@pytest.mark.long
def test_the_gradescope_zip_grades_the_solution_fully_and_a_wrong_answer_not(tmp_path):
    name = "estimators"
    wheel = assemble.build_wheel(tmp_path)
    seed = "a seed of the tests"
    assemble.assemble(assemble.find(name), tmp_path, FORK, wheel, seed)
    archive = tmp_path / "gradescope" / f"{name}.zip"
    with zipfile.ZipFile(archive) as content:
        names = content.namelist()
        assert {"setup.sh", "run_autograder", "requirements.txt", "environment.yml"} <= set(names)
        assert len(names) == len(set(names))
        assert "in_otter" in content.read("run_otter.py").decode()
        assert "torch" not in content.read("requirements.txt").decode()
        assert content.read("files/autograder/course_seed.txt").decode() == seed
    assert archive.stat().st_size < 1e6
    right = tmp_path / "solution" / f"{name}.ipynb"
    book = nbformat.read(right, as_version=4)
    for cell in book.cells:
        cell.source = cell.source.replace("return k * comb(", "return comb(")
    wrong = tmp_path / "wrong.ipynb"
    nbformat.write(book, wrong)
    for submission, score in ((right, "29.000 / 29.000"), (wrong, "23.000 / 29.000")):
        out = tmp_path / submission.parent.name
        out.mkdir(exist_ok=True)
        done = subprocess.run(
            [OTTER, "run", "-a", archive, "-o", out, submission],
            capture_output=True, text=True, cwd=tmp_path, timeout=300,
        )  # fmt: skip
        assert score in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
