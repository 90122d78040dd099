"""What `import passk_lib` costs a reader, in processor seconds of a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

from promises import Promise

CODE = "import time; t = time.process_time(); import passk_lib; print(time.process_time() - t)"


def seconds() -> float:
    child = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    return float(child.stdout)


def rows() -> list[Promise]:
    best = min(seconds() for _ in range(5))
    return [Promise("import passk_lib", "at most", 0.3, "s", best, "best of 5, NumPy included")]
