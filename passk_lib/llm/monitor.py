"""Watch prompt interference inside a training run of TRL's, without touching the run.

    from passk_lib.llm.monitor import ConflictMonitor
    monitor = ConflictMonitor(dataset, reward, k=8)
    GRPOTrainer(..., reward_funcs=reward, train_dataset=dataset, callbacks=[monitor]).train()

Every 50 steps it samples completions of 64 prompts from the policy as it is, and says how often
each prompt succeeds, how pass@k weighs it, which prompts agree with the mean gradient, and whether
pass@k updates now cost pass@1.  Everything is estimated at temperature 1, in the parameters that
are being trained.
"""

from __future__ import annotations

import json
import random
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import TrainerCallback

from ..checks import as_number, as_positive_integers
from ..estimators import unbiased_credit, unbiased_pass_at_k
from ..field import SampleCounts
from ..stopping import StoppingRule, cost_of_pass_at_k
from .estimates import SampledAgreement
from .field import LMField, Vector
from .rows import Rows
from .sampling import Sampling, end_tokens, sample
from .scoring import TOKENS_PER_BATCH, encode

Reward = Callable[..., Sequence[float]]
FILE = "passk.jsonl"


@dataclass(frozen=True)
class Look:
    """What one look at N prompts with n completions each has found."""

    k: int
    counts: SampleCounts
    agreement: np.ndarray
    """(N,) <g_i, mean of g over the other prompts>: unbiased for a(x_i)."""
    inner: float
    """<dJ_k, dJ_1>, unbiased."""
    interval: tuple[float, float]
    level: float

    @property
    def verdict(self) -> str:
        """costs, does not cost or undecided: what the interval says of the next pass@k update."""
        return cost_of_pass_at_k(self.interval)

    def entry(self) -> dict:
        """Numbers and lists by name, as a trainer's log takes them.

        success: how many prompts had c = 0, ..., n correct completions; weight: the share of the
        pass@k weight (unbiased credit times c/n) that lies on each c.

        >>> counts = SampleCounts(4, np.array([0, 1, 4]))
        >>> found = Look(2, counts, np.array([0.0, -1.0, 2.0]), 0.3, (-0.1, 0.7), 0.9).entry()
        >>> found["success"], found["weight"], found["verdict"]
        ([1, 1, 0, 0, 1], [0.0, 1.0, 0.0, 0.0, 0.0], 'undecided')
        """
        n, c = self.counts.n, self.counts.c
        size = int(n[0]) + 1
        credit = unbiased_credit(n, c, self.k) * c / n
        shares = np.bincount(c, credit, minlength=size)
        solved = c > 0
        return {
            "pass@1": float(self.counts.success.mean()),
            f"pass@{self.k}": float(unbiased_pass_at_k(n, c, self.k).mean()),
            "success": np.bincount(c, minlength=size).tolist(),
            "weight": (shares / max(shares.sum(), 1e-300)).round(4).tolist(),
            "agreement": float(self.agreement.mean()),
            "disagreeing": float((self.agreement[solved] < 0).mean()) if solved.any() else 0.0,
            "inner": self.inner,
            "low": self.interval[0],
            "high": self.interval[1],
            "level": self.level,
            "verdict": self.verdict,
        }


def trained_parameters(model) -> str:
    """A scope of LMField's: the parameters that require a gradient."""
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    if not names:
        raise ValueError("model: none of its parameters requires a gradient")
    return "^(" + "|".join(map(re.escape, names)) + ")$"


def look(
    model,
    tokenizer,
    prompts: Sequence[np.ndarray],
    verify: Callable[[list[list[str]]], np.ndarray],
    *,
    k: int = 8,
    sampling: Sampling | None = None,
    scope: str = "all",
    level: float = 0.9,
    sequences_per_batch: int = 512,
    tokens_per_batch: int = TOKENS_PER_BATCH,
) -> Look:
    """Sample, verify, differentiate.

    prompts: token ids of each; verify: from the texts, (N, n), to their verdicts, (N, n) booleans.
    Needs the memory of three gradients, however many prompts there are, and forward and backward
    passes alone, so that any attention kernel will do.
    """
    sampling = Sampling(n=k) if sampling is None else sampling
    size, n = len(prompts), sampling.n
    ends = end_tokens(model, tokenizer)
    step = max(1, sequences_per_batch // n)
    tokens, texts = [], []
    for start in range(0, size, step):
        some = range(start, min(start + step, size))
        new = sample(model, tokenizer, [prompts[i] for i in some], sampling, some)
        found = [[new[i, j] for j in range(n)] for i in range(len(some))]
        tokens += found
        texts += [
            tokenizer.batch_decode(
                [t[:-1] if t[-1] in ends else t for t in row], skip_special_tokens=True
            )
            for row in found
        ]
    correct = np.asarray(verify(texts), dtype=bool)
    where = np.argwhere(correct)
    counts = SampleCounts(n, correct.sum(axis=1))
    rows = Rows(
        prompts, where[:, 0], [tokens[i][j] for i, j in where.tolist()], np.full(len(where), 1 / n)
    )
    mass = np.full(size, 1 / size)
    field = LMField(model, rows, mass, None, counts, scope, tokens_per_batch)
    weights = unbiased_credit(counts.n, counts.c, k)
    one, many = field.means([np.ones(size), weights])
    towards = torch.stack([_flat(one), _flat(many)])
    agreement, to_credit, square = np.zeros((3, size))
    for i in np.flatnonzero(counts.c):
        g = _flat(field.gradient(i))
        agreement[i], to_credit[i] = (towards @ g).double().cpu().numpy()
        square[i] = g @ g
    seen = SampledAgreement(counts, agreement, square, against_credit={k: to_credit})
    low, high = seen.interval(k, level)
    return Look(
        k,
        counts,
        seen.agreement_without_self,
        float(seen.inner(k)),
        (float(low), float(high)),
        level,
    )


def _flat(vector: Vector) -> torch.Tensor:
    return torch.cat([t.reshape(-1) for t in vector.tensors.values()])


@contextmanager
def undisturbed(model) -> Iterator[None]:
    """Within it the model is in eval mode; afterwards every module's mode, the random numbers of
    Python, NumPy and torch are what they were."""
    modes = {module: module.training for module in model.modules()}
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = range(torch.cuda.device_count()) if model.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices):
            model.eval()
            yield
    finally:
        for module, training in modes.items():
            module.training = training
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


class ConflictMonitor(TrainerCallback):
    """A callback for TRL's GRPOTrainer: a `Look` every `every` steps.

    dataset: rows with the key `prompt`, a text or a list of messages, and what the rewards need;
    the training data or held-out ones.  rewards: reward functions as TRL calls them, one or
    several: a completion is correct where each returns at least `threshold`.  Give those that say
    what is right, not those that praise a format.
    k, prompts, every: default pass@8, 64 prompts, 50 steps.  n: completions a prompt, at least k;
    default 2k or, if larger, the run's num_generations: near n = k the credit is noisy.
    max_new_tokens: default the run's own.
    share: at most this part of the training's time: a look that would exceed it waits for the
    next multiple of `every`.  The first is always taken, since nobody knows yet what it costs.
    patience: verdicts "costs" in a row until `stop` is true.
    report: called with (step, entry) after each look; `wandb.log`, say, with a lambda around it.

    `entries` holds what was found, `looks` the arrays behind it.  The trainer's log_history has
    the same under `passk/...`, and `passk.jsonl` in its output folder a line each.  In a run on
    several processes the first one looks.  A look that fails is a warning and an entry `error`:
    the run goes on.
    """

    def __init__(
        self,
        dataset,
        rewards: Reward | Sequence[Reward],
        *,
        k: int = 8,
        prompts: int = 64,
        every: int = 50,
        n: int | None = None,
        max_new_tokens: int | None = None,
        threshold: float = 1.0,
        level: float = 0.9,
        share: float = 0.1,
        patience: int = 2,
        seed: int = 0,
        sequences_per_batch: int = 512,
        tokens_per_batch: int = TOKENS_PER_BATCH,
        report: Callable[[int, dict], None] | None = None,
    ):
        for name, value in (("k", k), ("prompts", prompts), ("every", every)):
            as_positive_integers(name, value)
        if prompts < 3:
            raise ValueError(f"prompts = {prompts}: an interval over pairs needs at least 3")
        if n is not None and n < k:
            raise ValueError(f"n = {n}: the unbiased credit of pass@{k} needs n >= {k}")
        if len(dataset) < 3:
            raise ValueError(f"dataset: has {len(dataset)} rows; at least 3 are needed")
        if "prompt" not in dataset[0]:
            raise ValueError(f"dataset: its rows need the key 'prompt'; they have {[*dataset[0]]}")
        self.dataset = dataset
        self.rewards = [rewards] if callable(rewards) else list(rewards)
        self.k, self.prompts, self.every, self.n = k, min(prompts, len(dataset)), every, n
        self.max_new_tokens = max_new_tokens
        self.threshold = as_number("threshold", threshold)
        self.level = as_number("level", level, 0.0, 1.0, open_low=True)
        self.share = as_number("share", share, 0.0, open_low=True)
        self.seed, self.report = seed, report
        self.sequences_per_batch, self.tokens_per_batch = sequences_per_batch, tokens_per_batch
        self.rule = StoppingRule(patience=patience)
        self.entries: list[dict] = []
        self.looks: list[Look] = []
        self.seconds = self._last = 0.0

    @property
    def share_of_time(self) -> float:
        """Seconds of all looks, divided by those of the training itself."""
        return self._share(self.seconds)

    def _share(self, seconds: float) -> float:
        return seconds / max(time.perf_counter() - self._start - self.seconds, 1e-9)

    # called by the trainer

    def on_train_begin(self, args, state, control, **others):
        self._start, self.seconds, self._last = time.perf_counter(), 0.0, 0.0

    def on_step_end(self, args, state, control, model=None, processing_class=None, **others):
        if state.global_step % self.every or not state.is_world_process_zero:
            return
        if self._last and self._share(self.seconds + self._last) > self.share:
            return
        start = time.perf_counter()
        try:
            with undisturbed(model):
                found = self.look(model, processing_class, args, state)
            self.looks.append(found)
            self.rule = self.rule.see(found.interval)
            entry = {**found.entry(), "stop": self.rule.stop}
        except (RuntimeError, ValueError) as error:
            entry = {"error": " ".join(str(error).split())[:300]}
            warnings.warn(
                f"step {state.global_step}: the look failed: {entry['error']}", stacklevel=2
            )
        self._last = time.perf_counter() - start
        self.seconds += self._last
        entry = {"step": state.global_step, **entry, "share_of_time": self.share_of_time}
        self.entries.append(entry)
        self._write(entry, args, state)

    def _write(self, entry: dict, args, state) -> None:
        named = {f"passk/{name}": value for name, value in entry.items() if name != "step"}
        state.log_history.append({**named, "step": entry["step"]})
        folder = Path(args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        if self.report is not None:
            self.report(entry["step"], entry)

    def look(self, model, tokenizer, args, state) -> Look:
        """At prompts that are drawn for this step."""
        rng = np.random.default_rng([self.seed, state.global_step])
        index = rng.choice(len(self.dataset), self.prompts, replace=False)
        rows = [self.dataset[int(i)] for i in index]
        n = self.n or max(2 * self.k, getattr(args, "num_generations", None) or 0)
        length = self.max_new_tokens or getattr(args, "max_completion_length", None) or 256
        return look(
            model,
            tokenizer,
            _encoded(tokenizer, [row["prompt"] for row in rows]),
            lambda texts: self._verdicts(rows, texts, state),
            k=self.k,
            sampling=Sampling(n, length, seed=int(rng.integers(2**31))),
            scope=trained_parameters(model),
            level=self.level,
            sequences_per_batch=self.sequences_per_batch,
            tokens_per_batch=self.tokens_per_batch,
        )

    def _verdicts(self, rows: list[dict], texts: list[list[str]], state) -> np.ndarray:
        """Every completion by every reward function, called as TRL calls them."""
        n = len(texts[0])
        prompts = [row["prompt"] for row in rows for _ in range(n)]
        chat = not isinstance(prompts[0], str)
        answers = [text for row in texts for text in row]
        if chat:
            answers = [[{"role": "assistant", "content": text}] for text in answers]
        others = {
            name: [row[name] for row in rows for _ in range(n)]
            for name in rows[0]
            if name != "prompt"
        }
        correct = np.ones(len(answers), dtype=bool)
        for reward in self.rewards:
            given = reward(
                prompts=prompts,
                completions=answers,
                trainer_state=state,
                # What a reward logs is about the run's own completions, not about these.
                log_extra=lambda *_: None,
                log_metric=lambda *_: None,
                **others,
            )
            values = np.array([-np.inf if r is None else float(r) for r in given])
            if len(values) != len(answers):
                raise ValueError(
                    f"rewards: {len(values)} were returned for {len(answers)} completions"
                )
            correct &= values >= self.threshold
        return correct.reshape(len(rows), n)


def _encoded(tokenizer, prompts: list) -> list[np.ndarray]:
    """Token ids of texts, or of chats up to where the answer begins."""
    if isinstance(prompts[0], str):
        return encode(tokenizer, prompts)
    chats = [
        tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        for chat in prompts
    ]
    return encode(tokenizer, chats, begin=False)
