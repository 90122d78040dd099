"""The checker: an equivalent form passes, a wrong one is answered with numbers."""

import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from passk_lib.course import check, compare, plain, questions
from passk_lib.course.compare import agree, agree_formula, agree_steps, equal, points, refuses
from passk_lib.course.questions import Wrong, as_answer

p, k, n = sp.symbols("p k n")
WEIGHT = k * (1 - p) ** (k - 1)
WHERE = points(np.random.default_rng(1), p=(0.01, 0.99), k=range(1, 30))


def said(function, *arguments, **options):
    with pytest.raises(Wrong) as wrong:
        function(*arguments, **options)
    return str(wrong.value)


def formula(expression):
    return as_answer(expression)


@pytest.mark.parametrize(
    "form",
    [
        k * (1 - p) ** k / (1 - p),
        k * sp.exp((k - 1) * sp.log(1 - p)),
        sp.diff(1 - (1 - p) ** k, p),
        sp.Derivative(1 - (1 - p) ** k, p),
        WEIGHT.subs({p: sp.Symbol("p", positive=True), k: sp.Symbol("k", integer=True)}),
    ],
)
def test_an_equivalent_form_passes(form):
    agree_formula(formula(form), WEIGHT, WHERE)


def test_a_wrong_sign_is_answered_with_a_point_and_both_values():
    text = said(agree_formula, formula(-WEIGHT), WEIGHT, WHERE)
    assert "yours is -" in text
    assert "at p = " in text
    assert "k = " in text
    assert "the sign is wrong" in text


def test_a_constant_factor_is_named():
    assert "3 times" in said(agree_formula, formula(3 * WEIGHT), WEIGHT, WHERE)


def test_a_mistake_that_is_known_is_explained():
    mistakes = {"Your weight is k times too small at p = 0.": WEIGHT / k}
    text = said(agree_formula, formula(WEIGHT / k), WEIGHT, WHERE, mistakes=mistakes)
    assert text.endswith("Your weight is k times too small at p = 0.")


def test_a_form_right_on_part_of_the_range_only_fails():
    wrong_elsewhere = sp.Abs(1 - 2 * p) - (1 - 2 * p)  # zero for p below one half
    assert "yours is" in said(agree_formula, formula(WEIGHT + wrong_elsewhere), WEIGHT, WHERE)


def test_unknown_symbols_and_text_are_refused():
    assert "holds q" in said(agree_formula, formula(sp.Symbol("q") * p), WEIGHT, WHERE)
    assert "SymPy expression" in said(agree_formula, as_answer("k*(1-p)**(k-1)"), WEIGHT, WHERE)


@pytest.mark.parametrize(
    "bomb",
    [
        sp.Pow(sp.Pow(10, 10**9, evaluate=False), 10**9, evaluate=False),
        sp.factorial(sp.Integer(10**8), evaluate=False),
        sp.exp(sp.exp(sp.Integer(10**8), evaluate=False), evaluate=False),
        sp.Float("1e100000"),
        sp.zoo,
        sp.nan,
        sp.I * p,
        sp.Pow(sp.Add(p, -p, evaluate=False), -1),
    ],
)
def test_what_has_no_value_is_said_and_costs_no_time(bomb):
    assert said(agree_formula, formula(bomb), WEIGHT, WHERE)


def test_a_derivation_passes_and_its_first_wrong_step_is_named():
    right = [sp.Derivative(1 - (1 - p) ** k, p), k * (1 - p) ** k / (1 - p), WEIGHT]
    agree_steps(as_answer(right), WEIGHT, WHERE, least=3, last="pk")
    wrong = [*right[:2], -WEIGHT]
    assert "step 3 does not follow from step 2" in said(
        agree_steps, as_answer(wrong), WEIGHT, WHERE
    )
    twice = [right[1], right[1], WEIGHT]
    assert "same expression" in said(agree_steps, as_answer(twice), WEIGHT, WHERE)
    assert "at least 4" in said(agree_steps, as_answer(right), WEIGHT, WHERE, least=4)


def test_functions_are_compared_at_every_case_and_told_the_first_that_differs():
    cases = [(0.0, 3), (0.5, 1), (0.3, 4)]

    def weight(p, k):
        return k * (1 - p) ** (k - 1)

    agree(as_answer(weight), weight, cases, "p k")
    agree(as_answer(lambda p, k: Fraction(k) * Fraction(1 - p) ** (k - 1)), weight, cases, "p k")
    text = said(agree, as_answer(lambda p, k: k * (1 - p) ** k), weight, cases, "p k")
    assert text.startswith("at p = 0.5, k = 1 yours is 0.5, it should be 1.")
    text = said(agree, as_answer(lambda p, k: 1 / 0), weight, cases, "p k")
    assert text == "at p = 0, k = 3 your function raised ZeroDivisionError: division by zero."
    assert "a function is needed" in said(agree, 3.0, weight, cases, "p k")


def test_input_that_must_be_refused():
    def picky(n):
        if n > 3:
            raise ValueError("n")
        return n

    refuses(as_answer(picky), [(4,), (9,)], "n", "n is too large")
    assert "returns 2" in said(refuses, as_answer(picky), [(2,)], "n", "n is too small")
    broken = as_answer(lambda n: {}["n"])
    assert "raises KeyError" in said(refuses, broken, [(2,)], "n", "n is too small")


@pytest.mark.parametrize(
    ("yours", "right"),
    [(1.0, 2.0), (None, 1.0), ("1", 1.0), ([1, 2], [1, 2, 3]), (True, 1.0), (math.nan, 1.0),
     (np.ones((2, 1)), np.ones(2)), ({"a": 1}, {"b": 1}), (1.0, True), ("easy", "hard"),
     (10**400, 1.0), (2**80, 2**81), (1e6, math.inf), (math.inf, -math.inf)],
)  # fmt: skip
def test_values_of_another_size_shape_or_kind_are_wrong(yours, right):
    assert "it should be" in said(equal, "x", as_answer(yours), right)


@pytest.mark.parametrize(
    ("yours", "right"),
    [(1, 1.0), (np.float32(0.5), 0.5), ([1, 2], np.array([1.0, 2.0])), ((1, 2), [1, 2]),
     (sp.Rational(1, 3), 1 / 3), (Fraction(1, 3), 1 / 3), (math.inf, math.inf),
     (sp.Matrix([1, 2]), [1, 2]), ({"a": [1]}, {"a": (1,)}), (2**80, 2.0**80),
     (["a", 1], ("a", 1.0))],
)  # fmt: skip
def test_the_same_value_in_another_type_is_right(yours, right):
    equal("x", as_answer(yours), right)


def test_an_object_that_equals_everything_is_only_the_name_of_its_type():
    class Yes(float):
        def __eq__(self, other):
            return True

        __hash__ = None

    assert as_answer(Yes()) == plain.Other("Yes")
    assert "type Yes" in said(equal, "x", as_answer(Yes()), 1.0)


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 2**200, -1.5, math.inf, "text", 1 + 2j, Fraction(1, 3), [1, (2.0, "a")],
     {"a": 1, 2: [3]}],
)  # fmt: skip
def test_plain_data_comes_back_as_it_was(value):
    assert plain.read(plain.write(value)) == value


def test_arrays_come_back_as_they_were():
    for array in (np.arange(6).reshape(2, 3), np.array([np.nan, np.inf, -0.5]), np.array([True]),
                  np.zeros((0, 3)), np.array([1 + 2j])):  # fmt: skip
        back = plain.read(plain.write(array))
        np.testing.assert_array_equal(back, array)
        assert back.shape == array.shape


def test_a_students_function_cannot_change_what_the_check_holds():
    given = np.array([1.0, 2.0])

    def spoil(x):
        x[:] = 0
        return x

    as_answer(spoil)(given)
    assert list(given) == [1.0, 2.0]


def test_check_never_says_that_all_tests_passed(capsys):
    check("estimators-3", -k * (k - 1) * p * (1 - p) ** (k - 1) / (2 * n))
    check("estimators-3", k * (k - 1) * p * (1 - p) ** (k - 1) / (2 * n))
    check("estimators-3", ...)
    passed, failed, waiting = [t for t in capsys.readouterr().out.split("estimators-3") if t]
    assert passed == ": public checks passed.\n"
    assert failed.startswith(": not yet.")
    assert "nothing to check yet" in waiting


@pytest.mark.parametrize(
    "body", ['"""What it does."""\n    ...', "...", "pass", '"""What it does."""\n    return None']
)
def test_a_function_without_a_body_is_not_answered_yet(body, capsys):
    names = {}
    exec(f"def credit(n, c, k):\n    {body}", names)
    check("estimators-5", names["credit"])
    assert "nothing to check yet" in capsys.readouterr().out


def test_a_forgotten_return_is_named(capsys):
    def credit(n, c, k):
        k * math.comb(n - c, k - 1) / math.comb(n - 1, k - 1)

    check("estimators-5", credit)
    said = capsys.readouterr().out
    assert "yours is None, it should be 3" in said
    assert "is a return missing?" in said and "TypeError" not in said


def test_a_question_of_two_functions_is_checked_as_soon_as_one_is_written(capsys):
    def written(*arguments):
        return 1.0

    def waiting(*arguments): ...

    check("ascent-3", written, waiting)
    assert "ascent-3: not yet." in capsys.readouterr().out


def test_a_question_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="estimators-99"):
        check("estimators-99", 1)
    with pytest.raises(ValueError, match=r"sets are .*estimators"):
        check("nowhere-1", 1)
    with pytest.raises(TypeError, match=r'check\("estimators-3", leading_bias\)'):
        check("estimators-3")


def test_course_work_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from passk_lib.course import check, judge, grading, assemble\n"
        "check('estimators-1', ...)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_hidden_numbers_follow_the_seed_and_nothing_else():
    one = questions.Part(
        "estimators-1", 1, "", test_hidden_numbers_follow_the_seed_and_nothing_else
    )
    draws = [questions.generator(seed, one).random() for seed in ("a", "a", "b")]
    assert draws[0] == draws[1] != draws[2]
    assert compare.points(np.random.default_rng(0), 3, p=(0, 1)) == compare.points(
        np.random.default_rng(0), 3, p=(0, 1)
    )


def test_values_are_shown_as_students_write_them():
    assert compare.shown(np.array([True, False])) == "[True, False]"
    assert compare.shown(np.eye(3)) == "[[1, 0, 0], [0, 1, 0], [0, 0, 1]]"
    assert compare.shown(np.eye(60)) == "an array of shape (60, 60)"
