"""The default language-model experiment, `passk experiment FOLDER`, after imports."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from promises import Promise


def rows() -> list[Promise]:
    from passk_lib.llm import cli  # and with it torch, transformers and Matplotlib

    with tempfile.TemporaryDirectory() as place:
        start, busy = time.perf_counter(), time.process_time()
        cli.experiment([str(Path(place) / "out"), "--quiet"])
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
    return [
        Promise(
            "default experiment, with report and figures",
            "at most",
            30,
            "s",
            seconds,
            "400 prompts x 32 samples, exact values too; wall clock "
            f"({busy:.3g} s of processor time)",
        )
    ]
