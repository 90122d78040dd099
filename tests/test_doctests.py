"""The examples in the core's docstrings say what they print."""

import doctest
from importlib import import_module

import pytest

CORE = (
    "objectives", "estimators", "field", "interference", "bandit",
    "ascent", "mitigation", "stopping", "credits", "tables",
)  # fmt: skip


@pytest.mark.parametrize("name", CORE)
def test_examples_run_as_they_are_printed(name):
    result = doctest.testmod(import_module(f"passk_lib.{name}"))
    assert result.attempted > 0 and result.failed == 0
