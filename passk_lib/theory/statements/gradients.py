"""Sections 2 and 3: pass@k, its gradient and weight, the kernel, the toy's gradient."""

# ruff: noqa: F403, F405  (the paper's symbols come from setting.py)

from sympy import Integer

from ..axioms import (
    bounded,
    exp_positive,
    gradient,
    interchange,
    power,
    power_sign,
    reciprocal,
    same_gradient,
    score_function,
    success_probability,
)
from ..claims import Proof, declare, proved
from ..kernel import at_least, combine, flip, inner, mean, number, times
from ..setting import *
from ..terms import E, Exp, Fn, Grad, Inv, define, ip, primitive

CH2, CH3 = "02_preliminaries", "03_interference"

declare("eq-1", "(1)", "Success probability", "defined",
        r"$p_\theta(x)=\mathbb P_{y\sim\pi_\theta(\cdot\mid x)}[r(x,y)=1]"
        r"=\mathbb E_{y}[r(x,y)]$", "a definition; it enters derivations as an equation",
        "definition", CH2)
declare("eq-passk", "(pass@k)", "The objective pass@k", "defined",
        r"$J_k(\theta)=\mathbb E_x\!\left[1-(1-p_\theta(x))^k\right]$; in general "
        r"$J_F(\theta)=\mathbb E_x[F(p_\theta(x))]$", "a definition", "definition", CH2)


@proved("eq-3", "(3)", "The weight is the slope of pass@k", chapter=CH2)
def _(proof: Proof):
    by_rule = gradient(1 - u(x) ** k)
    t = proof.chain(
        Grad(1 - u(x) ** k),
        ("=", k * u(x) ** (k - 1) * g(x), "chain rule", by_rule),
        ("=", w(k, x) * g(x), r"the factor of $\nabla p_\theta(x)$ is the derivative "
         r"$f_k'(p_\theta(x))$ and is called the weight"),
    )
    proof.state_same(t)


@proved("eq-2-F", "(2), any transform", "Gradient of any transform of the success probability",
        chapter=CH2, reason="F and H stand for any two differentiable transforms.")
def _(proof: Proof):
    for gradient_of, value, slope in ((dJF, Fp, Fw), (dJH, Hp, Hw)):
        t = proof.chain(
            gradient_of,
            ("=", E(Grad(value(x)), x), r"$\nabla$ passes through $\mathbb E$",
             interchange(value(x), x)),
            ("=", E(slope(x) * g(x), x), "chain rule", mean(gradient(value(x)), x)),
        )
        proof.state_same(t)


@proved("eq-2", "(2)", "Gradient of pass@k", chapter=CH2)
def _(proof: Proof):
    t = proof.chain(
        dJ(k),
        ("=", E(Grad(1 - u(x) ** k), x), r"$\nabla$ passes through $\mathbb E$",
         interchange(1 - u(x) ** k, x)),
        ("=", E(w(k, x) * g(x), x), "the weight is the slope", mean(proof.use("eq-3"), x)),
    )
    proof.state_same(t)


@proved("eq-39", "(39)", "Bounds on the weight and its slope", chapter="06_descent",
        reason="The bound on the slope needs k ≥ 2, as in the paper; for k = 1 the slope is 0.")
def _(proof: Proof):
    low, high = bounded(u(x))
    positive = combine(0, "≤", k, at_least(k), number(1))
    positive2 = combine(0, "≤", k2 * (k2 - 1),
                        times(combine(0, "≤", k2, at_least(k2), number(2)),
                              combine(0, "≤", k2 - 1, at_least(k2), number(1))))
    small = power(high, k - 1, low)
    small2 = power(high, k2 - 2, low)
    t = proof.chain(0, ("≤", w(k, x), "a product of non-negative factors",
                        times(power_sign(low, k - 1), positive)))
    proof.state_same(t)
    t = proof.chain(w(k, x), ("≤", k, "powers increase, and $1-p$ is at most 1",
                              times(small, positive)))
    proof.state_same(t)
    t = proof.chain(-k2 * (k2 - 1), ("≤", wprime(k2, x), "as before",
                                     flip(times(small2, positive2))))
    proof.state_same(t, "for k ≥ 2")
    t = proof.chain(wprime(k2, x), ("≤", 0, "as before",
                                    flip(times(power_sign(low, k2 - 2), positive2))))
    proof.state_same(t, "for k ≥ 2")


@proved("eq-4", "(4)", "Gradient of the success probability", chapter=CH2)
def _(proof: Proof):
    reward = r(x, y)
    t = proof.chain(
        g(x),
        ("=", Grad(E(reward, y)), "definition (1)", same_gradient(success_probability(x, y))),
        ("=", E(Grad(reward) + reward * s(x, y), y), "score-function rule",
         score_function(reward, y)),
        ("=", E(reward * s(x, y), y), r"the verifier does not depend on $\theta$",
         mean(gradient(reward), y)),
    )
    proof.rest_on("eq-1")
    proof.state_same(t)


@proved("score-mean", "—", "Scores have mean zero", chapter=CH2)
def _(proof: Proof):
    one = Integer(1)
    t = proof.chain(
        E(s(x, y), y),
        ("=", E(Grad(one) + one * s(x, y), y), r"$\nabla 1=0$",
         mean(combine(0, "=", Grad(one), (-1, gradient(one))), y)),
        ("=", Grad(one), r"score-function rule for the constant 1, and $\mathbb E[1]=1$",
         (-1, score_function(one, y))),
        ("=", 0, r"$\nabla 1=0$", gradient(one)),
    )
    proof.state_same(t)


@proved("eq-5", "(5)", "The prompt similarity kernel", chapter=CH3)
def _(proof: Proof):
    here = proof.use("eq-4")
    from ..kernel import at
    there = at(here, {y: y2, x: x2})
    there = combine(g(x2), "=", E(r(x2, y2) * s(x2, y2), y2), there)
    t = proof.chain(
        kappa(x, x2),
        ("=", ip(E(r(x, y) * s(x, y), y), g(x2)), "(4) for the first prompt",
         inner(here, g(x2))),
        ("=", ip(E(r(x, y) * s(x, y), y), E(r(x2, y2) * s(x2, y2), y2)),
         "(4) for the second prompt", inner(there, E(r(x, y) * s(x, y), y))),
        ("=", E(r(x, y) * r(x2, y2) * ip(s(x, y), s(x2, y2)), y, y2),
         "the inner product is linear in each argument"),
    )
    proof.state_same(t)


declare("def-3.1", "Definition 3.1", "Prompt interference", "defined",
        r"$x$ and $x'$ interfere positively if $\kappa_\theta(x',x)>0$ and negatively if "
        r"$\kappa_\theta(x',x)<0$", r"a definition; $\kappa_\theta=0$ is left without a name",
        "definition", CH3, depends_on=("eq-5",))

# -- the toy: p = sigma(t) for hard prompts, 1 - sigma(t) for easy ones, t = <theta, psi(x)>
logit = primitive("logit", r"\theta^\top\psi(#1)")
sigma = define("sigma", (x,), Inv(1 + Exp(-Fn("logit", x))), r"\sigma(\theta^\top\psi(#1))")
ztoy = define("ztoy", (x,), sigma(x) * (1 - sigma(x)), r"z_\theta(#1)")


@proved("eq-7", "(7)", "Gradient of the toy's success probability", chapter=CH3,
        reason=r"$\nabla(\theta^\top\psi(x))$ is the feature vector $\psi(x)$.")
def _(proof: Proof):
    e, psi = Exp(-logit(x)), Grad(logit(x))
    one, _ = reciprocal(combine(0, "<", 1 + e, exp_positive(-logit(x)), number(1)))
    proof.step("A hard prompt succeeds with probability $\\sigma$:")
    hard = proof.chain(
        Grad(sigma(x)),
        ("=", Inv(1 + e) ** 2 * e * psi, "chain rule", gradient(Inv(1 + e))),
        ("=", ztoy(x) * psi, r"$\frac{e}{1+e}=1-\frac1{1+e}$", (Inv(1 + e) * psi, one)),
    )
    proof.state_same(hard, "hard prompts")
    proof.step("An easy prompt succeeds with probability $1-\\sigma$:")
    minus_one = gradient(1 - sigma(x))
    easy = proof.chain(
        Grad(1 - sigma(x)),
        ("=", -Inv(1 + e) ** 2 * e * psi, "chain rule", minus_one),
        ("=", -ztoy(x) * psi, "as before", (-Inv(1 + e) * psi, one)),
    )
    proof.state_same(easy, "easy prompts")
