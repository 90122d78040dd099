"""Formulas: a student's SymPy expression as a tree of numbers, symbols and known functions.

A formula is compared by its values at many points, with 40 digits: an equivalent form passes
however it is written, and a wrong one is answered with a point where it differs.  No text is ever
evaluated, and SymPy itself does not run on what came from outside: the tree has its own small
evaluation.
"""

from __future__ import annotations

from fractions import Fraction

DIGITS = 40
LARGEST_TREE = 5_000
DEEPEST_TREE = 200
LONGEST_NUMBER = 400

FUNCTIONS = {
    "exp": 1, "log": 1, "Abs": 1, "sign": 1, "sin": 1, "cos": 1, "tan": 1, "atan": 1, "sinh": 1,
    "cosh": 1, "tanh": 1, "asin": 1, "acos": 1, "factorial": 1, "gamma": 1, "binomial": 2,
    "Min": None, "Max": None,
}  # fmt: skip
_CONSTANTS = {"Exp1": "e", "Pi": "pi", "ImaginaryUnit": None}


class Unusual(ValueError):
    """The expression holds something that is no formula here, or has no value at a point."""


def from_sympy(expr) -> list:
    """A SymPy expression as data for `Formula`; what is not known becomes the name of its class."""
    import sympy

    waiting = expr.has(sympy.Derivative, sympy.Integral, sympy.Sum, sympy.Product)
    if waiting:
        expr = expr.doit()
    count = 0

    def node(e, depth):
        nonlocal count
        count += 1
        if count > LARGEST_TREE or depth > DEEPEST_TREE:
            raise Unusual("too large an expression")
        name = type(e).__name__
        if isinstance(e, sympy.Symbol):
            return ["symbol", str(e.name)[:40]]
        if isinstance(e, sympy.Rational | sympy.Float):
            exact = sympy.Rational(e)
            if max(abs(exact.p), exact.q) >= 10**LONGEST_NUMBER:
                raise Unusual("too long a number")
            return ["number", str(exact.p), str(exact.q)]
        if _CONSTANTS.get(name):
            return ["constant", _CONSTANTS[name]]
        if name in ("Add", "Mul", "Pow") or name in FUNCTIONS:
            return [name, *[node(a, depth + 1) for a in e.args]]
        raise Unusual(name)

    try:
        tree = node(expr, 0)
        return ["formula", ["Evaluated", tree] if waiting else tree]
    except Unusual as unusual:
        return ["other", f"SymPy {unusual}"]


class Formula:
    """A checked tree. `symbols`: the names in it; `at(values)`: its value, a 40-digit number."""

    def __init__(self, tree):
        self.symbols: set[str] = set()
        self._left = LARGEST_TREE
        self.tree = self._checked(tree, 0)

    def _checked(self, tree, depth):
        self._left -= 1
        if self._left < 0 or depth > DEEPEST_TREE + 1 or not isinstance(tree, list) or not tree:
            raise ValueError("a formula's tree is too large or malformed")
        kind, *rest = tree
        if kind == "symbol":
            (name,) = rest
            self.symbols.add(str(name))
            return ("symbol", str(name))
        if kind == "number":
            if any(len(str(part)) > LONGEST_NUMBER + 1 for part in rest):
                raise ValueError("a formula's number is too long")
            return ("number", Fraction(int(rest[0]), int(rest[1])))
        if kind == "constant" and rest in (["e"], ["pi"]):
            return ("constant", rest[0])
        wanted = {"Add": None, "Mul": None, "Pow": 2, "Evaluated": 1, **FUNCTIONS}.get(kind, -1)
        if wanted == -1 or (wanted is not None and len(rest) != wanted):
            raise ValueError(f"a formula holds {str(kind)[:40]!r}")
        return (kind, *[self._checked(part, depth + 1) for part in rest])

    def at(self, values: dict):
        """The value with each symbol replaced by its number.  Unusual where there is none."""
        import mpmath

        with mpmath.workdps(DIGITS):
            try:
                value = _value(self.tree, values, mpmath)
            except (ZeroDivisionError, ValueError, OverflowError, mpmath.libmp.ComplexResult):
                raise Unusual("has no value") from None
            except KeyError as missing:
                raise Unusual(f"holds {missing.args[0]}") from None
        if isinstance(value, mpmath.mpc):
            if abs(value.imag) > 1e-25 * (1 + abs(value)):
                raise Unusual("is not a real number")
            value = value.real
        if not mpmath.isfinite(value):
            raise Unusual("has no finite value")
        return value

    def __str__(self) -> str:
        return "a formula in " + (", ".join(sorted(self.symbols)) or "numbers only")


def _value(tree, values, mp):
    kind, *rest = tree
    if kind == "number":
        return mp.mpf(rest[0].numerator) / rest[0].denominator
    if kind == "symbol":
        value = values[rest[0]]
        if isinstance(value, Fraction):
            return mp.mpf(value.numerator) / value.denominator
        return mp.mpf(value)
    if kind == "constant":
        return +getattr(mp, rest[0])
    parts = [_value(part, values, mp) for part in rest]
    if kind == "Evaluated":  # was written as a derivative, an integral or a sum
        return parts[0]
    if kind == "Add":
        return sum(parts, mp.mpf(0))
    if kind == "Mul":
        product = mp.mpf(1)
        for part in parts:
            product *= part
        return product
    if kind == "Pow":
        base, exponent = parts
        if base == 0 and exponent == 0:
            return mp.mpf(1)
        if abs(exponent) > 10**6:
            raise ValueError("too large an exponent")
        return base**exponent
    if kind in ("factorial", "gamma", "binomial") and any(abs(p) > 10**4 for p in parts):
        raise ValueError("too large an argument")
    if kind == "exp" and abs(parts[0]) > 10**6:
        raise ValueError("too large an exponent")
    if kind in ("Min", "Max"):
        return (min if kind == "Min" else max)(parts)
    return getattr(mp, "fabs" if kind == "Abs" else kind)(*parts)


def as_formula(expected):
    """A formula from what a check's author writes: a SymPy expression."""
    kind, *rest = from_sympy(expected)
    if kind != "formula":
        raise ValueError(f"expected: {rest[0]} is no formula")
    return Formula(rest[0])
