r"""The closed forms behind the live figures: one SymPy source, printed to NumPy and to JavaScript.

Every figure computes in the reader's browser. So that the browser computes what the book says, the
formulas are written here once, as SymPy expressions; derivatives are taken by SymPy.
`numpy_function` gives a NumPy function, `javascript_module` the text of
``tools/figures/src/formulas.js`` (``python -m passk_lib.widgets.formulas`` writes it, a test
compares).

Stable at both ends: with the margin m (the log-odds of success), p = σ(m) and
1 - p = exp(-softplus(m)), so 1 - (1 - p)^k is -expm1(-k softplus(m)). No expression ever forms
1 - p from p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p
from sympy.printing.numpy import NumPyPrinter

from ..bandit import expit as numpy_expit

__all__ = ["FORMULAS", "Formula", "expit", "javascript_module", "numpy_function", "softplus"]

# In the repository only: readers get the bundle that is made of it.
MODULE = Path(__file__).parents[2] / "tools" / "figures" / "src" / "formulas.js"


class expit(sp.Function):
    """σ(m) = 1 / (1 + exp(-m)), with σ' = σ(m) σ(-m)."""

    def fdiff(self, argindex=1):
        (m,) = self.args
        return expit(m) * expit(-m)


class softplus(sp.Function):
    """log(1 + exp(m)) = -log σ(-m), with derivative σ(m)."""

    def fdiff(self, argindex=1):
        return expit(self.args[0])


@dataclass(frozen=True)
class Formula:
    """Named expressions of the same arguments, computed together."""

    about: str
    arguments: tuple[sp.Symbol, ...]
    results: dict[str, sp.Expr]


def _formulas() -> dict[str, Formula]:
    t1, t2, f1, f2, y, k, p = sp.symbols("theta1 theta2 psi1 psi2 label k p", real=True)
    margin = y * (t1 * f1 + t2 * f2)
    success = expit(margin)
    weight = k * sp.exp(-(k - 1) * softplus(margin))
    gradient = [success.diff(t) for t in (t1, t2)]
    toy = (t1, t2, f1, f2, y)

    at, a, t = sp.symbols("m a t", real=True)
    chance, failure, low = expit(at), expit(-at), softplus(-at)  # low is -log p

    eps, delta, q, m, bound = sp.symbols("eps delta q m G2", positive=True)
    surplus = log1p(-q) + sp.log(bound) - sp.log(q) - sp.log(m)
    threshold = 1 + surplus / (log1p(-eps) - log1p(-delta))
    return {
        "prompt": Formula(
            "A prompt of the toy, eq. (7), label +1 if hard, -1 if easy: "
            "its success probability p and the gradient of p.",
            toy,
            {"p": success, "g1": gradient[0], "g2": gradient[1]},
        ),
        "promptAt": Formula(
            "The same with F = 1 - (1 - p)^k, its weight w = F'(p), eq. (3), and log(1 - p).",
            (*toy, k),
            {
                "p": success,
                "g1": gradient[0],
                "g2": gradient[1],
                "F": -expm1(-k * softplus(margin)),
                "w": weight,
                "logFail": -softplus(margin),
            },
        ),
        "promptFail": Formula(
            "What a table over θ needs of a prompt: 1 - p, its logarithm, the first slope of p.",
            toy,
            {"fail": expit(-margin), "logFail": -softplus(margin), "g1": gradient[0]},
        ),
        "passAtK": Formula(
            "Pass@k of a success probability, and its weight, eq. (3).",
            (p, k),
            {
                "F": -expm1(k * log1p(-p)),
                "w": sp.Piecewise((1, sp.Eq(k, 1)), (k * sp.exp((k - 1) * log1p(-p)), True)),
            },
        ),
        "passAtKAt": Formula(
            "Pass@k of the margin m, and its weight F'(p), eq. (3).",
            (at, k),
            {"F": -expm1(-k * softplus(at)), "w": k * sp.exp(-(k - 1) * softplus(at))},
        ),
        "logPAt": Formula(
            "log p of the margin m, and its weight 1/p.",
            (at,),
            {"F": -low, "w": 1 + sp.exp(-at)},
        ),
        "arcsinAt": Formula(
            "2 arcsin √p of the margin m, and its weight 1/√(p (1 - p)).",
            (at,),
            {"F": 2 * sp.atan(sp.exp(at / 2)), "w": 2 * sp.cosh(at / 2)},
        ),
        "powerAt": Formula(
            "p^a / a of the margin m, and its weight p^(a-1).",
            (at, a),
            {"F": sp.exp(-a * low) / a, "w": sp.exp((1 - a) * low)},
        ),
        "entropicAt": Formula(
            "Entropic risk log(1 - p + p e^t) / t of the margin m, and its weight; t not 0.",
            (at, t),
            {"F": log1p(chance * expm1(t)) / t, "w": expm1(t) / t / (failure + chance * sp.exp(t))},
        ),
        "allCorrectAt": Formula(
            "p^k of the margin m, and its weight k p^(k-1).",
            (at, k),
            {"F": sp.exp(-k * low), "w": k * sp.exp((1 - k) * low)},
        ),
        "kStar": Formula(
            "The threshold k* of Prop. 4.5 from eps, delta, q, m and G².",
            (eps, delta, q, m, bound),
            {"kStar": threshold},
        ),
    }


FORMULAS: dict[str, Formula] = _formulas()
"""The closed forms by the name of their JavaScript function."""


class _NumPy(NumPyPrinter):
    def _print_softplus(self, expr):
        return f"numpy.logaddexp(0, {self._print(expr.args[0])})"

    def _print_expit(self, expr):
        return f"expit({self._print(expr.args[0])})"


def numpy_function(name: str) -> Callable[..., list[np.ndarray]]:
    """The formula `name` as a function of arrays, in the order of `FORMULAS[name].arguments`.

    It returns a list in the order of `FORMULAS[name].results`. Raises KeyError for another name.
    """
    formula = FORMULAS[name]
    return sp.lambdify(
        formula.arguments,
        list(formula.results.values()),
        modules=[{"expit": numpy_expit}, "numpy"],
        printer=_NumPy({"fully_qualified_modules": True, "allow_unknown_functions": True}),
        cse=True,
    )


_HEADER = """\
// Generated from passk_lib/widgets/formulas.py by `python -m passk_lib.widgets.formulas`:
// do not edit.
// Each function writes its results into `out`, in the order named, and returns it.

/** σ(m) = 1 / (1 + exp(-m)), without overflow. */
export function expit(m) {
  const e = Math.exp(-Math.abs(m));
  return (m >= 0 ? 1 : e) / (1 + e);
}

/** log(1 + exp(m)), without overflow. */
export function softplus(m) {
  return Math.max(m, 0) + Math.log1p(Math.exp(-Math.abs(m)));
}
"""

_JAVASCRIPT = {"expm1": "Math.expm1", "log1p": "Math.log1p"}
_JAVASCRIPT |= {"expit": "expit", "softplus": "softplus"}


def _javascript(expression: sp.Expr) -> str:
    return " ".join(sp.jscode(expression, user_functions=_JAVASCRIPT).split())


def javascript_module() -> str:
    """The text of the ES module with every formula, common subexpressions taken out."""
    parts = [_HEADER]
    for name, formula in FORMULAS.items():
        shared, values = sp.cse(list(formula.results.values()), symbols=sp.numbered_symbols("c"))
        lines = [f"  const {symbol} = {_javascript(value)};" for symbol, value in shared]
        lines += [f"  out[{i}] = {_javascript(value)};" for i, value in enumerate(values)]
        arguments = ", ".join(map(str, formula.arguments))
        parts.append(
            f"/** {formula.about}\n *  out: {', '.join(formula.results)}. */\n"
            f"export function {name}({arguments}, out) {{\n"
            + "\n".join(lines)
            + "\n  return out;\n}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    MODULE.write_text(javascript_module(), encoding="utf8")
    print(f"wrote {MODULE}")
