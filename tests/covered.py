"""What a run of the tests has covered: pages, claims, mutants, figures, assignments."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Name of a run -> how many mutants came out in which class; tests/theory fills it.
MUTANTS = pytest.StashKey[dict]()


def count_pages() -> int:
    from browser import page_names

    return len(page_names())


def count_claims() -> int:
    from passk_lib.theory import claims, statements  # noqa: F401  (fills the registry)

    return len(claims.CLAIMS)


def count_figures() -> int:
    from figures_book import FIGURES

    return len(FIGURES)


def count_assignments() -> int:
    return len(list((ROOT / "assignments").glob("*/master.ipynb")))


# What is counted, whose tests say that it was tried, and how many there are.
SUBJECTS: dict[str, tuple[str, Callable[[], int]]] = {
    "pages": (r"tests/book/test_pages\.py", count_pages),
    "claims": (r"tests/theory/test_ledger\.py", count_claims),
    "live figures": (r"tests/book/test_(live_figures|speed)\.py", count_figures),
    "assignments": (r"tests/course/", count_assignments),
}


def summary(
    passed: Iterable[str], failed: Iterable[str], mutants: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """One line a subject, from the names of the tests that passed and of those that failed."""
    passed, failed = list(passed), list(failed)
    lines = {}
    for subject, (tests, count) in SUBJECTS.items():
        good = sum(bool(re.match(tests, name)) for name in passed)
        bad = sum(bool(re.match(tests, name)) for name in failed)
        if not good and not bad:
            lines[subject] = "not covered by this run"
        else:
            lines[subject] = f"{count():>5}, {good} tests passed" + (f", {bad} FAILED" * bool(bad))
    total = sum(sum(classes.values()) for classes in mutants.values())
    lines["mutants"] = f"{total:>5} tried" if total else "not covered by this run"
    order = ("pages", "claims", "mutants", "live figures", "assignments")
    return [f"{subject:<13}{lines[subject]}" for subject in order]
