"""Notebooks are run alone in an empty folder, and what goes wrong is said."""

import nbformat
import pytest
import run_notebooks


@pytest.fixture
def run(tmp_path, capsys):
    def run(*sources: str) -> tuple[int, str, str]:
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
        report = tmp_path / "report.md"
        status = run_notebooks.main(["--report", str(report), str(tmp_path / "a.ipynb")])
        return status, capsys.readouterr().out, report.read_text()

    return run


def test_a_notebook_starts_in_an_empty_folder(run):
    status, printed, report = run("import os", "assert os.listdir() == []")
    assert status == 0 and "1 of 1 ran." in printed and "0 of 1 notebooks failed" in report


def test_a_cell_that_raises_is_reported_with_the_versions(run):
    status, _, report = run("1 / 0")
    assert status == 1
    assert "ZeroDivisionError" in report and "numpy 2" in report


def test_a_notebook_that_replaces_numpy_has_failed(run, monkeypatch):
    found = iter([{"numpy": "2.0", "torch": "2.5"}, {"numpy": "2.1", "torch": "2.5"}] * 2)
    monkeypatch.setattr(run_notebooks, "versions", lambda: next(found))
    status, printed, _ = run("pass")
    assert status == 1 and "numpy was 2.0 before and is 2.1 afterwards" in printed


def test_a_file_that_is_not_there_is_named_in_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        run_notebooks.main(["nowhere.ipynb"])
    assert ended.value.code == 2 and "nowhere.ipynb" in capsys.readouterr().err
