"""How Otter's tests, in Gradescope's zip, run the parts of a question.

Otter runs in the student's process, so none of this can stop a student who wants to cheat; see
``assignments/README.md``.  `passk grade` does not use it.
"""

from __future__ import annotations

import os
from pathlib import Path

from passk_lib.course import questions
from passk_lib.course.seed import COURSE_SEED_FILE

FILES = "autograder"


def run_part(question: str, function: str, *answers) -> None:
    """Run one part of a question; AssertionError with its sentence where it fails."""
    public = questions.public(question)
    parts, seed = questions.parts(public), questions.PUBLIC_SEED
    if function not in [part.run.__name__ for part in parts]:
        folder = Path(os.environ.get("PASSK_AUTOGRADER_FILES", FILES))
        parts = questions.parts(questions.load(folder / "hidden.py"), hidden=True)
        seed = (folder / COURSE_SEED_FILE).read_text(encoding="utf8")
    (part,) = [p for p in parts if p.question == question and p.run.__name__ == function]
    asked = questions.questions(public)[question]
    verdict = questions.examine(asked, map(questions.as_answer, answers), [part], seed)
    assert verdict.passed, " ".join(verdict.feedback)
