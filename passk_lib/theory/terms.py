"""The language of the derivations: SymPy expressions that know expectations and inner products.

Two kinds of expression occur, scalars and vectors of R^d (d is never named). Prompts and
completions are variables; `E(body, x)` binds one. Everything else is a small set of nodes that
SymPy never evaluates by itself, so what is written is what is checked and what is printed.

Failure probabilities u(x) = 1 - p(x) are the primitive, because powers of u are what pass@k is
made of; p(x) is printed wherever it is written, and unfolds to 1 - u(x) in the normal form.

    >>> from passk_lib.theory.setting import a, k, w, x
    >>> print(latex(E(w(k, x) * a(x), x)))  # equation (9)
    \\mathbb{E}_{x}\\!\\left[w_{k,\\theta}(x)\\,a_\\theta(x)\\right]
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Add, Expr, Integer, Mul, Pow, Symbol, sympify
from sympy.core.basic import Basic

# ------------------------------------------------------------------------------ variables


def _plain(kind: str, name) -> None:
    """Refuse, in a name that is written down, the marks of fresh variables and of orders."""
    if isinstance(name, str) and set(name) & set("#[]"):
        raise ValueError(f"name: {name!r} of {kind} must not contain '#', '[' or ']'")


class Prompt(Symbol):
    """A prompt x ~ D."""

    __slots__ = ()

    def __new__(cls, name: str):
        _plain("a prompt", name)
        return Symbol.__new__(cls, name)


class Completion(Expr):
    """A completion y ~ pi_theta(.|x); it carries its prompt x."""

    def __new__(cls, name: str | Symbol, prompt: Prompt):
        _plain("a completion", name)
        return Expr.__new__(cls, Symbol(str(name)), prompt)

    @property
    def prompt(self):
        """The prompt that it answers."""
        return self.args[1]


class Whole(Symbol):
    """An integer that is at least `least`: the k of pass@k."""

    __slots__ = ()

    def __new__(cls, name: str, least: int = 1):
        _plain("an order", name)
        if isinstance(least, bool) or not isinstance(least, int) or least < 0:
            raise ValueError(f"least: {least!r} must be an integer of at least 0")
        return Symbol.__new__(cls, f"{name}[{least}]")

    @property
    def least(self) -> int:
        """The least value that it may take."""
        return int(self.name[:-1].split("[")[1])

    def __getnewargs_ex__(self):
        name, least = self.name[:-1].split("[")
        return (name, int(least)), {}

    @property
    def shown(self) -> str:
        """The name without the mark of its least value: k."""
        return self.name.split("[")[0]


class VectorSymbol(Expr):
    """A vector of R^d without inner structure."""

    def __new__(cls, name: str | Symbol):
        _plain("a vector", name)
        return Expr.__new__(cls, Symbol(str(name)))


# --------------------------------------------------------------------------------- nodes


class Node(Expr):
    """An expression that is never evaluated."""

    def __new__(cls, *args):
        return Expr.__new__(cls, *(sympify(a) for a in args))


class Mean(Node):
    """Expectation over one bound prompt or completion."""

    @property
    def body(self):
        """What the mean is taken of."""
        return self.args[0]

    @property
    def bound(self):
        """The prompt or completion that it is taken over."""
        return self.args[1]


def E(body, *variables) -> Expr:
    """E(f, x, y) = E_x[E_y[f]]: the last variable is the innermost."""
    for variable in reversed(variables):
        body = Mean(body, variable)
    return body


class Inner(Node):
    """Inner product <u, v> of two vectors."""


class Norm(Node):
    """Euclidean norm of a vector."""


class Grad(Node):
    """Gradient in theta of a scalar: a vector."""


class Hess(Node):
    """Hess(f, v) = <v, (Hessian of f) v>: the Hessian of a scalar as a quadratic form."""


class OpNorm(Node):
    """OpNorm(Q(v), v) = the least c >= 0 with |Q(v)| <= c |v|^2 for all v: an operator norm."""


class Moved(Node):
    """Moved(f, v): the value of f at theta + v instead of theta."""


class Inv(Node):
    """1/b. It never cancels by itself: that takes a proof of b > 0 (axiom `reciprocal`)."""


class Log(Node):
    """Natural logarithm."""


class Exp(Node):
    """Exponential function."""


class Sqrt(Node):
    """Square root of a non-negative scalar."""


class GeometricSum(Node):
    """GeometricSum(r, i, j) = r^i + ... + r^(j-1)."""


class Fn(Expr):
    """A named function of prompts, completions and orders; unfolds if it has a definition."""

    def __new__(cls, name: str | Symbol, *args):
        return Expr.__new__(cls, Symbol(str(name)), *(sympify(a) for a in args))

    @property
    def head(self) -> str:
        """The function's name."""
        return self.args[0].name


def frac(a, b) -> Expr:
    """a/b as a * Inv(b)."""
    return a * Inv(b)


def ip(u, v) -> Expr:
    """Inner product <u, v> of two vectors."""
    return Inner(u, v)


def sq(v) -> Expr:
    """Squared norm of a vector."""
    return Inner(v, v)


# --------------------------------------------------------------------------- definitions


@dataclass(frozen=True)
class Definition:
    """head(params) := body; `latex` is a template with the printed parameters."""

    head: str
    params: tuple
    body: Expr
    latex: str


DEFINITIONS: dict[str, Definition] = {}
PRIMITIVES: dict[str, str] = {}  # head -> LaTeX template
INDICATORS: set[str] = set()  # heads whose values are 0 or 1
FREE: set[str] = set()  # symbols that a normal form has read as constants


def define(head: str, params: tuple, body, latex: str):
    """Give `head` a definition; returns the function that builds head(...)."""
    if head in DEFINITIONS or head in PRIMITIVES:
        raise ValueError(f"head: {head!r} is defined already")
    if head in FREE:
        raise ValueError(f"head: {head!r} is in use as a constant; define it before it is used")
    body = sympify(body)
    loose = free_variables(body) | {s for s in body.free_symbols if isinstance(s, Whole)}
    if not loose <= set(params) | {v.prompt for v in params if isinstance(v, Completion)}:
        raise ValueError(f"params: {loose - set(params)} is free in the body of {head!r}")
    DEFINITIONS[head] = Definition(head, tuple(params), body, latex)
    return lambda *args: Fn(head, *args)


def primitive(head: str, latex: str, *, indicator: bool = False):
    """A function of which nothing is known (an indicator: that its values are 0 and 1)."""
    if head in DEFINITIONS or head in PRIMITIVES:
        raise ValueError(f"head: {head!r} is defined already")
    PRIMITIVES[head] = latex
    if indicator:
        INDICATORS.add(head)
    return lambda *args: Fn(head, *args)


# -------------------------------------------------------------------------- substitution


def free_variables(expr: Basic) -> set:
    """Prompts and completions that are free in expr."""
    if isinstance(expr, Mean):
        inside = free_variables(expr.body)
        gone = {v for v in inside if v == expr.bound}
        inside -= gone
        if isinstance(expr.bound, Completion):
            inside |= free_variables(expr.bound.prompt)
        return inside
    if isinstance(expr, Prompt):
        return {expr}
    if isinstance(expr, Completion):
        return {expr, expr.prompt}
    return set().union(*(free_variables(a) for a in expr.args)) if expr.args else set()


def fresh_like(variable, *occupied: Basic):
    """A variable of the same sort that occurs in none of the expressions `occupied`."""
    taken = {
        v.name if isinstance(v, Prompt) else v.args[0].name
        for e in occupied
        for v in e.atoms(Prompt, Completion)
    }
    kind, i = "x" if isinstance(variable, Prompt) else "y", 1
    while f"{kind}#{i}" in taken:
        i += 1
    if isinstance(variable, Prompt):
        return Symbol.__new__(Prompt, f"x#{i}")
    return Completion(Symbol(f"y#{i}"), variable.prompt)


def substitute(expr: Basic, mapping: dict) -> Basic:
    """Replace free variables and symbols; bound variables step aside, nothing is captured."""
    if expr in mapping:
        return mapping[expr]
    if isinstance(expr, Mean):
        inside = {a: b for a, b in mapping.items() if a != expr.bound}
        bound, body = expr.bound, expr.body
        incoming = set().union(*(free_variables(b) for b in inside.values())) if inside else set()
        if bound in incoming:
            new = fresh_like(bound, expr, *inside.values())
            body, bound = substitute(body, {bound: new}), new
        if isinstance(bound, Completion):  # the prompt it belongs to may be replaced
            moved = Completion(bound.args[0], substitute(bound.prompt, inside))
            if moved != bound:
                if moved in incoming | free_variables(body):
                    moved = fresh_like(moved, expr, body, *inside.values())
                body, bound = substitute(body, {bound: moved}), moved
        return Mean(substitute(body, inside), bound)
    if not expr.args or isinstance(expr, VectorSymbol):
        return expr
    if isinstance(expr, OpNorm):
        return _substitute_in_norm(*expr.args, mapping)
    args = [substitute(a, mapping) for a in expr.args]
    if isinstance(expr, Fn | Completion):
        args[0] = expr.args[0]  # a name, not a symbol
    return expr.func(*args) if args != list(expr.args) else expr


def _substitute_in_norm(body, bound, mapping: dict) -> Basic:
    """substitute in OpNorm(body, bound): the direction is bound."""
    inside = {a: b for a, b in mapping.items() if a != bound}
    incoming = {v for b in inside.values() for v in b.atoms(VectorSymbol)}
    if bound in incoming:
        taken, i = incoming | body.atoms(VectorSymbol), 1
        while (new := VectorSymbol(Symbol(f"v#{i}"))) in taken:
            i += 1
        body, bound = substitute(body, {bound: new}), new
    return OpNorm(substitute(body, inside), bound)


# ------------------------------------------------------------------------------ printing


def latex(expr) -> str:
    """LaTeX of an expression, straight from the tree that was checked."""
    return _tex(expr, 0)


_SUM, _PRODUCT, _POWER = 1, 2, 3
NAMES: dict[str, str] = {}  # symbol name -> LaTeX


def _wrap(text: str, level: int, least: int) -> str:
    return rf"\left({text}\right)" if level < least else text


def _tex(e, least: int) -> str:
    if isinstance(e, Whole):
        return e.shown
    if isinstance(e, Prompt):
        return e.name.split("#")[0]
    if isinstance(e, Completion):
        return e.args[0].name.split("#")[0]
    if isinstance(e, VectorSymbol):
        return NAMES.get(e.args[0].name, e.args[0].name)
    if e.is_Symbol:
        return NAMES.get(e.name, e.name)
    if e.is_Integer:
        return _wrap(str(e), _SUM if e < 0 else _POWER, least)
    if e.is_Rational:
        sign = "-" if e.p < 0 else ""
        return _wrap(rf"{sign}\tfrac{{{abs(e.p)}}}{{{e.q}}}", _PRODUCT if e > 0 else _SUM, least)
    if isinstance(e, Add):
        return _wrap(_tex_sum(e), _SUM, least)
    if isinstance(e, Mul):
        return _tex_product(e, least)
    if isinstance(e, Pow):
        return _tex_power(e)
    return _tex_node(e, least)


def _inside(e) -> str:
    """What stands in a fraction or in brackets and needs no parentheses of its own."""
    return unwrapped(_tex(e, 0))


def _tex_sum(e: Add) -> str:
    # Positive terms first; among them pure numbers before the rest only in "1 - p".
    terms = sorted(e.args, key=_term_key)
    out = ""
    for term in terms:
        text = _tex(term, _SUM if not out else _PRODUCT - 1)
        if term.could_extract_minus_sign():
            text = "-" + _tex(-term, _PRODUCT)
        out += text if not out or text.startswith("-") else "+" + text
    return out


def _term_key(term):
    """Numbers, objectives and probabilities, products, single moments; negative terms last."""
    negative = term.could_extract_minus_sign()
    plain = -term if negative else term
    head = plain.head if isinstance(plain, Fn) else ""
    if plain.is_Number:
        rank = 0
    elif head in ("J", "p", "Fp") or isinstance(plain, Moved):
        rank = 1
    elif isinstance(plain, Inner):
        rank = 2
    elif head.startswith("cov"):
        rank = 5
    else:
        rank = 3 if isinstance(plain, Mul) else 4
    return (negative, rank, len(str(term)), str(term))


_RANK = {"w": 3, "W": 3, "wprime": 3}


def _factor_key(f):
    base = f.base if isinstance(f, Pow) else f
    if base.is_Number:
        return (0, "")
    if isinstance(base, Whole):
        return (1, str(base))
    if base.is_Symbol:
        return (2, str(base))
    if isinstance(base, Fn):
        return (_RANK.get(base.head, 5), str(base))
    if isinstance(base, Add):
        return (4, str(base))
    if isinstance(base, Mean):
        return (6, str(base))
    if isinstance(base, Inner):
        return (7, str(base))
    return (9 if isinstance(base, Grad | VectorSymbol) else 8, str(base))


def _tex_product(e: Mul, least: int) -> str:
    if e.could_extract_minus_sign():
        return _wrap("-" + _tex(-e, _PRODUCT), _SUM, least)
    top = [f for f in e.args if not isinstance(f, Inv)]
    bottom = [f.args[0] for f in e.args if isinstance(f, Inv)]
    top.sort(key=_factor_key)
    if bottom:
        inside = Mul(*bottom) if len(bottom) > 1 else bottom[0]
        return _wrap(rf"\frac{{{_inside(Mul(*top))}}}{{{_inside(inside)}}}", _PRODUCT, least)
    text = r"\,".join(_tex(f, _PRODUCT) for f in top)
    return _wrap(text, _PRODUCT, least)


def _tex_power(e: Pow) -> str:
    base, exponent = e.args
    if base.is_Symbol:
        return f"{_tex(base, _POWER)}^{{{_tex(exponent, 0)}}}"
    text = _tex(base, 0)
    if isinstance(base, Fn) and base.head in DEFINITIONS | PRIMITIVES and text[0] != "(":
        text = rf"{text}" if text.endswith(")") and len(text) < 3 else rf"\left({text}\right)"
    elif not text.startswith("(") or not text.endswith(")"):
        text = rf"\left({text}\right)"
    return f"{text}^{{{_tex(exponent, 0)}}}"


def unwrapped(text: str) -> str:
    """(a) as a, where the two parentheses belong together."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for i, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not depth:
            return text[1:-1] if i == len(text) - 1 else text
    return text


def _variables(bound) -> str:
    return ",".join(_tex(b, 0) for b in bound)


def _tex_node(e, least: int) -> str:
    if isinstance(e, Mean):
        bound, body = [e.bound], e.body
        while isinstance(body, Mean):
            bound.append(body.bound)
            body = body.body
        return rf"\mathbb{{E}}_{{{_variables(bound)}}}\!\left[{_inside(body)}\right]"
    if isinstance(e, Inner):
        u, v = e.args
        if u == v:
            return rf"\lVert {_tex(u, 0)}\rVert^{{2}}"
        return rf"\left\langle {_tex(u, 0)},\,{_tex(v, 0)}\right\rangle"
    if isinstance(e, Norm):
        return rf"\lVert {_tex(e.args[0], 0)}\rVert"
    if isinstance(e, Grad):
        return (
            r"\nabla " + _gradient_argument(e.args[0])
            if not _is_logpi(e.args[0])
            else (rf"s_\theta({_variables(e.args[0].args[1:])})")
        )
    if isinstance(e, Hess):
        f, v = e.args
        return rf"\nabla^2 {_gradient_argument(f)}[{_tex(v, 0)},{_tex(v, 0)}]"
    if isinstance(e, Moved):
        f, v = e.args
        mark = r"\theta'" if isinstance(v, VectorSymbol) else r"\theta^{+}"
        return _tex(f, 0).replace(r"\theta", mark)
    if isinstance(e, OpNorm):
        body = e.args[0]
        if isinstance(body, Hess):
            return rf"\lVert \nabla^2 {_gradient_argument(body.args[0])}\rVert"
        return rf"\lVert {_tex(body, 0)}\rVert_{{\mathrm{{op}}}}"
    if isinstance(e, Inv):
        return _wrap(rf"\frac{{1}}{{{_inside(e.args[0])}}}", _PRODUCT, least)
    if isinstance(e, Log):
        return rf"\log\!\left({_inside(e.args[0])}\right)"
    if isinstance(e, Exp):
        return rf"e^{{{_tex(e.args[0], 0)}}}"
    if isinstance(e, Sqrt):
        return rf"\sqrt{{{_tex(e.args[0], 0)}}}"
    if isinstance(e, GeometricSum):
        r, i, j = e.args
        body = _tex_power(Pow(r, Symbol("l")))
        return _wrap(rf"\sum_{{l={_tex(i, 0)}}}^{{{_tex(j - 1, 0)}}}{body}", _PRODUCT, least)
    if isinstance(e, Fn):
        template = DEFINITIONS[e.head].latex if e.head in DEFINITIONS else PRIMITIVES[e.head]
        for i, argument in enumerate(e.args[1:]):
            template = template.replace(f"#{i + 1}", _tex(argument, 0))
        return template
    raise TypeError(f"expr: no way to print {type(e).__name__}")


def _is_logpi(f) -> bool:
    return isinstance(f, Fn) and f.head == "logpi"


def _gradient_argument(f) -> str:
    text = _tex(f, 0)
    simple = isinstance(f, Fn | Mean)
    return text if simple else rf"\left({text}\right)"


ZERO, ONE = Integer(0), Integer(1)
