"""The recorded experiment of the assignment "language": a tiny language model, no torch needed.

    python -m passk_lib.course.language_data        records it again (needs torch; about a minute)

200 prompts of the subtraction task, 32 completions each by the shipped model B. Of the gradient
estimates g_i = (1/n) Σ ∇log π over the correct completions of prompt i, only the inner products
⟨g_i, g_j⟩ are kept: 200 numbers a prompt instead of one for each parameter.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from passk_lib.checks import read_only

__all__ = ["FILE", "Recording", "load", "record"]

FILE = Path(__file__).parent / "data" / "language.json"
COMMAND = "python -m passk_lib.course.language_data"
PROMPTS, SAMPLES = 200, 32


@dataclass(frozen=True, eq=False)
class Recording:
    """What was sampled, and the exact values that only so small a model has.

    n: completions of each prompt. c: (N,), how many of them were correct. hard: (N,) booleans.
    kernel: (N, N), the inner products of the gradient estimates. exact: exact[k - 1] is
    ⟨∇J_k, ∇J_1⟩ over the whole prompt distribution, for k = 1 to n. made: where it comes from.
    """

    n: int
    c: np.ndarray
    hard: np.ndarray
    kernel: np.ndarray
    exact: np.ndarray
    made: dict


@lru_cache(maxsize=1)
def load() -> Recording:
    """The recording that comes with the library; its arrays are read-only."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    c = np.array(data["c"], dtype=int)
    upper = np.frombuffer(base64.b64decode(data["kernel"]), "<f4").astype(float)
    kernel = np.zeros((len(c), len(c)))
    kernel[np.triu_indices(len(c))] = upper
    kernel = kernel + np.triu(kernel, 1).T
    hard, exact = np.array(data["hard"], dtype=bool), np.array(data["exact"])
    arrays = (read_only(a) for a in (c, hard, kernel, exact))
    return Recording(data["n"], *arrays, data["made"])


def record() -> dict:
    """Runs the experiment and returns what `FILE` holds."""
    from passk_lib.llm.experiment import Settings, run

    settings = Settings(prompts=PROMPTS, n=SAMPLES, ks=tuple(range(1, SAMPLES + 1)))
    result = run(settings, progress=False)
    kernel = result.sampled.kernel
    upper = kernel[np.triu_indices(len(kernel))].astype("<f4")
    manifest = result.manifest
    return {
        "made": {
            "command": COMMAND,
            "settings": manifest["settings"],
            "versions": manifest["versions"],
        },
        "n": SAMPLES,
        "c": result.counts.c.tolist(),
        "hard": result.hard.astype(int).tolist(),
        "exact": result.exact_inner(np.arange(1, SAMPLES + 1)).tolist(),
        "kernel": base64.b64encode(upper.tobytes()).decode(),
    }


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(record()) + "\n", encoding="utf-8")
    print(f"{FILE}: {FILE.stat().st_size / 1000:.0f} kB")
