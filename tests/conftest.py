"""Settings shared by all tests."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "book"))

from browser import chromium, find_chromium
from covered import MUTANTS, summary

# Small matrices gain nothing from threads, and the tests share the machine's cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption(
        "--book", action="store_true", help="build the book afresh before its pages are checked"
    )
    parser.addoption(
        "--covered-to", help="file for what the run covered, instead of lines at its end"
    )


def pytest_collection_modifyitems(items):
    """What takes the book to be built comes last."""
    items.sort(key=lambda item: item.path.name == "test_pages.py")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """What the run has covered, in a few lines at its end."""
    if config.option.collectonly:
        return
    names = {
        outcome: [report.nodeid for report in terminalreporter.getreports(outcome)]
        for outcome in ("passed", "failed", "error")
    }
    failed, mutants = names["failed"] + names["error"], config.stash.get(MUTANTS, {})
    if config.option.covered_to:
        record = {"passed": names["passed"], "failed": failed, "mutants": mutants}
        Path(config.option.covered_to).write_text(json.dumps(record), encoding="utf-8")
        return
    terminalreporter.section("what this run covered")
    for line in summary(names["passed"], failed, mutants):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium. Without one the test is skipped; in CI it fails."""
    if find_chromium() is None:
        message = "no Chromium on this machine: the pages and figures were not tried in a browser"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with chromium() as running:
        yield running
