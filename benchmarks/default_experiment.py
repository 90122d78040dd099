"""The default language-model experiment, `passk experiment FOLDER`, after imports."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from promises import Promise


def rows() -> list[Promise]:
    from passk_lib.llm import cli  # and with it torch, transformers and Matplotlib

    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        cli.experiment([str(Path(place) / "out"), "--quiet"])
        seconds = time.perf_counter() - start
    return [
        Promise(
            "default experiment, with report and figures",
            "at most",
            30,
            "s",
            seconds,
            "400 prompts x 32 samples, exact values too; wall clock",
        )
    ]
