"""Post-training of a tiny model by gradient ascent, with curves on prompts it is not trained on.

Any objective J_F and any mitigation: the step is eta (alpha dJ_1 + beta dJ_F).  With `exact` both
gradients are those of the training prompts, every correct completion counted with its probability;
otherwise they are estimated from completions sampled anew in every step.  What is drawn depends on
the seed and the step alone, and nothing else is carried along but the weights: a run that was
killed goes on to the same curve.
"""

from __future__ import annotations

import math
import platform
import time
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ..checks import as_number, as_positive_integers
from ..estimators import unbiased_credit
from ..field import SampleCounts
from ..mitigation import Annealing, Gram
from ..objectives import Objective, PassAtK, as_objective, pass_at_k
from ..stopping import StoppingRule, cost_of_pass_at_k
from .choices import mitigation_named, objective_named
from .estimates import SampledAgreement
from .field import LMField, Vector
from .models import Source, find, one_thread
from .options import option
from .rows import Rows
from .sampling import Completions, Sampling, end_tokens, sample
from .scoring import encode, exact_rows, score, success_of
from .storage import Pace, Store, read_manifest, read_stage
from .tasks import HARD_FRACTION, Subtraction

HELD_OUT = 400  # prompts of each kind
SPLIT_SEED = 20260221  # one split for all runs: seeds differ in what they train on, not in the exam
KEEP_EVERY = 5.0  # seconds between two checkpoints
LEVEL = 0.9  # of the stopping rule's interval


@dataclass(frozen=True)
class PostTraining:
    """Everything that decides the curves of a post-training run."""

    model: str = option("B", "a shipped model, or a folder or hub id that holds one like it")
    revision: str = option("", "of a hub model: branch, tag or commit; empty is the newest")
    objective: str = option("pass@8", "what is climbed: pass@8, log, arcsin, power:0.5, ...")
    mitigation: str = option("none", "none, mix:0.5, no-loss-mix, one-sided, pcgrad or min-norm")
    hard_fraction: float = option(HARD_FRACTION, "mass of the prompts with a < b")
    exact: bool = option(
        True, "exact gradients; --sampled estimates them from completions", opposite="sampled"
    )
    steps: int = option(150, "number of steps")
    lr: float = option(0.03, "step size: theta moves by lr times the direction")
    length: float = option(0.0, "if above 0: every step has this length, and lr plays no role")
    anneal: int = option(0, "if above 0: pass@k falls to pass@1 within this many steps")
    prompts: int = option(512, "exact: prompts of the training set; sampled: drawn in each step")
    n: int = option(16, "sampled: completions a prompt", also="samples")
    every: int = option(5, "steps between two measurements on the held-out prompts")
    seed: int = option(0, "the first seed")
    seeds: int = option(1, "number of seeds, each a run of its own")

    def __post_init__(self):
        for name in ("steps", "every", "seeds", "prompts"):
            as_positive_integers(name, getattr(self, name))
        as_number("lr", self.lr, 0.0, open_low=True)
        as_number("length", self.length, 0.0)
        as_number("hard_fraction", self.hard_fraction, 0.0, 1.0)
        for name in ("anneal", "seed"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} = {value!r}: must be an integer >= 0")
        most = (len(Subtraction().prompts) // 2 - HELD_OUT) * 2
        if not 2 <= self.prompts <= most:
            raise ValueError(f"prompts = {self.prompts}: must be from 2 to {most}")
        if self.exact and self.prompts % 2:
            raise ValueError(f"prompts = {self.prompts}: must be even, half of each kind")
        climbed = self.make_objective()
        if self.anneal and not isinstance(climbed, PassAtK):
            raise ValueError(f"anneal = {self.anneal}: goes with pass@k, not with {climbed.name}")
        self.make_mitigation()
        if not self.exact:
            as_positive_integers("n", self.n)
            k = getattr(climbed, "k", 1)
            if k > self.n:
                raise ValueError(f"n = {self.n}: the credit of {climbed.name} needs n >= {k}")

    def make_objective(self) -> Objective:
        return objective_named(self.objective)

    def make_mitigation(self):
        """Gram -> (alpha, beta), or None."""
        return mitigation_named(self.mitigation)

    def objective_at(self, step: int) -> Objective:
        """What is climbed in this step: k falls geometrically where it is annealed.

        >>> [PostTraining(anneal=8).objective_at(step).name for step in (0, 4, 8)]
        ['pass@8', 'pass@2', 'pass@1']
        """
        climbed = self.make_objective()
        if not self.anneal:
            return climbed
        return Annealing(climbed.k, 1, self.anneal)(step)

    @property
    def k(self) -> int:
        """Of the pass@k that is watched: the objective's own, or 8."""
        climbed = self.make_objective()
        return climbed.k if isinstance(climbed, PassAtK) and climbed.k > 1 else 8

    @property
    def all_seeds(self) -> range:
        return range(self.seed, self.seed + self.seeds)

    def as_dict(self) -> dict:
        return asdict(self)


# --- prompts --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """Which prompts of the task are trained on and which are kept for the curves.

    train, held_out: indices into the task's prompts, disjoint.
    """

    train: np.ndarray
    held_out: np.ndarray


def split_prompts(task: Subtraction) -> Split:
    """400 easy and 400 hard prompts are held out, the same for every run; the rest may be trained
    on."""
    rng = np.random.default_rng(SPLIT_SEED)
    train, held_out = [], []
    for flag in (False, True):
        order = rng.permutation(np.flatnonzero(task.hard == flag))
        held_out.append(order[:HELD_OUT])
        train.append(order[HELD_OUT:])
    return Split(np.sort(np.concatenate(train)), np.sort(np.concatenate(held_out)))


def masses(task: Subtraction, index: np.ndarray) -> np.ndarray:
    """(len(index),) the task's distribution within these prompts: hard ones together have q."""
    hard, q = task.hard[index], task.hard_fraction
    return np.where(hard, q / max(hard.sum(), 1), (1 - q) / max((~hard).sum(), 1))


# --- one step -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slope:
    """Gradients at one theta, of pass@1, of what is climbed and of the pass@k that is watched.

    values: J_1 and J_F on the prompts that the gradients come from; estimates where those are.
    """

    one: Vector
    climbed: Vector
    watched: Vector
    values: tuple[float, float]

    @cached_property
    def gram(self) -> Gram:
        """Inner products of dJ_1 and dJ_F."""
        return Gram.of(self.one, self.climbed)

    @cached_property
    def cost(self) -> float:
        """<dJ_k, dJ_1>: below 0, pass@k updates cost pass@1."""
        return self.one @ self.watched


def _slope(field: LMField, climbed: Objective, watched: Objective, weigh) -> Slope:
    wanted = list(dict.fromkeys([PassAtK(1), climbed, watched]))  # equal ones are computed once
    found = dict(zip(wanted, field.means([weigh(each) for each in wanted]), strict=True))
    values = field.value(1), field.value(climbed)
    return Slope(found[PassAtK(1)], found[climbed], found[watched], values)


class Climber:
    """A model on its way up: `slope` of a step, `move` along a direction, `measure` held-out p."""

    def __init__(self, settings: PostTraining, seed: int, source: Source | None = None):
        self.settings, self.seed = settings, seed
        source = find(settings.model, settings.revision) if source is None else source
        self.model, self.tokenizer = source.load()
        self.task = Subtraction(settings.hard_fraction)
        self.split = split_prompts(self.task)
        self.objective = settings.make_objective()
        self._exam = self._listed(self.split.held_out)
        if settings.exact:
            rng = np.random.default_rng([seed, 3])
            pool = self.split.train
            half = settings.prompts // 2
            chosen = [
                rng.choice(pool[self.task.hard[pool] == flag], half, replace=False)
                for flag in (False, True)
            ]
            self.index = np.sort(np.concatenate(chosen))
            self._lesson = self._listed(self.index)
            self.mass = masses(self.task, self.index)

    def _listed(self, index: np.ndarray) -> Rows:
        return exact_rows(self.model, self.tokenizer, self.task, index)

    def _now(self, rows: Rows) -> Rows:
        """The same completions with their probabilities under the model as it is."""
        logs = score(self.model, rows, self.tokenizer.pad_token_id)
        return replace(rows, coefficient=np.exp(logs))

    # theta, and moving it

    def theta(self) -> dict[str, np.ndarray]:
        return {name: p.detach().numpy().copy() for name, p in self.model.named_parameters()}

    @torch.no_grad()
    def set_theta(self, theta: dict[str, np.ndarray]) -> None:
        for name, p in self.model.named_parameters():
            p.copy_(torch.from_numpy(theta[name]))

    @torch.no_grad()
    def move(self, direction: Vector, step: float) -> None:
        for name, p in self.model.named_parameters():
            p.add_(direction.tensors[name], alpha=step)

    # gradients

    def field(self) -> LMField:
        """The training set's field at the present weights, exact."""
        rows = self._now(self._lesson)
        return LMField(self.model, rows, self.mass, success_of(rows))

    def slope(self, step: int, drawn: LMField | None = None) -> Slope:
        """Exact, or from what was drawn for this step."""
        climbed, watched = self.settings.objective_at(step), PassAtK(self.settings.k)
        if self.settings.exact:
            field = self.field()
            return _slope(field, climbed, watched, field.weight)
        field = self.draw(step) if drawn is None else drawn
        weigh = partial(credits, n=field.counts.n, c=field.counts.c)
        return _slope(field, climbed, watched, weigh)

    def draw(self, step: int) -> LMField:
        """Prompts from D within the training prompts, n completions each, and their verdicts."""
        size, n = self.settings.prompts, self.settings.n
        pool = self.split.train
        rng = np.random.default_rng([self.seed, 5, step])
        index = rng.choice(pool, size, p=masses(self.task, pool))
        prompts = encode(self.tokenizer, [self.task.prompts[i] for i in index])
        sampling = Sampling(n=n, seed=self.seed)
        # Every step has random numbers of its own.
        streams = np.arange(step * size, (step + 1) * size)
        completions = sample(self.model, self.tokenizer, prompts, sampling, streams)
        correct = self._verify(completions, index)
        where = np.argwhere(correct)
        rows = Rows(
            prompts,
            where[:, 0],
            [completions[i, j] for i, j in where.tolist()],
            np.full(len(where), 1.0 / n),
        )
        counts = SampleCounts(n, correct.sum(axis=1))
        return LMField(self.model, rows, np.full(size, 1.0 / size), None, counts)

    def _verify(self, completions: Completions, index: np.ndarray) -> np.ndarray:
        ends = end_tokens(self.model, self.tokenizer)
        known: dict[tuple[int, bytes], bool] = {}
        correct = np.zeros(completions.length.shape, dtype=bool)
        for i, j in np.ndindex(*correct.shape):
            tokens = completions[i, j]
            key = (int(index[i]), tokens.tobytes())
            if key not in known:
                body = tokens[:-1] if tokens[-1] in ends else tokens
                text = self.tokenizer.decode(body, skip_special_tokens=False)
                known[key] = self.task.verify(text, self.task.references[index[i]])
            correct[i, j] = known[key]
        return correct

    def interval(self, drawn: LMField) -> tuple[float, float]:
        """For <dJ_k, dJ_1>, from the drawn prompts: one backward pass for each."""
        kernel = drawn.kernel_rows(np.arange(drawn.size))
        seen = SampledAgreement(
            drawn.counts, kernel.mean(axis=1), np.diag(kernel).copy(), kernel=kernel
        )
        low, high = seen.interval(self.settings.k, LEVEL)
        return float(low), float(high)

    # the exam

    def measure(self) -> np.ndarray:
        """(800,) exact success probability of every held-out prompt, at the present weights."""
        return success_of(self._now(self._exam))


def credits(objective: Objective, n: np.ndarray, c: np.ndarray) -> np.ndarray:
    """What multiplies a prompt's sampled dp in the estimate of dJ_F: (prompts,).

    Unbiased for pass@k.  For other objectives F'(c/n), as published algorithms do, which climbs a
    polynomial that depends on n in place of F; a prompt without a correct sample has no gradient
    to weigh and gets 0, and so does an infinite weight, where no sample failed.
    """
    if isinstance(objective, PassAtK):
        return unbiased_credit(n, c, objective.k)
    weights = np.asarray(objective.weight(np.maximum(c, 1) / n))
    return np.where((c > 0) & np.isfinite(weights), weights, 0.0)


# --- the whole run --------------------------------------------------------------------------

PER_STEP = ("pass1", "climbed", "one", "cross", "other", "alpha", "beta", "step", "cost")


class _Curve:
    """What a run of one seed has found so far; from it and theta alone the run goes on."""

    def __init__(self):
        self.steps: list[list[float]] = []  # PER_STEP each
        self.exams: list[np.ndarray] = []
        self.intervals: list[tuple[float, float]] = []

    def arrays(self) -> dict[str, np.ndarray]:
        per_step = np.array(self.steps, dtype=float).reshape(-1, len(PER_STEP))
        return {
            **{name: per_step[:, i].copy() for i, name in enumerate(PER_STEP)},
            "success": np.array(self.exams),
            "interval": np.array(self.intervals).reshape(-1, 2),
        }

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray]) -> _Curve:
        curve = cls()
        curve.steps = np.stack([arrays[name] for name in PER_STEP], axis=1).tolist()
        curve.exams = list(arrays["success"])
        curve.intervals = [tuple(pair) for pair in arrays["interval"].tolist()]
        return curve


class _Run:
    def __init__(
        self, settings: PostTraining, store: Store, progress: bool, source: Source | None = None
    ):
        self.settings, self.store, self.progress = settings, store, progress
        self.source = source
        self.combine = settings.make_mitigation()

    def seed(self, seed: int) -> dict[str, np.ndarray]:
        settings, stage = self.settings, f"seed-{seed}"
        climber = Climber(settings, seed, self.source)
        curve, done, pace = _Curve(), 0, Pace(KEEP_EVERY)
        if (kept := self.store.part(stage, "state")) is not None:
            climber.set_theta({n[6:]: a for n, a in kept.items() if n.startswith("theta/")})
            curve, done = _Curve.of(kept), int(kept["done"])
        # An exact product is certain at one look.
        rule = StoppingRule(patience=1 if settings.exact else 2)
        for interval in curve.intervals:
            rule = rule.see(interval)
        warned = rule.stop
        with tqdm(
            total=settings.steps,
            initial=done,
            unit="step",
            desc=f"seed {seed}",
            disable=not self.progress,
        ) as bar:
            for step in range(done, settings.steps + 1):
                try:
                    self.advance(climber, curve, step)
                    if step % settings.every == 0:
                        bar.set_postfix_str(self._news(climber, curve))
                        rule = rule.see(curve.intervals[-1])
                        if rule.stop and not warned:
                            self._warn(seed, step, curve.intervals[-1])
                        warned = warned or rule.stop
                    bar.update(step < settings.steps)
                    pace.keep(partial(self.keep, stage, climber, curve, step + 1))
                except ValueError as error:
                    raise ValueError(
                        f"{self._size}: step {step} of seed {seed} failed, its steps are too long "
                        f"perhaps: {error}"
                    ) from None
                except KeyboardInterrupt:
                    place = self.store.folder
                    how = "" if place is None else f"; the same command goes on from {place}"
                    raise KeyboardInterrupt(f"stopped in step {step} of seed {seed}{how}") from None
        theta = {f"theta/{name}": array for name, array in climber.theta().items()}
        return {**curve.arrays(), **theta}

    @property
    def _size(self) -> str:
        settings = self.settings
        return f"length = {settings.length}" if settings.length else f"lr = {settings.lr}"

    def advance(self, climber: Climber, curve: _Curve, step: int) -> None:
        """Measure, record and, but for the last, step: everything or nothing."""
        settings = self.settings
        exam = step % settings.every == 0 or step == settings.steps
        success = climber.measure() if exam else None
        drawn = None if settings.exact else climber.draw(step)
        slope = climber.slope(step, drawn)
        interval = (slope.cost, slope.cost) if drawn is None else None
        if exam and drawn is not None:
            interval = climber.interval(drawn)
        gram = slope.gram
        alpha, beta = (0.0, 1.0) if self.combine is None else self.combine(gram)
        direction = alpha * slope.one + beta * slope.climbed
        size = math.sqrt(direction @ direction)
        if not math.isfinite(size):
            raise ValueError("the gradient is not finite")
        eta = settings.lr
        if settings.length:
            eta = settings.length / size if size > 0 else 0.0
        if step < settings.steps:
            climber.move(direction, eta)
        if exam:
            curve.exams.append(success)
            curve.intervals.append(interval)
        gram = (gram.one, gram.cross, gram.k)
        curve.steps.append([*slope.values, *gram, alpha, beta, eta, slope.cost])

    def keep(self, stage: str, climber: Climber, curve: _Curve, done: int) -> None:
        theta = {f"theta/{name}": array for name, array in climber.theta().items()}
        self.store.keep(stage, "state", {**curve.arrays(), **theta, "done": np.array(done)})

    def _news(self, climber: Climber, curve: _Curve) -> str:
        mass = masses(climber.task, climber.split.held_out)
        p, k = curve.exams[-1], self.settings.k
        verdict = cost_of_pass_at_k(curve.intervals[-1])
        return (
            f"pass@1 {mass @ p:.3f}, pass@{k} {mass @ pass_at_k(p, k):.3f}, pass@{k} updates "
            f"{'cost pass@1' if verdict == 'costs' else verdict}"
        )

    def _warn(self, seed: int, step: int, interval: tuple[float, float]) -> None:
        k, (low, high) = self.settings.k, interval
        how = f"= {low:+.2e}" if low == high else f"in [{low:+.2e}, {high:+.2e}], {LEVEL:.0%}"
        if self.progress:
            tqdm.write(
                f"seed {seed}, step {step}: pass@{k} updates now cost pass@1 (<dJ_{k}, dJ_1> {how})"
            )


class Curves(ABC):
    """What a run showed: S seeds, T steps, E measurements on the held-out prompts."""

    settings: PostTraining

    @abstractmethod
    def curve(self, k: int, kind: str = "all") -> np.ndarray:
        """(S, E) pass@k on the held-out prompts; kind: all, easy or hard."""

    @abstractmethod
    def per_step(self, name: str) -> np.ndarray:
        """(S, at most T + 1) by step, on the training prompts before the step.

        pass1, climbed: J_1 and J_F; one, cross, other: |dJ_1|^2, <dJ_1, dJ_F>, |dJ_F|^2; alpha,
        beta, step: the move was step (alpha dJ_1 + beta dJ_F); cost: <dJ_k, dJ_1>.
        """

    @property
    @abstractmethod
    def interval(self) -> np.ndarray:
        """(S, E, 2) of <dJ_k, dJ_1>; without width where gradients are exact."""

    @property
    def at(self) -> np.ndarray:
        """(E,) the steps at which the held-out prompts were measured."""
        steps, every = self.settings.steps, self.settings.every
        return np.unique([*range(0, steps + 1, every), steps])

    def predicted(self) -> np.ndarray:
        """(S, at most T) first-order change of the training prompts' J_1 in each step."""
        self._need_exact()
        names = ("alpha", "beta", "step", "one", "cross")
        alpha, beta, step, one, cross = map(self.per_step, names)
        return (step * (alpha * one + beta * cross))[:, :-1]

    def changed(self) -> np.ndarray:
        """(S, at most T) what each step did to it."""
        self._need_exact()
        return np.diff(self.per_step("pass1"), axis=1)

    def _need_exact(self) -> None:
        if not self.settings.exact:
            raise ValueError("exact = False: every step draws prompts of its own, so no two agree")


@dataclass(frozen=True)
class Trained(Curves):
    """A run with all it measured.  arrays: by seed, as they lie on disk."""

    settings: PostTraining
    manifest: dict
    arrays: dict[int, dict[str, np.ndarray]]

    @cached_property
    def success(self) -> np.ndarray:
        """(S, E, H) exact success probability of every held-out prompt."""
        return np.stack([arrays["success"] for arrays in self.arrays.values()])

    def per_step(self, name: str) -> np.ndarray:
        if name not in PER_STEP:
            raise ValueError(f"name = {name!r}: must be one of {', '.join(PER_STEP)}")
        return np.stack([arrays[name] for arrays in self.arrays.values()])

    @cached_property
    def interval(self) -> np.ndarray:
        return np.stack([arrays["interval"] for arrays in self.arrays.values()])

    @cached_property
    def _held_out(self) -> tuple[np.ndarray, np.ndarray]:
        task = Subtraction(self.settings.hard_fraction)
        index = split_prompts(task).held_out
        return masses(task, index), task.hard[index]

    def curve(self, objective: Objective | int, kind: str = "all") -> np.ndarray:
        """(S, E) J_F on the held-out prompts; kind: all, easy or hard."""
        mass, hard = self._held_out
        flags = {"all": mass >= 0, "easy": ~hard, "hard": hard}
        if kind not in flags:
            raise ValueError(f"kind = {kind!r}: must be one of {', '.join(flags)}")
        mass = np.where(flags[kind], mass if kind == "all" else 1.0, 0.0)
        return as_objective(objective).value(self.success) @ (mass / mass.sum())

    def report(self) -> dict:
        """The curves and what they stand on: what `curves.json` holds and a `Record` reads."""
        k = self.settings.k
        kinds = ("all", "easy", "hard")
        return {
            "settings": self.settings.as_dict(),
            "provenance": {
                "versions": self.manifest["versions"],
                "hardware": self.manifest["hardware"],
                "found_model": self.manifest["settings"]["found_model"],
            },
            "held_out_prompts": int(self.success.shape[-1]),
            "curves": {
                str(j): {kind: _short(self.curve(j, kind)) for kind in kinds} for j in (1, k)
            },
            "interval": _short(self.interval),
            "by_step": {name: _short(self.per_step(name)) for name in PER_STEP},
        }

    def table(self) -> dict[str, np.ndarray]:
        """One entry for each seed and measurement: what `curves.csv` holds."""
        seeds, at = self.success.shape[0], self.at
        columns = {
            "seed": np.repeat(list(self.arrays), len(at)),
            "step": np.tile(at, seeds),
        }
        for j in (1, self.settings.k):
            for kind in ("all", "easy", "hard"):
                name = f"pass@{j}" if kind == "all" else f"pass@{j} {kind}"
                columns[name] = self.curve(j, kind).ravel()
        low, high = self.interval.reshape(-1, 2).T
        return {**columns, "inner_product_low": low, "inner_product_high": high}

    @staticmethod
    def load(folder: str | Path) -> Trained:
        """A finished run, every hash checked."""
        folder = Path(folder)
        manifest = read_manifest(folder)
        names = PostTraining.__dataclass_fields__
        settings = PostTraining(**{k: v for k, v in manifest["settings"].items() if k in names})
        stages = {s: read_stage(folder, manifest, f"seed-{s}") for s in settings.all_seeds}
        return Trained(settings, manifest, stages)


def _short(array: np.ndarray) -> list:
    """Six digits of each number."""
    return np.vectorize(lambda x: float(f"{x:.6g}"))(array).tolist()


@dataclass(frozen=True)
class Record(Curves):
    """Curves read from a report; `by_step` may hold the first steps alone."""

    report: dict

    @property
    def settings(self) -> PostTraining:
        return PostTraining(**self.report["settings"])

    def curve(self, k: int, kind: str = "all") -> np.ndarray:
        found = self.report["curves"].get(str(k), {})
        if kind not in found:
            allowed = ", ".join(self.report["curves"])
            raise ValueError(
                f"k = {k}, kind = {kind!r}: was not recorded; allowed are k = {allowed}, and all, "
                "easy and hard"
            )
        return np.array(found[kind])

    def per_step(self, name: str) -> np.ndarray:
        return np.array(self.report["by_step"][name])

    @property
    def interval(self) -> np.ndarray:
        return np.array(self.report["interval"])


def post_train(
    settings: PostTraining,
    folder: str | Path | None = None,
    progress: bool = True,
    other_versions: bool = False,
) -> Trained:
    """The whole run.  With a `folder` it can be interrupted and goes on where it stopped.

    Raises ValueError for a folder of other settings or, without `other_versions`, one begun with
    other versions of the libraries, and where steps are so long that numbers overflow.
    """
    source = find(settings.model, settings.revision)
    _, tokenizer = source.load()
    identity = {**settings.as_dict(), **source.found(tokenizer)}
    facts = {"hardware": {"machine": platform.machine(), "device": "cpu", "threads": 1}}
    store = Store(folder, identity, facts)
    run = _Run(settings, store, progress, source)
    found = {}
    with one_thread():  # one order of sums: the same bits wherever it goes on
        for seed in settings.all_seeds:
            stage = f"seed-{seed}"
            if not store.finished(stage):
                store.go_on(other_versions)
                start = time.perf_counter()
                store.finish(stage, run.seed(seed), time.perf_counter() - start)
            found[seed] = store.load(stage)
    return Trained(settings, store.manifest, found)
