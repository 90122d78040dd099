"""Rows: the completions that carry gradient, each with a coefficient.

The gradient of every form of the experiment is  g(x) = sum over the rows of x of
coefficient * d log pi(y|x).  The forms differ in the coefficient alone:

    exact          every correct completion once      pi(y|x)
    sampled        correct samples, merged            multiplicity / n
    off-policy     correct samples of a policy mu     multiplicity / n * pi(y|x) / mu(y|x)

Incorrect completions have coefficient zero: they are never run through the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

ENOUGH_TOKENS = 1024  # a batch this large is not padded further: it keeps a processor busy


@dataclass(frozen=True)
class Rows:
    """R completions of N prompts.

    prompt_tokens: N integer arrays; prompt: (R,) index of each row's prompt, 0 <= prompt < N;
    completion_tokens: R integer arrays, end token included; coefficient: (R,) float64.
    """

    prompt_tokens: Sequence[np.ndarray]
    prompt: np.ndarray
    completion_tokens: Sequence[np.ndarray]
    coefficient: np.ndarray

    def __post_init__(self):
        if len(self.prompt_tokens) == 0:
            raise ValueError("prompt_tokens is empty: rows need at least one prompt")
        if not len(self.prompt) == len(self.completion_tokens) == len(self.coefficient):
            raise ValueError(
                f"prompt, completion_tokens and coefficient have lengths {len(self.prompt)}, "
                f"{len(self.completion_tokens)} and {len(self.coefficient)}: must be equal"
            )
        if not np.all(np.isfinite(self.coefficient)):
            raise ValueError("coefficient: every entry must be finite")
        if any(len(tokens) == 0 for tokens in self.prompt_tokens):
            raise ValueError("prompt_tokens: every prompt needs at least its begin token")
        if any(len(tokens) == 0 for tokens in self.completion_tokens):
            raise ValueError("completion_tokens: every completion needs at least its end token")

    def __len__(self) -> int:
        return len(self.prompt)

    def select(self, keep: np.ndarray) -> Rows:
        """The rows chosen by a boolean mask or an index array."""
        index = np.arange(len(self))[keep]
        return replace(
            self,
            prompt=self.prompt[index],
            completion_tokens=[self.completion_tokens[i] for i in index],
            coefficient=self.coefficient[index],
        )

    def merged(self) -> Rows:
        """Identical completions of one prompt become one row, zero coefficients none.

        >>> prompt, once, twice = np.array([1, 2]), np.array([3]), np.array([4, 5])
        >>> rows = Rows([prompt], np.zeros(3, int), [twice, once, twice], np.full(3, 0.25))
        >>> rows.merged().coefficient
        array([0.5 , 0.25])
        """
        place, total, first = {}, [], []
        for i in np.flatnonzero(self.coefficient):
            key = (int(self.prompt[i]), np.asarray(self.completion_tokens[i], np.int64).tobytes())
            if key not in place:
                place[key] = len(total)
                total.append(0.0)
                first.append(i)
            total[place[key]] += float(self.coefficient[i])
        rows = self.select(np.array(first, dtype=np.int64))
        rows = replace(rows, coefficient=np.array(total, dtype=np.float64))
        return rows.select(rows.coefficient != 0.0)

    def batches(
        self, tokens_per_batch: int, pad: int, device="cpu"
    ) -> Iterator[tuple[np.ndarray, Batch]]:
        """(row indices, batch) pairs; rows of similar length meet, so little is padded."""
        lengths = np.array([len(tokens) for tokens in self.prompt_tokens], dtype=np.int64)
        before = lengths[self.prompt]
        after = np.array([len(tokens) for tokens in self.completion_tokens], dtype=np.int64)
        order = np.lexsort((self.prompt, before, after))[::-1]  # the longest first: fail early
        start = 0
        while start < len(order):
            stop, width_before, width_after = start, 0, 0
            while stop < len(order):
                row = order[stop]
                shorter = before[row] < width_before or after[row] < width_after
                enough = (stop - start) * (width_before + width_after) >= ENOUGH_TOKENS
                width_before = max(width_before, before[row])
                width_after = max(width_after, after[row])
                size = (stop + 1 - start) * (width_before + width_after)
                if stop > start and (size > tokens_per_batch or (shorter and enough)):
                    break
                stop += 1
            index = order[start:stop]
            yield index, self._batch(index, pad, device)
            start = stop

    def _batch(self, index: np.ndarray, pad: int, device) -> Batch:
        left = max(len(self.prompt_tokens[self.prompt[i]]) for i in index)
        right = max(len(self.completion_tokens[i]) for i in index)
        tokens = np.full((len(index), left + right), pad, dtype=np.int64)
        mask = np.zeros(tokens.shape, dtype=np.int64)
        for row, i in enumerate(index):
            prompt, completion = self.prompt_tokens[self.prompt[i]], self.completion_tokens[i]
            span = slice(left - len(prompt), left + len(completion))
            tokens[row, span] = np.concatenate([prompt, completion])
            mask[row, span] = 1
        return Batch(*(torch.from_numpy(a).to(device) for a in (tokens, mask)), right)


@dataclass(frozen=True)
class Batch:
    """Prompts padded on the left and completions on the right: every completion starts in the same
    column.  tokens, mask: (rows, length); the last `width` columns are the completions'."""

    tokens: torch.Tensor
    mask: torch.Tensor
    width: int
