"""The course seed: the teacher's secret that the hidden checks' numbers follow.

The masters are public, so everybody can read what the hidden checks compute; the seed decides with
which numbers. It is any text, kept in a file that no student can read.
"""

from __future__ import annotations

import os
from pathlib import Path

COURSE_SEED_FILE = "course_seed.txt"
VARIABLE = "PASSK_COURSE_SEED_FILE"


def read_seed(path: Path | str | None = None) -> str:
    """The seed in the file `path`, else in the file that PASSK_COURSE_SEED_FILE names, else ''."""
    path = path or os.environ.get(VARIABLE)
    if not path:
        return ""
    seed = Path(path).read_text(encoding="utf8").strip()
    if len(seed) < 8:
        raise ValueError(f"the course seed in {path} must have at least 8 characters")
    return seed
