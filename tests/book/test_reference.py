"""The reference pages name every module that a reader may import, and read well."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from browser import HTML, settle
from bs4 import BeautifulSoup
from small_book import SmallBook

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "passk_lib"

# Rooms behind a door: what they offer is named by the module in front, or only a command calls it.
BEHIND = {
    "checks": "arguments of other functions",
    "expsum": "behind interference",
    "book/conventions": "behind book.notebooks",
    "book/setup_cell": "behind book.stamp",
    "llm/chapter_runs": "a recorded run",
    "llm/choices": "behind posttrain",
    "llm/cli": "commands",
    "llm/crew": "behind experiment",
    "llm/options": "behind commands",
    "llm/posttrain_cli": "a command",
    "llm/posttrain_figures": "behind posttrain",
}
BEHIND_WHOLE = ("course/", "theory/", "widgets/", "llm/models/")


def modules() -> set[str]:
    found = set()
    for path in LIBRARY.rglob("*.py"):
        name = str(path.relative_to(LIBRARY).with_suffix(""))
        if not Path(name).name.startswith("_"):
            found.add(name)
    return found


def documented() -> set[str]:
    text = "".join(page.read_text() for page in (ROOT / "reference").glob("*.md"))
    names = re.findall(r"automodule:: passk_lib\.([\w.]+)", text)
    return {name.replace(".", "/") for name in names}


def test_every_module_is_in_the_reference_or_said_to_be_behind_another():
    missing = {
        name
        for name in modules() - documented() - BEHIND.keys()
        if not name.startswith(BEHIND_WHOLE)
    }
    assert not missing, f"add to reference/*.md, or to BEHIND with the reason: {sorted(missing)}"


def test_what_is_said_to_be_behind_exists_and_is_not_documented_too():
    assert BEHIND.keys() <= modules()
    assert not BEHIND.keys() & documented()


def test_every_reference_page_is_in_the_table_of_contents():
    contents = (ROOT / "_toc.yml").read_text()
    for page in (ROOT / "reference").glob("*.md"):
        assert f"file: reference/{page.stem}\n" in contents


# --- How docstrings become pages

MODULE = '''
"""A module. See `Second`, `First.turn()` and `elsewhere`; w = F'(p) >= 0, and F'' too.

    name   meaning
    p      success | probability

    from numpy import sin

That is all.
"""
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["First", "Second", "Third", "last"]

class Second:
    """Comes first in the file."""

@dataclass
class First(Second):
    """A base's *first* heir."""

    made: list[Second] = field(default_factory=list)

    def turn(self) -> Second:
        """Round."""

class Third(NamedTuple):
    """One field."""

    x: int

def last(one_name_that_is_long: int, another_one_that_is_long: str, a_third_one: float) -> First:
    """One line each.

    >>> last(1)
    Traceback (most recent call last):
    TypeError
    """
'''


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> BeautifulSoup:
    folder = tmp_path_factory.mktemp("reference")
    (folder / "library").mkdir()
    (folder / "library" / "shown_module.py").write_text(MODULE)
    book = SmallBook(folder)
    book.write(one="# A page\n\n```{eval-rst}\n.. automodule:: shown_module\n```\n")
    done = book.build(PYTHONPATH=str(folder / "library"))
    assert done.returncode == 0, done.stderr
    return BeautifulSoup(book.page("one"), "html.parser")


def links(element) -> dict[str, str]:
    anchors = element.select("a.reference")
    return {anchor.get_text(): anchor["href"].removeprefix("#shown_module.") for anchor in anchors}


def test_names_lead_to_what_they_name_and_others_are_plain_code(page):
    paragraph = next(one for one in page.select("article p") if "See" in one.get_text())
    assert links(paragraph) == {"Second": "Second", "First.turn()": "First.turn"}
    assert "elsewhere" in [code.get_text() for code in paragraph.select("code:not(.xref)")]


def test_primes_and_signs_are_those_of_mathematics(page):
    assert "w = F′(p) ≥ 0, and F″ too" in page.get_text().replace("′′", "″")


def test_a_table_is_text_and_a_line_of_python_is_python(page):
    table, code = page.select("article .highlight-text, article .highlight-python")
    assert "success | probability" in table.get_text() and not table.select(".highlight .o")
    assert code.select(".kn") and "import sin" in code.get_text()


def test_entries_stand_in_the_order_of_the_source(page):
    names = [sig.get_text() for sig in page.select("dl.py > dt .sig-name")]
    assert [name for name in names if name in ("First", "Second", "last")] == [
        "Second", "First", "last",
    ]  # fmt: skip


def test_bases_are_named_where_they_say_something(page):
    bases = [text.get_text() for text in page.select("article dd > p") if "Bases" in text.text]
    assert bases == ["Bases: Second", "Bases: NamedTuple"]
    assert "Alias for field" not in page.get_text()


def test_signatures_name_types_that_lead_to_their_entries(page):
    signature = page.find(id="shown_module.First")
    assert links(signature)["Second"] == "Second" and "..." in signature.get_text()


def test_a_long_signature_has_a_line_for_each_parameter(page):
    assert len(page.find(id="shown_module.last").select("ul > li")) == 3
    assert not page.find(id="shown_module.First.turn").select("li")


# --- The pages of the book

built = pytest.mark.usefixtures("built")
PAGES = sorted(path.stem for path in (ROOT / "reference").glob("*.md"))


@cache
def classes() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf8")) for path in LIBRARY.rglob("*.py")]
    return {one.name for tree in trees for one in ast.walk(tree) if isinstance(one, ast.ClassDef)}


@built
@pytest.mark.parametrize("name", PAGES)
def test_every_class_of_the_library_in_a_signature_is_a_link(name):
    page = BeautifulSoup((HTML / "reference" / f"{name}.html").read_text("utf8"), "html.parser")
    lost = []
    for signature in page.select("dt.sig"):
        for found in signature.select("a, .sig-name, .default_value"):
            found.extract()
        words = set(re.findall(r"\w+", signature.get_text()))
        lost += [(signature.get("id"), word) for word in words & classes()]
    assert not lost


@pytest.mark.browser
def test_the_copy_button_of_an_example_copies_what_one_types(browser, site):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{site}/reference/figures.html")
    settle(page)
    example = page.locator("div.doctest", has_text="Traceback").first
    example.hover()
    example.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    typed = re.findall(r"^(?:>>>|\.\.\.) (.*)$", example.locator("pre").inner_text(), re.MULTILINE)
    context.close()
    assert copied.split("\n") == typed and len(typed) > 1
