"""Settings shared by all tests."""

import os

# Small matrices gain nothing from threads, and the tests share the machine's cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption(
        "--book", action="store_true", help="build the book afresh before its pages are checked"
    )


def pytest_collection_modifyitems(items):
    """What takes the book to be built comes last."""
    items.sort(key=lambda item: item.path.name == "test_pages.py")
