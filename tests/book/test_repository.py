"""The repository's address comes from the environment or from git, and from nowhere else."""

import subprocess

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
