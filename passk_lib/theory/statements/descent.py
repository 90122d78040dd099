"""Section 4.3 and appendix C: smoothness of pass@k, and one ascent step."""

# ruff: noqa: F403, F405  (the paper's symbols come from setting.py)

from sympy import Rational

from ..axioms import (
    bounded,
    gradient,
    interchange,
    operator_norm_bounds,
    operator_norm_least,
    operator_norm_nonnegative,
    power,
    reciprocal,
    same_gradient,
    score_function,
    taylor,
)
from ..claims import Proof, declare, proved
from ..kernel import (
    at,
    at_least,
    chain,
    combine,
    flip,
    inner,
    mean,
    number,
    square,
    squared_norm,
    times,
    weaken,
)
from ..setting import *
from ..terms import E, Grad, Hess, Inv, Moved, OpNorm, ip, sq
from .threshold import left_v, margin_set, right_v, scores_bounded

CH6 = "06_descent"
HALF = Rational(1, 2)


def hessians_bounded(proof: Proof):
    return proof.given(r"Assumption 4.3, Hessians, at every $\theta$",
                       E(OpNorm(Hess(logpi(x, y), v), v), y), "≤", F, everywhere=True)


def _hessian(proof: Proof, objective, inside, weight, slope, first):
    """v.(Hessian of E[f(p)]).v = E[f''(p) <g, v>^2 + f'(p) v.(Hessian of p).v]."""
    along = combine(ip(Grad(objective), v), "=", E(weight * ip(g(x), v), x), inner(first, v))
    body = weight * ip(g(x), v)
    return proof.chain(
        Hess(objective, v),
        ("=", ip(Grad(ip(Grad(objective), v)), v), "the Hessian is the gradient of the gradient"),
        ("=", ip(Grad(E(body, x)), v), "(2)", inner(same_gradient(along), v)),
        ("=", E(ip(Grad(body), v), x), r"$\nabla$ passes through $\mathbb E$",
         inner(interchange(body, x), v)),
        ("=", E(slope * ip(g(x), v) ** 2 + weight * Hess(p(x), v), x), "product and chain rule",
         mean(inner(gradient(inside * ip(g(x), v)), v), x)),
    )


@proved("eq-34", "(34)", "Hessian of pass@k", chapter=CH6,
        reason="As a quadratic form in a direction v; for k = 1 the first term is absent.")
def _(proof: Proof):
    first = proof.use("eq-2")
    proof.step("For $k\\ge2$:")
    proof.state_same(_hessian(proof, J(k2), k2 * u(x) ** (k2 - 1), w(k2, x), wprime(k2, x),
                              at(first, {k: k2})), "for k ≥ 2")
    proof.step("For $k=1$ every weight is 1:")
    one = at(first, {k: 1})
    proof.state_same(_hessian(proof, J(1), 1, w(1, x), 0, one), "for k = 1")


@proved("eq-34-F", "(34), any transform", "Hessian of any transform", chapter=CH6)
def _(proof: Proof):
    proof.state_same(_hessian(proof, JF(), Fw(x), Fw(x), Fc(x), proof.use("eq-2-F")))


@proved("eq-35", "(35)", "Splitting the Hessian's norm", chapter=CH6)
def _(proof: Proof):
    hess = proof.use("eq-34", 0)
    form = Hess(p(x), v)
    up, down = operator_norm_bounds(form, v)
    nonneg = at(proof.use("eq-39", 0), {k: k2})
    slope = proof.use("eq-39", 3)
    schwarz = at(proof.use("cauchy-schwarz", 0), {left_v: g(x), right_v: v})
    steep = combine(0, "≤", -wprime(k2, x), slope)
    split = E(-wprime(k2, x) * sq(g(x)) + w(k2, x) * OpNorm(form, v), x)
    size = times(times(steep, squared_norm(g(x))), squared_norm(v))
    high = proof.chain(
        Hess(J(k2), v),
        ("=", E(wprime(k2, x) * ip(g(x), v) ** 2 + w(k2, x) * form, x), "(34)", hess),
        ("≤", E(w(k2, x) * form, x), r"$w'\le0$", mean(times(square(ip(g(x), v)), steep), x)),
        ("≤", E(w(k2, x) * OpNorm(form, v), x) * sq(v), "operator norm",
         mean(times(up, nonneg), x)),
        ("≤", split * sq(v), "one more non-negative term", mean(size, x)),
    )
    low = proof.chain(
        -split * sq(v),
        ("≤", E(wprime(k2, x) * ip(g(x), v) ** 2, x) - E(w(k2, x) * OpNorm(form, v), x) * sq(v),
         "Cauchy–Schwarz", mean(times(schwarz, steep), x)),
        ("≤", E(wprime(k2, x) * ip(g(x), v) ** 2 + w(k2, x) * form, x), "operator norm",
         mean(times(down, nonneg), x)),
        ("=", Hess(J(k2), v), "(34)", (-1, hess)),
    )
    t = operator_norm_least(Hess(J(k2), v), v, split, high, low)
    proof.state_same(proof.chain(OpNorm(Hess(J(k2), v), v), (
        "≤", split, r"the least bound; $|w'|=-w'$ and $|w|=w$", t)), "for k ≥ 2")


@proved("eq-36", "(36)", "(4), restated", chapter=CH6)
def _(proof: Proof):
    t = proof.use("eq-4")
    proof.state_same(proof.chain(g(x), ("=", t.right, "(4)", t)))


@proved("eq-37", "(37)", "(27), restated", chapter=CH6)
def _(proof: Proof):
    scores_bounded(proof)
    t = proof.use("eq-27")
    proof.state_same(proof.chain(sq(g(x)), ("≤", G**2, "(27)", t)))


@proved("hessian-p", "—", "Hessian of the success probability", chapter=CH6)
def _(proof: Proof):
    four = proof.use("eq-4")
    body = r(x, y) * ip(s(x, y), v)
    along = combine(ip(g(x), v), "=", E(body, y), inner(four, v))
    t = proof.chain(
        Hess(p(x), v),
        ("=", ip(Grad(E(body, y)), v), "(4)", inner(same_gradient(along), v)),
        ("=", E(ip(Grad(body), v) + body * ip(s(x, y), v), y), "score-function rule",
         inner(score_function(body, y), v)),
        ("=", E(r(x, y) * ip(s(x, y), v) ** 2 + r(x, y) * Hess(logpi(x, y), v), y),
         r"the verifier does not depend on $\theta$", mean(inner(gradient(body), v), y)),
    )
    proof.state_same(t)


@proved("eq-38", "(38)", "The Hessian of the success probability is bounded", chapter=CH6)
def _(proof: Proof):
    scores = scores_bounded(proof, everywhere=True)
    hessians = hessians_bounded(proof)
    full = proof.use("hessian-p")
    form = Hess(logpi(x, y), v)
    up, down = operator_norm_bounds(form, v)
    off, on = bounded(r(x, y))
    room = times(times(on, operator_norm_nonnegative(form, v)), squared_norm(v))
    schwarz = at(proof.use("cauchy-schwarz", 0), {left_v: s(x, y), right_v: v})
    along = ip(s(x, y), v) ** 2
    rest = E(OpNorm(form, v), y) * sq(v)
    size = (G**2 + F) * sq(v)
    hess_room = times(hessians, squared_norm(v))
    high = proof.chain(
        Hess(p(x), v),
        ("=", E(r(x, y) * along + r(x, y) * form, y), "the line before", full),
        ("≤", E(along, y) + E(r(x, y) * form, y), r"$r\le1$", mean(times(on, square(
            ip(s(x, y), v))), y)),
        ("≤", E(sq(s(x, y)), y) * sq(v) + E(r(x, y) * form, y), "Cauchy–Schwarz",
         mean(schwarz, y)),
        ("≤", E(sq(s(x, y)), y) * sq(v) + rest, r"operator norm, and $r\le1$",
         mean(times(up, off), y), mean(room, y)),
        ("≤", size, "Assumption 4.3", times(scores, squared_norm(v)), hess_room),
    )
    low = proof.chain(
        -size,
        ("≤", -G**2 * sq(v) - rest, "Assumption 4.3", hess_room),
        ("≤", -rest, "a square is not negative", times(combine(0, "≤", G**2, square(G)),
                                                       squared_norm(v))),
        ("≤", E(r(x, y) * form, y), r"operator norm, and $r\le1$",
         mean(times(down, off), y), mean(room, y)),
        ("≤", E(r(x, y) * along + r(x, y) * form, y), "a square is not negative",
         mean(times(square(ip(s(x, y), v)), off), y)),
        ("=", Hess(p(x), v), "the line before", (-1, full)),
    )
    proof.state_same(high)
    proof.state_same(low)
    t = operator_norm_least(Hess(p(x), v), v, G**2 + F, high, low)
    proof.state_same(proof.chain(OpNorm(Hess(p(x), v), v), ("≤", G**2 + F, "the least bound", t)))


@proved("eq-6", "(6)", "One step for one prompt, with its error", chapter="03_interference",
        reason="The paper writes ≃; this is what the sign stands for.")
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    there = at(proof.use("eq-38", 0), {x: x2}), at(proof.use("eq-38", 1), {x: x2})
    high, low = taylor(p(x2), *there, v, eta * g(x))
    moved, error = Moved(p(x2), eta * g(x)), HALF * (G**2 + F) * eta**2 * sq(g(x))
    line = p(x2) + eta * kappa(x2, x)
    proof.state_same(proof.chain(moved, ("≤", line + error, "Taylor, with (38)", high)))
    proof.state_same(proof.chain(line - error, ("≤", moved, "Taylor, with (38)", low)))


def _smooth(proof, order, size, high, low):
    up, down = taylor(J(order), high, low, v, Delta)
    moved, line = Moved(J(order), Delta), J(order) + ip(dJ(order), Delta)
    bend = HALF * size * sq(Delta)
    return (proof.chain(moved, ("≤", line + bend, "Taylor", up)),
            proof.chain(line - bend, ("≤", moved, "Taylor", down)))


def _hessian_bounds(proof: Proof, sharp: bool):
    """Bounds on v.(Hessian of J_k).v for k >= 2: the paper's, or the sharper k (G^2 + F)."""
    hess = proof.use("eq-34", 0)
    nonneg = at(proof.use("eq-39", 0), {k: k2})
    at_most_k = at(proof.use("eq-39", 1), {k: k2})
    slope_low, slope = proof.use("eq-39", 2), proof.use("eq-39", 3)
    steep = combine(0, "≤", -wprime(k2, x), slope)
    schwarz = at(proof.use("cauchy-schwarz", 0), {left_v: g(x), right_v: v})
    top, bottom = proof.use("eq-38", 0), proof.use("eq-38", 1)
    g_bound = proof.use("sharp-gradient" if sharp else "eq-27")
    size = (G**2 + F) * sq(v)
    size_low = times(combine(0, "≤", G**2 + F, square(G), proof.use("F-nonnegative")),
                     squared_norm(v))
    weighted = E(w(k2, x), x) * size
    high = proof.chain(
        Hess(J(k2), v),
        ("=", E(wprime(k2, x) * ip(g(x), v) ** 2 + w(k2, x) * Hess(p(x), v), x), "(34)", hess),
        ("≤", E(w(k2, x) * Hess(p(x), v), x), r"$w'\le0$",
         mean(times(square(ip(g(x), v)), steep), x)),
        ("≤", weighted, "(38)", mean(times(top, nonneg), x)),
        ("≤", k2 * size, r"(39): $w\le k$", mean(times(at_most_k, size_low), x)),
    )
    v2 = squared_norm(v)
    steepness = E(-wprime(k2, x) * sq(g(x)), x) * sq(v)
    g_low = combine(0, "≤", G**2, square(G))
    if not sharp:
        total = (k2 * (k2 - 1) * G**2 + k2 * (G**2 + F)) * sq(v)
        gap = times(times(combine(0, "≤", wprime(k2, x) + k2 * (k2 - 1), slope_low), g_low), v2)
        high = chain(high, combine(k2 * size, "≤", total, _nonnegative_k(v2, g_low)))
        lines = [
            ("≤", -k2 * (k2 - 1) * G**2 * sq(v) - weighted, r"(39): $w\le k$",
             mean(times(at_most_k, size_low), x)),
            ("≤", E(wprime(k2, x), x) * G**2 * sq(v) - weighted, r"(39): $-w'\le k(k-1)$",
             mean(gap, x)),
            ("≤", -steepness - weighted, r"(37): $\lVert\nabla p\rVert^2\le G^2$",
             mean(times(times(g_bound, steep), v2), x)),
        ]
    else:
        total = k2 * (G**2 + F) * sq(v)
        tangent = at(proof.use("at-most-one-success"), {k: k2})
        order = combine(0, "≤", k2, at_least(k2), number(2))
        share = times(times(times(tangent, order), g_low), v2)
        f_room = times(times(at_most_k, proof.use("F-nonnegative")), v2)
        lines = [
            ("≤", E(wprime(k2, x) * p(x) * (1 - p(x)), x) * G**2 * sq(v) - weighted,
             r"$(1-p)^{k-1}(1+(k-1)p)\le1$ and $w\le k$", mean(share, x), mean(f_room, x)),
            ("≤", -steepness - weighted, r"$\lVert\nabla p\rVert^2\le p(1-p)G^2$",
             mean(times(times(g_bound, steep), v2), x)),
        ]
    low = proof.chain(
        -total, *lines,
        ("≤", -steepness + E(w(k2, x) * Hess(p(x), v), x), "(38)", mean(times(bottom, nonneg), x)),
        ("≤", E(wprime(k2, x) * ip(g(x), v) ** 2 + w(k2, x) * Hess(p(x), v), x),
         "Cauchy–Schwarz", mean(times(schwarz, steep), x)),
        ("=", Hess(J(k2), v), "(34)", (-1, hess)),
    )
    return high, low, total


def _nonnegative_k(v2, g_low):
    order = times(combine(0, "≤", k2, at_least(k2), number(2)),
                  combine(0, "≤", k2 - 1, at_least(k2), number(1)))
    return times(times(g_low, order), v2)


@proved("F-nonnegative", "—", "The constant F is not negative", "lemma", CH6)
def _(proof: Proof):
    bound = hessians_bounded(proof)
    t = proof.chain(0, ("≤", E(OpNorm(Hess(logpi(x, y), v), v), y), "a norm is not negative",
                        mean(operator_norm_nonnegative(Hess(logpi(x, y), v), v), y)),
                    ("≤", F, "Assumption 4.3", bound))
    proof.state_same(t)


@proved("lem-C.1", "Lemma C.1", "Smoothness of pass@k", "lemma", CH6,
        reason="Assumption 4.3 has to hold at every θ on the way (slip 7); the case k = 1 is "
        "its own line, because the bound on the slope of the weight needs k ≥ 2 (slip 10).")
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    high, low, total = _hessian_bounds(proof, sharp=False)
    size = Lk(k2)
    same = proof.chain(total, ("=", size * sq(v), "expand"))
    up, down = _smooth(proof, k2, size, chain(high, same), chain(flip(same), low))
    proof.state_same(up, "for k ≥ 2")
    proof.state_same(down, "for k ≥ 2")
    proof.step("For $k=1$:")
    up, down = _smooth(proof, 1, L1(), *_first_order(proof))
    proof.state_same(up, "for k = 1")
    proof.state_same(down, "for k = 1")


def _first_order(proof: Proof):
    hess = proof.use("eq-34", 1)
    size = L1() * sq(v)
    return (proof.chain(Hess(J(1), v), ("=", E(Hess(p(x), v), x), "(34)", hess),
                        ("≤", size, "(38)", mean(proof.use("eq-38", 0), x))),
            proof.chain(-size, ("≤", E(Hess(p(x), v), x), "(38)",
                                mean(proof.use("eq-38", 1), x)),
                        ("=", Hess(J(1), v), "(34)", (-1, hess))))


declare("eq-40", "(40)", "One step of pass@k ascent", "defined",
        r"$\theta^+=\theta+\eta\,\nabla J_k(\theta)$, $\eta>0$", "a definition", "definition", CH6)


def _step_at(theorem, order):
    """Lemma C.1 for the step eta grad J."""
    return at(theorem, {Delta: eta * dJ(order)})


@proved("eq-41", "(41)", "Pass@1 after one step, by smoothness", chapter=CH6)
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    t = _step_at(proof.use("lem-C.1", 2), k)
    proof.state_same(proof.chain(
        after(J(1), k),
        ("≤", J(1) + ip(dJ(1), eta * dJ(k)) + HALF * L1() * sq(eta * dJ(k)), "Lemma C.1", t),
        ("=", J(1) + eta * inner_k1() + HALF * L1() * eta**2 * norm_k(),
         "the inner product is linear")))


@proved("eq-42", "(42)", "The gradient of pass@k is bounded", chapter=CH6)
def _(proof: Proof):
    scores_bounded(proof)
    two = proof.use("eq-2")
    nonneg, most = proof.use("eq-39", 0), proof.use("eq-39", 1)
    weighted, mean_g = w(k, x) * g(x), E(w(k, x2) * g(x2), x2)
    squares = power(most, 2, nonneg)
    order = square(k)
    t = proof.chain(
        norm_k(),
        ("=", sq(E(weighted, x)), "(2), twice", inner(two, dJ(k)), inner(two, E(weighted, x))),
        ("≤", E(w(k, x) ** 2 * sq(g(x)), x), "Jensen: a variance is not negative",
         mean(squared_norm(weighted - mean_g), x)),
        ("≤", k**2 * E(sq(g(x)), x), r"(39): $w\le k$",
         mean(times(squares, squared_norm(g(x))), x)),
        ("≤", k**2 * G**2, "(27)", mean(times(proof.use("eq-27"), order), x)),
    )
    proof.state_same(t)


def _c2_bounds(f_low):
    """0 <= L_1 as a theorem."""
    return combine(0, "≤", L1(), square(G), f_low)


def _before_bounds(proof: Proof, order, positive, curve_reason, *curve):
    """J_1(theta+) <= J_1 - eta delta + ..., up to the bound on |grad J_k|^2."""
    return proof.chain(
        after(J(1), order),
        ("≤", J(1) + eta * inner_k1(order) + HALF * L1() * eta**2 * norm_k(order), "(41)",
         at(proof.use("eq-41"), {k: order})),
        ("≤", J(1) - eta * margin(order) + HALF * L1() * eta**2 * norm_k(order), "(43)",
         times(at(proof.use("cor-4.4", 0), {k: order}), positive)),
        (curve[0], curve[1], curve_reason, *curve[2:]),
    )


@proved("eq-44", "(44)", "Pass@1 after one step, first bound", chapter=CH6)
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    margin_set(proof)
    positive = proof.given(r"$\eta>0$", 0, "<", eta)
    smooth_low = _c2_bounds(proof.use("F-nonnegative"))
    curve = times(times(proof.use("eq-42"), smooth_low), square(eta))
    proof.state_same(_before_bounds(
        proof, k, positive, "(42)", "≤", J(1) - eta * margin(k) + C2(k) * eta**2, (HALF, curve)))


def _step_setting(proof: Proof, order, descent=True, ascent=True):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    h = {"eta": proof.given(r"$\eta>0$", 0, "<", eta)}
    if descent:
        margin_set(proof)
        h["G"] = proof.given("$G>0$", 0, "<", G)
        h["down"] = proof.given(r"$\eta\le\delta(\theta)/C_2$", eta * C2(order), "≤",
                                margin(order))
    if ascent:
        h["up"] = proof.given(r"$\eta\le1/L_k$", eta * Lk(order), "≤", 1)
    return h


def _descent(proof: Proof, order, h):
    smooth = combine(0, "<", L1(), times(h["G"], h["G"]), proof.use("F-nonnegative"))
    positive = combine(0, "<", order, at_least(order), number(order.least))
    curve = times(times(at(proof.use("sharp-norm"), {k: order}), weaken(smooth)), square(eta))
    # k/4 < k^2, times G^2 L_1 eta^2 > 0
    quarter = combine(Rational(1, 4), "<", order, at_least(order),
                      number(order.least - Rational(1, 4)))
    strict = times(times(times(times(quarter, positive), times(h["G"], h["G"])), smooth),
                   times(h["eta"], h["eta"]))
    proof.step("Pass@1 falls:")
    almost = _before_bounds(
        proof, order, h["eta"], r"$\lVert\nabla J_k\rVert^2\le kG^2/4$", "≤",
        J(1) - eta * margin(order) + order * G**2 * L1() * eta**2 / 8, (HALF, curve))
    first = proof.chain(
        almost.left,
        ("≤", almost.right, "the lines above", almost),
        ("<", J(1) - eta * margin(order) + C2(order) * eta**2, r"$\tfrac k4<k^2$",
         (HALF, strict)),
    )
    second = proof.chain(
        J(1) - eta * margin(order) + C2(order) * eta**2,
        ("≤", J(1), r"the step is at most $\delta(\theta)/C_2$", times(h["down"], h["eta"])),
    )
    proof.state_same(first)
    proof.state_same(second)
    proof.state_same(proof.chain(after(J(1), order), ("<", second.left, "the first part", first),
                                 ("≤", J(1), "the second part", second)))


@proved("eq-45", "(45)", "Pass@1 falls, mended", chapter=CH6,
        reason="The paper's second “<” is “≤” at the largest step (slip 2); pass@1 still "
        "falls strictly, by the sharper bound on the gradient.")
def _(proof: Proof):
    _descent(proof, k, _step_setting(proof, k, ascent=False))


@proved("eq-46", "(46)", "Pass@k after one step, by smoothness", chapter=CH6)
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    t = _step_at(proof.use("lem-C.1", 1), k2)
    proof.state_same(proof.chain(
        J(k2) + eta * (1 - Lk(k2) * eta / 2) * norm_k(k2),
        ("=", J(k2) + eta * norm_k(k2) - HALF * Lk(k2) * eta**2 * norm_k(k2), "expand"),
        ("=", J(k2) + ip(dJ(k2), eta * dJ(k2)) - HALF * Lk(k2) * sq(eta * dJ(k2)),
         "the inner product is linear"),
        ("≤", after(J(k2), k2), "Lemma C.1", t)), "for k ≥ 2")


def _ascent(proof: Proof, h):
    eta_low = weaken(h["eta"])
    proof.step("Pass@k rises:")
    first = proof.chain(
        J(k2) + HALF * eta * norm_k(k2),
        ("≤", J(k2) + eta * (1 - Lk(k2) * eta / 2) * norm_k(k2), r"$L_k\eta\le1$",
         (HALF, times(times(h["up"], squared_norm(dJ(k2))), eta_low))),
        ("≤", after(J(k2), k2), "(46)", proof.use("eq-46")),
    )
    second = proof.chain(
        J(k2), ("≤", J(k2) + HALF * eta * norm_k(k2), "a squared norm is not negative",
                (HALF, times(squared_norm(dJ(k2)), eta_low))))
    proof.state_same(first)
    proof.state_same(second)


@proved("eq-47", "(47)", "Pass@k rises", chapter=CH6)
def _(proof: Proof):
    _ascent(proof, _step_setting(proof, k2, descent=False))


for id_, number_, title_, kind_ in (
        ("prop-4.6", "Proposition 4.6", "Pass@1 falls while pass@k rises, mended", "proposition"),
        ("eq-48", "(48)", "The step size that does both", "equation")):
    @proved(id_, number_, title_, kind_, CH6,
            reason="In (17) the second “<” has become “≤” (slip 2). Assumption 4.3 is supposed "
            "at every θ, because Lemma C.1 needs it on the way (slip 7).")
    def _(proof: Proof):
        h = _step_setting(proof, k2)
        _descent(proof, k2, h)
        _ascent(proof, h)


for id_, number_, title_, f_ in (
        ("eq-17", "(17)", "Pass@1 falls, mended", lambda p: _descent(p, k2, _step_setting(
            p, k2, ascent=False))),
        ("eq-18", "(18)", "Pass@k rises", lambda p: _ascent(p, _step_setting(
            p, k2, descent=False)))):
    proved(id_, number_, title_, "equation", CH6)(f_)


@proved("gradient-not-zero", "—", "A positive δ(θ) leaves no zero gradient", "lemma", CH6,
        reason="So “when the gradient is not zero” in Proposition 4.6 follows from δ(θ) > 0.")
def _(proof: Proof):
    scores_bounded(proof)
    margin_set(proof)
    positive = proof.given(r"$\delta(\theta)>0$", 0, "<", margin(k))
    size = proof.given("$G>0$", 0, "<", G)
    conflict = proof.use("cor-4.4", 0)
    schwarz = at(proof.use("cauchy-schwarz", 0), {left_v: dJ(k), right_v: dJ(1)})
    gap = combine(margin(k), "≤", -inner_k1(), conflict)
    low = weaken(positive)
    one = at(proof.use("eq-42"), {k: 1})
    one_g, inverse = reciprocal(times(size, size))
    product = proof.chain(
        0,
        ("<", margin(k) ** 2, r"$\delta(\theta)>0$", times(positive, positive)),
        ("≤", inner_k1() ** 2, "Corollary 4.4", power(gap, 2, low)),
        ("≤", norm_k() * sq(dJ(1)), "Cauchy–Schwarz", schwarz),
        ("≤", norm_k() * G**2, "(42) for k = 1", times(one, squared_norm(dJ(k)))),
    )
    t = proof.chain(0, ("<", norm_k() * G**2 * Inv(G**2), "divide by $G^2>0$",
                        times(product, inverse)),
                    ("=", norm_k(), "cancel", (norm_k(), one_g)))
    proof.state_same(t)
