"""Every chapter keeps to the book's conventions."""

from pathlib import Path

import pytest

from passk_lib.book.notebooks import faults

CHAPTERS = sorted((Path(__file__).resolve().parents[2] / "chapters").glob("*.ipynb"))


def test_there_are_chapters():
    assert CHAPTERS


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_keeps_to_the_conventions(path):
    assert faults(path) == []
