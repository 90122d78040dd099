"""Agreement scores of a language model for all parameters: four ways, one table.

    python benchmarks/agreement_scores.py [--prompts 512] [--samples 32] [--rounds 5]
    make bench      what is promised of them, beside every other promise of speed

The ratios are what counts: all ways run in one process, in turn, over the same merged rows, on all
cores, by the clock on the wall, and the median of the rounds' ratios is taken.  A loop of small
passes cannot use a second core, and its share of overhead differs between processors: the first
ratio is the least steady.  Memory is the growth of the peak in a fresh process each.
"""

from __future__ import annotations

import argparse
import json
import pickle
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from promises import Promise
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from passk_lib.llm.experiment import Settings, run
from passk_lib.llm.field import LMField
from passk_lib.llm.models import load
from passk_lib.llm.rows import Rows
from passk_lib.llm.sampling import Completions
from passk_lib.llm.scoring import encode, log_probabilities
from passk_lib.llm.verifiers import CORRECT

WHOLE = 10**9  # tokens: everything in one batch


def sampled_field(prompts: int, samples: int) -> LMField:
    """The tiny model's field over what it samples."""
    settings = Settings(prompts=prompts, n=samples, ks=(2,), kernel=False, exact=False)
    result = run(settings, progress=False)
    model, tokenizer = load(settings.model)
    correct = result.stages["verdicts"]["verdict"] == CORRECT
    completions = Completions(**result.stages["completions"])
    where = np.argwhere(correct)
    rows = Rows(
        encode(tokenizer, result.stages["prompts"]["prompt"].tolist()),
        where[:, 0],
        [completions[i, j] for i, j in where.tolist()],
        np.full(len(where), 1 / samples),
    )
    return field_over(model, rows.merged())


def field_over(model, rows: Rows) -> LMField:
    size = len(rows.prompt_tokens)
    return LMField(model, rows, np.full(size, 1 / size), np.zeros(size), tokens_per_batch=WHOLE)


def backward_and_forward_mode(field: LMField) -> np.ndarray:
    return field.inner(field.mean())


def one_backward_per_prompt(field: LMField) -> np.ndarray:
    """A loop of autograd over prompts, their gradients kept."""
    gradients = np.zeros((field.size, field.dim), dtype=np.float32)
    parameters = list(field.parameters.values())
    for i in range(field.size):
        rows = field.rows.select(field.rows.prompt == i)
        if not len(rows):
            continue
        total = 0.0
        for index, batch in rows.batches(WHOLE, 0):
            factor = torch.from_numpy(rows.coefficient[index]).float()
            total = total + (log_probabilities(field.model, batch) * factor).sum()
        parts = torch.autograd.grad(total, parameters)
        gradients[i] = torch.cat([g.reshape(-1) for g in parts]).numpy()
    return gradients @ (field.mass.astype(np.float32) @ gradients)


def vmap_of_grad(field: LMField, chunk: int = 64) -> np.ndarray:
    """torch.func's per-sample gradients, one row a sample."""
    parameters = {name: p.detach() for name, p in field.model.named_parameters()}
    gradients = np.zeros((field.size, field.dim), dtype=np.float32)
    for order, batch in field.rows.batches(WHOLE, 0):

        def value(p, tokens, mask, weight, width=batch.width):
            # These prompts have one length and padding comes last: causal attention needs no mask.
            inputs = {"input_ids": tokens[None, :-1]}
            logits = functional_call(field.model, p, kwargs=inputs).logits[0, -width:]
            scores = torch.log_softmax(logits, -1)
            chosen = scores.gather(1, tokens[-width:, None])[:, 0]
            return (chosen * mask[-width:]).sum() * weight

        each = vmap(grad(value), in_dims=(None, 0, 0, 0), chunk_size=chunk)
        factor = torch.from_numpy(field.rows.coefficient[order]).float()
        begin = 0
        with sdpa_kernel(SDPBackend.MATH):  # the fused kernels have no rule for vmap: slower
            parts = each(parameters, batch.tokens, batch.mask, factor)
        for part in parts.values():
            flat = part.reshape(len(order), -1).numpy()
            slab = gradients[:, begin : begin + flat.shape[1]]
            np.add.at(slab, field.rows.prompt[order], flat)
            begin += flat.shape[1]
    return gradients @ (field.mass.astype(np.float32) @ gradients)


def training_step(field: LMField) -> None:
    """What any training loop does with these rows once: forward and backward."""
    for p in field.model.parameters():
        p.grad = None
    for order, batch in field.rows.batches(WHOLE, 0):
        factor = torch.from_numpy(field.rows.coefficient[order]).float()
        (log_probabilities(field.model, batch) * factor).sum().backward()


def head_in_closed_form(field: LMField) -> np.ndarray:
    """The output matrix alone: hidden states and softmax residuals, no derivative of the rest."""
    return backward_and_forward_mode(field.with_scope("lm_head"))


def head_one_backward_per_prompt(field: LMField) -> np.ndarray:
    return one_backward_per_prompt(field.with_scope("lm_head"))


OURS = "one backward + one forward-mode pass"
PER_PROMPT = "one backward per prompt"
VMAP = "vmap(grad)"
STEP = "one training step (no scores)"
HEAD = "lm_head alone: closed form"
HEAD_PER_PROMPT = "lm_head alone: one backward per prompt"
WAYS = {
    OURS: backward_and_forward_mode,
    PER_PROMPT: one_backward_per_prompt,
    VMAP: vmap_of_grad,
    STEP: training_step,
    HEAD: head_in_closed_form,
    HEAD_PER_PROMPT: head_one_backward_per_prompt,
}
SAME = ((OURS, PER_PROMPT), (VMAP, PER_PROMPT), (HEAD, HEAD_PER_PROMPT))  # the same numbers


def peak() -> float:
    """Peak memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the parent's memory as well
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS: bytes


def warm_up(field: LMField, ways: dict) -> None:
    few = field.with_rows(field.rows.select(np.arange(4)))
    for run_way in ways.values():
        run_way(few)


def seconds_of(field: LMField, rounds: int) -> dict[str, np.ndarray]:
    """Seconds (rounds,) of every way; in each round all ways run, one after the other."""
    warm_up(field, WAYS)
    seconds = {name: np.zeros(rounds) for name in WAYS}
    answers = {}
    for i in range(rounds):
        for name, run_way in WAYS.items():
            start = time.perf_counter()
            answers[name] = run_way(field)
            seconds[name][i] = time.perf_counter() - start
    for name, other in SAME:
        truth = answers[other]
        np.testing.assert_allclose(answers[name], truth, atol=1e-4 * np.abs(truth).max())
    return seconds


def print_memory_of(way: str, file: str) -> None:
    """In a process that has done nothing else."""
    with open(file, "rb") as stored:
        rows = pickle.load(stored)
    field = field_over(load("B")[0], rows)
    warm_up(field, {way: WAYS[way]})
    before = peak()
    WAYS[way](field)
    print(json.dumps(peak() - before))


def memory_of(field: LMField, way: str) -> float:
    """Growth of the peak in a fresh process, in MB."""
    with tempfile.NamedTemporaryFile(suffix=".pickle") as stored:
        pickle.dump(field.rows, stored)
        stored.flush()
        command = [sys.executable, __file__, "--memory-of", way, "--rows", stored.name]
        child = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(child.stdout.splitlines()[-1])


@dataclass(frozen=True)
class Measured:
    """Seconds and extra MB of every way, and over what."""

    seconds: dict[str, np.ndarray]  # (rounds,) each
    memory: dict[str, float]
    merged: int

    def ratio(self, way: str, other: str) -> float:
        """How many times the seconds of `other` those of `way` are."""
        return float(np.median(self.seconds[way] / self.seconds[other]))


def measure(prompts: int, samples: int, rounds: int) -> Measured:
    field = sampled_field(prompts, samples)
    seconds = seconds_of(field, rounds)
    return Measured(seconds, {way: memory_of(field, way) for way in WAYS}, len(field.rows))


def rows(prompts: int = 512, samples: int = 32, rounds: int = 5) -> list[Promise]:
    found = measure(prompts, samples, rounds)
    memory = found.memory
    note = f"{prompts} prompts x {samples} samples, {found.merged} merged rows"
    return [
        Promise(
            "all-parameter agreement scores, faster than one backward per prompt",
            "at least",
            8,
            "x",
            found.ratio(PER_PROMPT, OURS),
            note,
        ),
        Promise("... faster than vmap(grad)", "at least", 3, "x", found.ratio(VMAP, OURS), note),
        Promise(
            "... extra memory, of vmap(grad)'s",
            "at most",
            1 / 3,
            "x",
            memory[OURS] / memory[VMAP],
            f"{memory[OURS]:.0f} MB against {memory[VMAP]:.0f} MB",
        ),
        Promise(
            "... extra memory, of one backward per prompt's",
            "at most",
            1 / 3,
            "x",
            memory[OURS] / memory[PER_PROMPT],
            f"{memory[OURS]:.0f} MB against {memory[PER_PROMPT]:.0f} MB",
        ),
        Promise(
            "... of one plain training step's time",
            "at most",
            2.5,
            "x",
            found.ratio(OURS, STEP),
            note,
        ),
        Promise(
            "lm_head agreement scores in closed form, faster than one backward per prompt",
            "at least",
            4,
            "x",
            found.ratio(HEAD_PER_PROMPT, HEAD),
            note,
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=512)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-of", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--rows", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        print_memory_of(options.memory_of, options.rows)
        return
    found = measure(options.prompts, options.samples, options.rounds)
    print(
        f"{options.prompts} prompts x {options.samples} samples, {found.merged} merged rows, "
        f"torch {torch.__version__}, {torch.get_num_threads()} threads of {platform.machine()}"
    )
    print(f"{'way':<40}{'seconds':>9}{'x ours':>9}{'extra MB':>10}")
    for way, seconds in found.seconds.items():
        print(
            f"{way:<40}{np.median(seconds):>9.3f}{found.ratio(way, OURS):>9.2f}"
            f"{found.memory[way]:>10.0f}"
        )


if __name__ == "__main__":
    main()
