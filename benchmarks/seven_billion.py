"""Agreement scores at the shape of a 7B model: tokens per second and share of the card's peak.

    python benchmarks/seven_billion.py                     on the GPU at hand
    python benchmarks/seven_billion.py --tiny --device cpu the same code over a tiny shape

Random weights in the shape of Qwen2-7B, bf16, random tokens: one accumulated backward pass and one
forward-mode pass over all parameters, beside one plain training step (forward and backward) over
the same rows.  Without a GPU nothing is measured, and the rows say so.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
import torch
from promises import Promise
from transformers import AutoModelForCausalLM, Qwen2Config

from passk_lib.llm.field import LMField
from passk_lib.llm.rows import Rows
from passk_lib.llm.scoring import log_probabilities

QWEN2_7B = Qwen2Config(
    vocab_size=152064,
    hidden_size=3584,
    intermediate_size=18944,
    num_hidden_layers=28,
    num_attention_heads=28,
    num_key_value_heads=4,
    max_position_embeddings=32768,
    tie_word_embeddings=False,
)
TINY = Qwen2Config(
    vocab_size=97,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=256,
    tie_word_embeddings=False,
)
# Dense bf16 without sparsity, in TFLOP/s, from the vendor's data sheets; by the name torch gives.
PEAKS = {
    "H200": 989.4,
    "H100 PCIe": 756.5,
    "H100": 989.4,
    "A100": 312.0,
    "L40S": 362.1,
    "L4": 121.0,
    "A10G": 70.0,
    "RTX 4090": 165.2,
}
PASSES = 6  # forward and backward are three forward passes; so are forward and its tangent


@dataclass(frozen=True)
class Measured:
    """Of the agreement scores, unless said otherwise."""

    hardware: str
    tokens: int
    seconds: float
    step_seconds: float  # one forward and backward pass over the same rows
    tflops: float  # model arithmetic a second, in 10^12
    peak: float | None  # what the data sheet promises of the card, in the same unit
    gigabytes: float | None  # most memory held on the card

    @property
    def line(self) -> str:
        share = "" if self.peak is None else f", {self.tflops / self.peak:.0%} of its bf16 peak"
        memory = "" if self.gigabytes is None else f", {self.gigabytes:.0f} GB at most"
        rate = self.tokens / self.seconds
        return f"{self.hardware}: {rate:.0f} tokens/s, {self.tflops:.3g} TFLOP/s{share}{memory}"


def peak_of(name: str) -> float | None:
    """The data sheet's figure for a card of that name, None for an unknown one."""
    return next((peak for part, peak in PEAKS.items() if part in name), None)


def random_field(config, prompts: int, rows_each: int, length: int, device: str) -> LMField:
    """Random weights and random tokens: speed depends on shapes alone."""
    rng = np.random.default_rng(0)
    default = torch.get_default_dtype()
    torch.manual_seed(0)
    try:
        torch.set_default_dtype(torch.bfloat16)  # never a float32 copy of the weights
        with torch.device(device):
            model = AutoModelForCausalLM.from_config(config).eval()
    finally:
        torch.set_default_dtype(default)
    size, half = prompts * rows_each, length // 2
    rows = Rows(
        [rng.integers(1, config.vocab_size, half) for _ in range(prompts)],
        np.repeat(np.arange(prompts), rows_each),
        [rng.integers(1, config.vocab_size, length - half) for _ in range(size)],
        np.full(size, 1 / rows_each),
    )
    return LMField(
        model,
        rows,
        np.full(prompts, 1 / prompts),
        np.zeros(prompts),
        tokens_per_batch=rows_each * length,
    )


def training_step(field: LMField) -> None:
    """Forward and backward over the rows, as a training loop does it."""
    for order, batch in field.rows.batches(field.tokens_per_batch, 0, field.model.device):
        factor = torch.as_tensor(field.rows.coefficient[order], device=field.model.device)
        (log_probabilities(field.model, batch) * factor).sum().backward()
    field.model.zero_grad(set_to_none=True)


def seconds_of(action, cuda: bool) -> float:
    if cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    action()
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def measure(
    config=QWEN2_7B, prompts: int = 16, rows_each: int = 4, length: int = 1024, device: str = "cuda"
) -> Measured:
    """Median of three, after one round to warm up."""
    field = random_field(config, prompts, rows_each, length, device)
    cuda = field.model.device.type == "cuda"

    def scores():
        found = field.inner(field.mean())
        if not np.isfinite(found).all():
            raise ValueError("the scores are not finite")

    def median(action) -> float:
        action()
        return float(np.median([seconds_of(action, cuda) for _ in range(3)]))

    seconds = median(scores)
    gigabytes = torch.cuda.max_memory_allocated() / 1e9 if cuda else None
    step = median(lambda: training_step(field))
    tokens = len(field.rows) * length
    # Every weight but the input embedding's meets every token once a pass; attention on top.
    matrices = field.model.num_parameters() - field.model.get_input_embeddings().weight.numel()
    attention = 2 * config.num_hidden_layers * config.hidden_size * length
    tflops = PASSES * tokens * (2 * matrices + attention) / seconds / 1e12
    name = torch.cuda.get_device_name(field.model.device) if cuda else "CPU"
    return Measured(name, tokens, seconds, step, tflops, peak_of(name), gigabytes)


WHAT = "7B shape, bf16: all-parameter agreement scores, of one plain training step's time"


def rows() -> list[Promise]:
    if not torch.cuda.is_available():
        note = "no GPU here"
        return [Promise(WHAT, "at most", 2.5, "x", note=note)]
    found = measure()
    return [
        Promise(WHAT, "at most", 2.5, "x", found.seconds / found.step_seconds, found.line),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="a tiny shape, to try the code")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--rows", type=int, default=4, help="correct completions a prompt")
    parser.add_argument("--length", type=int, default=1024, help="tokens of prompt and completion")
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("not measured: no GPU here")
        return
    config = TINY if options.tiny else QWEN2_7B
    found = measure(config, options.prompts, options.rows, options.length, options.device)
    print(found.line)
    print(
        f"{found.tokens} tokens in {found.seconds:.3g} s, "
        f"{found.seconds / found.step_seconds:.2f} times a plain training step"
    )


if __name__ == "__main__":
    main()
