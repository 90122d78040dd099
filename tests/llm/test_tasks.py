import numpy as np
import pytest

from passk_lib.llm.tasks import Subtraction, make_task


def test_every_listed_completion_is_correct_and_near_misses_are_not():
    task = Subtraction()
    for i in (0, 17, 4000, 8009):
        listed = task.correct_completions(i)
        assert all(task.verify(text, task.references[i]) for text in listed)
        answer = task.references[i]
        wrong = [answer[:-1], answer + "0", " " + answer, "-" + answer, "Maybe" + answer, "", "^"]
        wrong += ["So" + "So" + answer, answer.lstrip("-") if answer[0] == "-" else "+" + answer]
        assert not any(task.verify(text, answer) for text in wrong)


def test_references_are_the_differences():
    task = Subtraction()
    for prompt, reference in zip(task.prompts[::97], task.references[::97], strict=True):
        a, b = map(int, prompt.rstrip("=").split("-"))
        assert int(reference) == a - b and len(reference.lstrip("-")) == 2


@pytest.mark.parametrize("q", [0.0, 0.02, 0.15, 1.0])
def test_hard_prompts_have_the_mass_asked_for(q):
    task = Subtraction(q)
    assert task.mass[task.hard].sum() == pytest.approx(q)
    assert task.mass.sum() == pytest.approx(1)
    assert len(task.prompts) == 8010


def test_draws_are_seeded_and_follow_the_mix():
    task = Subtraction(0.15)
    index = task.draw(4000, seed=3)
    np.testing.assert_array_equal(index, task.draw(4000, seed=3))
    assert not np.array_equal(index, task.draw(4000, seed=4))
    assert abs(task.hard[index].mean() - 0.15) < 4 * np.sqrt(0.15 * 0.85 / 4000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Subtraction(1.2), r"hard_fraction = 1.2: must be in \[0, 1\]"),
        (lambda: Subtraction(float("nan")), "hard_fraction"),
        (lambda: Subtraction().draw(0, 0), "size = 0"),
        (lambda: make_task("sums"), "task = 'sums': must be one of"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
