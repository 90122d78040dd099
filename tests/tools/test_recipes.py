"""The pages for contributors work: each is followed, step by step, in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import new_assignment
import new_chapter
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# An instruction is a line that ends in a colon; the block below it is what it speaks of.
BLOCK = re.compile(r"^([A-Z][^\n]*):\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WRITE = re.compile(r"Write `([^`]+)`")
APPEND = re.compile(r"At the end of `([^`]+)`")
INSERT = re.compile(r"In `([^`]+)`, after the line `([^`]+)`")
REPLACE = re.compile(r"In `([^`]+)`, in the place of the cell `([^`]+)`")


class Copy:
    """A copy of the checkout in which a page's instructions are carried out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        for name in filter(None, listed.stdout.split("\0")):
            if not name.startswith("_vendor/") and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)

    def follow(self, page: str, leave_out: str = "\0") -> str:
        """Do what a page of docs/ says, commands with ``leave_out`` in them excepted; what the
        commands printed."""
        text = (ROOT / "docs" / page).read_text(encoding="utf8")
        printed, done = "", 0
        for instruction, _, block in BLOCK.findall(text):
            done += 1
            if instruction == "Run":
                printed += "" if leave_out in block else self.run(block)
            elif found := WRITE.fullmatch(instruction):
                assert not (self.folder / found[1]).exists(), f"{page}: {found[1]} is there already"
                (self.folder / found[1]).write_text(block, encoding="utf8")
            elif found := APPEND.fullmatch(instruction):
                with (self.folder / found[1]).open("a", encoding="utf8") as file:
                    file.write(block)
            elif found := INSERT.fullmatch(instruction):
                path, line = self.folder / found[1], found[2] + "\n"
                whole = path.read_text(encoding="utf8")
                assert whole.count(line) == 1, f"{page}: {line!r} is not once in {found[1]}"
                path.write_text(whole.replace(line, line + block), encoding="utf8")
            elif found := REPLACE.fullmatch(instruction):
                book = nbformat.read(self.folder / found[1], as_version=4)
                (cell,) = [each for each in book.cells if each.source == found[2]]
                cell.source = block.rstrip()
                nbformat.write(book, self.folder / found[1])
            else:
                raise AssertionError(f"{page}: nobody knows how to do {instruction!r}")
        assert done >= 2, f"{page}: few steps were found"
        return printed

    def run(self, commands: str) -> str:
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        done = subprocess.run(
            ["bash", "-e", "-c", commands], cwd=self.folder, env=environment,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def copy(tmp_path):
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout: the pages for contributors were not followed")
    return Copy(tmp_path)


def test_a_chapter_is_added(copy):
    printed = copy.follow("add-a-chapter.md")
    assert "1 notebooks, no faults." in printed and "1 of 1 ran." in printed
    toc = yaml.safe_load((copy.folder / "_toc.yml").read_text())
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    assert "chapters/09_two_tries" in files


def test_a_claim_is_added_and_a_wrong_one_is_rejected(copy):
    printed = copy.follow("add-a-claim.md")
    assert "More tries never hurt [proved]" in printed
    assert re.search(r"\b[1-9]\d* passed", printed), "no broken copy of the claim was tried"
    statements = copy.folder / "passk_lib" / "theory" / "statements" / "gradients.py"
    text = statements.read_text(encoding="utf8")
    wrong = text.replace(
        '        J(k),\n        ("≤", J(k + 1),', '        J(k + 1),\n        ("≤", J(k),'
    )
    assert wrong != text
    statements.write_text(wrong, encoding="utf8")
    with pytest.raises(AssertionError, match="Rejected"):
        copy.run("python -c \"from passk_lib.theory import claim; claim('more-tries')\"")


def test_the_python_side_of_a_live_figure_is_added(copy):
    printed = copy.follow("add-a-live-figure.md", leave_out="npm")
    assert "Pass@3 over p; a prompt with p = 0.25 has 0.578." in printed
    copy.run("python -c 'from passk_lib.widgets import Tries; Tries().picture()'")
    with pytest.raises(AssertionError, match="k must be an integer from 1 to 100; got 0"):
        copy.run("python -c 'from passk_lib.widgets import Tries; Tries(k=0)'")


@pytest.mark.long
def test_a_live_figure_is_added_and_moves_in_the_browser(copy):
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine: the bundle was not built from the page's example")
    (copy.folder / "_vendor").symlink_to(ROOT / "_vendor")
    copy.follow("add-a-live-figure.md")
    bundle = (copy.folder / "passk_lib" / "widgets" / "static" / "figures.js").read_text("utf8")
    assert "Move k and watch the chance that one of k tries succeeds." in bundle
    page = (ROOT / "docs" / "add-a-live-figure.md").read_text(encoding="utf8")
    (command,) = re.findall(r"`(python -m pytest [^`]+)`", page)
    printed = copy.run(f"{command} -p no:cacheprovider -rs")
    passed = re.search(r"\b(\d+) passed", printed)
    assert passed and int(passed[1]) > 12, printed


def test_an_assignment_is_added_and_one_that_lets_a_wrong_answer_pass_is_caught(copy):
    grade = "python -m pytest -q -p no:cacheprovider tests/course/test_attempts.py -k budget"
    printed = copy.follow("add-an-assignment.md")
    # The solution, 2 right answers, 3 wrong ones, enough attempts, another seed.
    assert re.search(r"\b8 passed", printed), printed
    copy.run("python -m passk_lib.course.assemble out --only budget")
    student = (copy.folder / "out" / "student" / "budget.ipynb").read_text(encoding="utf8")
    assert "Tries for a target (5 points)" in student and "np.ceil" not in student
    public = copy.folder / "passk_lib" / "course" / "public" / "budget.py"
    text = public.read_text(encoding="utf8")
    public.write_text(text.replace("[(0.0, 0.5)]", "[]"), encoding="utf8")
    with pytest.raises(AssertionError, match="never ends without hope"):
        copy.run(grade)


def test_contributing_names_every_page():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert all((ROOT / link).is_file() for link in links if not link.startswith("http"))
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").glob("add-*.md")}
    assert pages | {"docs/architecture.md", "assignments/README.md"} <= set(links)


@pytest.mark.parametrize("arguments", [[], ["two_tries", "T"], ["00_zero", "T"]])
def test_a_chapter_without_a_number_is_refused_in_one_line(arguments, capsys):
    assert new_chapter.main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["Bud get", "T"], ["nobody", "T"], ["estimators", "T"]])
def test_an_assignment_without_questions_or_with_a_master_is_refused_in_one_line(arguments, capsys):
    assert new_assignment.main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
