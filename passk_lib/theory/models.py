"""A second opinion: expressions evaluated on finite prompt distributions and real policies.

A `Policies` object holds a batch of softmax policies that are log-linear in theta, each with
finitely many prompts and completions: log pi_theta(y|x) = <theta, phi(x, y)> + base - log Z. For
these every object of the paper can be computed from its meaning: gradients and Hessians by
differentiating the policy, a step by taking it. None of the checker's rules are used.

Arrays are float64, or `object` arrays of `Fraction` for an exact opinion on one instance; roots,
logarithms and steps are then taken in 60 digits.

Two prompts of mass 1/2 each, p = (1/2, 1/2), gradients (-1, 3): the agreement scores differ in
sign, and still pass@2 does not conflict with pass@1.

    >>> from passk_lib.theory.setting import a, inner_k1, x
    >>> half = Fraction(1, 2)
    >>> two = from_field([half, half], [half, half], [-1, 3], **{"#k": 2})
    >>> print(*evaluate(a(x), two, [x])[0])
    -1 3
    >>> print(*evaluate(inner_k1(), two))
    1
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

import numpy as np
from mpmath import mp
from mpmath.libmp import to_rational
from sympy import Add, Mul, Pow, Rational

from .normal import unfold
from .terms import (
    DEFINITIONS,
    Completion,
    Exp,
    Fn,
    GeometricSum,
    Grad,
    Hess,
    Inner,
    Inv,
    Log,
    Mean,
    Moved,
    Norm,
    OpNorm,
    Prompt,
    Sqrt,
    VectorSymbol,
    Whole,
    free_variables,
)

DIGITS = 60
AXES = 7  # room for this many variables at once


class Undefined(ValueError):
    """The expression has no value on these models (in exact arithmetic, or at all)."""


@dataclass(frozen=True)
class Policies:
    """A batch of B policies over N prompts and Y completions, at one theta each.

    mass: (B, N), rows sum to 1. pi: (B, N, Y) in (0, 1), rows sum to 1. reward: (B, N, Y), 0
    or 1. phi: (B, N, Y, d) features. constants: name -> (B,) for the symbols, "#k" for the order k,
    (B, d) for vector symbols, (B, N) for primitives of a prompt.
    """

    mass: np.ndarray
    pi: np.ndarray
    reward: np.ndarray
    phi: np.ndarray
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether the numbers are fractions."""
        return self.mass.dtype == object

    @property
    def size(self) -> int:
        """B, the number of policies."""
        return len(self.mass)

    @property
    def dim(self) -> int:
        """d, the number of parameters."""
        return self.phi.shape[-1]

    def score(self) -> np.ndarray:
        """(B, N, Y, d): phi minus its mean under the policy."""
        return self.phi - (self.pi[..., None] * self.phi).sum(-2, keepdims=True)

    def success(self) -> np.ndarray:
        """(B, N): the success probability p."""
        return (self.pi * self.reward).sum(-1)

    def gradient(self) -> np.ndarray:
        """(B, N, d): the gradient of the success probability."""
        return ((self.pi * self.reward)[..., None] * self.score()).sum(-2)

    def agreement(self) -> np.ndarray:
        """(B, N): the agreement score, the gradient times the mean of all gradients."""
        g = self.gradient()
        return (g * (self.mass[..., None] * g).sum(-2, keepdims=True)).sum(-1)

    def with_constants(self, **new) -> Policies:
        """The same policies with more constants, or with others in their place."""
        return replace(self, constants={**self.constants, **new})

    def pick(self, index) -> Policies:
        """The policies at these positions."""
        return replace(
            self,
            mass=self.mass[index],
            pi=self.pi[index],
            reward=self.reward[index],
            phi=self.phi[index],
            constants={n: a[index] for n, a in self.constants.items()},
        )

    def as_fractions(self, largest: int | None = 10**6) -> Policies:
        """The same numbers as fractions; those of the policies with denominators up to `largest`
        (None: any), which undoes the rounding of small fractions."""

        def exact(array, limit=None):
            flat = [Fraction(float(v)) for v in np.ravel(array)]
            if limit is not None:
                flat = [v.limit_denominator(limit) for v in flat]
            return np.array(flat, dtype=object).reshape(np.shape(array))

        mass, pi = exact(self.mass, largest), exact(self.pi, largest)
        mass = mass / mass.sum(-1, keepdims=True)
        pi = pi / pi.sum(-1, keepdims=True)
        return replace(
            self,
            mass=mass,
            pi=pi,
            reward=exact(self.reward),
            phi=exact(self.phi, largest),
            constants={n: exact(a) for n, a in self.constants.items()},
        )

    def moved(self, step: np.ndarray) -> Policies:
        """The policies at theta + step; step: (B, d)."""
        if self.exact:
            pull = _digits(mp.exp)((self.phi * step[:, None, None, :]).sum(-1))
            return replace(self, pi=self.pi * pull / (self.pi * pull).sum(-1, keepdims=True))
        logits = np.log(self.pi) + (self.phi * step[:, None, None, :]).sum(-1)
        logits -= logits.max(-1, keepdims=True)
        pi = np.exp(logits)
        return replace(self, pi=pi / pi.sum(-1, keepdims=True))


def from_field(mass, success, gradients, **constants) -> Policies:
    """Two-completion policies whose success probabilities and gradients are the given ones.

    mass, success: (N,) with success in (0, 1); gradients: (N, d) or (N,). Fractions stay exact.
    """
    exact = any(isinstance(v, Fraction) for v in np.ravel(np.array(success, dtype=object)))
    dtype = object if exact else float
    mass, p = np.array(mass, dtype=dtype), np.array(success, dtype=dtype)
    g = np.array(gradients, dtype=dtype)
    g = g.reshape(len(p), -1)
    phi = np.stack([g / (p * (1 - p))[:, None], 0 * g], axis=-2)
    reward = np.stack([0 * p + 1, 0 * p], axis=-1)
    ready = {n: np.array([v], dtype=dtype) for n, v in constants.items()}
    return Policies(mass[None], np.stack([p, 1 - p], axis=-1)[None], reward[None], phi[None], ready)


# -------------------------------------------------------------------------------- evaluation


def evaluate(expr, models: Policies, variables=()) -> np.ndarray:
    """The value of a scalar: (B,) or, with free prompts and completions, (B, ...) with one axis
    for each of `variables`, in this order; nan or inf where floats overflow."""
    env = {v: i for i, v in enumerate(variables)}
    # a value that overflows is nan or inf; who asks decides what that means
    with mp.workdps(DIGITS), np.errstate(all="ignore"):
        value = _value(expr, models, env)
    value = np.broadcast_to(value, _full(models, env, value))
    return value.reshape(value.shape[: 1 + len(variables)])


def free_in_order(*exprs) -> list:
    """The free prompts and completions, prompts first."""
    found = set().union(*(free_variables(e) for e in exprs)) if exprs else set()
    return sorted(found, key=lambda v: (isinstance(v, Completion), str(v)))


def _full(models, env, value):
    shape = list(value.shape)
    shape[0] = models.size
    for variable, axis in env.items():
        shape[1 + axis] = models.pi.shape[2 if isinstance(variable, Completion) else 1]
    return tuple(shape)


def _place(array, models, env, prompt, completion=None, vector=False):
    """Put (B, N[, Y][, d]) into the axes of its variables."""
    if prompt not in env or (completion is not None and completion not in env):
        raise Undefined(f"{prompt if prompt not in env else completion} is not bound")
    shape = [models.size] + [1] * AXES
    shape[1 + env[prompt]] = array.shape[1]
    if completion is not None:
        if env[completion] < env[prompt]:
            array = array.swapaxes(1, 2)
        shape[1 + env[completion]] = models.pi.shape[2]
    return array.reshape(shape + ([models.dim] if vector else []))


def _constant(name, models, vector=False):
    if name not in models.constants:
        raise Undefined(f"{name} has no value")
    array = models.constants[name]
    return array.reshape([models.size] + [1] * AXES + ([models.dim] if vector else []))


def _bind(variable, env):
    axis = next(i for i in range(AXES) if i not in env.values())
    return {**env, variable: axis}, axis


def _weights(variable, models, env):
    if isinstance(variable, Prompt):
        return _place(models.mass, models, env, variable)
    return _place(models.pi, models, env, variable.prompt, variable)


def _is_vector(expr) -> bool:
    if isinstance(expr, Grad | VectorSymbol):
        return True
    if isinstance(expr, Add):
        return any(_is_vector(a) for a in expr.args)
    if isinstance(expr, Mul):
        return any(_is_vector(a) for a in expr.args)
    return isinstance(expr, Mean) and _is_vector(expr.body)


def _number(expr, models):
    return Fraction(expr.p, expr.q) if models.exact else float(expr)


def _one(models, value):
    return np.full([models.size] + [1] * AXES, value, dtype=object if models.exact else float)


def _value(expr, models, env):
    if expr.is_Rational:
        return _one(models, _number(expr, models))
    if isinstance(expr, Whole) or (expr.is_Symbol and expr.name not in DEFINITIONS):
        return _constant(f"#{expr.shown}" if isinstance(expr, Whole) else expr.name, models)
    if expr.is_Symbol:
        return _value(DEFINITIONS[expr.name].body, models, env)
    if isinstance(expr, Add):
        total = 0
        for a in expr.args:
            total = total + _value(a, models, env)
        return total
    if isinstance(expr, Mul):
        total = None
        vector = _is_vector(expr)
        for a in expr.args:
            factor = _value(a, models, env)
            if vector and not _is_vector(a):
                factor = factor[..., None]
            total = factor if total is None else total * factor
        return total
    if isinstance(expr, Pow):
        return _power(_value(expr.base, models, env), _value(expr.exp, models, env), models)
    if isinstance(expr, Mean):
        inside, axis = _bind(expr.bound, env)
        weights = _weights(expr.bound, models, inside)
        body = _value(expr.body, models, inside)
        if _is_vector(expr.body):
            weights = weights[..., None]
        return (weights * body).sum(1 + axis, keepdims=True)
    if isinstance(expr, Inner):
        u, v = expr.args
        slope, direction = (u, v) if isinstance(u, Grad) else (v, u)
        if isinstance(slope, Grad) and isinstance(direction, VectorSymbol):
            # a derivative along a direction; of such a derivative, the second one
            return _series(slope.args[0], models, env, _value(direction, models, env))[1]
        return (_value(u, models, env) * _value(v, models, env)).sum(-1)
    if isinstance(expr, Hess):
        f, v = expr.args
        return _series(f, models, env, _value(v, models, env))[2]
    if isinstance(expr, VectorSymbol):
        return _constant(expr.args[0].name, models, vector=True)
    if isinstance(expr, Grad):
        return _gradient(expr.args[0], models, env)
    if isinstance(expr, Norm):
        v = _value(expr.args[0], models, env)
        return _sqrt((v * v).sum(-1), models)
    if isinstance(expr, OpNorm):
        return _operator_norm(expr, models, env)
    if isinstance(expr, Moved):
        return _moved(expr, models, env)
    if isinstance(expr, Inv):
        b = _value(expr.args[0], models, env)
        if models.exact and any(v == 0 for v in np.ravel(b)):
            raise Undefined("division by zero")
        return 1 / b
    if isinstance(expr, Sqrt):
        return _sqrt(_value(expr.args[0], models, env), models)
    if isinstance(expr, Log | Exp):
        if models.exact:
            inside = _value(expr.args[0], models, env)
            if isinstance(expr, Log) and any(v <= 0 for v in np.ravel(inside)):
                raise Undefined("the logarithm of a number that is not positive")
            return _digits(mp.log if isinstance(expr, Log) else mp.exp)(inside)
        return (np.log if isinstance(expr, Log) else np.exp)(_value(expr.args[0], models, env))
    if isinstance(expr, GeometricSum):
        r, i, j = (_value(a, models, env) for a in expr.args)
        return sum(
            np.where((i <= e) & (e < j), _power(r, 0 * r + e, models), 0)
            for e in range(int(np.max(j)))
        )
    if isinstance(expr, Fn):
        return _function(expr, models, env)
    raise Undefined(f"{type(expr).__name__} has no value")


def _function(expr, models, env):
    head, args = expr.head, expr.args[1:]
    if head in DEFINITIONS:
        return _value(unfold(expr), models, env)
    if head == "u":
        return _place(1 - models.success(), models, env, args[0])
    if head == "r":
        return _place(models.reward, models, env, *args)
    if head == "logpi":
        log = _digits(mp.log) if models.exact else np.log
        return _place(log(models.pi), models, env, *args)
    if head == "logit":
        return _place(models.constants["logit"], models, env, args[0])
    if head.endswith("^c"):
        return 1 - _function(Fn(head[:-2], *args), models, env)
    if head in _DERIVATIVE and head[0] + "~" in models.constants:
        return _place(_transform(models, head), models, env, args[0])
    if head not in models.constants:
        raise Undefined(f"{head} has no value")
    return _place(models.constants[head], models, env, *args)


_DERIVATIVE = {"Fp": 0, "Fw": 1, "Fc": 2, "Hp": 0, "Hw": 1}


def _transform(models: Policies, head: str) -> np.ndarray:
    """(B, N): F or H of the success probability, or a derivative of it.

    A polynomial, with coefficients of p^0, p^1, ... in the constant "F~" or "H~", (B, degree + 1);
    where the constant "F?" is 1 it is log p, where it is 2, 2 arcsin sqrt p. Unlike values given
    prompt by prompt, these say what F is after a step as well.
    """
    coefficients, p, order = models.constants[head[0] + "~"], models.success(), _DERIVATIVE[head]
    for _ in range(order):
        powers = np.arange(1, coefficients.shape[-1])
        coefficients = coefficients[:, 1:] * (powers.astype(object) if models.exact else powers)
    total = 0 * p
    for i in reversed(range(coefficients.shape[-1])):
        total = total * p + coefficients[:, i : i + 1]
    kind = models.constants.get(head[0] + "?", np.zeros(models.size))
    for number, function in ((1, _log_p), (2, _arcsin)):
        rows = np.flatnonzero(kind == number)
        if len(rows):
            if models.exact and any(v in (0, 1) for v in np.ravel(p[rows])):
                raise Undefined("a slope of log p or 2 arcsin sqrt p at 0 or 1")
            total[rows] = function(p[rows], order, models)
    return total


def _log_p(p, order, models):
    if order:
        return 1 / p if order == 1 else -1 / p**2
    return (_digits(mp.log) if models.exact else np.log)(p)


def _arcsin(p, order, models):
    weight = 1 / _sqrt(p * (1 - p), models)
    if order:
        return weight if order == 1 else (2 * p - 1) * weight**3 * _number(Rational(1, 2), models)
    root = _sqrt(p, models)
    return 2 * (_digits(mp.asin) if models.exact else np.arcsin)(root)


def _power(base, exponent, models):
    if models.exact:
        return np.vectorize(lambda b, e: b ** int(e), otypes=[object])(base, exponent)
    return np.power(base, exponent)


def _sqrt(value, models):
    if not models.exact:
        return np.sqrt(np.maximum(value, 0))
    if any(v < 0 for v in np.ravel(value)):
        raise Undefined("a square root of a negative number")
    return _digits(mp.sqrt)(value)


def _digits(function):
    """An mpmath function on object arrays of fractions, rounded to fractions of 60 digits."""

    def rounded(v):
        return Fraction(*to_rational(function(mp.mpmathify(v))._mpf_))

    return np.vectorize(rounded, otypes=[object])


# ------------------------------------------------------- derivatives, by differentiating series
# A quantity along theta + t v is (value, first, second derivative in t at 0). What stands in a
# gradient that is taken along v and holds <grad h, v> itself is differentiated once only, so that
# its second derivative is never read.


def _gradient(f, models, env):
    if isinstance(f, Fn) and f.head == "p":
        return _place(models.gradient(), models, env, f.args[1], vector=True)
    if isinstance(f, Fn) and f.head == "logpi":
        return _place(models.score(), models, env, *f.args[1:], vector=True)
    if isinstance(f, Fn) and f.head == "logit":
        psi = models.constants["psi"]
        return _place(psi, models, env, f.args[1], vector=True)
    rows = []
    for i in range(models.dim):
        e = _one(models, 0 * models.mass.flat[0])[..., None] + np.zeros(models.dim, dtype=int)
        e = e.copy()
        e[..., i] = e[..., i] + 1
        rows.append(_series(f, models, env, e)[1])
    return np.stack(np.broadcast_arrays(*rows), axis=-1)


# first and second derivative of a general transform at p(x); those of F' and H are read once only
_SLOPES = {"Fp": ("Fw", "Fc"), "Fw": ("Fc", None), "Hp": ("Hw", None)}


def _series(f, models, env, v):
    zero = _one(models, 0 * models.mass.flat[0])
    if f.is_number or isinstance(f, Whole) or (f.is_Symbol and f.name not in DEFINITIONS):
        return _value(f, models, env), zero, zero
    if f.is_Symbol:
        return _series(DEFINITIONS[f.name].body, models, env, v)
    if isinstance(f, Add):
        parts = [_series(a, models, env, v) for a in f.args]
        return tuple(sum(p[i] for p in parts) for i in range(3))
    if isinstance(f, Mul):
        total = None
        for a in f.args:
            s = _series(a, models, env, v)
            total = s if total is None else _leibniz(total, s)
        return total
    if isinstance(f, Pow):
        return _series_power(_series(f.base, models, env, v), _value(f.exp, models, env), models)
    if isinstance(f, Exp):
        a, b, c = _series(f.args[0], models, env, v)
        e = (_digits(mp.exp) if models.exact else np.exp)(a)
        return e, e * b, e * (b * b + c)
    if isinstance(f, Inv):
        a, b, c = _series(f.args[0], models, env, v)
        return 1 / a, -b / a**2, 2 * b * b / a**3 - c / a**2
    if isinstance(f, Mean):
        inside, axis = _bind(f.bound, env)
        body = _series(f.body, models, inside, v)
        weights = _weights(f.bound, models, inside)
        if isinstance(f.bound, Completion):
            s, c = _score_series(f.bound, models, inside, v)
            body = _leibniz((1 + 0 * s, s, s * s + c), body)
        return tuple((weights * b).sum(1 + axis, keepdims=True) for b in body)
    if isinstance(f, Inner):  # <grad h, v>, differentiated along the same v
        slope, direction = f.args if isinstance(f.args[0], Grad) else f.args[::-1]
        if not isinstance(slope, Grad) or not isinstance(direction, VectorSymbol):
            raise Undefined(f"{f} cannot be differentiated here")
        _, first, second = _series(slope.args[0], models, env, v)
        return first, second, zero
    if not isinstance(f, Fn):
        raise Undefined(f"{f} cannot be differentiated here")
    if f.head == "u":
        return _success_series(f, models, env, v)
    if f.head == "r":
        return _value(f, models, env), zero, zero
    if f.head == "logpi":
        s, c = _score_series(f.args[2], models, env, v)
        return zero, s, c
    if f.head == "logit":
        slope = (_gradient(f, models, env) * v).sum(-1)
        return _value(f, models, env), slope, zero
    if f.head in _SLOPES:
        _, p1, p2 = _success_series(Fn("u", f.args[1]), models, env, v)
        first, second = (
            _value(Fn(name, f.args[1]), models, env) if name else zero for name in _SLOPES[f.head]
        )
        return _value(f, models, env), -first * p1, second * p1 * p1 - first * p2
    if f.head in DEFINITIONS:
        return _series(unfold(f), models, env, v)
    raise Undefined(f"{f} cannot be differentiated here")


def _leibniz(a, b):
    return a[0] * b[0], a[1] * b[0] + a[0] * b[1], a[2] * b[0] + 2 * a[1] * b[1] + a[0] * b[2]


def _series_power(base, n, models):
    a, b, c = base

    def falling(times):
        lower = (
            np.maximum(n - times, 0)
            if not models.exact
            else np.vectorize(lambda e: max(e - times, 0), otypes=[object])(n)
        )
        factor = n if times == 1 else n * (n - 1)
        return factor * _power(a, lower, models)

    return _power(a, n, models), falling(1) * b, falling(2) * b * b + falling(1) * c


def _score_series(completion, models, env, v):
    """First and second derivative of log pi along v; the second is minus a variance."""
    score = _place(models.score(), models, env, completion.prompt, completion, vector=True)
    along = (score * v).sum(-1)
    pi = _place(models.pi, models, env, completion.prompt, completion)
    axis = 1 + env[completion]
    return along, -(pi * along * along).sum(axis, keepdims=True)


def _success_series(f, models, env, v):
    prompt = f.args[1]
    inside, axis = _bind(Completion("_", prompt), env)
    completion = Completion("_", prompt)
    s, c = _score_series(completion, models, inside, v)
    weights = _place(models.pi, models, inside, prompt, completion) * _place(
        models.reward, models, inside, prompt, completion
    )
    total = [(weights * t).sum(1 + axis, keepdims=True) for t in (1 + 0 * s, s, s * s + c)]
    return 1 - total[0], -total[1], -total[2]


def _operator_norm(expr, models, env):
    body = expr.args[0]
    if not isinstance(body, Hess):
        raise Undefined("an operator norm of something else than a Hessian")
    f = body.args[0]

    def form(direction):
        vector = np.zeros(models.dim, dtype=int) + direction
        vector = _one(models, 0 * models.mass.flat[0])[..., None] + vector
        return _series(f, models, env, vector)[2]

    basis = np.eye(models.dim, dtype=int)
    diagonal = [form(e) for e in basis]
    if models.dim == 1:
        return abs(diagonal[0])
    if models.exact:
        raise Undefined("no exact operator norm")
    shape = np.broadcast_shapes(*(d.shape for d in diagonal))
    matrix = np.zeros((*shape, models.dim, models.dim))
    for i, j in product(range(models.dim), repeat=2):
        if i == j:
            matrix[..., i, i] = diagonal[i]
        elif i < j:
            both = form(basis[i] + basis[j])
            matrix[..., i, j] = matrix[..., j, i] = (both - diagonal[i] - diagonal[j]) / 2
    return np.abs(np.linalg.eigvalsh(matrix)).max(-1)


def _moved(expr, models, env):
    f, step = expr.args
    delta = _value(step, models, env)
    wide = [i for i in range(AXES) if delta.shape[1 + i] > 1]
    if not wide:
        return _value(f, models.moved(delta.reshape(models.size, models.dim)), env)
    axis = 1 + wide[0]
    if len(wide) > 1:
        raise Undefined("a step that depends on two variables")
    slices = [
        _value(f, models.moved(np.take(delta, i, axis).reshape(models.size, models.dim)), env)
        for i in range(delta.shape[axis])
    ]
    return np.concatenate(slices, axis=axis)
