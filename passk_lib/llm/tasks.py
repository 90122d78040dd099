"""Verifiable tasks: prompts, reference answers and a verifier r(x, y) in {0, 1}.

A task says nothing about a model.  Whatever has these members can join the experiment; the tiny
task at the bottom is the one whose success probabilities are known exactly.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .revisions import commit_in, hash_of
from .verifiers import VERIFIERS, check_verifier


class Task(ABC):
    """A finite prompt distribution D with a verifier.

    prompts: N texts; references: N reference answers; mass: (N,) probabilities of D, sum 1.
    """

    name: str
    prompts: Sequence[str]
    references: Sequence[str]
    mass: np.ndarray

    verifier: str | None = None  # of `verifiers`, run in a process of its own; None: `verify`
    revision: str = ""  # which version of the data it is: a commit of the hub, or a hash

    @abstractmethod
    def verify(self, completion: str, reference: str) -> bool:
        """The verifier r(x, y).  `completion` is the text before the end token."""

    def correct_completions(self, index: int) -> list[str] | None:
        """Every text that the verifier accepts for prompt `index`, or None if there are too many.

        With such a list the success probability p(x) = sum of pi(y|x) is exact.
        """
        return None

    def draw(self, size: int, seed: int) -> np.ndarray:
        """Indices (size,) of prompts drawn independently from D, with replacement."""
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < 1:
            raise ValueError(f"size = {size!r}: the number of prompts must be an integer >= 1")
        return np.random.default_rng([seed, 0]).choice(len(self.prompts), size, p=self.mass)


HARD_FRACTION = 0.15  # mass of the prompts with a < b, unless said otherwise
OPENINGS = ("So", "Thus", "Ok", "Well", "Hmm", "Wait")


class Subtraction(Task):
    """Signed subtraction of two-digit numbers: `73-28=` wants `45`, `28-73=` wants `-45`.

    Every pair of different numbers from 10 to 99 is a prompt.  Easy: a > b.  Hard: a < b, where
    the sign is needed.  The hard prompts have total mass `hard_fraction`, in [0, 1]; within each
    kind all prompts are equally likely.  One opening word before the number is allowed.

    >>> task = Subtraction(hard_fraction=0.15)
    >>> answer = task.references[task.prompts.index("28-73=")]
    >>> answer, task.verify("Wait-45", answer), task.verify("45", answer)
    ('-45', True, False)
    """

    name = "subtraction"

    def __init__(self, hard_fraction: float = HARD_FRACTION):
        if isinstance(hard_fraction, bool) or not isinstance(
            hard_fraction, int | float | np.floating
        ):
            raise TypeError(f"hard_fraction = {hard_fraction!r}: must be a number in [0, 1]")
        if not 0.0 <= hard_fraction <= 1.0:
            raise ValueError(f"hard_fraction = {hard_fraction!r}: must be in [0, 1]")
        self.hard_fraction = float(hard_fraction)
        a, b = (grid.ravel() for grid in np.mgrid[10:100, 10:100])
        self.first, self.second = a[a != b], b[a != b]
        self.hard = self.first < self.second
        self.prompts = [f"{a}-{b}=" for a, b in zip(self.first, self.second, strict=True)]
        difference = self.first - self.second
        self.references = [f"{'-' if d < 0 else ''}{abs(d):02d}" for d in difference.tolist()]
        self.mass = np.where(
            self.hard,
            self.hard_fraction / self.hard.sum(),
            (1.0 - self.hard_fraction) / (~self.hard).sum(),
        )

    def verify(self, completion: str, reference: str) -> bool:
        return re.sub(rf"\A({'|'.join(OPENINGS)})", "", completion) == reference

    def correct_completions(self, index: int) -> list[str]:
        answer = self.references[index]
        return [answer, *(word + answer for word in OPENINGS)]


class DataTask(Task):
    """Prompts and reference answers of a data set, judged by a verifier of that name.

    The data are themselves a sample of the prompts one cares about, so prompts are drawn without
    replacement: estimates are about the distribution that the data set was drawn from.
    """

    def __init__(self, name: str, prompts, references, verifier: str, revision: str = ""):
        if len(prompts) == 0:
            raise ValueError(f"task = {name!r}: its data are empty")
        if len(prompts) != len(references):
            raise ValueError(
                f"references: {len(references)} for {len(prompts)} prompts; must be equally many"
            )
        self.name, self.prompts, self.references = name, list(prompts), list(references)
        self.verifier, self.revision = check_verifier(verifier), revision
        self.mass = np.full(len(self.prompts), 1 / len(self.prompts))

    def verify(self, completion: str, reference: str) -> bool:
        return VERIFIERS[self.verifier](completion, reference)

    def draw(self, size: int, seed: int) -> np.ndarray:
        if size > len(self.prompts):
            raise ValueError(
                f"prompts = {size}: task {self.name!r} has {len(self.prompts)}; draw at most these"
            )
        return np.random.default_rng([seed, 0]).permutation(len(self.prompts))[:size]


def jsonl_task(path: str | Path, verifier: str = "exact") -> DataTask:
    """One JSON object a line, with the keys `prompt` and `answer`."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"data = {str(path)!r}: cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"data = {str(path)!r}, line {number}: must be UTF-8") from None
    prompts, references = [], []
    # Not splitlines: a text in JSON may hold Unicode's other line separators.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            prompt, answer = entry["prompt"], entry["answer"]
        except (json.JSONDecodeError, KeyError, TypeError):
            raise ValueError(
                f"data = {str(path)!r}, line {number}: must be a JSON object with the keys "
                "'prompt' and 'answer'"
            ) from None
        if not isinstance(prompt, str) or not prompt:
            raise ValueError(f"data = {str(path)!r}, line {number}: 'prompt' must be a text")
        if isinstance(answer, bool) or not isinstance(answer, str | int | float):
            raise ValueError(
                f"data = {str(path)!r}, line {number}: 'answer' must be a text or a number"
            )
        prompts.append(prompt)
        references.append(answer if isinstance(answer, str) else json.dumps(answer))
    return DataTask("jsonl", prompts, references, verifier, hash_of([data]))


BOXED = "\nPlease reason step by step, and put your final answer within \\boxed{}."


@dataclass(frozen=True)
class HubData:
    """Where a known data set is, and which of its columns are which."""

    source: str
    subset: str
    split: str
    prompt: str
    answer: str
    verifier: str


HUB = {
    # The original id of MATH is no longer published; this is a named copy of it.
    "math": HubData(
        "DigitalLearningGmbH/MATH-lighteval", "default", "test", "problem", "solution", "math"
    ),
    "gsm8k": HubData("openai/gsm8k", "main", "test", "question", "answer", "number"),
}


def hub_task(name: str, source: str = "", verifier: str = "", revision: str = "") -> DataTask:
    """MATH or GSM8K through the package `datasets`; `source` names another copy: a hub id or a
    folder.  revision: a branch, tag or commit of the hub; the newest without one."""
    known = HUB[name]
    if revision and Path(source or known.source).exists():
        raise ValueError(
            f"data_revision = {revision!r}: {source!r} is a folder, which has no revisions; "
            "data_revision goes with a hub id"
        )
    try:
        from datasets import load_dataset
    except ModuleNotFoundError:
        raise ValueError(
            f"task = {name!r}: needs the package datasets; pip install datasets"
        ) from None
    source = source or known.source
    try:
        data = load_dataset(source, known.subset, split=known.split, revision=revision or None)
        prompts, answers = list(data[known.prompt]), list(data[known.answer])
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        at = f" at revision {revision!r}" if revision else ""
        raise ValueError(
            f"data = {source!r}: cannot be loaded{at}: {reason}; without a network give a file of "
            "your own: --task jsonl --data FILE"
        ) from None
    # The addresses that the files came from; a copy in a folder has none.
    urls = getattr(getattr(data, "info", None), "download_checksums", None) or ()
    found = commit_in(urls) or hash_of(text.encode() for text in (*prompts, *answers))
    return DataTask(
        name, [text + BOXED for text in prompts], answers, verifier or known.verifier, found
    )


TASKS = ("subtraction", "jsonl", *HUB)


def make_task(
    name: str,
    hard_fraction: float = HARD_FRACTION,
    data: str = "",
    verifier: str = "",
    data_revision: str = "",
) -> Task:
    """The task of that name; ValueError for an unknown one, for data that cannot be read, and for
    what that task has no use for."""
    if name not in TASKS:
        raise ValueError(f"task = {name!r}: must be one of {', '.join(TASKS)}")
    if verifier:
        check_verifier(verifier)
    if name == "subtraction":
        given = {"data": data, "verifier": verifier, "data_revision": data_revision}
        for option, value in given.items():
            if value:
                raise ValueError(
                    f"{option} = {value!r}: the task subtraction has its own; {option} goes with "
                    f"the tasks {', '.join(HUB if option == 'data_revision' else TASKS[1:])}"
                )
        return Subtraction(hard_fraction)
    if hard_fraction != HARD_FRACTION:
        raise ValueError(
            f"hard_fraction = {hard_fraction!r}: the task {name} has none; it goes with the task "
            "subtraction"
        )
    if name == "jsonl":
        if not data:
            raise ValueError("data = '': the task jsonl needs a file with prompts and answers")
        if data_revision:
            raise ValueError(
                f"data_revision = {data_revision!r}: a file has no revisions; data_revision goes "
                f"with the tasks {', '.join(HUB)}"
            )
        return jsonl_task(data, verifier or "exact")
    return hub_task(name, data, verifier, data_revision)
