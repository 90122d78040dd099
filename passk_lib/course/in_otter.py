"""How Otter's tests, in Gradescope's zip, run the parts of a question.

Otter runs in the student's process, so none of this can stop a student who wants to cheat; see
``assignments/README.md``.  `passk grade` does not use it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from passk_lib.course import questions
from passk_lib.course.seed import COURSE_SEED_FILE

FILES = "autograder"
WORDING = {"All test cases passed!": "public checks passed.", "Public Tests": "Public checks"}


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


def reword(results: Path | str) -> None:
    """Let the results that students see speak of public checks, which are not all there is."""
    path = Path(results)
    content = json.loads(path.read_text(encoding="utf8"))
    for test in content["tests"]:
        for field in ("output", "name"):
            for theirs, ours in WORDING.items():
                test[field] = test.get(field, "").replace(theirs, ours)
    path.write_text(json.dumps(content, indent=2), encoding="utf8")
