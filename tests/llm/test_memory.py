"""Peak memory of the agreement scores does not grow with the number of prompts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import json, sys
from pathlib import Path
import numpy as np, torch
from passk_lib.llm.field import LMField
from passk_lib.llm.models import load
from passk_lib.llm.scoring import exact_rows, success_of
from passk_lib.llm.tasks import Subtraction

def peak():
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(row for row in status if row.startswith("VmHWM")).split()[1]) / 1024

torch.set_num_threads(1)
size = int(sys.argv[1])
model, tokenizer = load("B")
rows = exact_rows(model, tokenizer, Subtraction(), np.arange(size), 4096)
def scores(rows):
    n = len(rows.prompt_tokens)
    field = LMField(model, rows, np.full(n, 1 / n), success_of(rows), tokens_per_batch=4096)
    return field.inner(field.mean())
scores(exact_rows(model, tokenizer, Subtraction(), np.arange(4)))
before = peak()
scores(rows)
print(json.dumps([before, peak()]))
"""


def peak(size: int) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(size)], capture_output=True, text=True, check=True
    )
    return tuple(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own account")
def test_ten_times_the_prompts_need_at_most_a_tenth_more_memory():
    small, large = peak(500), peak(5000)
    assert large[1] <= 1.1 * small[1]
