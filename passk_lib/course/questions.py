"""Questions: what is asked, what a part of it is worth, and how an answer is examined.

A question is an exercise with a name like ``estimators-1``.  Its parts are functions marked by
`part`: they take the student's answers and a random generator and raise `Wrong` with a sentence for
the student.  Public parts live in ``passk_lib/course/public/NAME.py``, hidden ones in
``assignments/NAME/hidden.py``; both are written alike and run by the same `examine`.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np

from passk_lib.course import plain

__all__ = ["Answer", "Part", "Question", "Raised", "Verdict", "Wrong", "check", "examine", "part"]

PUBLIC_SEED = "public"
"""The public checks' numbers are the same for everybody."""


class Wrong(Exception):
    """The answer is not right; the text tells the student why, with numbers."""


class Raised(Exception):
    """The student's function raised. `kinds`: names of the exception's class and its bases."""

    def __init__(self, kinds: list[str], text: str):
        super().__init__(f"{kinds[0]}: {text}" if text else kinds[0])
        self.kinds = kinds


class Ended(Exception):
    """The student's process ended during a question; the text says why."""


@dataclass(frozen=True)
class Question:
    """name: ``set-number``; answers: the variables of the notebook that hold the answer."""

    name: str
    title: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One part of a question: `run(*answers, draw)` raises `Wrong` or returns."""

    question: str
    points: float
    about: str
    run: Callable
    hidden: bool = False


@dataclass
class Verdict:
    """What came of one question: `points` of `possible`, and a sentence for each failed part."""

    question: str
    points: float = 0.0
    possible: float = 0.0
    feedback: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether no part failed."""
        return not self.feedback


def part(question: str, points: float = 1) -> Callable:
    """Mark a function as a part of `question`, worth `points`; its docstring says what it checks.

    The function takes the question's answers, in order, and `draw`, a NumPy generator. Raises
    ValueError if it has no docstring.
    """

    def mark(function: Callable) -> Callable:
        if not function.__doc__:
            raise ValueError(f"{function.__name__} needs a docstring: students read it")
        function.part_of = (question, points)
        return function

    return mark


class Answer:
    """A student's function as a check sees it: plain data in, plain data out, `Raised` if it fails.

    In a notebook it calls the function itself; `passk grade` puts another process behind it.
    """

    last: object = ...
    """What the last call returned."""

    def __init__(self, function: Callable, empty: bool = False):
        self._function, self.empty = function, empty

    def __call__(self, *arguments):
        arguments = plain.read(plain.write(list(arguments)))
        try:
            value = self._function(*arguments)
        except Exception as error:
            raise Raised(kinds_of(error), str(error)[:300]) from None
        self.last = plain.read(plain.write(value))
        return self.last


def kinds_of(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__ if kind is not object]


def as_answer(value):
    """A function as an `Answer`, anything else as plain data."""
    data = plain.read(plain.write(value))
    return Answer(value, data.empty) if isinstance(data, plain.Function) else data


def unanswered(answers: list) -> bool:
    """Whether a `...` stands in the place of an answer, or of the body of every function."""
    return any(isinstance(a, plain.Other) and a.kind == "ellipsis" for a in answers) or all(
        isinstance(a, Answer) and a.empty for a in answers
    )


# --- Finding questions and parts ----------------------------------------------------------------


def public(name: str) -> ModuleType:
    """The module of public checks that a question or an assignment called `name` belongs to."""
    prefix = name.rsplit("-", 1)[0].replace("-", "_")
    try:
        return importlib.import_module(f"passk_lib.course.public.{prefix}")
    except ModuleNotFoundError as error:
        if error.name != f"passk_lib.course.public.{prefix}":
            raise
        folder = Path(__file__).parent / "public"
        known = sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__")
        raise ValueError(f"there is no question {name!r}; sets are {', '.join(known)}") from None


def questions(module: ModuleType) -> dict[str, Question]:
    """The questions that a module of public checks lists as QUESTIONS, by name."""
    return {question.name: question for question in module.QUESTIONS}


def parts(module: ModuleType, hidden: bool = False) -> list[Part]:
    """The marked functions of a module, in the order in which they stand there."""
    return [
        Part(*function.part_of, " ".join(function.__doc__.split()), function, hidden)
        for function in vars(module).values()
        if callable(function) and hasattr(function, "part_of")
        and function.__module__ == module.__name__
    ]  # fmt: skip


def load(path: Path) -> ModuleType:
    """A module from a file outside the package: an assignment's hidden checks."""
    name = f"passk_course_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


# --- Examining ----------------------------------------------------------------------------------


def generator(seed: str, part: Part) -> np.random.Generator:
    """The numbers of one part: the same for every submission, other ones for another seed."""
    digest = hashlib.sha256(f"{seed}/{part.question}/{part.run.__name__}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def examine(question: Question, answers: Iterable, its_parts: list[Part], seed: str) -> Verdict:
    """Run every part on the answers (functions as `Answer`, else plain data) and add up."""
    verdict = Verdict(question.name)
    answers = list(answers)
    if unanswered(answers):
        possible = sum(one.points for one in its_parts)
        return Verdict(question.name, 0.0, possible, ["not answered: the ... is still there."])
    for one in its_parts:
        verdict.possible += one.points
        fault = _fault(question, answers, one, seed)
        if fault is None:
            verdict.points += one.points
        elif fault not in verdict.feedback:
            verdict.feedback.append(fault)
    return verdict


def _fault(question: Question, answers: list, one: Part, seed: str) -> str | None:
    functions = [answer for answer in answers if isinstance(answer, Answer)]
    for function in functions:
        function.last = ...
    try:
        one.run(*answers, generator(seed, one))
    except Wrong as wrong:
        return str(wrong)
    except Raised as raised:  # a check that does not say where
        return f"your code raised {raised}."
    except Ended:
        raise
    except Exception as error:  # the check could not work with what it was given
        if any(function.last is None for function in functions):
            return "your function returns None where the check needs a value; is a return missing?"
        return f"your answer could not be used: {type(error).__name__}: {error}"
    return None


def check(name: str, *answers) -> None:
    """Run the public checks of the question called `name` on your answers and print what they say.

    The answers are functions, numbers, arrays or SymPy expressions, as the question says; `...`
    stands for one that is still to come.  The public checks are a part of the grading: further
    checks, with other numbers, count as well.  Raises ValueError if there is no such question,
    TypeError if it asks for another number of answers.

    >>> check("estimators-1", ...)
    estimators-1: nothing to check yet; replace the ... by your answer.
    >>> from passk_lib import unbiased_pass_at_k
    >>> check("estimators-1", lambda n, c, k: unbiased_pass_at_k(n, c, k))
    estimators-1: public checks passed.
    >>> plug_in = lambda n, c, k: 1 - (1 - c / n) ** k
    >>> check("estimators-1", plug_in)  # doctest: +NORMALIZE_WHITESPACE
    estimators-1: not yet.
      - at n = 4, c = 1, k = 2 yours is 0.4375, it should be 0.5. That is the plug-in
        1 - (1 - c/n)^k: it draws with replacement, subsets do not.
      - at n = 5, c = 2, k = 6 five samples have no subset of six: raise ValueError;
        yours returns 0.953344.
    """
    module = public(name)
    known = questions(module)
    if name not in known:
        raise ValueError(f"there is no question {name!r}; there are {', '.join(known)}")
    question = known[name]
    if len(answers) != len(question.answers):
        call = ", ".join([f'"{name}"', *question.answers])
        raise TypeError(f"this question is checked by check({call})")
    given = [as_answer(answer) for answer in answers]
    if unanswered(given):
        print(f"{name}: nothing to check yet; replace the ... by your answer.")
        return
    its_parts = [p for p in parts(module) if p.question == name]
    verdict = examine(question, given, its_parts, PUBLIC_SEED)
    if verdict.passed:
        print(f"{name}: public checks passed.")
    else:
        print("\n".join([f"{name}: not yet.", *[f"  - {text}" for text in verdict.feedback]]))
