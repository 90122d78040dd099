"""Whose work is what: licences, notices of what is bundled, and how to cite the book."""

import re
from datetime import date
from pathlib import Path

import notices
import pytest
import yaml
from identify.vendor.licenses import LICENSES

ROOT = Path(__file__).resolve().parents[2]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@pytest.mark.parametrize("file, name", [("LICENSE", "MIT"), ("LICENSE-TEXT", "CC-BY-4.0")])
def test_the_licences_are_the_texts_that_they_name(file, name):
    text = words((ROOT / file).read_text(encoding="utf8"))
    known = words(dict(LICENSES)[name])
    if name == "MIT":  # without its title and the line with the owner
        known = known[known.index("permission") :]
        text = text[text.index("permission") :]
    assert text == known


def test_the_notices_are_those_of_what_is_bundled():
    written = (ROOT / notices.TARGET).read_text(encoding="utf8")
    assert written == notices.notices(), "run python tools/notices.py"


def test_every_bundled_file_belongs_to_a_library_with_a_licence():
    folders = [ROOT / "_vendor", ROOT / "tests" / "book" / "assets"]
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    named = {ROOT / one.licence for one in notices.BUNDLES}
    for one in notices.BUNDLES:
        found = {path for pattern in one.files for path in ROOT.glob(pattern)}
        assert found, one.name
        named |= found
    assert files - named == set()


def test_the_figures_script_is_built_from_packages_that_are_named():
    package = (ROOT / "tools" / "figures" / "package.json").read_text(encoding="utf8")
    named = {name for name, _, _ in notices.bundled_in_figures()}
    wanted = set(re.findall(r'"(d3-[\w-]+)":', package))
    assert wanted and wanted <= named


def test_an_unknown_licence_is_left_to_a_person():
    with pytest.raises(ValueError, match=r"thing: its licence is not one"):
        notices.kind("Do what you like.", "thing")


def test_the_citation_file_has_what_its_format_asks_for():
    """The required and used keys of the Citation File Format 1.2.0, by their types."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf8"))
    assert citation["cff-version"] == "1.2.0"
    assert isinstance(citation["message"], str) and isinstance(citation["title"], str)
    assert isinstance(citation["date-released"], date)
    assert citation["type"] in ("software", "dataset")
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    assert set(citation) <= {
        "cff-version", "message", "title", "type", "authors", "version", "date-released",
        "license", "abstract", "keywords", "references",
    }, "the repository's address is written nowhere by hand"  # fmt: skip
    (paper,) = citation["references"]
    for authors in (citation["authors"], paper["authors"]):
        assert authors
        for author in authors:
            assert set(author) in ({"name"}, {"family-names", "given-names"})
    assert paper["type"] == "article" and paper["url"].startswith("https://arxiv.org/abs/")


EXAMPLES = {"OWNER", "owner", "ada"}


def test_no_file_names_the_repository_of_one_owner():
    """Addresses on GitHub stand for examples, for the libraries used, or are made at build time."""
    patterns = ("chapters/*", "docs/*.md", "*.md", "*.yml", "_ext/**/*.py", "pyproject.toml",
                ".github/**/*.yml", "passk_lib/book/*.py")  # fmt: skip
    checked = [path for pattern in patterns for path in ROOT.glob(pattern)]
    for path in checked:
        if path.is_file():
            text = path.read_text(encoding="utf8")
            hosts = set(re.findall(r"https?://([\w.-]+)\.github\.io", text))
            owners = set(re.findall(r"github\.com[/:]([\w-]+)/", text))
            assert hosts <= EXAMPLES and owners <= {*EXAMPLES, "rhysd"}, (path, hosts, owners)
