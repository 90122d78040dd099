"""Every kept right answer gets full points, every kept wrong one does not."""

import pytest

from passk_lib.course import assemble, questions

SEED = "a seed of the tests"
LEAST_RIGHT, LEAST_WRONG = 2, 3


def attempts(kind):
    """(assignment, question, source) of every kept attempt."""
    found = []
    for name in assemble.assignments():
        kept = getattr(questions.load(assemble.FOLDER / name / "attempts.py"), kind)
        for question, sources in kept.items():
            for title, source in sources.items():
                found.append(pytest.param(name, question, source, id=f"{question}: {title}"))
    return found


def namespace(assignment, question, source):
    """What the notebook defines: the solution's cells up to the question, then the attempt."""
    names = {}
    current = None
    for cell in assemble.find(assignment).master().cells:
        current = assemble.question_of(cell) or current
        if current == question:
            break
        if cell.cell_type == "code":
            exec(cell.source, names)
    exec(source, names)
    return names


def grade(assignment, question, source):
    assignment = assemble.find(assignment)
    asked = assignment.questions[question]
    names = namespace(assignment.name, question, source)
    answers = [questions.as_answer(names[name]) for name in asked.answers]
    return questions.examine(asked, answers, assignment.parts_of(question), SEED)


@pytest.mark.parametrize(("assignment", "question", "source"), attempts("RIGHT"))
def test_a_right_answer_written_differently_gets_full_points(assignment, question, source):
    verdict = grade(assignment, question, source)
    assert verdict.feedback == []
    assert verdict.points == verdict.possible


@pytest.mark.parametrize(("assignment", "question", "source"), attempts("WRONG"))
def test_a_usual_wrong_answer_loses_points_and_hears_why(assignment, question, source):
    verdict = grade(assignment, question, source)
    assert verdict.points < verdict.possible
    assert all(len(text) > 20 for text in verdict.feedback)


@pytest.mark.parametrize("name", assemble.assignments())
def test_the_masters_own_solution_gets_full_points(name):
    assignment = assemble.find(name)
    names = {}
    for cell in assignment.master().cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    for question in assignment.questions.values():
        answers = [questions.as_answer(names[answer]) for answer in question.answers]
        verdict = questions.examine(question, answers, assignment.parts_of(question.name), SEED)
        assert (verdict.feedback, verdict.points) == ([], verdict.possible)


@pytest.mark.parametrize("name", assemble.assignments())
def test_every_question_keeps_enough_attempts_and_parts(name):
    assignment = assemble.find(name)
    kept = questions.load(assignment.folder / "attempts.py")
    begun = [q for q in map(assemble.question_of, assignment.master().cells) if q]
    assert begun == list(assignment.questions) == list(kept.RIGHT) == list(kept.WRONG)
    for question in assignment.questions:
        assert len(kept.RIGHT[question]) >= LEAST_RIGHT
        assert len(kept.WRONG[question]) >= LEAST_WRONG
        parts = assignment.parts_of(question)
        assert {part.hidden for part in parts} == {False, True}, question
        assert len({part.run.__name__ for part in parts}) == len(parts), question


@pytest.mark.parametrize("name", assemble.assignments())
def test_another_course_seed_gives_other_numbers_and_the_same_verdict(name):
    assignment = assemble.find(name)
    for part in assignment.parts:
        one, two = (questions.generator(seed, part).random() for seed in ("one", "two"))
        assert one != two
