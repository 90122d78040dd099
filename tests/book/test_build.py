"""The book as a whole is built: every cell runs, every reference is found."""

import pytest


def test_the_book_builds_without_a_warning(build):
    if build is None:
        pytest.skip("pytest was not given --book")
    if build.returncode:
        pytest.fail(build.stderr or build.stdout, pytrace=False)
