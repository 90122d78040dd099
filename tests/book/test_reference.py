"""The reference pages name every module that a reader may import."""

import re
from pathlib import Path

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
