"""The paper's objects, in the language of the checker: names, definitions, how they print."""

from __future__ import annotations

from sympy import Integer, Symbol

from .terms import (
    NAMES,
    Completion,
    E,
    Grad,
    Moved,
    Prompt,
    VectorSymbol,
    Whole,
    define,
    frac,
    ip,
    primitive,
    sq,
)

x, x2, x3, x4 = Prompt("x"), Prompt("x'"), Prompt("x''"), Prompt("x'''")
y, y2 = Completion("y", x), Completion("y'", x2)
yy = Completion("y'", x)  # a second completion of the same prompt

k, n = Whole("k"), Whole("n")
j = Whole("m")  # the m of pass@m in appendix B
k2 = Whole("k", 2)  # k >= 2

G, F, m, q, eta, B = (Symbol(s) for s in ("G", "F", "m", "q", "eta", "B"))
NAMES.update({"eta": r"\eta", "epsbar": r"(1-\varepsilon)", "delbar": r"(1-\delta)",
              "eps": r"\varepsilon", "del": r"\delta", "z": "t", "u0": "(1-p_0)", "p0": "p_0",
              "Delta": r"(\theta'-\theta)"})
epsbar, delbar = Symbol("epsbar"), Symbol("delbar")  # 1 - eps and 1 - delta
define("eps", (), 1 - epsbar, r"\varepsilon")
define("del", (), 1 - delbar, r"\delta")
eps, delta = Symbol("eps"), Symbol("del")
u0, U, V, c = Symbol("u0"), Symbol("U"), Symbol("V"), Symbol("c")
define("p0", (), 1 - u0, "p_0")
p0 = Symbol("p0")
z = Symbol("z")
v, Delta = VectorSymbol("v"), VectorSymbol("Delta")

# -- the policy, the verifier, the success probability
u = primitive("u", r"(1-p_\theta(#1))")  # failure probability
r = primitive("r", "r(#1,#2)", indicator=True)
_logpi = primitive("logpi", r"\log\pi_\theta(#2\mid #1)")
p = define("p", (x,), 1 - u(x), r"p_\theta(#1)")


def g(prompt=x):
    """Gradient of the success probability."""
    return Grad(p(prompt))


def s(prompt=x, completion=None):
    """Score of a completion."""
    return Grad(_logpi(prompt, completion if completion is not None else y))


def logpi(prompt=x, completion=None):
    return _logpi(prompt, completion if completion is not None else y)


# -- pass@k
w = define("w", (k, x), k * u(x) ** (k - 1), r"w_{#1,\theta}(#2)")
J = define("J", (k,), E(1 - u(x) ** k, x), r"J_{#1}(\theta)")
dJ = lambda order=1: Grad(J(Integer(order) if isinstance(order, int) else order))  # noqa: E731

# -- any transform F of the success probability
Fp = primitive("Fp", r"F(p_\theta(#1))")
Fw = primitive("Fw", r"F'(p_\theta(#1))")
Fc = primitive("Fc", r"F''(p_\theta(#1))")
JF = define("JF", (), E(Fp(x), x), r"J_{F}(\theta)")
dJF = Grad(JF())
Hp = primitive("Hp", r"H(p_\theta(#1))")  # a second transform
Hw = primitive("Hw", r"H'(p_\theta(#1))")
JH = define("JH", (), E(Hp(x), x), r"J_{H}(\theta)")
dJH = Grad(JH())

# -- interference
kappa = define("kappa", (x, x2), ip(g(x), g(x2)), r"\kappa_\theta(#1,#2)")
a = define("a", (x,), ip(g(x), dJ(1)), r"a_\theta(#1)")

# -- moments of the weight w_k and the agreement score
cov = define("cov", (k,), E(w(k, x) * a(x), x) - E(w(k, x), x) * E(a(x), x),
             r"\mathrm{cov}(w_{#1,\theta},a_\theta)")
covF = define("covF", (), E(Fw(x) * a(x), x) - E(Fw(x), x) * E(a(x), x),
              r"\mathrm{cov}(F'(p_\theta),a_\theta)")
varF = define("varF", (), E(Fw(x) ** 2, x) - E(Fw(x), x) ** 2, r"\mathrm{Var}(F'(p_\theta))")
varw = define("varw", (k,), E(w(k, x) ** 2, x) - E(w(k, x), x) ** 2,
              r"\mathrm{Var}(w_{#1,\theta})")
vara = define("vara", (), E(a(x) ** 2, x) - E(a(x), x) ** 2, r"\mathrm{Var}(a_\theta)")
tilt = define("tilt", (k,), frac(E(w(k, x) * a(x), x), E(w(k, x), x)),
              r"\mathbb{E}_{\tilde{\mathcal D}_{#1}}[a_\theta]")

tiltF = define("tiltF", (), frac(E(Fw(x) * a(x), x), E(Fw(x), x)),
               r"\mathbb{E}_{\tilde{\mathcal D}_{F}}[a_\theta]")

# -- strong interference with margin m: an indicator of a <= -m
minus = primitive("minus", r"\mathbf 1_-(#1)", indicator=True)
plus = lambda prompt: 1 - minus(prompt)  # noqa: E731
qtheta = define("qtheta", (), E(minus(x), x), r"q_\theta")
Wminus = define("Wminus", (k,), E(w(k, x) * minus(x), x), r"W_-(#1,\theta)")
Wplus = define("Wplus", (k,), E(w(k, x) * (1 - minus(x)), x), r"W_+(#1,\theta)")
margin = define("margin", (k,), m * Wminus(k) - G**2 * Wplus(k), r"\delta(\theta)")
sharp_margin = define("sharp_margin", (k,), m * Wminus(k) - G**2 / 4 * Wplus(k),
                      r"\delta'(\theta)")  # with the bound G^2/4 on the agreement score

WminusF = define("WminusF", (), E(Fw(x) * minus(x), x), r"W_-(F,\theta)")
WplusF = define("WplusF", (), E(Fw(x) * (1 - minus(x)), x), r"W_+(F,\theta)")
marginF = define("marginF", (), m * WminusF() - G**2 * WplusF(), r"\delta_F(\theta)")

# -- smoothness
L1 = define("L1", (), G**2 + F, "L_1")
Lk = define("Lk", (k,), k**2 * G**2 + k * F, "L_{#1}")
C2 = define("C2", (k,), k**2 * G**2 * L1() / 2, "C_2")
wprime = define("wprime", (k2, x), -k2 * (k2 - 1) * u(x) ** (k2 - 2), r"w'_{#1}(p_\theta(x))")
M1, M2 = Symbol("M1"), Symbol("M2")  # bounds on F' and |F''|
weps, wdel = Symbol("weps"), Symbol("wdel")  # F' at eps and at delta
NAMES.update({"M1": "M_1", "M2": "M_2", "weps": r"F'(\varepsilon)", "wdel": r"F'(\delta)"})
LF = define("LF", (), M2 * G**2 + M1 * L1(), "L_F")
C2F = define("C2F", (), M1**2 * G**2 * L1() / 2, "C_{2,F}")
alpha, beta, lam = Symbol("alpha"), Symbol("beta"), Symbol("lam")  # coefficients of a mitigation
NAMES.update({"alpha": r"\alpha", "beta": r"\beta", "lam": r"\lambda"})
g1, gF = VectorSymbol("g1"), VectorSymbol("gF")  # two gradients of which nothing is known
NAMES.update({"g1": "g_1", "gF": "g_F"})
neg = primitive("neg", r"\mathbf 1_{a<0}(#1)", indicator=True)
step = lambda order: eta * dJ(order)  # noqa: E731  theta+ - theta
after = lambda f, order: Moved(f, step(order))  # noqa: E731


def inner_k1(order=k):
    """<grad J_k, grad J_1>, the quantity whose sign is conflict."""
    return ip(dJ(order), dJ(1))


def norm_k(order=k):
    return sq(dJ(order))
