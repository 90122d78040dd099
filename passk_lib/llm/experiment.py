"""The experiment: sample, verify, differentiate, report, in stages that can be interrupted.

prompts      drawn independently from D
completions  n of each
verdicts     the verifier's
gradients    agreement scores, by one accumulated backward and one forward-mode pass
exact        the same without sampling, where the task can list its correct completions
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from statistics import NormalDist

import numpy as np
import torch
from tqdm import tqdm

from ..checks import as_number, as_positive_integers
from ..estimators import plugin_weight, unbiased_credit, unbiased_pass_at_k
from ..field import SampleCounts
from ..objectives import pass_at_k, weight
from .crew import Crew
from .estimates import SampledAgreement
from .field import LMField, Vector, scope_parameters, union_scope
from .models import find, one_thread
from .options import option
from .rows import Rows
from .sampling import (
    Completions,
    Sampling,
    check_finite,
    check_length,
    end_tokens,
    sample,
    sample_continuously,
)
from .scoring import encode, exact_rows, precision, success_of
from .storage import Pace, Store, read_manifest, read_stage
from .tasks import HARD_FRACTION, Task, make_task
from .verifiers import CORRECT, CRASHED, TIMED_OUT, VERIFIERS, WRONG, Judge

PAPER_FILTERS = ((0.80, 0.10), (0.80, 0.15), (0.85, 0.05), (0.85, 0.10), (0.85, 0.15), (0.90, 0.10))
STAGES = ("prompts", "completions", "verdicts", "gradients", "exact")
KERNEL_NUMBERS = 2**27  # gradients held at once for the kernel: at most 512 MB of float32
TINY = 1_000_000  # parameters
KEEP_EVERY = 20.0  # seconds between two savings of a running sum


@dataclass(frozen=True)
class Settings:
    """Everything that decides the numbers of an experiment."""

    model: str = option("B", "a shipped model, a folder or a hub id")
    revision: str = option("", "of a hub model: branch, tag or commit; empty is the newest")
    task: str = option("subtraction", "what is asked, and how answers are verified")
    hard_fraction: float = option(HARD_FRACTION, "subtraction: mass of the prompts with a < b")
    data: str = option("", "jsonl: the file; math, gsm8k: another copy's id")
    data_revision: str = option("", "of data on the hub: branch, tag or commit, as for a model")
    verifier: str = option("", f"of data: {', '.join(VERIFIERS)}; empty is the task's own")
    chat: bool = option(False, "prompts go through the tokenizer's chat template")
    prompts: int = option(400, "number of prompts, drawn independently from the task")
    # torchrun takes --n for one of its own options
    n: int = option(32, "completions a prompt", also="samples")
    max_new_tokens: int = option(8, "length at which a completion is cut")
    temperature: float = option(1.0, "of sampling; scores are those at temperature 1")
    top_p: float = option(1.0, "sample from the smallest set of tokens with this probability")
    top_k: int = option(0, "sample from this many tokens; 0 is all")
    seed: int = option(0, "of prompts and completions")
    scope: str = option(
        "all", "parameters: all, lm_head, final_norm, last_block or a pattern; several with commas"
    )
    ks: tuple[int, ...] = option(
        tuple(range(2, 33)), "values of k, each at most n", shown="2-32, at most n"
    )
    dtype: str = option("float32", "precision of the model")
    device: str = option("cpu", "where the model runs")
    sequences_per_batch: int = option(2048, "completions sampled at once")
    tokens_per_batch: int = option(8192, "tokens differentiated at once")
    continuous: bool = option(
        False, "transformers' continuous batching: for a GPU and completions of many lengths"
    )
    kernel: bool = option(True, "the prompts' kernel, where it fits in memory")
    passes: bool = option(
        True, "without a kernel: intervals and filtered sets by passes of their own"
    )
    exact: bool = option(True, "exact values too, where the task can list its completions")

    def __post_init__(self):
        as_positive_integers("prompts", self.prompts)
        as_positive_integers("sequences_per_batch", self.sequences_per_batch)
        as_positive_integers("tokens_per_batch", self.tokens_per_batch)
        if self.prompts < 2:
            raise ValueError(f"prompts = {self.prompts}: pairs of prompts need at least 2")
        ks = np.atleast_1d(as_positive_integers("ks", list(self.ks)))
        _ = self.sampling
        if ks.max() > self.n:
            raise ValueError(
                f"ks = {ks.max()}: the unbiased estimate needs k <= n, and n = {self.n}"
            )
        object.__setattr__(self, "ks", tuple(int(k) for k in ks))

    @classmethod
    def of(cls, **given) -> Settings:
        """The given settings, the model's ready ones where it has them, the defaults elsewhere."""
        return cls(**{**READY.get(given.get("model", ""), {}), **given})

    @property
    def interval_ks(self) -> tuple[int, ...]:
        """The k whose interval is worth two passes of its own: powers of 2, and the largest."""
        last = max(self.ks)
        return tuple(k for k in sorted(set(self.ks)) if k > 1 and (k & (k - 1) == 0 or k == last))

    @property
    def scopes(self) -> tuple[str, ...]:
        """The first is the one that a result speaks of; see `Result.in_scope`."""
        return tuple(dict.fromkeys(scope.strip() for scope in self.scope.split(",")))

    @property
    def sampling(self) -> Sampling:
        return Sampling(
            self.n, self.max_new_tokens, self.temperature, self.top_p, self.top_k, self.seed
        )

    def make_task(self) -> Task:
        return make_task(
            self.task, self.hard_fraction, self.data, self.verifier, self.data_revision
        )

    def as_dict(self) -> dict:
        return {**asdict(self), "ks": list(self.ks)}


_REASONING = {
    "task": "math",
    "chat": True,
    "dtype": "bfloat16",
    "device": "cuda",
    "prompts": 2000,
    "max_new_tokens": 4096,
    "sequences_per_batch": 64,
    "tokens_per_batch": 4096,
}
READY = {
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": _REASONING,
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": _REASONING,
    "Qwen/Qwen2.5-0.5B-Instruct": {
        "task": "gsm8k",
        "chat": True,
        "prompts": 200,
        "max_new_tokens": 384,
        "sequences_per_batch": 128,
        "tokens_per_batch": 1024,
    },
}
# Samples of one policy, scores of another: the report says so.
PAPER_SAMPLING = {"temperature": 0.7, "top_p": 0.95}


def _key(i: int, scope: str, name: str) -> str:
    """Arrays of the first scope have plain names."""
    return name if i == 0 else f"{scope}/{name}"


def filter_flags(success: np.ndarray, delta1: float, delta2: float) -> np.ndarray:
    """(N,) the paper's filter: easy prompts, c/n > delta1, and hard ones, 0 < c/n < delta2.

    >>> filter_flags(np.array([0.0, 0.05, 0.5, 0.95]), delta1=0.85, delta2=0.10)
    array([False,  True, False,  True])
    """
    low = as_number("delta2", delta2, 0.0, 1.0)
    high = as_number("delta1", delta1, low, 1.0)
    return (success > high) | ((success > 0) & (success < low))


def _filter_key(delta1: float, delta2: float) -> str:
    return f"filter_{delta1:.2f}_{delta2:.2f}"


class _Runner:
    """The stages, each a function from what came before to its arrays."""

    def __init__(self, settings: Settings, folder, progress: bool, other_versions: bool = False):
        self.settings, self.progress = settings, progress
        self.other_versions = other_versions
        self.task = settings.make_task()
        self.crew = Crew.join()
        if not self.crew.alone and folder is None:
            raise ValueError("folder = None: several processes need a folder that all of them see")
        self.share = "" if self.crew.alone else f"-{self.crew.rank}of{self.crew.world}"
        device = settings.device
        if device == "cuda" and "LOCAL_RANK" in os.environ:
            device = f"cuda:{os.environ['LOCAL_RANK']}"
        source = find(settings.model, settings.revision)
        self.model, self.tokenizer = source.load(settings.dtype, device)
        for scope in settings.scopes:
            scope_parameters(self.model, scope)  # an unknown one is refused before any sampling
        # What cannot work leaves no folder behind, so that the next try may have other settings.
        self.index = self.task.draw(settings.prompts, settings.seed)
        tokens = self._encode([self.task.prompts[i] for i in self.index])
        check_length(self.model, tokens, settings.sampling)
        with torch.no_grad(), precision(self.model):
            first = torch.from_numpy(tokens[0])[None].to(self.model.device)
            check_finite(self.model(input_ids=first, use_cache=False).logits[:, -1])
        # Threads cost a tiny model more than they bring, and one thread fixes the order of sums.
        self.tiny = settings.device == "cpu" and self.model.num_parameters() < TINY
        threads = 1 if self.tiny else torch.get_num_threads()
        facts = {
            "hardware": {
                "machine": platform.machine(),
                "processors": os.cpu_count(),
                "processes": self.crew.world,
                "gpu": (
                    torch.cuda.get_device_name(self.model.device)
                    if self.model.device.type == "cuda"
                    else None
                ),
                "device": settings.device,
                "threads": threads,
            }
        }
        identity = {
            **settings.as_dict(),
            **source.found(self.tokenizer),
            "found_data": self.task.revision,
        }
        if self.crew.rank == 0:
            self.store = Store(folder, identity, facts)
        self.crew.wait()
        if self.crew.rank > 0:
            self.store = Store(folder, identity, facts)
        self.crew.wait()

    def bar(self, what: str, total: int, unit: str, done: int = 0):
        return tqdm(
            total=total,
            initial=done,
            unit=unit,
            desc=f"{what:<11}",
            disable=not self.progress or self.crew.rank > 0,
            leave=True,
        )

    def run(self) -> Result:
        with one_thread() if self.tiny else nullcontext():
            return self._run()

    def _run(self) -> Result:
        for stage in STAGES:
            if stage == "exact" and not (
                self.settings.exact and self.task.correct_completions(0) is not None
            ):
                continue
            if self.store.finished(stage):
                self.store.load(stage)  # a damaged file is found before the next stage is computed
                continue
            self.store.go_on(self.other_versions)
            start = time.perf_counter()
            try:
                arrays = getattr(self, stage)()
            except KeyboardInterrupt:
                place = self.store.folder
                how = "" if place is None else f"; the same command goes on from {place}"
                raise KeyboardInterrupt(f"stopped in stage {stage!r}{how}") from None
            except RuntimeError as error:  # torch has no common class for the two kinds of memory
                if "memory" not in str(error):
                    raise
                raise ValueError(
                    f"stage {stage!r} ran out of memory: lower sequences_per_batch = "
                    f"{self.settings.sequences_per_batch} (sampling) or tokens_per_batch = "
                    f"{self.settings.tokens_per_batch} (gradients), or name a smaller scope"
                ) from None
            self.crew.wait()
            self.store.finish(stage, arrays, time.perf_counter() - start, write=self.crew.rank == 0)
            self.crew.wait()
            if self.crew.rank > 0:
                self.store.refresh()
        return Result(
            self.settings,
            self.store.manifest,
            {stage: self.store.load(stage) for stage in STAGES if self.store.finished(stage)},
        )

    def _pieces(self, stage: str, key: str, size: int, step: int, compute, each: int = 1) -> list:
        """compute(piece) for every piece of 0, ..., size - 1, in order.

        Pieces that an earlier run kept are read; with several processes each computes its share.
        """
        pieces = [range(start, min(start + step, size)) for start in range(0, size, step)]
        names = [f"{key}{piece.start:06d}" for piece in pieces]
        made = {}
        own = sum(len(piece) for i, piece in enumerate(pieces) if self.crew.mine(i))
        with self.bar(key or stage, own * each, "sample" if each > 1 else "prompt") as bar:
            for i, (name, piece) in enumerate(zip(names, pieces, strict=True)):
                if not self.crew.mine(i):
                    continue
                part = self.store.part(stage, name)
                if part is None:
                    part = compute(piece)
                    self.store.keep(stage, name, part)
                made[name] = part
                bar.update(len(piece) * each)
        self.crew.wait()
        return [made[name] if name in made else self.store.part(stage, name) for name in names]

    # --- prompts, completions, verdicts -----------------------------------------------------

    def prompts(self) -> dict[str, np.ndarray]:
        index = self.index
        arrays = {
            "index": index,
            "prompt": np.array([self.task.prompts[i] for i in index]),
            "reference": np.array([self.task.references[i] for i in index]),
        }
        if hasattr(self.task, "hard"):
            arrays["hard"] = self.task.hard[index]
        return arrays

    def _prompt_tokens(self) -> list[np.ndarray]:
        return self._encode(self.store.load("prompts")["prompt"].tolist())

    def _encode(self, texts: list[str]) -> list[np.ndarray]:
        if not self.settings.chat:
            return encode(self.tokenizer, texts)
        if self.tokenizer.chat_template is None:
            raise ValueError(f"chat: the tokenizer of {self.settings.model!r} has no chat template")
        chats = [
            self.tokenizer.apply_chat_template(
                [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True
            )
            for text in texts
        ]
        return encode(self.tokenizer, chats, begin=False)  # the template has its own begin token

    def completions(self) -> dict[str, np.ndarray]:
        prompts = self._prompt_tokens()
        step = max(1, self.settings.sequences_per_batch // self.settings.n)

        def some(piece: range) -> dict[str, np.ndarray]:
            tokens = [prompts[i] for i in piece]
            how = sample_continuously if self.settings.continuous else sample
            new = how(self.model, self.tokenizer, tokens, self.settings.sampling, piece)
            return {name: getattr(new, name) for name in ("tokens", "length", "finished")}

        parts = self._pieces("completions", "", len(prompts), step, some, self.settings.n)
        joined = Completions.join([Completions(**part) for part in parts])
        return {name: getattr(joined, name) for name in ("tokens", "length", "finished")}

    def verdicts(self) -> dict[str, np.ndarray]:
        completions = Completions(**self.store.load("completions"))
        references = self.store.load("prompts")["reference"].tolist()
        ends = end_tokens(self.model, self.tokenizer)
        size, n = completions.length.shape
        judge = nullcontext(self._judge_here)
        if self.task.verifier is not None:
            judge = Judge(self.task.verifier)
        with judge as ask:

            def some(piece: range) -> dict[str, np.ndarray]:
                return {"verdict": self._verify(completions, references, piece, ends, ask)}

            parts = self._pieces("verdicts", "", size, 64, some, n)
        return {"verdict": np.concatenate([part["verdict"] for part in parts])}

    def _judge_here(self, completion: str, reference: str) -> int:
        try:
            return CORRECT if self.task.verify(completion, reference) else WRONG
        except Exception:  # the verifier's own failure is a verdict, not ours
            return CRASHED

    def _verify(self, completions, references, some, ends, ask) -> np.ndarray:
        """Verdicts of some prompts; each different text is judged once."""
        n = completions.length.shape[1]
        verdict = np.zeros((len(some), n), dtype=np.int8)
        for row, i in enumerate(some):
            known: dict[bytes, int] = {}
            for j in range(n):
                tokens = completions[i, j]
                key = tokens.tobytes()
                if key not in known:
                    body = tokens[:-1] if tokens[-1] in ends else tokens
                    text = self.tokenizer.decode(body, skip_special_tokens=False)
                    known[key] = ask(text, references[i])
                verdict[row, j] = known[key]
        return verdict

    # --- gradients --------------------------------------------------------------------------

    def gradients(self) -> dict[str, np.ndarray]:
        correct = self.store.load("verdicts")["verdict"] == CORRECT
        if not correct.any():
            raise ValueError(
                f"task = {self.settings.task!r}: no completion of {correct.size} is correct, so "
                "every gradient is zero; take another model, easier prompts or more samples"
            )
        size, n = correct.shape
        completions = Completions(**self.store.load("completions"))
        where = np.argwhere(correct)
        rows = Rows(
            self._prompt_tokens(),
            where[:, 0],
            [completions[i, j] for i, j in where.tolist()],
            np.full(len(where), 1.0 / n),
        )
        scopes = self.settings.scopes
        together = LMField(
            self.model,
            rows,
            np.full(size, 1.0 / size),
            correct.mean(axis=1),
            SampleCounts(n, correct.sum(axis=1)),
            union_scope(self.model, scopes),
            self.settings.tokens_per_batch,
        )
        # Two folds of prompts, one after the other: no more than one mean gradient is ever held.
        fold = np.arange(size) % 2
        first, second = (
            self._scores(f"fold-{f}", together, scopes, (fold == f).astype(float)) for f in (0, 1)
        )
        arrays = {}
        for i, scope in enumerate(scopes):
            lm = together.with_scope(scope)
            found = {"agreement": first[scope] + second[scope]}
            found["crossfit"] = np.where(
                fold == 0, second[scope] / np.mean(fold == 1), first[scope] / np.mean(fold == 0)
            )
            if self.settings.kernel and size * lm.dim <= KERNEL_NUMBERS:
                found["kernel"] = self._kernel(lm)
                found["norm_sq"] = np.diag(found["kernel"]).copy()
            else:
                found["norm_sq"] = self._norms("gradients", f"norms-{i}", lm) ** 2
            arrays |= {_key(i, scope, name): array for name, array in found.items()}
        if self.settings.passes:
            without = [s for i, s in enumerate(scopes) if _key(i, s, "kernel") not in arrays]
            arrays |= self._passes(together, without)
        return arrays

    def _passes(self, together: LMField, scopes: list[str]) -> dict[str, np.ndarray]:
        """What the kernel would have given, for the scopes without one: a backward and a
        forward-mode pass for each k that gets an interval and each of the paper's filters."""
        counts, size = together.counts, together.size
        weights = {
            f"against_credit_{k}": unbiased_credit(counts.n, counts.c, k)
            for k in self.settings.interval_ks
        }
        needed = {}
        for delta1, delta2 in PAPER_FILTERS:
            flags = filter_flags(counts.success, delta1, delta2)
            if flags.sum() >= 2:
                weights[_filter_key(delta1, delta2)] = flags * size / flags.sum()
                needed[_filter_key(delta1, delta2)] = flags
        arrays = {}
        for name, v in weights.items() if scopes else ():
            field = together
            if name in needed:  # scores of the filtered prompts alone are wanted
                rows = together.rows
                field = together.with_rows(rows.select(needed[name][rows.prompt]))
            for scope, scores in self._scores(name, field, scopes, v).items():
                arrays[_key(self.settings.scopes.index(scope), scope, name)] = scores
        return arrays

    def _scores(
        self, name: str, together: LMField, scopes: Sequence[str], v: np.ndarray
    ) -> dict[str, np.ndarray]:
        """(N,) <g_i, mean of v g> in each scope: one backward and one forward-mode pass."""
        # Sums over all processes are in it: they all have it, or none has.
        if (part := self.store.part("gradients", name)) is None:
            (mean,) = self._means("gradients", name, together, v[None])
            part = {}
            for i, scope in enumerate(scopes):
                lm = together.with_scope(scope)
                part[scope] = self._inner("gradients", f"{name}-{i}", lm, lm.project(mean))
            if self.crew.rank == 0:
                self.store.keep("gradients", name, part)
            self.store.drop("gradients", f"{name}-means{self.share}")
        return part

    def exact(self) -> dict[str, np.ndarray]:
        """Whole prompt set, and the drawn prompts taken as if they were all there is."""
        index = self.store.load("prompts")["index"]
        with self.bar("exact p", 1, "pass") as bar:
            rows = exact_rows(self.model, self.tokenizer, self.task)
            success = success_of(rows)
            bar.update()
        mass = np.bincount(index, minlength=len(success)) / len(index)
        arrays = {"success": success}
        scopes = self.settings.scopes
        for name, masses in (("agreement", self.task.mass), ("agreement_drawn", mass)):
            # Scores against the drawn prompts are wanted for the drawn prompts alone.
            scored = rows if name == "agreement" else rows.select(mass[rows.prompt] > 0)
            whole = LMField(
                self.model,
                scored,
                masses,
                success,
                None,
                union_scope(self.model, scopes),
                self.settings.tokens_per_batch,
            )
            (mean,) = self._means("exact", name, whole, np.ones((1, whole.size)))
            for i, scope in enumerate(scopes):
                lm = whole.with_scope(scope)
                scores = self._inner("exact", f"{name}-{i}", lm, lm.project(mean))
                arrays[_key(i, scope, name)] = scores if name == "agreement" else scores[index]
        return arrays

    def _batches(self, lm: LMField, rows: Rows | None = None) -> int:
        rows = lm.rows if rows is None else rows
        return sum(1 for _ in rows.batches(lm.tokens_per_batch, 0))

    def _means(self, stage: str, key: str, lm: LMField, weights) -> list[Vector]:
        """`lm.means`, its running sums kept every now and then."""
        key, pace = f"{key}-means{self.share}", Pace(KEEP_EVERY)
        start, totals = 0, [lm.zeros() for _ in weights]
        for name, array in self.store.stream(stage, key) or ():
            if name == "done":
                start = int(array)
            else:
                i, parameter = name.split(":", 1)
                totals[int(i)][parameter].copy_(torch.from_numpy(array))

        def keep(done):
            sums = (
                (f"{i}:{name}", tensor.cpu().numpy())
                for i, total in enumerate(totals)
                for name, tensor in total.items()
            )
            self.store.keep(stage, key, chain([("done", np.array(done))], sums))

        used = (np.asarray(weights) * lm.mass).any(axis=0)
        batches = self._batches(lm, lm.rows.select(used[lm.rows.prompt]))
        with self.bar("backward", batches, "batch", start) as bar:
            for done, _ in lm.accumulate(weights, start, totals, self.crew.mine):
                bar.update(done - bar.n)
                if done > start:
                    pace.keep(partial(keep, done))
        if self.store.folder is not None and done > start:
            keep(done)
        for total in totals:
            for tensor in total.values():
                self.crew.add_up(tensor)
        return [Vector(total) for total in totals]

    def _inner(self, stage: str, key: str, lm: LMField, u: Vector) -> np.ndarray:
        """`lm.inner`, its results kept every now and then."""
        key, pace = f"{key}-inner{self.share}", Pace(KEEP_EVERY)
        kept = self.store.part(stage, key) or {"done": np.array(0), "inner": None}
        start = int(kept["done"])

        def keep(done, inner):
            self.store.keep(stage, key, {"done": np.array(done), "inner": inner})

        with self.bar("forward", self._batches(lm), "batch", start) as bar:
            for done, inner in lm.differentiate(u, start, kept["inner"], self.crew.mine):
                bar.update(done - bar.n)
                if done > start:
                    pace.keep(partial(keep, done, inner))
        if done > start:
            keep(done, inner)
        return self.crew.add_up_array(inner)

    def _norms(self, stage: str, key: str, lm: LMField) -> np.ndarray:
        def norms(piece: range) -> dict[str, np.ndarray]:
            return {"values": np.sqrt([float(g @ g) for g in map(lm.gradient, piece)])}

        parts = self._pieces(stage, key, lm.size, 16, norms)
        return np.concatenate([part["values"] for part in parts])

    def _kernel(self, lm: LMField) -> np.ndarray:
        with self.bar("kernel", 1, "pass") as bar:
            kernel = lm.kernel_rows(np.arange(lm.size))
            bar.update()
        return kernel


@dataclass(frozen=True)
class Result:
    """What an experiment found.  Arrays over the N drawn prompts unless said otherwise."""

    settings: Settings
    manifest: dict
    stages: dict[str, dict[str, np.ndarray]]

    @property
    def hard(self) -> np.ndarray | None:
        """(N,) the task's own labels, or None."""
        return self.stages["prompts"].get("hard")

    @cached_property
    def counts(self) -> SampleCounts:
        verdict = self.stages["verdicts"]["verdict"]
        return SampleCounts(verdict.shape[1], (verdict == CORRECT).sum(axis=1))

    @property
    def success(self) -> np.ndarray:
        """(N,) c/n."""
        return self.counts.success

    @cached_property
    def sampled(self) -> SampledAgreement:
        """The estimators of <dJ_k, dJ_1> over what was sampled."""
        arrays = self.stages["gradients"]
        names = ("agreement", "norm_sq", "crossfit", "kernel")
        credits = {
            k: arrays[name]
            for k in self.settings.interval_ks
            if (name := f"against_credit_{k}") in arrays
        }
        return SampledAgreement(self.counts, *(arrays.get(name) for name in names), credits)

    @property
    def has_exact(self) -> bool:
        return "exact" in self.stages

    @cached_property
    def task(self) -> Task:
        return self.settings.make_task()

    def _exact(self, name: str) -> np.ndarray:
        if not self.has_exact:
            raise ValueError(
                "exact values were not computed: the task or the settings exclude them"
            )
        return self.stages["exact"][name]

    @property
    def population_success(self) -> np.ndarray:
        """Exact p of every prompt of the task, not only of those drawn."""
        return self._exact("success")

    @property
    def population_agreement(self) -> np.ndarray:
        """Exact a of every prompt of the task, against dJ_1 over D."""
        return self._exact("agreement")

    @property
    def exact_success(self) -> np.ndarray:
        """(N,) exact p of the drawn prompts."""
        return self._exact("success")[self.stages["prompts"]["index"]]

    @property
    def exact_agreement(self) -> np.ndarray:
        """(N,) exact a of the drawn prompts, against dJ_1 over D."""
        return self._exact("agreement")[self.stages["prompts"]["index"]]

    @property
    def exact_agreement_drawn(self) -> np.ndarray:
        """(N,) exact a of the drawn prompts, against the mean over the drawn prompts alone."""
        return self._exact("agreement_drawn")

    def exact_inner(self, k) -> np.ndarray:
        """<dJ_k, dJ_1> over D, exact, shape of k: equation (9) over the whole prompt set."""
        k = as_positive_integers("k", k)[..., None]
        return (weight(self.population_success, k) * self.population_agreement) @ self.task.mass

    def exact_inner_drawn(self, k) -> np.ndarray:
        """The same with the drawn prompts as the whole prompt set."""
        k = as_positive_integers("k", k)[..., None]
        return (weight(self.exact_success, k) * self.exact_agreement_drawn).mean(-1)

    def in_scope(self, scope: str) -> Result:
        """The same experiment, gradients in another of the scopes it was run with."""
        scopes = self.settings.scopes
        if scope not in scopes:
            raise ValueError(f"scope = {scope!r}: this experiment has {', '.join(scopes)}")
        i, stages = scopes.index(scope), dict(self.stages)
        for stage in ("gradients", "exact"):
            if stage in stages:
                arrays, prefix = stages[stage], f"{scope}/"
                if i == 0:
                    stages[stage] = {n: a for n, a in arrays.items() if "/" not in n}
                    continue
                shared = {"success": arrays["success"]} if "success" in arrays else {}
                stages[stage] = shared | {
                    n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)
                }
        return Result(replace(self.settings, scope=scope), self.manifest, stages)

    def table(self, ks=None, level: float = 0.9) -> list[dict]:
        """One entry for each k: every estimate of <dJ_k, dJ_1> by name."""
        entries = []
        for k in self.settings.ks if ks is None else ks:
            entry = {
                "k": int(k),
                "plug_in": float(self.sampled.inner(k, "plug-in")),
                "unbiased": float(self.sampled.inner(k, "unbiased")),
                "cross_fit": float(self.sampled.inner(k, "cross-fit")),
            }
            low = high = None
            if self.sampled.has_interval(k):
                low, high = map(float, self.sampled.interval(k, level))
            entry |= {"low": low, "high": high, "level": level}
            if self.has_exact:
                entry["exact"] = float(self.exact_inner(k))
                entry["exact_drawn_prompts"] = float(self.exact_inner_drawn(k))
            entries.append(entry)
        return entries

    def filter_flags(self, delta1: float, delta2: float) -> np.ndarray:
        """(N,) the paper's filter: easy prompts, c/n > delta1, and hard ones, 0 < c/n < delta2."""
        return filter_flags(self.success, delta1, delta2)

    def filter_part(self, delta1: float, delta2: float) -> SampledAgreement:
        """The filtered prompts as if they were all there is, their mean gradient their own.

        Any pair with the kernel; the paper's without, where the experiment spent passes on them.
        """
        flags = self.filter_flags(delta1, delta2)
        if self.sampled.kernel is not None:
            return self.sampled.restrict(flags)
        scores = self.stages["gradients"].get(_filter_key(delta1, delta2))
        if scores is None:
            raise ValueError(
                f"(delta1, delta2) = {delta1, delta2}: without the kernel only the pairs "
                f"{PAPER_FILTERS} have scores, where they keep 2 prompts and the setting passes "
                "is on"
            )
        return SampledAgreement(self.counts[flags], scores[flags], self.sampled.norm_sq[flags])

    @property
    def filters(self) -> list[tuple[float, float]]:
        """The paper's pairs that can be had: they keep two prompts, and there are scores."""
        known = self.stages["gradients"]
        return [
            pair
            for pair in PAPER_FILTERS
            if self.filter_flags(*pair).sum() >= 2
            and (self.sampled.kernel is not None or _filter_key(*pair) in known)
        ]

    def filtered(self, delta1: float, delta2: float, k: int) -> dict:
        """The filtered prompts as if they were all there is, plug-in as in the paper.

        A filter changes the share of hard prompts, and with it the gradients: this is another
        prompt distribution, not a clearer view of the same one.
        """
        part = self.filter_part(delta1, delta2)
        weights = part.weights(k, "plug-in")
        products = weights * part.agreement
        cosine = None
        if part.kernel is not None:
            vectors = np.stack([np.ones(part.size), weights]) / part.size
            squared = np.einsum("ai,ij,aj->a", vectors, part.kernel, vectors)
            length = float(np.sqrt(np.maximum(squared, 0.0).prod()))
            cosine = float(products.mean()) / length if length > 0 else None
        flags = self.filter_flags(delta1, delta2)
        return {
            "delta1": delta1,
            "delta2": delta2,
            "k": k,
            "prompts": part.size,
            "hard": int((self.success[flags] < delta2).sum()),
            "easy": int((self.success[flags] > delta1).sum()),
            "mean_agreement": float(part.agreement.mean()),
            "weighted_mean_agreement": (
                float(products.sum() / weights.sum()) if weights.any() else None
            ),
            "inner_product_mean": float(products.mean()),
            "inner_product_sum": float(products.sum()),
            "cosine": cosine,
        }

    def _filters(self, k: int) -> list[dict]:
        return [self.filtered(*pair, k) for pair in self.filters]

    def prompt_table(self) -> dict[str, np.ndarray]:
        """One column a quantity, one entry a prompt: what `prompts.csv` holds."""
        k = max(self.settings.ks)
        prompts = self.stages["prompts"]
        table = {
            "index": prompts["index"],
            "prompt": prompts["prompt"],
            "reference": prompts["reference"],
            "n": self.counts.n,
            "correct": self.counts.c,
            "agreement_plug_in": self.sampled.agreement,
            "agreement_unbiased": self.sampled.agreement_without_self,
            f"weight_plug_in_k{k}": self.sampled.weights(k, "plug-in"),
        }
        if self.hard is not None:
            table["hard"] = self.hard
        if self.has_exact:
            table |= {"success_exact": self.exact_success, "agreement_exact": self.exact_agreement}
        return table

    def pass_at_k_table(self, level: float = 0.9) -> list[dict]:
        """One entry for k = 1 and each k: unbiased pass@k, its interval over prompts."""
        entries, half = [], NormalDist().inv_cdf((1 + level) / 2) / np.sqrt(len(self.success))
        for k in sorted({1, *self.settings.ks}):
            each = unbiased_pass_at_k(self.counts.n, self.counts.c, k)
            middle, width = float(each.mean()), half * float(each.std(ddof=1))
            entry = {"k": k, "unbiased": middle, "low": middle - width, "high": middle + width}
            entry["level"] = level
            if self.has_exact:
                entry["exact"] = float(pass_at_k(self.population_success, k) @ self.task.mass)
            entries.append(entry)
        return entries

    def how(self) -> dict[str, str]:
        """For each number of `report`: how it was estimated, and how sure it is."""
        size, n = len(self.success), self.counts.n[0]
        sampled = self.sampled
        if not self.settings.sampling.on_policy:
            sure = "of what these samples estimate, which is not <dJ_k, dJ_1>: they are off-policy"
        else:
            sure = (
                "nominal; on the tiny models, with 400 prompts and n = 32, it was measured to hold "
                "the truth in 85 to 95 of 100 repetitions (passk coverage measures it again); "
                f"here {size} and {n}, and with fewer it holds it less often"
            )
        have = [k for k in self.settings.ks if sampled.has_interval(k)]
        if len(have) == len(self.settings.ks):
            which = "every k"
        elif have:
            which = f"k = {', '.join(map(str, have))}; others null: each would cost two more passes"
        else:
            which = "no k: neither the kernel nor passes of their own were computed"
            if size < 3:
                which = "no k: the jackknife needs at least 3 prompts"
        drawn = f"{size} prompts, n = {n} completions each"
        texts = {
            "prompts": "prompts drawn; what is estimated is about the distribution they are from",
            "pass_at_1_sampled, pass_at_k": f"unbiased from {drawn}; low, high: normal interval "
            "over prompts",
            "unfinished_completions": f"count, of {size * n}: cut at max_new_tokens, then judged",
            "crashed_verdicts": f"count, of {size * n}: taken as wrong",
            "timed_out_verdicts": f"count, of {size * n}: taken as wrong",
            "mean_agreement_plug_in": "mean over all pairs of prompts of <g_i, g_j>, each prompt "
            "with itself too: biased upwards as an estimate of |dJ_1|^2; no interval",
            "mean_agreement_unbiased": "mean over pairs of different prompts: unbiased for "
            "|dJ_1|^2; interval: jackknife over prompts, " + sure,
            "weighted_mean_agreement_plug_in": "E[wa]/E[w] at the largest k, plug-in: biased; no "
            "interval",
            "inner_products.plug_in": "mean over all pairs, weight k(1 - c/n)^(k-1): the paper's "
            "form, biased twice (weight and gradient share samples; each prompt with itself); no "
            "interval",
            "inner_products.unbiased": "mean over pairs of different prompts, unbiased credit: the "
            "default estimate",
            "inner_products.cross_fit": "mean over pairs from different halves of the prompts, "
            "unbiased credit: unbiased too, noisier; no interval",
            "inner_products_in_other_scopes": "as inner_products, gradients in the scope named",
            "inner_products.low, high": f"around unbiased: normal interval by the jackknife over "
            f"prompts, for {which}; {sure}",
            "filtered_plug_in": "the paper's filters 0 < c/n < delta2 or c/n > delta1, scores "
            "against the mean gradient of the filtered prompts, plug-in: biased, and the filter "
            "saw the samples; means and sums as named; no interval"
            + ("" if self.filters else " (none: too few prompts pass, or no scores were kept)"),
        }
        if self.filters and sampled.kernel is None:
            texts["filtered_plug_in.cosine"] = "null: it needs the kernel, which was not kept"
        if self.has_exact:
            exact = "computed from all correct completions, exact up to rounding"
            texts |= {
                "*_exact, inner_products.exact": f"over every prompt of the task; {exact}",
                "inner_products.exact_drawn_prompts": f"over the {size} drawn prompts; {exact}",
            }
        return texts

    def report(self) -> dict:
        """Every number with the name of what it is, and in `how` where it comes from; what
        `report.json` holds."""
        k = max(k for k in self.settings.ks)
        weights = plugin_weight(self.counts.n, self.counts.c, k)
        agreement = self.sampled.agreement
        interval = None
        if self.sampled.has_interval(1):
            interval = [float(end) for end in self.sampled.interval(1)]
        report = {
            "settings": self.settings.as_dict(),
            "on_policy": self.settings.sampling.on_policy,
            "about": (
                "samples and scores are of one policy"
                if self.settings.sampling.on_policy
                else "samples of one policy, scores of another (temperature 1, every token): "
                "no estimate here is unbiased, and the bias has no fixed sign"
            ),
            "how": self.how(),
            "prompts": len(agreement),
            "pass_at_1_sampled": float(self.success.mean()),
            "pass_at_k": self.pass_at_k_table(),
            "unfinished_completions": int((~self.stages["completions"]["finished"]).sum()),
            "crashed_verdicts": int((self.stages["verdicts"]["verdict"] == CRASHED).sum()),
            "timed_out_verdicts": int((self.stages["verdicts"]["verdict"] == TIMED_OUT).sum()),
            "largest_k": k,
            "scope": self.settings.scopes[0],
            "mean_agreement_plug_in": float(agreement.mean()),
            "mean_agreement_unbiased": float(self.sampled.agreement_without_self.mean()),
            "mean_agreement_unbiased_interval_90": interval,
            # Undefined where every prompt is solved every time: no weight is left.
            "weighted_mean_agreement_plug_in": (
                float(weights @ agreement / weights.sum()) if weights.any() else None
            ),
            "inner_products": self.table(),
            "filtered_plug_in": self._filters(k),
            "inner_products_in_other_scopes": {
                scope: self.in_scope(scope).table() for scope in self.settings.scopes[1:]
            },
        }
        if self.has_exact:
            report["pass_at_1_exact"] = float(self.population_success @ self.task.mass)
            report["mean_agreement_exact"] = float(self.population_agreement @ self.task.mass)
        return report

    def save(self, folder: str | Path) -> Path:
        """The arrays as one .npz a stage and a manifest, in a new or an empty folder."""
        store = Store(folder, self.manifest["settings"])
        for stage, arrays in self.stages.items():
            if not store.finished(stage):
                store.finish(stage, arrays, self.manifest["stages"][stage]["seconds"])
        return store.folder

    @staticmethod
    def load(folder: str | Path) -> Result:
        """A finished experiment, every hash checked."""
        folder = Path(folder)
        manifest = read_manifest(folder)
        names = {f.name for f in fields(Settings)}
        found = {k: v for k, v in manifest["settings"].items() if k in names}
        stages = [stage for stage in STAGES if stage in manifest["stages"]]
        missing = [stage for stage in STAGES[:4] if stage not in stages]
        if missing:
            raise ValueError(f"folder = {str(folder)!r}: stage {missing[0]!r} is not finished")
        return Result(
            Settings(**{**found, "ks": tuple(found["ks"])}),
            manifest,
            {stage: read_stage(folder, manifest, stage) for stage in stages},
        )


def run(
    settings: Settings | None = None,
    folder: str | Path | None = None,
    progress: bool = True,
    other_versions: bool = False,
) -> Result:
    """The whole experiment.  With a `folder` it can be interrupted and goes on where it stopped.

    Raises ValueError for unknown models, tasks and scopes, and for a folder of other settings or,
    unless `other_versions`, one begun with other versions of the libraries.
    """
    return _Runner(settings or Settings(), folder, progress, other_versions).run()
