"""The normal form: two expressions have the same one only if they are equal.

A scalar becomes a sum of monomials, each a rational number times a product of atoms under a
block of expectations,

    c * E_{x1, y1, ...}[ atom^e * atom^e * ... ].

This uses no more than: sums and products of real numbers, E is linear, E[1] = 1, a product of two
expectations is one expectation over two independent copies (Fubini), the inner product is
bilinear and symmetric, and an indicator equals its powers. Definitions are unfolded on the way.
A vector has one vector atom more in each monomial.

Exponents are linear in orders such as k and never negative: k - 1 is accepted for k >= 1, k - 2
only for k >= 2, so that nothing is ever divided by a failure probability that may be zero.

    >>> from passk_lib.theory.setting import E, u, x, x2
    >>> squared_mean = E(u(x), x) ** 2
    >>> nf(squared_mean) == nf(E(u(x) * u(x2), x, x2))  # two independent copies
    True
    >>> nf(squared_mean) == nf(E(u(x) ** 2, x))
    False
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

from sympy import Add, Mul, Poly, Pow, Symbol
from sympy.polys.polyerrors import PolynomialError

from .terms import (
    DEFINITIONS,
    FREE,
    INDICATORS,
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
    substitute,
)


class Malformed(ValueError):
    """The expression has no meaning here (rank, exponent, or an unknown node)."""


_cache: dict = {}
_counter = 0


def forget() -> None:
    """Empty the cache; needed after a definition has been replaced."""
    _cache.clear()


def nf(expr) -> tuple:
    """Normal form: a sorted tuple of (monomial, Fraction); zero is ()."""
    if expr not in _cache:
        _cache[expr] = tuple(sorted(_nf(expr).items(), key=lambda item: repr(item[0])))
    return _cache[expr]


def is_vector(form: tuple) -> bool:
    """Whether a normal form is that of a vector (zero counts as both)."""
    return any(monomial[2] is not None for monomial, _ in form)


# ------------------------------------------------------------------ monomials and exponents
# A monomial is (bounds, factors, vector atom or None); factors are sorted (atom, exponent).
# An exponent is a sorted tuple of (order name or "", integer), "" being the constant.


def _least(exponent) -> int:
    """The least value an exponent takes; -1 if it is not bounded below by 0."""
    total = 0
    for name, c in exponent:
        if name and c < 0:
            return -1
        total += c * (int(name[:-1].split("[")[1]) if name else 1)
    return total


def exponent(expr) -> tuple:
    """The form of an exponent; refuses what is not an integer of at least 0, linear in orders."""
    symbols = sorted(expr.free_symbols, key=str)
    if not all(isinstance(s, Whole) for s in symbols):
        raise Malformed(f"exponent: {expr} is not linear in orders such as k")
    if not symbols:
        if not expr.is_Integer:
            raise Malformed(f"exponent: {expr} is not an integer")
        form = (("", int(expr)),) if expr else ()
    else:
        try:
            poly = Poly(expr, *symbols)
        except PolynomialError:
            raise Malformed(f"exponent: {expr} is not linear in orders such as k") from None
        if poly.total_degree() > 1:
            raise Malformed(f"exponent: {expr} is not linear in orders such as k")
        parts = {}
        for powers, c in poly.terms():
            if not c.is_Integer:
                raise Malformed(f"exponent: {expr} has a coefficient that is not an integer")
            name = next((s.name for s, n in zip(symbols, powers, strict=True) if n), "")
            parts[name] = int(c)
        form = tuple(sorted(parts.items()))
    if _least(form) < 0:
        raise Malformed(f"exponent: {expr} may be negative")
    return form


def _add_exponents(a, b) -> tuple:
    total = dict(a)
    for name, c in b:
        total[name] = total.get(name, 0) + c
    return tuple(sorted((n, c) for n, c in total.items() if c))


def _scale_exponent(a, b) -> tuple:
    if all(not name for name, _ in a):
        a, b = b, a  # b is now the constant one
    if any(name for name, _ in b):
        raise Malformed("exponent: a product of two orders is not linear")
    c = sum(c for _, c in b)
    return tuple((name, n * c) for name, n in a if n * c)


def _collect(factors) -> tuple:
    merged: dict = {}
    for atom, exponent in factors:
        merged[atom] = _add_exponents(merged.get(atom, ()), exponent)
    out = []
    for atom, exponent in merged.items():
        if not exponent:
            continue
        if atom[0] == "fn" and atom[1] in INDICATORS and _least(exponent) >= 1:
            exponent = _ONE_EXPONENT
        out.append((atom, exponent))
    return tuple(sorted(out, key=repr))


_ONE_EXPONENT = (("", 1),)
_UNIT = ((), (), None)

# -------------------------------------------------------------------------------- renaming


def _rename(t, mapping):
    """Replace variables in a nested tuple, restoring the order that a renaming may disturb."""
    if not isinstance(t, tuple):
        return t
    if t in mapping:
        return mapping[t]
    new = tuple(_rename(part, mapping) for part in t)
    if new == t or not new:
        return new
    if new[0] == "ip":
        return ("ip", *sorted(new[1:], key=repr))
    if new[0] == "form":
        return ("form", _sorted_form(new[1]))
    return new


def _sorted_form(form):
    rows = [((b, tuple(sorted(f, key=repr)), v), c) for (b, f, v), c in form]
    return tuple(sorted(rows, key=lambda row: repr(row[0])))


def _mentions(t, variable) -> bool:
    return t == variable or (isinstance(t, tuple) and any(_mentions(p, variable) for p in t))


def _has_completion_of(t, prompt) -> bool:
    if not isinstance(t, tuple):
        return False
    return (t[:1] == ("Y",) and t[2] == prompt) or any(_has_completion_of(p, prompt) for p in t)


def _height(t) -> int:
    """How deep normal forms are nested in t (as keys of gradients, logs, reciprocals)."""
    if not isinstance(t, tuple) or not t:
        return 0
    inside = max((_height(part) for part in t), default=0)
    return inside + 1 if t[0] == "form" else inside


def _new_id() -> int:
    global _counter
    _counter += 1
    return _counter


def _apart(monomial):
    """The same monomial with bound variables that occur nowhere else."""
    bounds, factors, vec = monomial
    mapping: dict = {}
    for b in bounds:
        if b[0] == "x":
            mapping[b] = ("x", -1, _new_id())
    for b in bounds:
        if b[0] == "y":
            mapping[b] = ("y", -1, _new_id(), mapping.get(b[3], b[3]))
    return (
        tuple(mapping[b] for b in bounds),
        tuple((_rename(a, mapping), e) for a, e in factors),
        _rename(vec, mapping),
    )


def _canonical(bounds, factors, vec):
    """Drop unused bound variables (E[1] = 1) and name the others in a fixed way."""
    factors = _collect(factors)
    body = (factors, vec)
    completions = [b for b in bounds if b[0] == "y" and _mentions(body, b)]
    prompts = [b for b in bounds if b[0] == "x" and (_mentions(body, b))]
    level = _height(body) + 1
    if not completions and not prompts:
        return ((), factors, vec)

    def signature(variable):
        others = {b: ("?",) for b in (*completions, *prompts) if b != variable}
        others[variable] = ("*",)
        marked = [(repr(_rename(a, others)), e) for a, e in factors]
        return (variable[0], repr(sorted(marked, key=repr)), repr(_rename(vec, others)))

    best = None
    for order in _orders(prompts, signature):
        naming = {b: ("x", level, i) for i, b in enumerate(order)}
        for order_y in _orders(completions, signature):
            mapping = dict(naming)
            for i, b in enumerate(order_y):
                mapping[b] = ("y", level, i, naming.get(b[3], b[3]))
            renamed = tuple(sorted(((_rename(a, mapping), e) for a, e in factors), key=repr))
            candidate = (
                tuple(mapping[b] for b in (*order, *order_y)),
                renamed,
                _rename(vec, mapping),
            )
            key = repr(candidate)
            if best is None or key < best[0]:
                best = (key, candidate)
    return best[1]


def _orders(variables, signature):
    """All orders of the variables that a fixed sorting by signature leaves open."""
    groups: dict = {}
    for v in variables:
        groups.setdefault(signature(v), []).append(v)
    pools = [permutations(groups[s]) for s in sorted(groups)]
    for choice in product(*pools):
        yield [v for group in choice for v in group]


# ------------------------------------------------------------------------------- arithmetic


def _times(a: dict, b: dict) -> dict:
    out: dict = {}
    for m1, c1 in a.items():
        for m2, c2 in b.items():
            (b1, f1, v1), (b2, f2, v2) = _apart(m1), _apart(m2)
            if v1 is not None and v2 is not None:
                raise Malformed("a product of two vectors has no meaning; use an inner product")
            m = _canonical((*b1, *b2), (*f1, *f2), v1 or v2)
            out[m] = out.get(m, 0) + c1 * c2
    return {m: c for m, c in out.items() if c}


def _inner(a: dict, b: dict) -> dict:
    out: dict = {}
    for m1, c1 in a.items():
        for m2, c2 in b.items():
            (b1, f1, v1), (b2, f2, v2) = _apart(m1), _apart(m2)
            if v1 is None or v2 is None:
                raise Malformed("an inner product needs two vectors")
            atom = ("ip", *sorted((v1, v2), key=repr))
            m = _canonical((*b1, *b2), (*f1, *f2, (atom, _ONE_EXPONENT)), None)
            out[m] = out.get(m, 0) + c1 * c2
    return {m: c for m, c in out.items() if c}


def _plus(forms) -> dict:
    out: dict = {}
    for form in forms:
        for m, c in form.items():
            out[m] = out.get(m, 0) + c
    out = {m: c for m, c in out.items() if c}
    if len({m[2] is None for m in out}) > 1:
        raise Malformed("a sum of a scalar and a vector has no meaning")
    return out


def _scalar(expr) -> dict:
    form = dict(nf(expr))
    if any(m[2] is not None for m in form):
        raise Malformed(f"{expr} is a vector where a scalar is needed")
    return form


def _power(base: dict, exponent: tuple) -> dict:
    if len(base) == 1 and not next(iter(base))[0]:
        (((_, factors, vec), c),) = base.items()
        if vec is not None:
            raise Malformed("a power of a vector has no meaning")
        if c == 1 or all(not name for name, _ in exponent):
            powered = [(a, _scale_exponent(e, exponent)) for a, e in factors]
            c = 1 if c == 1 else c ** sum(n for _, n in exponent)
            return {((), _collect(powered), None): Fraction(c)}
    if any(name for name, _ in exponent):
        raise Malformed("a power with a symbolic exponent needs a product of atoms as its base")
    result = {_UNIT: Fraction(1)}
    for _ in range(sum(n for _, n in exponent)):
        result = _times(result, base)
    return result


def _atom(atom) -> dict:
    return {((), ((atom, _ONE_EXPONENT),), None): Fraction(1)}


def _vector(atom) -> dict:
    return {((), (), atom): Fraction(1)}


def _key(expr):
    return ("form", nf(expr))


def _variable(v):
    if isinstance(v, Prompt):
        return ("X", v.name)
    return ("Y", v.args[0].name, _variable(v.prompt))


def _argument(a):
    return _variable(a) if isinstance(a, Prompt | Completion) else _key(a)


def _nf(expr) -> dict:
    if expr.is_Rational:
        return {_UNIT: Fraction(expr.p, expr.q)} if expr else {}
    if isinstance(expr, Prompt | Completion):
        raise Malformed(f"{expr} is a prompt or a completion, not a number")
    if expr.is_Symbol:
        if type(expr) is Symbol and expr.name in DEFINITIONS:
            return dict(nf(DEFINITIONS[expr.name].body))
        FREE.add(expr.name)
        return _atom(("order" if isinstance(expr, Whole) else "sym", expr.name))
    if isinstance(expr, Add):
        return _plus(dict(nf(a)) for a in expr.args)
    if isinstance(expr, Mul):
        result = {_UNIT: Fraction(1)}
        for a in expr.args:
            result = _times(result, dict(nf(a)))
        return result
    if isinstance(expr, Pow):
        return _power(_scalar(expr.base), exponent(expr.exp))
    if isinstance(expr, Mean):
        free = _variable(expr.bound)
        out: dict = {}
        if free[0] == "X" and _has_completion_of(nf(expr.body), free):
            raise Malformed(f"a completion of {expr.bound} is free where {expr.bound} is bound")
        for monomial, c in nf(expr.body):
            bounds, factors, vec = _apart(monomial)
            new = ("x", -1, _new_id()) if free[0] == "X" else ("y", -1, _new_id(), free[2])
            m = _canonical(
                (*(_rename(b, {free: new}) for b in bounds), new),
                tuple((_rename(a, {free: new}), e) for a, e in factors),
                _rename(vec, {free: new}),
            )
            out[m] = out.get(m, 0) + c
        return {m: c for m, c in out.items() if c}
    if isinstance(expr, Inner):
        return _inner(dict(nf(expr.args[0])), dict(nf(expr.args[1])))
    if isinstance(expr, Fn):
        if expr.head in DEFINITIONS:
            return dict(nf(unfold(expr)))
        return _atom(("fn", expr.head, *(_argument(a) for a in expr.args[1:])))
    if isinstance(expr, VectorSymbol):
        return _vector(("vec", expr.args[0].name))
    if isinstance(expr, Grad):
        _scalar(expr.args[0])
        return _vector(("grad", _key(expr.args[0])))
    if isinstance(expr, Hess):  # <v, Hf v> = <grad <grad f, v>, v>: notation only
        f, v = expr.args
        return dict(nf(Inner(Grad(Inner(Grad(f), v)), v)))
    if isinstance(expr, Moved):
        return _atom(("moved", _key(expr.args[0]), _key(expr.args[1])))
    if isinstance(expr, Norm):
        return _atom(("norm", _key(expr.args[0])))
    if isinstance(expr, GeometricSum):
        return _atom(("geometric", *(_key(a) for a in expr.args)))
    if isinstance(expr, OpNorm):
        body, v = expr.args
        _scalar(body)
        direction = VectorSymbol(Symbol(f"#{_height(_key(body))}"))  # differs from any inside
        return _atom(("opnorm", _key(substitute(body, {v: direction}))))
    for node, tag in ((Inv, "inv"), (Log, "log"), (Exp, "exp"), (Sqrt, "sqrt")):
        if isinstance(expr, node):
            _scalar(expr.args[0])
            return _atom((tag, _key(expr.args[0])))
    raise Malformed(f"{type(expr).__name__}: not part of the language")


def unfold(expr: Fn):
    """The body of a defined function at its arguments."""
    definition = DEFINITIONS[expr.head]
    if len(definition.params) != len(expr.args) - 1:
        raise Malformed(f"{expr.head}: {len(definition.params)} arguments are needed")
    return substitute(definition.body, dict(zip(definition.params, expr.args[1:], strict=True)))
