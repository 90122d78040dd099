"""The end of a test run says what it covered, and what it did not."""

from covered import MUTANTS, count_claims, count_figures, count_pages, summary  # noqa: F401


def test_what_did_not_run_is_not_counted():
    assert all("not covered" in line for line in summary(["tests/test_field.py::test_a"], [], {}))


def test_each_subject_is_counted_with_its_tests():
    passed = ["tests/theory/test_ledger.py::test_a", "tests/book/test_live_figures.py::test_b[X]"]
    failed = ["tests/book/test_live_figures.py::test_c[X]"]
    lines = {line[:13].strip(): line[13:] for line in
             summary(passed, failed, {"fixed": {"rejected": 40, "true": 2}})}  # fmt: skip
    assert lines["claims"].split(",")[0].strip() == str(count_claims())
    assert lines["live figures"] == f"{count_figures():>5}, 1 tests passed, 1 FAILED"
    assert lines["mutants"].strip() == "42 tried"
    assert "not covered" in lines["pages"] and count_pages() > 10
