"""The setup cell: silent where the library is, one sentence or one pip call where it is not."""

import importlib.util
import subprocess
import sys

import pytest

from passk_lib.book.repository import Repository
from passk_lib.book.setup_cell import SETUP_CELL, UNSTAMPED
from passk_lib.book.stamp import stamp


@pytest.fixture
def calls(monkeypatch):
    made = []
    monkeypatch.setattr(subprocess, "run", lambda command, **options: made.append(command))
    monkeypatch.delenv("PASSK_REPOSITORY", raising=False)
    return made


@pytest.fixture
def library_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_it_does_nothing_where_the_library_is_installed(calls):
    exec(SETUP_CELL, {})
    assert calls == []


def test_unstamped_it_says_in_one_sentence_what_to_set(calls, library_missing):
    with pytest.raises(ModuleNotFoundError, match="PASSK_REPOSITORY") as error:
        exec(SETUP_CELL, {})
    assert str(error.value).count(".") == 1
    assert calls == []


def test_the_environment_variable_is_enough(calls, library_missing, monkeypatch):
    monkeypatch.setenv("PASSK_REPOSITORY", "https://example.org/book")
    exec(SETUP_CELL, {})
    assert calls == [
        [sys.executable, "-m", "pip", "install", "--quiet",
         "passk-lib[book] @ git+https://example.org/book"]
    ]  # fmt: skip


def test_stamped_it_installs_from_the_repository(calls, library_missing):
    from nbformat import reads, writes
    from small_book import notebook

    fork = Repository("https://github.com/reader/fork", "trunk")
    source = reads(stamp(writes(notebook("Text.")), fork), 4).cells[1].source
    exec(source, {})
    assert calls[0][-1] == "passk-lib[book] @ git+https://github.com/reader/fork@trunk"


def test_the_cell_names_no_repository_by_hand():
    assert SETUP_CELL.count(UNSTAMPED) == 1
    assert "http" not in SETUP_CELL


def test_colab_folds_the_cell_to_its_title():
    assert SETUP_CELL.startswith("# @title ")
