"""Beyond pass@k: what the book proves about w_k, for the weight F'(p) of any transform F."""

# ruff: noqa: F403, F405  (the paper's symbols come from setting.py)

from fractions import Fraction as Q

from sympy import Rational

from ..axioms import bounded, complement, power, power_sign, reciprocal, taylor, transform
from ..claims import Check, Proof, checked, proved
from ..kernel import (
    at,
    at_least,
    combine,
    discharge,
    inner,
    mean,
    number,
    square,
    squared_norm,
    times,
    weaken,
)
from ..setting import *
from ..terms import E, Hess, Inv, Moved, ip, sq
from .descent import hessians_bounded
from .threshold import bound as threshold_bound
from .threshold import left_v, margin_set, right_v, scores_bounded, threshold_setting

CH7 = "07_objectives"
HALF = Rational(1, 2)


def passk_case(t, order=k, heads=("Fp", "Fw", "Fc"), constants=None):
    """The instance of a theorem about F (or H) for F = pass@k."""
    second = None
    if order.least >= 2:
        second = lambda z: -order * (order - 1) * u(z) ** (order - 2)  # noqa: E731
    return transform(t, lambda z: 1 - u(z) ** order, lambda z: order * u(z) ** (order - 1), second,
                     heads, constants)


def rises(proof: Proof):
    return proof.given("F does not fall", 0, "≤", Fw(x))


def derivatives_bounded(proof: Proof, everywhere=True):
    """0 <= F' <= M1 and |F''| <= M2, with |F''| as two inequalities."""
    at_every = r", at every $\theta$" if everywhere else ""
    return {
        "low": proof.given(f"F does not fall{at_every}", 0, "≤", Fw(x), everywhere),
        "high": proof.given(f"the weight is bounded{at_every}", Fw(x), "≤", M1, everywhere),
        "up": proof.given(f"so is its slope{at_every}", Fc(x), "≤", M2, everywhere),
        "down": proof.given(f"and from below{at_every}", -M2, "≤", Fc(x), everywhere)}


# ---------------------------------------------------------------------- pass@k as a case of F


@proved("passk-of-F", "—", "Pass@k is one of the transforms", "theorem", CH7,
        reason=r"Each line is the general statement at $F(p)=1-(1-p)^k$ (and $H(p)=1-(1-p)^m$), "
        "not a second proof; the derivative of F is checked on the way.")
def _(proof: Proof):
    two = passk_case(proof.use("eq-2-F", 0))
    proof.state_same(proof.chain(dJ(k), ("=", E(w(k, x) * g(x), x), "(2), any transform", two)))
    nine = passk_case(proof.use("prop-4.1-F", 0))
    proof.state_same(proof.chain(inner_k1(), ("=", E(w(k, x) * a(x), x), "Proposition 4.1, any "
                                              "transform", nine)))
    ten = passk_case(proof.use("prop-4.1-F", 1))
    proof.state_same(proof.chain(
        E(w(k, x) * a(x), x), ("=", E(w(k, x), x) * sq(dJ(1)) + cov(k), "Proposition 4.1, any "
                               "transform", ten)))
    twenty = passk_case(passk_case(proof.use("eq-20-F")), j, ("Hp", "Hw"))
    proof.state_same(proof.chain(
        ip(dJ(k), dJ(j)), ("=", E(w(k, x) * w(j, x2) * kappa(x, x2), x, x2),
                           "(20), any transforms", twenty)))
    schwarz = passk_case(proof.use("covariance-cauchy-schwarz-F"))
    proof.state_same(proof.chain(cov(k) ** 2, ("≤", varw(k) * vara(), "a correlation is at most 1",
                                               schwarz)))


@proved("passk-of-B.1", "—", "Proposition B.1 as a case", "theorem", CH7,
        reason="The two conditions on F and H are (39), so only the kernel's sign is left.")
def _(proof: Proof):
    friendly = proof.given("no pair of prompts interferes negatively", 0, "≤", kappa(x, x2))
    general = passk_case(passk_case(proof.use("prop-B.1-F")), j, ("Hp", "Hw"))
    nonneg = proof.use("eq-39", 0)
    t = discharge(general, nonneg, at(nonneg, {k: j}), friendly)
    proof.state_same(proof.chain(0, ("≤", ip(dJ(k), dJ(j)), "Proposition B.1, any transforms", t)))


# -------------------------------------------------------------- where the weight falls: D tilde


@proved("weight-falls", "—", "A falling weight shifts towards harder prompts", "theorem", CH7,
        reason=r"In words: $\mathbb E_{\tilde{\mathcal D}_F}[p]\le\mathbb E[p]$. It holds for "
        r"pass@k, $\log p$, power means with exponent at most 1 and risk-seeking entropic "
        "objectives.")
def _(proof: Proof):
    falls = proof.given("the weight does not rise with p", 0, "≤",
                        (Fw(x) - Fw(x2)) * (p(x2) - p(x)))
    proof.state_same(proof.chain(
        E(Fw(x) * p(x), x), ("≤", E(Fw(x), x) * E(p(x), x),
                             "the mean over two independent prompts", (HALF, mean(falls, x, x2)))))


@proved("weight-rises", "—", "A rising weight shifts towards easier prompts", "theorem", CH7,
        reason=r"It holds for $p^k$ (all of $k$ completions correct), power means with exponent at "
        "least 1 and risk-averse entropic objectives.")
def _(proof: Proof):
    up = proof.given("the weight does not fall with p", 0, "≤", (Fw(x) - Fw(x2)) * (p(x) - p(x2)))
    proof.state_same(proof.chain(
        E(Fw(x), x) * E(p(x), x), ("≤", E(Fw(x) * p(x), x),
                                   "the mean over two independent prompts",
                                   (HALF, mean(up, x, x2)))))


# --------------------------------------------------------------- Corollary 4.4, Proposition 4.5


@proved("cor-4.4-F", "Corollary 4.4, any transform", "Dominating interference for any transform",
        "corollary", CH7)
def _(proof: Proof):
    scores_bounded(proof)
    weight = rises(proof)
    inside = margin_set(proof)
    _, on = bounded(minus(x))
    outside = combine(0, "≤", 1 - minus(x), on)
    t = proof.chain(
        ip(dJF, dJ(1)),
        ("=", E(Fw(x) * a(x) * minus(x), x) + E(Fw(x) * a(x) * (1 - minus(x)), x),
         "Proposition 4.1 for any transform", proof.use("prop-4.1-F")),
        ("≤", -m * WminusF() + E(Fw(x) * a(x) * (1 - minus(x)), x), r"$a_\theta\le-m$ inside",
         mean(times(inside, weight), x)),
        ("≤", -m * WminusF() + G**2 * WplusF(), r"$a_\theta\le G^2$ outside, by (28)",
         mean(times(times(proof.use("eq-28", 0), weight), outside), x)),
        ("=", -marginF(), r"definition of $\delta_F(\theta)$"),
    )
    proof.state_same(t)
    proof.implies((0, "<", marginF()), (ip(dJF, dJ(1)), "<", 0),
                  lambda h: proof.chain(ip(dJF, dJ(1)), ("≤", -marginF(), "the first part", t),
                                        ("<", 0, "the supposition", h)))
    proof.step("For pass@k this is Corollary 4.4:")
    case = discharge(passk_case(t), proof.use("eq-39", 0))
    proof.state_same(proof.chain(inner_k1(), ("≤", -margin(k), "the case of pass@k", case)),
                     "for pass@k")


@proved("prop-4.5-F", "Proposition 4.5, any falling weight", "The threshold for any falling weight",
        "proposition", CH7,
        reason=r"With $k^\star$ gone, what is left of (33) is a ratio: conflict as soon as "
        r"$F'(\varepsilon)/F'(\delta)>(1-q)G^2/(qm)$. For pass@k that ratio is "
        r"$((1-\varepsilon)/(1-\delta))^{k-1}$, which every large k makes large enough.")
def _(proof: Proof):
    scores_bounded(proof)
    rises(proof)
    margin_set(proof)
    easy = proof.given(r"the weight does not rise and $p\ge\delta$ outside $\mathcal X_-$",
                       (1 - minus(x)) * Fw(x), "≤", (1 - minus(x)) * wdel)
    hard = proof.given(r"and $p\le\varepsilon$ inside", minus(x) * weps, "≤", minus(x) * Fw(x))
    low_m = proof.given("the margin is not negative", 0, "≤", m)
    low_e, low_d = proof.given("", 0, "≤", weps), proof.given("", 0, "≤", wdel)
    mass = proof.given("$\\mathcal X_-$ has mass at least $q$", q, "≤", qtheta())
    g2 = combine(0, "≤", G**2, square(G))
    limit = weps * m * q - wdel * G**2 * (1 - q)
    t = proof.chain(
        ip(dJF, dJ(1)),
        ("≤", -m * WminusF() + G**2 * WplusF(), "Corollary 4.4 for any transform",
         proof.use("cor-4.4-F", 0)),
        ("≤", -m * weps * qtheta() + G**2 * WplusF(), r"$F'\ge F'(\varepsilon)$ inside",
         times(mean(hard, x), low_m)),
        ("≤", -m * weps * qtheta() + G**2 * wdel * (1 - qtheta()), r"$F'\le F'(\delta)$ outside",
         times(mean(easy, x), g2)),
        ("≤", -limit, r"$q\le q_\theta$", times(times(mass, low_m), low_e),
         times(times(mass, g2), low_d)),
    )
    proof.state_same(t)
    proof.implies((wdel * G**2 * (1 - q), "<", weps * m * q), (ip(dJF, dJ(1)), "<", 0),
                  lambda h: proof.chain(ip(dJF, dJ(1)), ("≤", -limit, "the first part", t),
                                        ("<", 0, "the supposition", h)))


@proved("passk-of-4.5", "—", "Proposition 4.5 as a case", "theorem", CH7,
        reason="The two conditions on the slopes follow from (16), because powers increase.")
def _(proof: Proof):
    h = threshold_setting(proof)
    low, _ = bounded(u(x))
    off, _ = bounded(minus(x))
    order = combine(0, "≤", k, at_least(k), number(1))
    del_low = combine(0, "≤", 1 - delta, h["one"])
    eps_low = combine(0, "≤", 1 - eps, del_low, h["gap"])
    at_eps, at_delta = k * epsbar ** (k - 1), k * delbar ** (k - 1)
    inside_u = combine(minus(x) * (1 - eps), "≤", minus(x) * u(x), h["hard"])
    inside = times(times(power(inside_u, k - 1, times(eps_low, off)), off), order)
    off_c, is_complement = complement(minus(x))
    above, _ = bounded(off_c)
    outside_u = combine(off_c * u(x), "≤", off_c * (1 - delta), h["easy"],
                        (u(x) - (1 - delta), is_complement))
    outside = times(times(power(outside_u, k - 1, times(low, above)), above), order)
    facts = (
        combine(minus(x) * at_eps, "≤", minus(x) * w(k, x), inside),
        combine((1 - minus(x)) * w(k, x), "≤", (1 - minus(x)) * at_delta, outside,
                (at_delta - w(k, x), is_complement)),
        combine(0, "≤", at_eps, times(power_sign(eps_low, k - 1), order)),
        combine(0, "≤", at_delta, times(power_sign(del_low, k - 1), order)),
        proof.use("eq-39", 0))
    general = passk_case(proof.use("prop-4.5-F", 0), constants={weps: at_eps, wdel: at_delta})
    proof.state_same(proof.chain(
        inner_k1(), ("≤", -threshold_bound(k), "Proposition 4.5 for any falling weight",
                     discharge(general, *facts))))


# ------------------------------------------------------------------ Lemma C.1, Proposition 4.6


def _hessian_bounds_F(proof: Proof, h):
    """Bounds on v.(Hessian of J_F).v by L_F |v|^2."""
    hess, form = proof.use("eq-34-F"), Hess(p(x), v)
    schwarz = at(proof.use("cauchy-schwarz", 0), {left_v: g(x), right_v: v})
    g_bound = proof.use("eq-27")
    along, v2 = ip(g(x), v) ** 2, squared_norm(v)
    low2 = combine(0, "≤", M2, (HALF, h["up"]), (HALF, h["down"]))
    size_low = times(combine(0, "≤", L1(), square(G), proof.use("F-nonnegative")), v2)
    total = LF() * sq(v)
    bend = times(mean(times(schwarz, low2), x), number(1))
    flat = times(times(mean(g_bound, x), low2), v2)
    high = proof.chain(
        Hess(JF(), v),
        ("=", E(Fc(x) * along + Fw(x) * form, x), "(34) for any transform", hess),
        ("≤", M2 * E(along, x) + E(Fw(x) * form, x), r"$F''\le M_2$",
         mean(times(h["up"], square(ip(g(x), v))), x)),
        ("≤", M2 * E(sq(g(x)), x) * sq(v) + E(Fw(x) * form, x), "Cauchy–Schwarz", bend),
        ("≤", M2 * G**2 * sq(v) + E(Fw(x) * form, x), "(27)", flat),
        ("≤", M2 * G**2 * sq(v) + E(Fw(x), x) * L1() * sq(v), "(38)",
         mean(times(proof.use("eq-38", 0), h["low"]), x)),
        ("≤", total, r"$F'\le M_1$", mean(times(h["high"], size_low), x)),
    )
    low = proof.chain(
        -total,
        ("≤", -M2 * G**2 * sq(v) - E(Fw(x), x) * L1() * sq(v), r"$F'\le M_1$",
         mean(times(h["high"], size_low), x)),
        ("≤", -M2 * G**2 * sq(v) + E(Fw(x) * form, x), "(38)",
         mean(times(proof.use("eq-38", 1), h["low"]), x)),
        ("≤", -M2 * E(sq(g(x)), x) * sq(v) + E(Fw(x) * form, x), "(27)", flat),
        ("≤", -M2 * E(along, x) + E(Fw(x) * form, x), "Cauchy–Schwarz", bend),
        ("≤", E(Fc(x) * along + Fw(x) * form, x), r"$-M_2\le F''$",
         mean(times(h["down"], square(ip(g(x), v))), x)),
        ("=", Hess(JF(), v), "(34) for any transform", (-1, hess)),
    )
    return high, low


@proved("lem-C.1-F", "Lemma C.1, any bounded weight", "Smoothness for any bounded weight", "lemma",
        CH7, reason=r"$L_F=M_2G^2+M_1(G^2+F)$; at $M_1=k$, $M_2=k(k-1)$ it is the paper's $L_k$. "
        r"An unbounded weight has no such $L_F$: $\log p$, $2\arcsin\sqrt p$.")
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    h = derivatives_bounded(proof)
    high, low = _hessian_bounds_F(proof, h)
    up, down = taylor(JF(), high, low, v, Delta)
    moved, line = Moved(JF(), Delta), JF() + ip(dJF, Delta)
    bend = HALF * LF() * sq(Delta)
    above = proof.chain(moved, ("≤", line + bend, "Taylor", up))
    below = proof.chain(line - bend, ("≤", moved, "Taylor", down))
    proof.state_same(above)
    proof.state_same(below)
    proof.step("For pass@k, whose weight has such bounds, this is Lemma C.1:")
    moved_k, line_k = Moved(J(k2), Delta), J(k2) + ip(dJ(k2), Delta)
    bend_k = HALF * Lk(k2) * sq(Delta)
    proof.state_same(proof.chain(moved_k, ("≤", line_k + bend_k, "the case of pass@k",
                                           smooth_case(proof, above))), "for pass@k, k ≥ 2")
    proof.state_same(proof.chain(line_k - bend_k, ("≤", moved_k, "the case of pass@k",
                                                   smooth_case(proof, below))),
                     "for pass@k, k ≥ 2")


def smooth_case(proof: Proof, t):
    """pass@k for k >= 2, with its own bounds on F' and F''."""
    slopes = [at(proof.use("eq-39", 0), {k: k2}), at(proof.use("eq-39", 1), {k: k2}),
              proof.use("eq-39", 2), proof.use("eq-39", 3)]
    order = times(combine(0, "≤", k2, at_least(k2), number(2)),
                  combine(0, "≤", k2 - 1, at_least(k2), number(1)))
    curvature = -k2 * (k2 - 1) * u(x) ** (k2 - 2)
    slopes[3] = combine(curvature, "≤", k2 * (k2 - 1), slopes[3], order)
    return discharge(passk_case(t, k2, constants={M1: k2, M2: k2 * (k2 - 1)}), *slopes)


@proved("eq-42-F", "(42), any bounded weight", "The gradient is bounded for any bounded weight",
        chapter=CH7)
def _(proof: Proof):
    scores_bounded(proof)
    low = rises(proof)
    high = proof.given("the weight is bounded", Fw(x), "≤", M1)
    two = proof.use("eq-2-F", 0)
    weighted, mean_g = Fw(x) * g(x), E(Fw(x2) * g(x2), x2)
    proof.state_same(proof.chain(
        sq(dJF),
        ("=", sq(E(weighted, x)), "(2) for any transform, twice", inner(two, dJF),
         inner(two, E(weighted, x))),
        ("≤", E(Fw(x) ** 2 * sq(g(x)), x), "Jensen: a variance is not negative",
         mean(squared_norm(weighted - mean_g), x)),
        ("≤", M1**2 * E(sq(g(x)), x), r"$F'\le M_1$",
         mean(times(power(high, 2, low), squared_norm(g(x))), x)),
        ("≤", M1**2 * G**2, "(27)", mean(times(proof.use("eq-27"), square(M1)), x)),
    ))


@proved("prop-4.6-F", "Proposition 4.6, any bounded weight",
        "Pass@1 falls while any other objective rises", "proposition", CH7,
        reason=r"Pass@k ($M_1=k$, $M_2=k(k-1)$) is Proposition 4.6. The first part says “at most”; "
        r"it is strict for every shorter step.")
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    derivatives_bounded(proof)
    margin_set(proof)
    h_eta = proof.given(r"$\eta>0$", 0, "<", eta)
    h_down = proof.given(r"$\eta\le\delta_F(\theta)/C_{2,F}$", eta * C2F(), "≤", marginF())
    h_up = proof.given(r"$\eta\le1/L_F$", eta * LF(), "≤", 1)
    smooth = combine(0, "≤", L1(), square(G), proof.use("F-nonnegative"))
    one = at(proof.use("lem-C.1", 2), {Delta: eta * dJF})
    proof.step("Pass@1 falls:")
    curve = times(times(proof.use("eq-42-F"), smooth), square(eta))
    proof.state_same(proof.chain(
        Moved(J(1), eta * dJF),
        ("≤", J(1) + eta * ip(dJF, dJ(1)) + HALF * L1() * eta**2 * sq(dJF), "Lemma C.1", one),
        ("≤", J(1) - eta * marginF() + HALF * L1() * eta**2 * sq(dJF),
         "Corollary 4.4 for any transform", times(proof.use("cor-4.4-F", 0), h_eta)),
        ("≤", J(1) - eta * marginF() + C2F() * eta**2, r"$\lVert\nabla J_F\rVert^2\le M_1^2G^2$",
         (HALF, curve)),
        ("≤", J(1), r"the step is at most $\delta_F(\theta)/C_{2,F}$", times(h_down, h_eta))))
    proof.step("The other objective rises:")
    other = at(proof.use("lem-C.1-F", 1), {Delta: eta * dJF})
    proof.state_same(proof.chain(
        JF() + HALF * eta * sq(dJF),
        ("≤", JF() + eta * sq(dJF) - HALF * LF() * eta**2 * sq(dJF), r"$\eta L_F\le1$",
         (HALF, times(times(h_up, squared_norm(dJF)), weaken(h_eta)))),
        ("≤", Moved(JF(), eta * dJF), "Lemma C.1 for any bounded weight", other)))


# -------------------------------------------------------- which objective fails which condition


@proved("log-unbounded", "—", "The weight of log p exceeds every bound", "lemma", CH7,
        reason="So Lemma C.1 and Proposition 4.6 say nothing of it, unless its weight is clipped.")
def _(proof: Proof):
    slope = proof.given(r"$F(p)=\log p$, so $F'(p)=1/p$", Fw(x) * p(x), "=", 1)
    positive = proof.given(r"the prompt is solved now and then", 0, "<", p(x))
    rare = proof.given(r"but less often than $1/M_1$", M1 * p(x), "<", 1)
    one, inverse = reciprocal(positive)
    proof.state_same(proof.chain(
        M1,
        ("=", M1 * p(x) * Inv(p(x)), "multiply and divide by $p>0$", (-M1, one)),
        ("<", Inv(p(x)), r"$M_1\,p<1$", times(rare, inverse)),
        ("=", Fw(x), r"$F'(p)\,p=1$", (-Inv(p(x)), slope), (Fw(x), one))))


@proved("arcsin-unbounded", "—", "The weight of 2 arcsin √p exceeds every bound", "lemma", CH7,
        reason="Dividing by the standard deviation, as in GRPO, gives this weight: large at both "
        "ends, so it is neither bounded nor falling.")
def _(proof: Proof):
    slope = proof.given(r"$F(p)=2\arcsin\sqrt p$, so $F'(p)^2\,p(1-p)=1$",
                        Fw(x) ** 2 * p(x) * (1 - p(x)), "=", 1)
    positive = proof.given("the prompt is neither solved nor failed always", 0, "<",
                           p(x) * (1 - p(x)))
    rare = proof.given(r"but nearly so", M1**2 * p(x) * (1 - p(x)), "<", 1)
    spread = p(x) * (1 - p(x))
    one, inverse = reciprocal(positive)
    proof.state_same(proof.chain(
        M1**2,
        ("=", M1**2 * spread * Inv(spread), "multiply and divide by $p(1-p)>0$", (-(M1**2), one)),
        ("<", Inv(spread), r"$M_1^2\,p(1-p)<1$", times(rare, inverse)),
        ("=", Fw(x) ** 2, r"$F'(p)^2\,p(1-p)=1$", (-Inv(spread), slope), (Fw(x) ** 2, one))))


def _inner_product(weights, success, slopes, mass=None):
    """<grad J_F, grad J_1> of one-parameter prompts, in fractions."""
    mass = mass or [Q(1, len(success))] * len(success)
    mean_g = sum(m_ * g_ for m_, g_ in zip(mass, slopes, strict=True))
    return mean_g * sum(m_ * w_ * g_ for m_, w_, g_ in zip(mass, weights, slopes, strict=True))


@checked("unbounded-norm", "(42)", "(42) fails for log p", r"For $F=\log p$ no constant $c$ gives "
         r"$\lVert\nabla J_F\rVert^2\le c\,G^2$ for every policy with "
         r"$\mathbb E\lVert s\rVert^2\le G^2$.", kind="lemma", chapter=CH7,
         depends_on=("eq-42-F",))
def _() -> Check:
    shown = []
    for c_ in (Q(10) ** i for i in range(1, 13)):
        p_ = 1 / (2 * c_ + 1)
        squared_slope = p_ * (1 - p_)  # two completions, E|s|^2 = 1: (dp)^2 = p (1 - p)
        shown.append(squared_slope / p_**2 > c_)
    return Check(len(shown), r"one prompt, two completions, $G=1$, $p=1/(2c+1)$ gives "
                 r"$\lVert\nabla J_F\rVert^2=(1-p)/p=2c$ for $c=10,\dots,10^{12}$", all(shown))


@checked("passhat-no-threshold", "Proposition 4.5", "Proposition 4.5 fails for pass^k",
         r"For $F=p^k$, whose weight rises, no $k$ conflicts on two prompts that meet (16), where "
         r"every $k\ge2$ conflicts for pass@k.", kind="proposition", chapter=CH7,
         depends_on=("prop-4.5-F",))
def _() -> Check:
    success, slopes, orders = [Q(1, 10), Q(9, 10)], [Q(-1), Q(3)], range(2, 201)
    all_correct = [_inner_product([n_ * p_ ** (n_ - 1) for p_ in success], success, slopes)
                   for n_ in orders]
    at_least_one = [_inner_product([n_ * (1 - p_) ** (n_ - 1) for p_ in success], success, slopes)
                    for n_ in orders]
    return Check(len(orders), r"masses ½, $p=(1/10,9/10)$, $\nabla p=(-1,3)$, $k=2,\dots,200$",
                 min(all_correct) > 0 and max(at_least_one) < 0)


@checked("arcsin-no-shift", "—", "2 arcsin √p may shift towards easier prompts",
         r"For $F=2\arcsin\sqrt p$ the mean success under $\tilde{\mathcal D}_F\propto F'(p)\,"
         r"\mathcal D$ can exceed the mean success under $\mathcal D$.", kind="lemma", chapter=CH7,
         depends_on=("weight-falls",))
def _() -> Check:
    # p (1-p) are squares of fractions: 1/5 gives 2/5, 25/26 gives 5/26
    success = [Q(1, 5), Q(25, 26)]
    weights = [Q(5, 2), Q(26, 5)]
    exact = all(w_**2 * p_ * (1 - p_) == 1 for w_, p_ in zip(weights, success, strict=True))
    shifted = sum(w_ * p_ for w_, p_ in zip(weights, success, strict=True)) / sum(weights)
    return Check(1, f"masses ½, $p=(1/5,25/26)$: {float(shifted):.4f} against "
                 f"{float(sum(success) / 2):.4f}", exact and shifted > sum(success) / 2)


@checked("objective-weights", "—", "Each weight is the derivative of its objective",
         r"The library's $F$, $F'$ and $F''$ of pass@k, pass^k, $\log p$, $2\arcsin\sqrt p$, "
         "power means and entropic objectives agree with SymPy's derivatives of the textbook "
         r"formulas to $10^{-12}$.", kind="lemma", chapter=CH7)
def _() -> Check:
    import sympy as sp

    from passk_lib import objectives as lib
    t = sp.Symbol("t", positive=True)
    pairs = [(lib.PassAtK(7), 1 - (1 - t) ** 7), (lib.AllCorrect(5), t**5),
             (lib.LogP(), sp.log(t)), (lib.ArcsinSqrt(), 2 * sp.asin(sp.sqrt(t))),
             (lib.ArcsinSqrt(4), sp.asin(sp.sqrt(1 - (1 - t) ** 4)) / 2),
             (lib.PowerMean(0.5), 2 * sp.sqrt(t)), (lib.PowerMean(-2), -1 / (2 * t**2)),
             (lib.Entropic(3), sp.log(1 - t + t * sp.exp(3)) / 3),
             (lib.Entropic(-3), -sp.log(1 - t + t * sp.exp(-3)) / 3)]
    worst, cases = 0.0, 0
    for objective, formula in pairs:
        for i, function in enumerate((objective.value, objective.weight, objective.curvature)):
            derivative = sp.diff(formula, t, i)
            for value in (Q(1, 1000), Q(1, 5), Q(1, 2), Q(4, 5), Q(999, 1000)):
                spot = sp.Rational(value.numerator, value.denominator)
                exact = derivative.subs(t, spot).evalf(30)
                ours = float(function(value.numerator / value.denominator))
                worst = max(worst, abs(ours - float(exact)) / max(1e-3, abs(float(exact))))
                cases += 1
    return Check(cases, f"largest relative difference {worst:.0e}", worst < 1e-12)


@checked("ascended-polynomials", "—", "What published advantages ascend at finite n",
         r"With $n\le8$ completions the advantages of RLOO, of Tang et al. ($k=n$), of Mahdavi et "
         "al. and of Walder and Karkhanis, as we read them, ascend pass@1 or pass@k exactly; the "
         r"mean score of the correct completions ascends $\sum_{m\le n}\text{pass@}m/m$ in the "
         r"place of $\log p$; those of GRPO and of Chen et al. ascend polynomials that are not "
         r"$2\arcsin\sqrt p$ and $\tfrac2k\arcsin\sqrt{\text{pass@}k}$ but bounded stand-ins.",
         kind="theorem", chapter=CH7)
def _() -> Check:
    from math import comb

    from passk_lib.credits import published, surrogates
    cases, good = 0, True
    for order in range(1, 9):
        for each in published(order):
            for size in range(each.least_n, 9):
                polynomial = each.polynomial(size)
                cases += size + 1  # one credit for each count c
                if each.source.startswith("rejection"):
                    wanted = [sum((Q((-1) ** (i + 1) * comb(n_, i), n_)
                                   for n_ in range(1, size + 1)), Q(0)) if i else Q(0)
                              for i in range(size + 1)]
                    good &= [z_.rational for z_ in polynomial] == wanted
        for size in range(max(2, order), 9):
            good &= all(row["exact"] == each.exact for row, each in zip(
                surrogates(size, order), published(order), strict=True))
    return Check(cases, "credits in exact numbers, for k and n up to 8 and every count", good)
