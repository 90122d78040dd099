"""Log-probabilities of completions, and the exact success probability where it can be had."""

from __future__ import annotations

import inspect
import itertools
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from .rows import Batch, Rows
from .tasks import Task

TOKENS_PER_BATCH = 8192


class KeepDouble(TorchFunctionMode):
    """A float64 model computes in float64 throughout.

    Transformers' norms, attention softmax and rotary embeddings fall to float32 by name; within
    this mode those names mean float64.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function is torch.Tensor.float:
            return args[0].double()
        args = tuple(torch.float64 if a is torch.float32 else a for a in args)
        if kwargs.get("dtype") is torch.float32:
            kwargs["dtype"] = torch.float64
        return function(*args, **kwargs)


def precision(model):
    """The context in which `model` is run: KeepDouble for a float64 model, otherwise nothing."""
    return KeepDouble() if model.dtype == torch.float64 else nullcontext()


def completion_logits(model, batch: Batch, call=None) -> torch.Tensor:
    """Logits (rows, width, vocabulary) of the completions' tokens, in float32 at least."""
    # Nothing follows the last token: it is predicted, not read.
    mask = batch.mask[:, :-1]
    inputs = {
        "input_ids": batch.tokens[:, :-1],
        "attention_mask": mask,
        "position_ids": (mask.cumsum(-1) - 1).clamp(min=0),
        "use_cache": False,
    }
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        inputs["logits_to_keep"] = batch.width
    with precision(model):
        logits = (call or model)(**inputs).logits[:, -batch.width :]
        if logits.dtype in (torch.bfloat16, torch.float16):
            logits = logits.float()
        return logits


def log_probabilities(model, batch: Batch, call=None) -> torch.Tensor:
    """log pi(y|x) of each row, shape (rows,), at temperature 1.

    `call(**inputs)` stands for the model where its parameters are to be replaced.
    """
    logits = completion_logits(model, batch, call)
    with precision(model):
        target = batch.tokens[:, -batch.width :]
        # cross_entropy is the fused log-softmax and gather
        loss = functional.cross_entropy(
            logits.flatten(0, 1), target.flatten(), reduction="none"
        ).view(target.shape)
        return -(loss * batch.mask[:, -batch.width :]).sum(-1)


@torch.no_grad()
def score(model, rows: Rows, pad: int = 0, tokens_per_batch: int = TOKENS_PER_BATCH) -> np.ndarray:
    """log pi(y|x) of every row: (R,) float64.  Raises ValueError if the model returns NaN."""
    result = np.zeros(len(rows))
    for index, batch in rows.batches(tokens_per_batch, pad, model.device):
        result[index] = log_probabilities(model, batch).double().cpu().numpy()
    if not np.all(np.isfinite(result)):
        bad = int(np.flatnonzero(~np.isfinite(result))[0])
        raise ValueError(f"the model returned {result[bad]} for row {bad}: its weights are broken")
    return result


def encode(tokenizer, texts: list[str], begin: bool = True) -> list[np.ndarray]:
    """Token ids of each text; with `begin`, whatever the tokenizer puts before a prompt."""
    ids = []
    for start in range(0, len(texts), 1024):  # the tokenizer's own records of a text are large
        some = list(texts[start : start + 1024])
        # What is too long for the model is refused where it is used, in our own words.
        ids += tokenizer(some, add_special_tokens=begin, verbose=False)["input_ids"]
    return [np.array(row, dtype=np.int64) for row in ids]


def exact_rows(
    model,
    tokenizer,
    task: Task,
    index: np.ndarray | None = None,
    tokens_per_batch: int = TOKENS_PER_BATCH,
) -> Rows:
    """One row for every correct completion, coefficient pi(y|x): the exact gradient of p.

    `index` chooses prompts of the task (all by default).  Raises ValueError for a task whose
    correct completions cannot be listed.
    """
    index = np.arange(len(task.prompts)) if index is None else np.asarray(index)
    listed = [task.correct_completions(int(i)) for i in index]
    if any(texts is None for texts in listed):
        raise ValueError(
            f"task {task.name!r} does not list its correct completions: no exact values"
        )
    tokens = encode(tokenizer, list(itertools.chain.from_iterable(listed)), begin=False)
    prompt = np.repeat(np.arange(len(index)), [len(texts) for texts in listed])
    # A text outside the vocabulary cannot be produced, so it has no row.
    known = [i for i, row in enumerate(tokens) if tokenizer.unk_token_id not in row]
    end = [tokenizer.eos_token_id]
    rows = Rows(
        encode(tokenizer, [task.prompts[i] for i in index]),
        prompt[known],
        [np.concatenate([tokens[i], end]) for i in known],
        np.ones(len(known)),
    )
    return replace(
        rows, coefficient=np.exp(score(model, rows, tokenizer.pad_token_id, tokens_per_batch))
    )


def success_of(rows: Rows) -> np.ndarray:
    """p(x) = sum of the coefficients of x's rows: (N,), for exact and on-policy sampled rows."""
    total = np.bincount(rows.prompt, rows.coefficient, minlength=len(rows.prompt_tokens))
    return np.minimum(total, 1.0)  # float32 rounding may exceed 1 in the last digit
