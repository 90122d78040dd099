"""Figures for slides: `tools/slides.py`."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from passk_lib import widgets

ROOT = Path(__file__).resolve().parents[2]
SVG = '<svg width="72pt" height="36pt" viewBox="0 0 72 36" xmlns="http://www.w3.org/2000/svg"><g/></svg>'
NAME = "{http://www.w3.org/2000/svg}"


def slides(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tools" / "slides.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_figure_of_a_page_stands_on_white_beside_its_description(tmp_path):
    site = tmp_path / "html"
    (site / "chapters").mkdir(parents=True)
    (site / "_images").mkdir()
    (site / "_images" / "a.svg").write_text(SVG)
    image = '<img src="../_images/a.svg" alt="A curve.">'
    page = f"<nav>{image}</nav><article>{image}</article>"
    (site / "chapters" / "01_x.html").write_text(page)
    done = slides(site, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    (picture,) = (tmp_path / "out" / "01_x").glob("*.svg")
    first = ElementTree.parse(picture).getroot()[0]
    assert first.tag == f"{NAME}rect" and first.get("fill") == "white"
    assert picture.with_suffix(".txt").read_text() == "A curve.\n"
    live = {path.stem for path in (tmp_path / "out" / "live").glob("*.svg")}
    assert live == set(widgets.__all__) - {"LiveFigure"}
    for path in (tmp_path / "out" / "live").glob("*.svg"):
        assert ElementTree.parse(path).getroot()[0].tag == f"{NAME}rect"
        assert len(path.with_suffix(".txt").read_text().split()) > 10


def test_a_book_that_is_not_built_is_said_in_one_line(tmp_path):
    done = slides(tmp_path / "html", tmp_path / "out")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "make book" in done.stderr
    assert not (tmp_path / "out").exists()
