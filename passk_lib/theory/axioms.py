"""The trusted base, complete: everything the derivations take without proof.

`EMBEDDED` lists what the normal form and the rules of `kernel.py` build in; each function below
is one analytic fact, with its reference. `trusted_base()` prints the page.

What rests on one of them says so:

    >>> from passk_lib.theory.setting import k, u, x
    >>> gradient(u(x) ** k).axioms
    frozenset({'calculus'})
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from sympy import Add, Mul, Pow, Rational, Symbol, sympify

from passk_lib.tables import cell

from .kernel import Rejected, Theorem, conclude, instance, mentions
from .normal import Malformed, exponent, nf, unfold
from .terms import (
    DEFINITIONS,
    INDICATORS,
    PRIMITIVES,
    Completion,
    E,
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
    ip,
    primitive,
    sq,
    substitute,
)


@dataclass(frozen=True)
class Axiom:
    """What is taken on trust, and where one can read it up."""

    name: str
    statement: str  # Markdown with LaTeX
    reference: str


EMBEDDED = [
    Axiom(
        "reals",
        "Sums, products and the order of real numbers; $0 \\le s^2$.",
        "any first course in analysis",
    ),
    Axiom(
        "expectation",
        "$\\mathbb{E}$ is linear, $\\mathbb{E}[1]=1$, and monotone: $f\\le g$ "
        "everywhere gives $\\mathbb{E}[f]\\le\\mathbb{E}[g]$ (and $<$ gives $<$). The "
        "expectations that are written exist.",
        "[Williams (1991)](bibliography.md#williams1991), ch. 5",
    ),
    Axiom(
        "Fubini",
        "$\\mathbb{E}_x[f(x)]\\,\\mathbb{E}_x[g(x)]=\\mathbb{E}_{x,x'}[f(x)\\,g(x')]$ "
        "for independent copies, in any order.",
        "[Williams (1991)](bibliography.md#williams1991), ch. 8",
    ),
    Axiom(
        "inner product",
        "$\\langle\\cdot,\\cdot\\rangle$ is bilinear and symmetric, "
        "$\\langle v,v\\rangle\\ge 0$, and it passes through $\\mathbb{E}$.",
        "[Axler (2015)](bibliography.md#axler2015), ch. 6",
    ),
    Axiom(
        "indicators",
        "$\\mathbf 1^2=\\mathbf 1$ for an indicator, and for the verifier's $r\\in\\{0,1\\}$.",
        "definition",
    ),
    Axiom(
        "probabilities",
        "$0\\le p_\\theta(x)\\le 1$, and $r$ does not depend on $\\theta$.",
        "definition (1)",
    ),
]

AXIOMS: dict[str, Axiom] = {}


def axiom(name: str, statement: str, reference: str) -> None:
    """List an axiom; the rules below it name it in what they conclude."""
    AXIOMS[name] = Axiom(name, statement, reference)


def trusted_base() -> str:
    """Markdown: the whole trusted base, one line each."""
    rows = ["| Taken on trust | Statement | Reference |", "| :-- | :-- | :-- |"]
    for a in [*EMBEDDED, *AXIOMS.values()]:
        rows.append(f"| {cell(a.name)} | {cell(a.statement)} | {cell(a.reference)} |")
    return "\n".join(rows)


def _at_least(t: Theorem, strict: bool = False):
    """The c of a theorem 0 <= c (or 0 < c)."""
    if nf(t.left) or (t.relation != "<" if strict else t.relation == "="):
        raise Rejected(f"a proof of 0 {'<' if strict else '≤'} ... is needed")
    return t.right


# -------------------------------------------------------------------------- facts by definition


def bounded(f) -> tuple[Theorem, Theorem]:
    """0 <= f and f <= 1 for a probability u(x), an indicator or the verifier."""
    if not isinstance(f, Fn) or (f.head not in INDICATORS and f.head not in ("u", "p")):
        raise Rejected("f: only an indicator or a probability lies between 0 and 1 by definition")
    return conclude(0, "≤", f), conclude(f, "≤", 1)


def complement(f: Fn) -> tuple[Fn, Theorem]:
    """The indicator f^c of the complement, and f^c = 1 - f."""
    if not isinstance(f, Fn) or f.head not in INDICATORS:
        raise Rejected("f: must be an indicator")
    head = f.head + "^c"
    if head not in PRIMITIVES:
        primitive(head, f"(1-{PRIMITIVES[f.head]})", indicator=True)
    other = Fn(head, *f.args[1:])
    return other, conclude(other, "=", 1 - f)


def success_probability(x: Prompt, y: Completion) -> Theorem:
    """(1): p(x) = E_y[r(x, y)]."""
    if y.prompt != x:
        raise Rejected("y: must be a completion of x")
    return conclude(Fn("p", x), "=", E(Fn("r", x, y), y))


# ---------------------------------------------------------------------------------- calculus

axiom(
    "calculus",
    "Sum, product and chain rule; $(t^n)'=n\\,t^{n-1}$, $(e^t)'=e^t$, "
    "$(1/t)'=-1/t^2$. What holds for any differentiable $F$ holds for each.",
    "[Rudin (1976)](bibliography.md#rudin1976), ch. 5",
)
axiom(
    "∇ through E",
    "$\\nabla\\,\\mathbb{E}_x[f_\\theta(x)]=\\mathbb{E}_x[\\nabla f_\\theta(x)]$ "
    "(sums if there are finitely many prompts; else dominated convergence).",
    "[Williams (1991)](bibliography.md#williams1991), ch. 5; the paper takes it for granted",
)
axiom(
    "score function",
    "$\\nabla\\,\\mathbb{E}_{y}[f_\\theta(y)]=\\mathbb{E}_{y}[\\nabla "
    "f_\\theta(y)+f_\\theta(y)\\,s_\\theta(x,y)]$ for $y\\sim\\pi_\\theta(\\cdot\\mid x)$ with "
    "$s_\\theta=\\nabla\\log\\pi_\\theta$.",
    "[Williams (1992)](bibliography.md#williams1992)",
)


def interchange(f, x: Prompt) -> Theorem:
    """grad E_x[f] = E_x[grad f]."""
    if not isinstance(x, Prompt):
        raise Rejected("x: must be a prompt; a completion's distribution depends on theta")
    return conclude(Grad(E(f, x)), "=", E(Grad(f), x), axiom="∇ through E")


def score_function(f, y: Completion) -> Theorem:
    """grad E_y[f] = E_y[grad f + f s]."""
    if not isinstance(y, Completion):
        raise Rejected("y: must be a completion")
    s = Grad(Fn("logpi", y.prompt, y))
    return conclude(Grad(E(f, y)), "=", E(Grad(f) + f * s, y), axiom="score function")


def gradient(f) -> Theorem:
    """grad f by the sum, product and chain rules; there is no expectation in f."""
    return conclude(Grad(f), "=", _derive(f), axiom="calculus")


_SLOPE = {"Fp": "Fw", "Fw": "Fc", "Hp": "Hw"}  # F, F', F'' and H, H' at p(x)
_TRANSFORMS = (("Fp", "Fw", "Fc"), ("Hp", "Hw"))  # what is known of these is _SLOPE alone


def _derive(f):
    if f.is_number or isinstance(f, Whole) or (f.is_Symbol and f.name not in DEFINITIONS):
        return Rational(0)
    if f.is_Symbol:
        return _derive(DEFINITIONS[f.name].body)
    if isinstance(f, Add):
        return Add(*(_derive(a) for a in f.args))
    if isinstance(f, Mul):
        return Add(*(Mul(*f.args[:i], _derive(a), *f.args[i + 1 :]) for i, a in enumerate(f.args)))
    if isinstance(f, Pow):
        base, n = f.args
        if any(not isinstance(s, Whole) for s in n.free_symbols):
            raise Rejected("an exponent must not depend on theta")
        return n * base ** (n - 1) * _derive(base)
    if isinstance(f, Exp):
        return f * _derive(f.args[0])
    if isinstance(f, Inv):
        return -(f**2) * _derive(f.args[0])
    if (
        isinstance(f, Inner)
        and any(isinstance(a, VectorSymbol) for a in f.args)
        and any(isinstance(a, Grad) for a in f.args)
    ):
        return Grad(f)  # a second derivative, kept as it stands
    if isinstance(f, Fn):
        if f.head == "u":
            return -Grad(Fn("p", *f.args[1:]))
        if f.head in ("logpi", "logit"):
            return Grad(f)
        if f.head == "r":
            return Rational(0)
        if f.head in _SLOPE:  # general transforms F(p(x)), H(p(x)), by the chain rule
            return Fn(_SLOPE[f.head], *f.args[1:]) * Grad(Fn("p", *f.args[1:]))
        if f.head in DEFINITIONS:
            return _derive(unfold(f))
    if isinstance(f, Mean):
        raise Rejected("an expectation needs its own rule")
    raise Rejected(f"no rule differentiates {type(f).__name__} {f}")


def transform(
    t: Theorem, value, slope, curvature=None, heads=("Fp", "Fw", "Fc"), constants=None
) -> Theorem:
    """What holds for any differentiable F holds for this one: the instance F(p) = value.

    value, slope, curvature: functions of a prompt, built from u(x), orders and numbers alone;
    that they are F and its derivatives is checked. heads: those of F or those of H, all of them.
    constants: further symbols, such as a bound on F', with what each becomes. The hypotheses are
    those of the instance.
    """
    if tuple(heads) not in _TRANSFORMS:
        raise Rejected(f"heads: {heads!r} name no transform of which nothing else is known")
    if value is None or slope is None:
        raise Rejected("a transform is given with its slope")
    spot = Prompt("x")
    formulas = [sympify(f(spot)) for f in (value, slope, curvature) if f is not None]
    if not all(_of_success(f, spot) for f in formulas):
        raise Rejected("a transform is built from the success probability of its prompt alone")
    for formula in formulas:
        nf(formula)  # before SymPy cancels: 1/u(x) has no meaning where u(x) may be 0
    for before, after in pairwise(formulas):
        if nf(_derive(before) - after * Grad(Fn("p", spot))):
            raise Rejected("the slope is not the derivative of the value")
    constants = constants or {}
    for old, new in constants.items():
        if type(old) is not Symbol or old.name in DEFINITIONS or not _of_success(new, None):
            raise Rejected(f"{old} can only become a constant if it is one")
        nf(sympify(new))
    sides = [t.left, t.right, *(e for h in t.hypotheses for e in (h.left, h.right))]
    if curvature is None and any(_occurs(e, heads[2:], ()) for e in sides):
        raise Rejected("the second derivative of F is needed")
    by_head = dict(zip(heads, formulas, strict=False))
    symbols = {symbol.name for symbol in constants}

    def put(e):
        if not _occurs(e, heads, symbols):
            return e
        if e in constants:
            return sympify(constants[e])
        if isinstance(e, Fn):
            if e.head not in by_head:
                return put(unfold(e))
            return substitute(by_head[e.head], {spot: e.args[1]})
        if e.is_Symbol:
            return put(DEFINITIONS[e.name].body)
        return e.func(*(put(part) for part in e.args))

    hypotheses = [replace(h, left=put(h.left), right=put(h.right)) for h in t.hypotheses]
    return instance(t, put(t.left), put(t.right), hypotheses, axiom="calculus")


def _of_success(e, x: Prompt | None) -> bool:
    """Whether e is made of numbers, orders and u(x); None: of numbers, orders and constants."""
    e = sympify(e)
    if e.is_Rational or isinstance(e, Whole):
        return True
    if type(e) is Symbol:
        return x is None and e.name not in DEFINITIONS
    if isinstance(e, Add | Mul):
        return all(_of_success(part, x) for part in e.args)
    if isinstance(e, Pow):
        return _of_success(e.args[0], x) and _of_success(e.args[1], None)
    return x is not None and isinstance(e, Fn) and e.head == "u" and e.args[1:] == (x,)


def _occurs(e, heads, symbols) -> bool:
    """Whether such a function or symbol occurs in e, definitions unfolded. The name of a variable
    or of a vector is no symbol."""
    if isinstance(e, Prompt | Completion | VectorSymbol):
        return False
    if isinstance(e, Fn):
        if e.head in heads:
            return True
        return e.head in DEFINITIONS and _occurs(unfold(e), heads, symbols)
    if type(e) is Symbol:
        return e.name in symbols or (
            e.name in DEFINITIONS and _occurs(DEFINITIONS[e.name].body, heads, symbols)
        )
    return any(_occurs(part, heads, symbols) for part in e.args)


def same_gradient(t: Theorem) -> Theorem:
    """f = h for every theta |- grad f = grad h."""
    if t.relation != "=" or t.hypotheses:
        raise Rejected("only an identity in theta, without hypotheses, can be differentiated")
    return conclude(Grad(t.left), "=", Grad(t.right), [t], axiom="calculus")


axiom(
    "Taylor",
    "$|v^\\top\\nabla^2 f\\,v|\\le L\\,\\lVert v\\rVert^2$ for every $v$ and "
    "$\\theta$ gives $|f(\\theta')-f(\\theta)-\\langle\\nabla f(\\theta),\\theta'-"
    "\\theta\\rangle|\\le\\tfrac L2\\lVert\\theta'-\\theta\\rVert^2$.",
    "[Nesterov (2004)](bibliography.md#nesterov2018), ch. 1",
)


def taylor(f, upper: Theorem, lower: Theorem, v: VectorSymbol, step) -> tuple[Theorem, Theorem]:
    """The quadratic bounds above and below on f(theta + step)."""
    hessian = Inner(Grad(Inner(Grad(f), v)), v)
    constant = _hessian_constant(upper, hessian, v)
    if nf(lower.left + constant * sq(v)) or nf(lower.right - hessian) or lower.relation == "<":
        raise Rejected("lower: must be -L |v|^2 <= <v, Hessian v> with the L of the upper bound")
    for t in (upper, lower):
        if not all(h.everywhere for h in t.hypotheses):
            raise Rejected("the Hessian must be bounded at every theta on the way")
        if any(mentions(e, v) for h in t.hypotheses for e in (h.left, h.right)):
            raise Rejected("the direction v must be arbitrary")
    line = f + ip(Grad(f), step)
    bend = constant * sq(step) / 2
    moved = Moved(f, step)
    return (
        conclude(moved, "≤", line + bend, [upper, lower], axiom="Taylor"),
        conclude(line - bend, "≤", moved, [upper, lower], axiom="Taylor"),
    )


def _hessian_constant(upper: Theorem, hessian, v):
    """L in <v, Hessian v> <= L |v|^2, L built from constants alone."""
    if upper.relation == "=" or nf(upper.left - hessian):
        raise Rejected("upper: must bound <v, Hessian v>")
    constant = upper.right.coeff(sq(v), 1) if upper.right.is_Add else upper.right / sq(v)
    if nf(upper.right - constant * sq(v)):
        raise Rejected("upper: must be L |v|^2")
    if _depends_on_theta(constant) or mentions(constant, v):
        raise Rejected("L must be a constant")
    return constant


def _depends_on_theta(expr) -> bool:
    def bad(form):
        return any(a[0] not in ("sym", "order") for m, _ in form for a, _ in m[1]) or any(
            m[2] for m, _ in form
        )

    return bad(nf(expr))


axiom(
    "operator norm",
    "$\\lVert A\\rVert=\\sup_{\\lVert v\\rVert=1}|v^\\top A v|$ for a symmetric $A$.",
    "[Horn and Johnson (2012)](bibliography.md#horn2012), ch. 4",
)


def operator_norm_bounds(form, v: VectorSymbol) -> tuple[Theorem, Theorem]:
    """Q(v) <= |Q| |v|^2 and -|Q| |v|^2 <= Q(v)."""
    if not isinstance(form, Hess) or form.args[1] != v or mentions(form.args[0], v):
        raise Rejected("form: must be a Hessian as a quadratic form in v")
    top = OpNorm(form, v) * sq(v)
    return (
        conclude(form, "≤", top, axiom="operator norm"),
        conclude(-top, "≤", form, axiom="operator norm"),
    )


def operator_norm_nonnegative(form, v: VectorSymbol) -> Theorem:
    return conclude(0, "≤", OpNorm(form, v), axiom="operator norm")


def operator_norm_least(form, v: VectorSymbol, bound, upper: Theorem, lower: Theorem) -> Theorem:
    """-c |v|^2 <= Q(v) <= c |v|^2 for every v |- |Q| <= c."""
    if nf(upper.left - form) or nf(upper.right - bound * sq(v)) or upper.relation == "=":
        raise Rejected("upper: must be Q(v) <= c |v|^2")
    if nf(lower.right - form) or nf(lower.left + bound * sq(v)) or lower.relation == "=":
        raise Rejected("lower: must be -c |v|^2 <= Q(v)")
    fixed = [bound, *(e for t in (upper, lower) for h in t.hypotheses for e in (h.left, h.right))]
    if any(mentions(e, v) for e in fixed):
        raise Rejected("the direction v must be arbitrary")
    return conclude(OpNorm(form, v), "≤", bound, [upper, lower], axiom="operator norm")


# ---------------------------------------------------------------------------- powers and roots

axiom(
    "powers increase",
    "$0\\le a\\le b$ gives $a^n\\le b^n$ for integers $n\\ge 0$ "
    "($<$ gives $<$ for $n\\ge1$); $0\\le a$ gives $0\\le a^n$, $0<a$ gives $0<a^n$.",
    "any first course in analysis",
)
axiom(
    "tangent",
    "$t^n\\ge s^n+n\\,s^{n-1}(t-s)$ for $s,t\\ge0$ and integers $n\\ge1$: a convex "
    "function lies above its tangents (Bernoulli's inequality).",
    "[Hardy, Littlewood and Pólya (1952)](bibliography.md#hardy1952), ch. 2",
)
axiom(
    "geometric sum",
    "for $\\rho\\ge0$ and integers $0\\le i\\le j$ there is $S\\ge0$ with "
    "$(1-\\rho)\\,S=\\rho^i-\\rho^j$, namely $S=\\rho^i+\\dots+\\rho^{j-1}$.",
    "any first course in analysis",
)
axiom(
    "roots",
    "$X^2\\le Y^2$ and $0\\le Y$ give $-Y\\le X\\le Y$; $\\lVert v\\rVert\\ge 0$ with "
    "$\\lVert v\\rVert^2=\\langle v,v\\rangle$; $(\\sqrt b)^2=b$, $\\sqrt b\\ge0$ for $b\\ge0$.",
    "definition",
)
axiom(
    "discriminant",
    "$At^2+2Bt+C\\ge0$ for every real $t$ gives $B^2\\le AC$.",
    "[Steele (2004)](bibliography.md#steele2004), ch. 1",
)


def power(t: Theorem, n, nonnegative: Theorem) -> Theorem:
    """0 <= a <= b |- a^n <= b^n."""
    if nf(nonnegative.right - t.left) or nf(nonnegative.left) or nonnegative.relation == "=":
        raise Rejected("nonnegative: must prove 0 <= a")
    if t.relation == "=":
        raise Rejected("an inequality is needed")
    relation = t.relation
    n = sympify(n)
    exponent(n)
    lowest = n.subs({s: s.least for s in n.free_symbols})
    if relation == "<" and lowest < 1:
        relation = "≤"
    return conclude(t.left**n, relation, t.right**n, [t, nonnegative], axiom="powers increase")


def power_sign(t: Theorem, n) -> Theorem:
    """0 <= a |- 0 <= a^n, and 0 < a |- 0 < a^n."""
    n = sympify(n)
    exponent(n)
    return conclude(0, t.relation, _at_least(t) ** n, [t], axiom="powers increase")


def tangent(s: Theorem, t: Theorem, n) -> Theorem:
    """0 <= s, 0 <= t |- s^n + n s^(n-1) (t - s) <= t^n, n >= 1."""
    a, b = _at_least(s), _at_least(t)
    n = sympify(n)
    exponent(n - 1)
    line = a**n + n * a ** (n - 1) * (b - a)
    return conclude(line, "≤", b**n, [s, t], axiom="tangent")


def geometric_sum(rho: Theorem, i, j) -> tuple[Theorem, Theorem]:
    """0 <= rho |- (1 - rho) S = rho^i - rho^j and 0 <= S, for orders 0 <= i <= j."""
    r, i, j = _at_least(rho), sympify(i), sympify(j)
    exponent(i)
    try:
        exponent(j - i)
    except Malformed:
        raise Rejected("i <= j is needed") from None
    S = GeometricSum(r, i, j)
    return (
        conclude((1 - r) * S, "=", r**i - r**j, [rho], axiom="geometric sum"),
        conclude(0, "≤", S, [rho], axiom="geometric sum"),
    )


def root(t: Theorem, x, y, nonnegative: Theorem) -> tuple[Theorem, Theorem]:
    """x^2 <= y^2, 0 <= y |- x <= y and -y <= x."""
    if t.relation == "=" or nf(t.left - x**2) or nf(t.right - y**2):
        raise Rejected("t: must be x^2 <= y^2")
    if nf(_at_least(nonnegative) - y):
        raise Rejected("nonnegative: must prove 0 <= y")
    return (
        conclude(x, "≤", y, [t, nonnegative], axiom="roots"),
        conclude(-y, "≤", x, [t, nonnegative], axiom="roots"),
    )


def norm(v) -> tuple[Theorem, Theorem]:
    """|v|^2 = <v, v> and 0 <= |v|."""
    return (
        conclude(Norm(v) ** 2, "=", sq(v), axiom="roots"),
        conclude(0, "≤", Norm(v), axiom="roots"),
    )


def square_root(b: Theorem) -> tuple[Theorem, Theorem]:
    """0 <= b |- sqrt(b)^2 = b and 0 <= sqrt(b) (strict if b is)."""
    value = _at_least(b)
    return (
        conclude(Sqrt(value) ** 2, "=", value, [b], axiom="roots"),
        conclude(0, b.relation, Sqrt(value), [b], axiom="roots"),
    )


def discriminant(t: Theorem, variable: Symbol, a, b, c) -> Theorem:
    """0 <= a z^2 + 2 b z + c for every real z |- b^2 <= a c."""
    if nf(_at_least(t) - (a * variable**2 + 2 * b * variable + c)):
        raise Rejected("t: must be 0 <= a z^2 + 2 b z + c")
    fixed = [a, b, c, *(e for h in t.hypotheses for e in (h.left, h.right))]
    if (
        type(variable) is not Symbol
        or variable.name in DEFINITIONS
        or any(mentions(e, variable) for e in fixed)
    ):
        raise Rejected("z must be an arbitrary real number")
    return conclude(b**2, "≤", a * c, [t], axiom="discriminant")


# ------------------------------------------------------------------------ division and logarithm

axiom("reciprocal", "$b>0$ gives $b\\cdot\\tfrac1b=1$ and $\\tfrac1b>0$.", "field axioms")
axiom(
    "logarithm",
    "$\\log$ is strictly increasing on $(0,\\infty)$; $\\log 1=0$, "
    "$\\log ab=\\log a+\\log b$, $\\log a^n=n\\log a$.",
    "[Rudin (1976)](bibliography.md#rudin1976), ch. 8",
)


def reciprocal(b: Theorem) -> tuple[Theorem, Theorem]:
    """0 < b |- b (1/b) = 1 and 0 < 1/b."""
    value = _at_least(b, strict=True)
    return (
        conclude(value * Inv(value), "=", 1, [b], axiom="reciprocal"),
        conclude(0, "<", Inv(value), [b], axiom="reciprocal"),
    )


def log_increases(t: Theorem, positive: Theorem) -> Theorem:
    """0 < a, a R b |- log a R log b."""
    if nf(_at_least(positive, strict=True) - t.left):
        raise Rejected("positive: must prove 0 < a")
    return conclude(Log(t.left), t.relation, Log(t.right), [t, positive], axiom="logarithm")


def log_reflects(t: Theorem, a: Theorem, b: Theorem) -> Theorem:
    """0 < a, 0 < b, log a R log b |- a R b."""
    x, y = _at_least(a, strict=True), _at_least(b, strict=True)
    if nf(t.left - Log(x)) or nf(t.right - Log(y)):
        raise Rejected("t: must compare log a with log b")
    return conclude(x, t.relation, y, [t, a, b], axiom="logarithm")


def log_product(a: Theorem, b: Theorem) -> Theorem:
    """0 < a, 0 < b |- log(a b) = log a + log b."""
    x, y = _at_least(a, strict=True), _at_least(b, strict=True)
    return conclude(Log(x * y), "=", Log(x) + Log(y), [a, b], axiom="logarithm")


def log_power(a: Theorem, n) -> Theorem:
    """0 < a |- log(a^n) = n log a."""
    x = _at_least(a, strict=True)
    return conclude(Log(x**n), "=", n * Log(x), [a], axiom="logarithm")


def log_one() -> Theorem:
    return conclude(Log(Rational(1)), "=", 0, axiom="logarithm")


def exp_positive(f) -> Theorem:
    """|- 0 < e^f."""
    return conclude(0, "<", Exp(f), axiom="calculus")
