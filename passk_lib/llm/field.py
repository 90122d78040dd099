"""A language model as a prompt gradient field that stores no per-prompt gradient.

`mean` is one accumulated backward pass over the rows and `inner` one forward-mode pass: with
u = dJ_1, the directional derivative d/de p_{theta + e u}(x) at e = 0 is the agreement score a(x)
of equation (8), for every prompt at once and any number of parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch.autograd import forward_ad
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..checks import as_finite, as_row, as_rows
from ..field import PromptField, SampleCounts
from .head import Head
from .rows import Batch, Rows
from .scoring import TOKENS_PER_BATCH, log_probabilities

SCOPES = ("all", "lm_head", "final_norm", "last_block")
_DOT_CHUNK = 2**24  # numbers converted to float64 at a time


class Vector:
    """A vector of parameter space: named tensors with u @ v, +, - and scalar *.

    Dot products are accumulated in float64 whatever the tensors' own precision.
    """

    __array_ufunc__ = None  # a NumPy scalar on the left leaves the multiplication to us

    def __init__(self, tensors: Mapping[str, torch.Tensor]):
        self.tensors = dict(tensors)

    def _with(self, other: Vector, what: str):
        if not isinstance(other, Vector):
            raise TypeError(f"{what}: expected a Vector, got {type(other).__name__}")
        if self.tensors.keys() != other.tensors.keys():
            difference = sorted(self.tensors.keys() ^ other.tensors.keys())
            raise ValueError(f"{what}: the vectors have different scopes ({difference[0]}, ...)")
        return ((name, t, other.tensors[name]) for name, t in self.tensors.items())

    def __matmul__(self, other: Vector) -> float:
        total = 0.0
        for _, a, b in self._with(other, "u @ v"):
            pairs = zip(
                a.reshape(-1).split(_DOT_CHUNK), b.reshape(-1).split(_DOT_CHUNK), strict=True
            )
            total += sum(float(torch.dot(x.double(), y.double())) for x, y in pairs)
        return total

    def __add__(self, other: Vector) -> Vector:
        return Vector({name: a + b for name, a, b in self._with(other, "u + v")})

    def __sub__(self, other: Vector) -> Vector:
        return Vector({name: a - b for name, a, b in self._with(other, "u - v")})

    def __mul__(self, scalar: float) -> Vector:
        return Vector({name: t * float(scalar) for name, t in self.tensors.items()})

    __rmul__ = __mul__

    def __neg__(self) -> Vector:
        return -1.0 * self

    @property
    def dim(self) -> int:
        return sum(t.numel() for t in self.tensors.values())

    def numpy(self) -> np.ndarray:
        """All entries in one float64 array (dim,)."""
        parts = [t.detach().double().cpu().reshape(-1).numpy() for t in self.tensors.values()]
        return np.concatenate(parts)


def scope_parameters(model, scope: str = "all") -> dict[str, torch.nn.Parameter]:
    """The parameters that a scope names: `all`, `lm_head`, `final_norm`, `last_block` or a
    regular expression that is searched for in the parameter names.

    A tied output matrix belongs to the input embedding: such a model has no `lm_head` of its own.
    """
    named = dict(model.named_parameters())
    final = re.compile(r"(^|\.)(norm|ln_f|final_layernorm|final_layer_norm)\.(weight|bias)$")
    if scope == "all":
        chosen = list(named)
    elif scope == "lm_head":
        head = model.get_output_embeddings()
        own = [] if head is None else [id(p) for p in head.parameters()]
        embedding = id(model.get_input_embeddings().weight)
        if embedding in own:
            raise ValueError(
                "scope = 'lm_head': this model ties its output matrix to its input embedding; "
                "use a pattern that names the embedding, such as 'embed_tokens|wte'"
            )
        chosen = [name for name, p in named.items() if id(p) in own]
    elif scope == "final_norm":
        # The norm after the last block: outside every numbered block.
        chosen = [n for n in named if final.search(n) and not re.search(r"\.\d+\.", n)]
    elif scope == "last_block":
        blocks = {m[1] for name in named if (m := re.search(r"^(.*?\.\d+)\.", name))}
        last = max(blocks, key=lambda block: int(block.rsplit(".", 1)[1]), default=None)
        chosen = [name for name in named if last is not None and name.startswith(f"{last}.")]
    else:
        try:
            pattern = re.compile(scope)
        except (re.error, TypeError) as error:
            raise ValueError(
                f"scope = {scope!r}: not one of {SCOPES}, nor a regular expression ({error})"
            ) from None
        chosen = [name for name in named if pattern.search(name)]
    if not chosen:
        raise ValueError(
            f"scope = {scope!r}: names no parameter of this model; allowed are {', '.join(SCOPES)} "
            f"or a pattern found in names such as {next(iter(named))!r}"
        )
    return {name: named[name] for name in chosen}


def union_scope(model, scopes: Sequence[str]) -> str:
    """A pattern for the parameters of all the scopes together."""
    names = dict.fromkeys(name for scope in scopes for name in scope_parameters(model, scope))
    return "^(" + "|".join(map(re.escape, names)) + ")$"


class LMField(PromptField):
    """The field of a causal language model over its rows.

    mass, success: (N,), N = len(rows.prompt_tokens); counts: SampleCounts where sampled.
    scope: the parameters theta that gradients are taken in (see `scope_parameters`).
    tokens_per_batch: memory against speed; results change by rounding only.
    """

    def __init__(
        self,
        model,
        rows: Rows,
        mass: np.ndarray,
        success: np.ndarray,
        counts: SampleCounts | None = None,
        scope: str = "all",
        tokens_per_batch: int = TOKENS_PER_BATCH,
    ):
        super().__init__(mass, success, counts)
        if self.size != len(rows.prompt_tokens):
            raise ValueError(
                f"mass has {self.size} prompts, rows have {len(rows.prompt_tokens)}: must be equal"
            )
        self.model, self.rows, self.scope = model, rows.merged(), scope
        self.parameters = scope_parameters(model, scope)
        self.tokens_per_batch = int(tokens_per_batch)
        if self.tokens_per_batch < 1:
            raise ValueError(f"tokens_per_batch = {tokens_per_batch!r}: must be >= 1")
        # Sums run in float32 at least, also for a model in half precision.
        half = model.dtype in (torch.bfloat16, torch.float16)
        self._sum_dtype = torch.float32 if half else model.dtype
        self._half = half
        self._head = Head.of(model, self.parameters)

    @property
    def dim(self) -> int:
        return sum(p.numel() for p in self.parameters.values())

    def with_scope(self, scope: str) -> LMField:
        """The same prompts and rows, gradients in other parameters."""
        return self._with(self.rows, scope)

    def project(self, u: Vector) -> Vector:
        """The part of u, a vector of a larger scope, that lies in this field's scope."""
        return Vector({name: u.tensors[name] for name in self.parameters})

    def with_rows(self, rows: Rows) -> LMField:
        """The same prompts, other rows: another form of gradient."""
        return self._with(rows, self.scope)

    def _with(self, rows: Rows, scope: str) -> LMField:
        return LMField(
            self.model, rows, self.mass, self.success, self.counts, scope, self.tokens_per_batch
        )

    def _batches(self, rows: Rows):
        return rows.batches(self.tokens_per_batch, 0, self.model.device)

    def mean(self, v=None) -> Vector:
        return self.means([np.ones(self.size) if v is None else v])[0]

    def means(self, weights) -> Sequence[Vector]:
        """All the means in one forward pass over the rows, and one backward pass each."""
        *_, (_, totals) = self.accumulate(weights)
        return [Vector(total) for total in totals]

    def zeros(self) -> dict[str, torch.Tensor]:
        return {
            name: torch.zeros_like(p, dtype=self._sum_dtype) for name, p in self.parameters.items()
        }

    def accumulate(self, weights, start: int = 0, totals=None, mine=lambda batch: True):
        """`means` step by step: yields (batches done, totals so far) at the start and after each.

        Given a yielded pair as `start` and `totals` it goes on from there, to the same bits.
        mine(i) says which batches are this process's; the totals of all add up.
        """
        weights = as_finite("weights", weights, (None, self.size))
        # (m, R): what multiplies d log pi of each row in each mean
        factor = (weights * self.mass)[:, self.rows.prompt] * self.rows.coefficient
        used = np.flatnonzero(factor.any(axis=0))
        rows, factor = self.rows.select(used), factor[:, used]
        totals = [self.zeros() for _ in weights] if totals is None else totals
        yield start, totals
        for done, (index, batch) in enumerate(self._batches(rows), 1):
            if done <= start or not mine(done - 1):
                continue
            parts = self._pull_back(batch, factor[:, index])
            for total, gradient in zip(totals, parts, strict=True):
                for name, part in zip(total, gradient, strict=True):
                    if part is not None:
                        total[name] += part
            yield done, totals

    def _pull_back(self, batch: Batch, factor: np.ndarray):
        """For each row v of `factor`, (m, rows): the gradient of sum v log pi over the batch, one
        tensor a parameter (None: zero)."""
        leaves = [] if self._head else list(self.parameters.values())
        with self._differentiable(leaves):
            needed = [i for i in range(len(factor)) if factor[i].any()]
            if self._head:
                found = dict(zip(needed, self._head.pull_back(batch, factor[needed]), strict=True))
                for i in range(len(factor)):
                    yield [found.get(i, {}).get(name) for name in self.parameters]
                return
            with torch.enable_grad():
                value = log_probabilities(self.model, batch)
            for i in range(len(factor)):
                if i not in needed:
                    yield [None] * len(leaves)
                    continue
                scale = self._scale(np.abs(factor[i]).max())
                cotangent = torch.as_tensor(
                    factor[i] * scale, dtype=value.dtype, device=value.device
                )
                parts = torch.autograd.grad(
                    value, leaves, cotangent, retain_graph=i != needed[-1], allow_unused=True
                )
                if scale == 1.0:
                    yield parts
                else:
                    # One at a time: together, in float32, they would be another copy of the model.
                    yield (None if g is None else g.to(self._sum_dtype) / scale for g in parts)

    @contextmanager
    def _differentiable(self, leaves):
        """For a while these parameters, and no others, are what autograd records."""
        everything = list(self.model.parameters())
        kept = [p.requires_grad for p in everything]
        try:
            for p in everything:
                p.requires_grad_(False)
            for p in leaves:
                p.requires_grad_(True)
            yield
        finally:
            for p, flag in zip(everything, kept, strict=True):
                p.requires_grad_(flag)

    def _scale(self, size: float) -> float:
        """The power of two that brings `size` near 1, for a model in half precision; else 1.

        Derivatives are linear, so what goes in can be scaled and what comes out scaled back, both
        exactly: without it small cotangents and directions vanish in float16.
        """
        if not self._half or not size > 0.0:
            return 1.0
        return float(2.0 ** -np.floor(np.log2(size)))

    def _scale_of(self, u: Vector) -> float:
        if not self._half:
            return 1.0
        return self._scale(max(float(t.abs().max()) for t in u.tensors.values()))

    def inner(self, u: Vector) -> np.ndarray:
        *_, (_, inner) = self.differentiate(u)
        return inner

    def differentiate(self, u: Vector, start: int = 0, inner=None, mine=lambda batch: True):
        """`inner` step by step, like `accumulate`: yields (batches done, inner products so far)."""
        if not isinstance(u, Vector):
            raise TypeError(f"u: expected a Vector as mean returns it, got {type(u).__name__}")
        if u.tensors.keys() != self.parameters.keys():
            raise ValueError(f"u: its scope is not this field's scope {self.scope!r}")
        inner = np.zeros(self.size) if inner is None else inner
        yield start, inner
        scale = self._scale_of(u)
        for done, (index, batch) in enumerate(self._batches(self.rows), 1):
            if done <= start or not mine(done - 1):
                continue
            slope = self._slope(batch, u, scale)
            if slope is None:  # nothing in this scope reaches the output
                continue
            change = slope.double().cpu().numpy() * self.rows.coefficient[index]
            inner = inner + np.bincount(self.rows.prompt[index], change, minlength=self.size)
            yield done, inner

    def _slope(self, batch: Batch, u: Vector, scale: float) -> torch.Tensor | None:
        """(rows,) derivative of log pi along u; None where it is zero for every row."""
        if self._head:
            with self._differentiable([]):
                return self._head.slope(batch, u.tensors)
        # Of the fused attention kernels none has a forward-mode derivative.
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), forward_ad.dual_level():
            value = log_probabilities(self.model, batch, self._model_along(u, scale))
            slope = forward_ad.unpack_dual(value).tangent
        return None if slope is None else slope / scale

    def _model_along(self, u: Vector, scale: float):
        """The model with its parameters moving along u * scale: dual numbers, in a dual level."""
        moving = {}
        for name, p in self.parameters.items():
            direction = u.tensors[name]
            direction = direction if scale == 1.0 else direction * scale
            moving[name] = forward_ad.make_dual(p.detach(), direction.to(p.dtype))

        def call(**inputs):
            return functional_call(self.model, moving, kwargs=inputs)

        return call

    def gradient(self, i: int) -> Vector:
        """g of prompt i alone: only its own rows run."""
        i = as_row("i", i, self.size)
        return self._own(self.rows.select(self.rows.prompt == i))

    def norms(self) -> np.ndarray:
        """Norm of g(x) for every prompt: one backward pass each, one gradient at a time."""
        square = np.zeros(self.size)
        for i, g in self._gradients(np.arange(self.size)):
            square[i] = g @ g
        return np.sqrt(square)

    def kernel_rows(self, rows) -> np.ndarray:
        """Holds len(rows) gradients; every other prompt's passes by once."""
        rows = as_rows("rows", rows, self.size)
        held = torch.zeros(len(rows), self.dim, dtype=self._sum_dtype, device=self.model.device)
        for place, (_, g) in enumerate(self._gradients(rows)):
            torch.cat([t.reshape(-1) for t in g.tensors.values()], out=held[place])
        if np.array_equal(rows, np.arange(self.size)):
            return (held @ held.T).double().cpu().numpy()
        kernel = np.zeros((len(rows), self.size))
        for i, g in self._gradients(np.arange(self.size)):
            column = held @ torch.cat([t.reshape(-1) for t in g.tensors.values()])
            kernel[:, i] = column.double().cpu().numpy()
        return kernel

    def _gradients(self, prompts):
        """(i, g(x_i)) for each i of `prompts`, one after the other."""
        order = np.argsort(self.rows.prompt, kind="stable")
        bounds = np.searchsorted(self.rows.prompt[order], np.arange(self.size + 1))
        for i in prompts:
            yield i, self._own(self.rows.select(order[bounds[i] : bounds[i + 1]]))

    def _own(self, rows: Rows) -> Vector:
        total = self.zeros()
        for index, batch in self._batches(rows):
            for gradient in self._pull_back(batch, rows.coefficient[None, index]):
                for name, part in zip(total, gradient, strict=True):
                    if part is not None:
                        total[name] += part
        return Vector(total)
