"""Sampling completions through transformers' own generation, one uniform number a token.

Each token is the inverse of the policy's distribution function at a number u that depends on
(seed, prompt, sample, position) alone.  So neither the batch size nor what was sampled before
changes a token, as long as the model itself returns the same logits.

`sample_continuously` is transformers' continuous batching: a place in the batch is given to the
next completion as soon as one ends.  It pays on a GPU where lengths differ much, as in reasoning
with thousands of tokens.  It cannot keep the promise above: its tokens come from one generator in
the order in which its scheduler meets them.  So it is never chosen by itself; with it, tokens
belong to the batches that the settings in the manifest fix, and to the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from ..checks import as_number, as_positive_integers
from .rows import Rows
from .scoring import TOKENS_PER_BATCH, completion_logits, precision


@dataclass(frozen=True)
class Sampling:
    """How completions are sampled.  Nothing is left to a model's own generation settings.

    n >= 1 completions a prompt; temperature > 0; top_p in (0, 1], 1 keeps every token; top_k >= 0,
    0 keeps every token; max_new_tokens >= 1.  The defaults are on-policy: samples of the policy
    whose score is differentiated.
    """

    n: int = 32
    max_new_tokens: int = 8
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0

    def __post_init__(self):
        as_positive_integers("n", self.n)
        as_positive_integers("max_new_tokens", self.max_new_tokens)
        as_number("temperature", self.temperature, 0.0, open_low=True)
        as_number("top_p", self.top_p, 0.0, 1.0, open_low=True)
        for name in ("top_k", "seed"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise ValueError(f"{name} = {value!r}: must be an integer >= 0")

    @property
    def on_policy(self) -> bool:
        return self.temperature == 1.0 and self.top_p == 1.0 and self.top_k == 0

    @property
    def warpers(self) -> LogitsProcessorList:
        """transformers' own, in its own order."""
        warpers = LogitsProcessorList()
        if self.temperature != 1.0:
            warpers.append(TemperatureLogitsWarper(float(self.temperature)))
        if self.top_k > 0:
            warpers.append(TopKLogitsWarper(int(self.top_k)))
        if self.top_p < 1.0:
            warpers.append(TopPLogitsWarper(float(self.top_p)))
        return warpers


@dataclass(frozen=True)
class Completions:
    """n completions of each of N prompts.

    length: (N, n) tokens, the end token counted; finished: (N, n) whether the end token came;
    tokens: (length.sum(),) all of them, prompt by prompt, sample by sample.
    """

    tokens: np.ndarray
    length: np.ndarray
    finished: np.ndarray

    def __post_init__(self):
        offsets = np.concatenate([[0], np.cumsum(self.length.ravel())])
        object.__setattr__(self, "_offsets", offsets)

    def __getitem__(self, where: tuple[int, int]) -> np.ndarray:
        place = where[0] * self.length.shape[1] + where[1]
        return self.tokens[self._offsets[place] : self._offsets[place + 1]]

    @staticmethod
    def join(parts: Sequence[Completions]) -> Completions:
        return Completions(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("tokens", "length", "finished")
            )
        )


class InverseCDF(LogitsProcessor):
    """Replaces the scores by the one token at which the distribution function passes u."""

    def __init__(self, sampling: Sampling, uniforms: np.ndarray, prompt_width: int, device):
        self.warpers = sampling.warpers
        self.uniforms = torch.from_numpy(uniforms).to(device)
        self.prompt_width = prompt_width

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = self.warpers(input_ids, scores)
        check_finite(scores)
        cumulative = torch.softmax(scores.double(), dim=-1).cumsum(dim=-1)
        u = self.uniforms[:, input_ids.shape[1] - self.prompt_width, None]
        token = torch.searchsorted(cumulative, u * cumulative[:, -1:], right=True)
        token = token.clamp(max=scores.shape[-1] - 1)
        return torch.full_like(scores, -torch.inf).scatter(1, token, 0.0)


def check_finite(logits: torch.Tensor) -> None:
    """ValueError where a distribution over tokens is not defined."""
    if not torch.isfinite(logits.max(dim=-1).values).all():  # the maximum of a NaN is NaN
        raise ValueError(
            "the model returned logits that are not finite: its weights or its "
            "precision are broken (float16 overflows where bfloat16 does not)"
        )


def check_length(model, prompt_tokens: Sequence[np.ndarray], sampling: Sampling) -> int:
    """The longest prompt's length; ValueError if it leaves too little of the model's context."""
    limit = getattr(model.config, "max_position_embeddings", None)
    longest = max(len(tokens) for tokens in prompt_tokens)
    if limit is not None and longest + sampling.max_new_tokens > limit:
        raise ValueError(
            f"max_new_tokens = {sampling.max_new_tokens}: the longest prompt has {longest} tokens "
            f"and the model's context {limit}; at most {max(0, limit - longest)} are left"
        )
    return longest


def end_tokens(model, tokenizer) -> list[int]:
    """Ids that end a completion: the tokenizer's, and those the model's own settings add."""
    more = getattr(model.generation_config, "eos_token_id", None)
    more = [] if more is None else [more] if isinstance(more, int) else list(more)
    return list(dict.fromkeys([tokenizer.eos_token_id, *more]))


@contextmanager
def _generation(model, config: GenerationConfig):
    """Unset values come from the model's own config: for a while that is a bare one."""
    own = model.generation_config
    model.generation_config = config
    try:
        yield
    finally:
        model.generation_config = own


@torch.no_grad()
def sample(
    model,
    tokenizer,
    prompt_tokens: Sequence[np.ndarray],
    sampling: Sampling,
    streams: Sequence[int] | None = None,
) -> Completions:
    """sampling.n completions of every prompt, in one batch.

    streams: which random numbers each prompt uses (default 0, 1, ...); give each prompt its place
    in the experiment, and batches of any size return the same tokens.
    """
    streams = range(len(prompt_tokens)) if streams is None else streams
    longest = check_length(model, prompt_tokens, sampling)
    tokens = np.full((len(prompt_tokens), longest), tokenizer.pad_token_id, dtype=np.int64)
    mask = np.zeros_like(tokens)
    for row, prompt in enumerate(prompt_tokens):
        tokens[row, longest - len(prompt) :] = prompt
        mask[row, longest - len(prompt) :] = 1
    uniforms = np.concatenate(
        [
            np.random.default_rng([sampling.seed, 1, int(stream)]).random(
                (sampling.n, sampling.max_new_tokens)
            )
            for stream in streams
        ]
    )
    ends = end_tokens(model, tokenizer)
    config = GenerationConfig(
        do_sample=False,
        max_new_tokens=int(sampling.max_new_tokens),
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
        num_return_sequences=1,
    )
    device = model.device
    choose = InverseCDF(sampling, uniforms, longest, device)
    with _generation(model, config), precision(model):
        out = model.generate(
            input_ids=torch.from_numpy(tokens).repeat_interleave(sampling.n, 0).to(device),
            attention_mask=torch.from_numpy(mask).repeat_interleave(sampling.n, 0).to(device),
            logits_processor=LogitsProcessorList([choose]),
        )
    return _completions(list(out[:, longest:].cpu().numpy()), ends, sampling.n)


def _completions(rows: Sequence[np.ndarray], ends: list[int], n: int) -> Completions:
    """Rows of new tokens, prompt by prompt, each cut after its first end token."""
    kept, length, finished = [], [], []
    for row in rows:
        ended = np.isin(row, ends)
        finished.append(bool(ended.any()))
        length.append(int(ended.argmax()) + 1 if finished[-1] else len(row))
        kept.append(row[: length[-1]])
    return Completions(
        np.concatenate(kept).astype(np.int32),
        np.array(length).reshape(-1, n),
        np.array(finished).reshape(-1, n),
    )


@torch.no_grad()
def sample_continuously(
    model,
    tokenizer,
    prompt_tokens: Sequence[np.ndarray],
    sampling: Sampling,
    streams: Sequence[int] | None = None,
) -> Completions:
    """As `sample`, by continuous batching; the seed is that of the first prompt's stream.

    Raises ValueError where this transformers or this model does not offer it.
    """
    check_length(model, prompt_tokens, sampling)
    first = 0 if streams is None else int(streams[0])
    seed = int(np.random.SeedSequence([sampling.seed, 2, first]).generate_state(1)[0])
    ends = end_tokens(model, tokenizer)
    config = GenerationConfig(
        do_sample=True,
        temperature=float(sampling.temperature),
        top_p=float(sampling.top_p),
        top_k=int(sampling.top_k),  # 0: all
        max_new_tokens=int(sampling.max_new_tokens),
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
    )
    try:
        from transformers import ContinuousBatchingConfig

        with _generation(model, config):
            answers = model.generate_batch(
                [tokens.tolist() for tokens in prompt_tokens for _ in range(sampling.n)],
                generation_config=config,
                continuous_batching_config=ContinuousBatchingConfig(seed=seed),
                progress_bar=False,
            )
    except (ImportError, AttributeError, NotImplementedError, TypeError) as error:
        raise ValueError(
            f"continuous: not offered by this transformers for this model ({error}); leave it out"
        ) from None
    # Requests are numbered in the order given, and come back in the order of their end.
    order = sorted(answers, key=lambda name: int(name.rpartition("_")[2]))
    failed = next((answers[name].error for name in order if answers[name].error), None)
    if failed or len(order) != len(prompt_tokens) * sampling.n:
        raise ValueError(f"continuous: a completion failed ({failed}); leave it out")
    return _completions([np.array(answers[n].generated_tokens) for n in order], ends, sampling.n)


@torch.no_grad()
def sampled_probability(model, rows: Rows, sampling: Sampling, pad: int = 0) -> np.ndarray:
    """(R,) probability with which these settings return each row's completion.

    As a coefficient it gives the exact mean of what off-policy samples estimate: the gradient
    E_{y~mu}[r d log pi(y|x)], mu the sampling policy and pi the model's.
    """
    result = np.zeros(len(rows))
    for index, batch in rows.batches(TOKENS_PER_BATCH, pad, model.device):
        logits = completion_logits(model, batch)
        scores = sampling.warpers(None, logits.flatten(0, 1)).view(logits.shape)
        target = batch.tokens[:, -batch.width :, None]
        chosen = torch.log_softmax(scores.double(), -1).gather(-1, target)[..., 0]
        # A filtered token has log-probability -inf: times a mask of 0 that would be NaN.
        total = chosen.masked_fill(batch.mask[:, -batch.width :] == 0, 0.0).sum(-1)
        result[index] = total.exp().cpu().numpy()
    return result
