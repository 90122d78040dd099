"""The command: resumes, refuses what it cannot use, and writes tables that harm nobody."""

import csv

import pytest

from passk_lib.__main__ import main
from passk_lib.course import assemble, grading, judge

NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder of three submissions, and a judge that only counts."""
    handed_in = tmp_path / "submissions"
    for name in ("one", "two", "three"):
        (handed_in / name).mkdir(parents=True)
        (handed_in / name / "work.ipynb").write_text(NOTEBOOK)
    judged = []

    def count(assignment, tasks, seed, limits, jobs):
        for task in tasks:
            judged.append(task.name)
            yield task, judge.zero(assignment, "nothing in it"), 0.1

    monkeypatch.setattr(grading, "judge_all", count)
    monkeypatch.setattr(judge, "missing_protections", lambda: [])
    monkeypatch.delenv("PASSK_COURSE_SEED_FILE", raising=False)
    return handed_in, tmp_path / "grades.csv", judged


def grade(handed_in, out, *more):
    return main(["grade", str(handed_in), "--assignment", "estimators", "--out", str(out), *more])


def rows(out):
    with open(out, newline="", encoding="utf8") as file:
        return list(csv.DictReader(file))


def test_a_second_run_judges_only_what_is_new_or_changed(course):
    handed_in, out, judged = course
    assert grade(handed_in, out) == 0
    assert sorted(judged) == ["one/work.ipynb", "three/work.ipynb", "two/work.ipynb"]
    judged.clear()
    assert grade(handed_in, out) == 0
    assert judged == []
    (handed_in / "two/work.ipynb").write_text(NOTEBOOK + " ")
    assert grade(handed_in, out) == 0
    assert judged == ["two/work.ipynb"]
    assert [row["submission"] for row in rows(out)] == [
        "one/work.ipynb", "three/work.ipynb", "two/work.ipynb",
    ]  # fmt: skip


def test_another_seed_judges_again(course, tmp_path):
    handed_in, out, judged = course
    grade(handed_in, out)
    judged.clear()
    (tmp_path / "seed").write_text("another seed")
    assert grade(handed_in, out, "--seed-file", str(tmp_path / "seed")) == 0
    assert len(judged) == 3


def test_an_interrupt_keeps_what_is_graded_and_says_how_to_go_on(course, monkeypatch, capsys):
    handed_in, out, judged = course
    whole = grading.judge_all

    def interrupted(*arguments):
        yield next(whole(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(grading, "judge_all", interrupted)
    assert grade(handed_in, out) == 130
    assert "1 of 3 are graded; the same command goes on from there" in capsys.readouterr().err
    assert len(rows(out)) == 1
    monkeypatch.setattr(grading, "judge_all", whole)
    judged.clear()
    assert grade(handed_in, out) == 0
    assert len(judged) == 2


def test_a_missing_protection_is_named_and_must_be_accepted(course, monkeypatch, capsys):
    handed_in, out, _ = course
    monkeypatch.setattr(judge, "missing_protections", lambda: list(judge.PROTECTIONS))
    assert grade(handed_in, out) == 2
    error = capsys.readouterr().err
    for name in judge.PROTECTIONS:
        assert f"--accept-missing {name}" in error
    accepted = [f"--accept-missing={name}" for name in judge.PROTECTIONS]
    assert grade(handed_in, out, accepted[0]) == 2
    assert grade(handed_in, out, *accepted) == 0


def test_other_systems_than_linux_are_told_so(course, monkeypatch, capsys):
    handed_in, out, _ = course
    monkeypatch.setattr("sys.platform", "darwin")
    assert grade(handed_in, out) == 2
    assert "run this on Linux" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--assignment", "nothing"], "nothing"),
        (["--out", "/nowhere/grades.csv"], "/nowhere"),
        (["--seed-file", "/nowhere/seed"], "/nowhere/seed"),
    ],
)
def test_bad_input_is_one_line_that_names_it(course, capsys, arguments, named):
    handed_in, out, _ = course
    assert grade(handed_in, out, *arguments) == 2
    error = capsys.readouterr().err
    assert named in error and error.count("\n") == 1


def test_no_notebooks_and_foreign_tables_are_refused(course, tmp_path, capsys):
    handed_in, out, _ = course
    (tmp_path / "empty").mkdir()
    assert grade(tmp_path / "empty", out) == 2
    assert grade(tmp_path / "missing", out) == 2
    out.write_text("name,score\nme,100\n")
    assert grade(handed_in, out) == 2
    assert out.read_text() == "name,score\nme,100\n"
    assert capsys.readouterr().err.count("\n") == 3


def test_a_short_seed_is_refused(course, tmp_path, capsys):
    handed_in, out, _ = course
    (tmp_path / "seed").write_text("1234")
    assert grade(handed_in, out, "--seed-file", str(tmp_path / "seed")) == 2
    assert "at least 8 characters" in capsys.readouterr().err


def test_no_cell_of_the_table_is_a_formula_of_a_spreadsheet():
    assert grading.harmless("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert grading.harmless("-1+1") == "'-1+1"
    assert "\x1b" not in grading.harmless("a\x1b[2Jb")
    assert grading.harmless("6.5") == "6.5"


def test_folders_by_student_are_found_and_links_to_folders_are_not_followed(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside / "a", outside):
        folder.mkdir(parents=True)
        (folder / "work.ipynb").write_text(NOTEBOOK)
    (inside / "link").symlink_to(outside)
    assert grading.submissions(inside) == [inside / "a" / "work.ipynb"]


def test_the_table_says_points_feedback_and_problem_for_every_question(course):
    handed_in, out, _ = course
    grade(handed_in, out)
    for row in rows(out):
        assert (row["points"], row["problem"]) == ("0", "nothing in it")
        for question in assemble.find("estimators").questions:
            assert row[question] == "0"
            assert row[f"{question} feedback"] == "nothing in it"
