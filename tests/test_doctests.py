"""Examples in docstrings print what they say, and the pages of the reference have some."""

import doctest
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = re.compile(r"^ *>>> ", re.MULTILINE)
AUTOMODULE = re.compile(r"automodule:: ([\w.]+)")

# Pages on which one example is enough: their modules load PyTorch and a model.
HEAVY = {"llm"}


def text_of(module: str) -> str:
    path = ROOT / module.replace(".", "/")
    file = path.with_suffix(".py")
    return (file if file.exists() else path / "__init__.py").read_text(encoding="utf8")


def modules_with_examples() -> list[str]:
    names = []
    for path in sorted((ROOT / "passk_lib").rglob("*.py")):
        if EXAMPLE.search(path.read_text(encoding="utf8")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            names.append(name.removesuffix(".__init__"))
    return names


def run(module: str) -> doctest.TestResults:
    return doctest.testmod(import_module(module))


@pytest.mark.parametrize("module", modules_with_examples())
def test_examples_run_as_they_are_printed(module):
    result = run(module)
    assert result.failed == 0
    # An example that stands where doctest does not look would be shown and never run.
    assert result.attempted == len(EXAMPLE.findall(text_of(module)))


@pytest.mark.parametrize("printed, failures", [("0.75", 0), ("0.5", 1)])
def test_an_example_that_prints_something_else_fails(printed, failures, tmp_path, monkeypatch):
    example = f">>> from passk_lib import pass_at_k\n>>> float(pass_at_k(0.5, 2))\n{printed}\n"
    (tmp_path / "shown_and_run.py").write_text(f'"""An example.\n\n{example}"""\n')
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert run("shown_and_run") == (failures, 2)
    finally:
        sys.modules.pop("shown_and_run", None)


@pytest.mark.parametrize("page", sorted((ROOT / "reference").glob("*.md")), ids=lambda p: p.stem)
def test_what_a_page_of_the_reference_documents_has_examples(page):
    documented = AUTOMODULE.findall(page.read_text(encoding="utf8"))
    without = [module for module in documented if not EXAMPLE.search(text_of(module))]
    if page.stem in HEAVY:
        assert len(without) < len(documented), f"none of {documented} shows an example"
    else:
        assert not without, "a reader learns most from an example"
