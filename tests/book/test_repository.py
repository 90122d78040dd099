"""The repository's address comes from the environment or from git, and from nowhere else."""

import re
import subprocess
import zipfile

import nbformat
import pytest
from small_book import notebook

from passk_lib.book import stamp as stamping
from passk_lib.book.repository import Repository, find_repository, normalise
from passk_lib.book.stamp import stamp

VARIABLES = ("PASSK_REPOSITORY", "PASSK_BRANCH", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL",
             "GITHUB_REF_TYPE", "GITHUB_REF_NAME", "GITHUB_HEAD_REF")  # fmt: skip


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True, capture_output=True)

    git("init", "-b", "trunk")
    return tmp_path, git


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/owner/name",
        "https://github.com/owner/name.git",
        "https://github.com/owner/name/",
        "https://user@github.com/owner/name.git",
        "https://x-access-token:secret@github.com/owner/name.git",
        "git@github.com:owner/name.git",
        "ssh://git@github.com/owner/name.git",
        "ssh://git@github.com:22/owner/name",
        "owner/name",
    ],
)
def test_all_forms_of_an_address_lead_to_one_page(address):
    assert normalise(address) == "https://github.com/owner/name"


def test_other_hosts_keep_their_name():
    assert normalise("git@git.example.org:group/sub/name.git") == (
        "https://git.example.org/group/sub/name"
    )
    assert not Repository(normalise("git@git.example.org:group/name.git")).on_github


def test_a_folder_has_no_page():
    repository = Repository(normalise("/srv/book.git"))
    assert repository.url == "file:///srv/book.git"
    assert repository.page is None


def test_without_a_remote_there_is_no_repository(checkout):
    folder, _ = checkout
    assert find_repository(folder) is None


def test_the_remote_and_the_branch_are_found(checkout):
    folder, git = checkout
    git("remote", "add", "origin", "git@github.com:owner/name.git")
    assert find_repository(folder) == Repository("https://github.com/owner/name", "trunk")


def test_the_environment_comes_before_the_remote(checkout, monkeypatch):
    folder, git = checkout
    git("remote", "add", "origin", "git@github.com:owner/name.git")
    monkeypatch.setenv("GITHUB_REPOSITORY", "fork/name")
    assert find_repository(folder).url == "https://github.com/fork/name"
    monkeypatch.setenv("PASSK_REPOSITORY", "https://example.org/mine")
    monkeypatch.setenv("PASSK_BRANCH", "draft")
    assert find_repository(folder) == Repository("https://example.org/mine", "draft")


def test_stamping_changes_the_address_and_the_links_only():
    text = (
        "See [one](02_two.ipynb#eq-3), [two](bibliography.md#chen2021), [three](#here), "
        "[four](https://example.org/a.md)."
    )
    before = notebook(text, ("code", "x = 'REPOSITORY'"))
    after = nbformat.reads(
        stamp(nbformat.writes(before), Repository("https://github.com/owner/name", "main")), 4
    )
    assert 'REPOSITORY = "https://github.com/owner/name@main"' in after.cells[1].source
    assert after.cells[2].source == (
        "See [one](https://colab.research.google.com/github/owner/name/blob/colab/chapters/"
        "02_two.ipynb), "
        "[two](https://github.com/owner/name/blob/main/chapters/bibliography.md#chen2021), "
        "[three](#here), [four](https://example.org/a.md)."
    )
    assert after.cells[3].source == before.cells[3].source


def test_the_command_writes_stamped_copies(tmp_path, monkeypatch, capsys):
    (tmp_path / "chapters").mkdir()
    nbformat.write(notebook("Text."), tmp_path / "chapters" / "01_one.ipynb")
    monkeypatch.chdir(tmp_path)
    assert stamping.main(["out"]) == 1  # no remote
    assert "PASSK_REPOSITORY" in capsys.readouterr().err
    monkeypatch.setenv("PASSK_REPOSITORY", "owner/name")
    assert stamping.main(["out"]) == 0
    text = (tmp_path / "out" / "chapters" / "01_one.ipynb").read_text()
    assert "github.com/owner/name@main" in text
    contents = (tmp_path / "out" / "README.md").read_text()
    colab = "https://colab.research.google.com/github/owner/name/blob/colab"
    assert f"- [A chapter]({colab}/chapters/01_one.ipynb)" in contents
    assert "Assignments" not in contents


def test_the_students_notebooks_are_stamped_too_where_they_were_made(tmp_path, monkeypatch):
    for folder in ("chapters", "_build/assignments/student", "_build/assignments/solution"):
        (tmp_path / folder).mkdir(parents=True)
        nbformat.write(notebook("Text."), tmp_path / folder / f"{folder.split('/')[-1]}.ipynb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSK_REPOSITORY", "owner/name")
    (tmp_path / "out" / "assignments").mkdir(parents=True)
    (tmp_path / "out" / "assignments" / "withdrawn.ipynb").touch()
    assert stamping.main(["out"]) == 0
    published = sorted(path.name for path in (tmp_path / "out").rglob("*.ipynb"))
    assert published == ["chapters.ipynb", "student.ipynb"], "a solution would be no secret"
    text = (tmp_path / "out" / "assignments" / "student.ipynb").read_text()
    assert "github.com/owner/name@main" in text
    assert "/blob/colab/assignments/student.ipynb" in (tmp_path / "out" / "README.md").read_text()


def test_the_branch_lists_the_first_page_first_and_assignments_by_their_numbers(
    tmp_path, monkeypatch
):
    for folder, names in (
        ("chapters", ("01_one", "A_appendix", "index")),
        ("_build/assignments/student", ("ascent", "estimators")),
    ):
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            book = notebook("Text.")
            number = {"ascent": "Assignment 5. ", "estimators": "Assignment 1. "}.get(name, "")
            book.cells[0].source = f"# {number}{name}"
            nbformat.write(book, tmp_path / folder / f"{name}.ipynb")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSK_REPOSITORY", "owner/name")
    assert stamping.main(["out"]) == 0
    listed = re.findall(r"(\w+)\.ipynb\)", (tmp_path / "out" / "README.md").read_text())
    assert listed == ["index", "01_one", "A_appendix", "estimators", "ascent"]


def test_the_archive_is_the_same_bytes_for_the_same_notebooks(tmp_path):
    notebooks = {"notebooks/b.ipynb": "b", "notebooks/a.ipynb": "a"}
    stamping.archive(notebooks, tmp_path / "one.zip")
    stamping.archive(dict(reversed(notebooks.items())), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as bundle:
        assert {name: bundle.read(name).decode() for name in bundle.namelist()} == notebooks
