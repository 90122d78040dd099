"""The built book, served, and a small book to build in a test."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from browser import HTML, serve
from small_book import ROOT, SmallBook

_MEASURED = pytest.StashKey()


@pytest.fixture
def measured(pytestconfig):
    """A list of lines: what a passing test has measured; printed when the session ends."""
    return pytestconfig.stash.setdefault(_MEASURED, [])


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(_MEASURED, [])
    if lines:
        terminalreporter.section("live figures: weight and speed")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def build(request) -> subprocess.CompletedProcess | None:
    """With --book: how the build of the book went. Every page is read afresh; executed cells are
    kept as long as neither they nor the library change."""
    if not request.config.getoption("--book"):
        return None
    request.config.get_terminal_writer().write("building the book ")
    command = [sys.executable, ROOT / "tools" / "build_book.py", "--fresh"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="session")
def built(build) -> None:
    """The book is built; where it is not, the test is skipped."""
    if build is not None and build.returncode:
        pytest.skip("the book was not built")
    if not HTML.is_dir():
        pytest.skip("the book is not built: run `make book`, or give pytest the option --book")


@pytest.fixture(scope="session")
def site(built):
    """The address of the built book."""
    with serve() as address:
        yield address


@pytest.fixture
def small_book(tmp_path) -> SmallBook:
    return SmallBook(tmp_path)
