"""Prints the mutation score at the end of a test run."""

import pytest
from covered import MUTANTS


@pytest.fixture
def mutation_score(pytestconfig):
    """A dict: name of a run -> Counter of classes; printed when the session ends."""
    return pytestconfig.stash.setdefault(MUTANTS, {})


def pytest_terminal_summary(terminalreporter, config):
    score = config.stash.get(MUTANTS, {})
    if score:
        terminalreporter.section("mutation of the theory")
        for name, classes in score.items():
            total = sum(classes.values())
            parts = ", ".join(f"{n} {kind}" for kind, n in classes.most_common())
            terminalreporter.write_line(f"{name}: {total} mutants: {parts}")
