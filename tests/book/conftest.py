"""A browser on the built book, and a small book to build in a test."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium, find_chromium, serve
from small_book import SmallBook


@pytest.fixture(scope="session")
def site():
    """The address of the built book."""
    with serve() as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium. Without one the test is skipped; in CI it fails."""
    if find_chromium() is None:
        message = "no Chromium on this machine: the built pages were not tried in a browser"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with chromium() as running:
        yield running


@pytest.fixture
def small_book(tmp_path) -> SmallBook:
    return SmallBook(tmp_path)
