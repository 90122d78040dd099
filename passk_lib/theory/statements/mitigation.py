"""What each mitigation guarantees, to first order and for a step of stated length.

Two gradients g_1 and g_F: that of pass@1, which may be lost, and that of the objective that is
climbed, pass@k for one. A mitigation follows d = alpha g_1 + beta g_F. To first order nothing need
be known of the two; `mitigations-passk` puts the gradients of pass@1 and pass@k in their places.
"""

# ruff: noqa: F403, F405  (the paper's symbols come from setting.py)

from fractions import Fraction as Q

from sympy import Rational

from ..axioms import power, power_sign, reciprocal
from ..claims import Check, Proof, checked, proved
from ..kernel import (
    at,
    combine,
    discharge,
    mean,
    power_equal,
    squared_norm,
    times,
    weaken,
)
from ..setting import *
from ..terms import E, Inv, Moved, frac, ip, latex, sq
from .beyond import f_of, later
from .descent import hessians_bounded
from .objectives import CH7, _inner_product, derivatives_bounded
from .threshold import left_v, right_v, scores_bounded

HALF = Rational(1, 2)
one, cross, other = sq(g1), ip(gF, g1), sq(gF)  # the three inner products


def conflict(proof: Proof):
    return proof.given("the gradients conflict", cross, "<", 0)


def moving(proof: Proof, vector=g1):
    return proof.given(f"${latex(vector)}\\ne0$", 0, "<", sq(vector))


def schwarz(proof: Proof):
    """cross^2 <= one * other."""
    return at(proof.use("cauchy-schwarz", 0), {left_v: gF, right_v: g1})


# ---------------------------------------------------------------------------------------- mixing


@proved("mix", "—", "The smallest mix without first-order loss", "proposition", CH7,
        reason=r"At this $\lambda$ pass@1 neither gains nor loses to first order, and the other "
        "objective does not lose. Without conflict $\\lambda=0$ will do.")
def _(proof: Proof):
    against = conflict(proof)
    total = one - cross
    positive = combine(0, "<", total, against, squared_norm(g1))
    unit, inverse = reciprocal(positive)
    best = frac(-cross, total)
    mixed = lambda c: c * g1 + (1 - c) * gF  # noqa: E731
    proof.equivalent(
        (0, "≤", ip(mixed(lam), g1)), (best, "≤", lam),
        lambda h: proof.chain(
            best, ("≤", lam * total * Inv(total), r"$0\le\lambda\lVertg_1\rVert^2+"
                   r"(1-\lambda)\langleg_F,g_1\rangle$", times(h, inverse)),
            ("=", lam, "cancel", (lam, unit))),
        lambda h: proof.chain(
            0, ("=", best * total + cross, "cancel", (cross, unit)),
            ("≤", lam * total + cross, r"$\lambda$ is at least that large", times(h, positive)),
            ("=", ip(mixed(lam), g1), "the inner product is linear")))
    proof.state_same(proof.chain(
        ip(mixed(best), g1),
        ("=", cross + best * total, "the inner product is linear"),
        ("=", 0, "cancel", (-cross, unit))))
    gain = proof.chain(
        0,
        ("≤", (one * other - cross**2) * Inv(total), "Cauchy–Schwarz",
         times(schwarz(proof), weaken(inverse))),
        ("=", ip(mixed(best), gF), "the inner product is linear", (other, unit)))
    proof.state_same(gain)


# ------------------------------------------------------------------------------------ projection


def projected():
    return gF - frac(cross, one) * g1


@proved("one-sided", "—", "One-sided projection", "proposition", CH7,
        reason="Of all directions that do not lose pass@1 to first order it is the nearest to "
        r"$g_F$. In conflict $g_1\ne0$ by itself.")
def _(proof: Proof):
    conflict_ = conflict(proof)
    unit, inverse = reciprocal(moving(proof))
    d = projected()
    keeps = proof.chain(
        ip(d, g1), ("=", cross - cross * Inv(one) * one, "the inner product is linear"),
        ("=", 0, "cancel", (-cross, unit)))
    proof.state_same(keeps)
    size = combine(sq(d), "=", ip(d, gF), (cross**2 * Inv(one), unit))
    proof.state_same(proof.chain(
        sq(d), ("=", ip(d, gF), r"$d$ is orthogonal to $g_1$", size)))
    proof.state_same(proof.chain(0, ("≤", ip(d, gF), "it is a squared norm", squared_norm(d),
                                     (-1, combine(ip(d, gF), "=", sq(d),
                                                  (-1, size))))))
    proof.step("Nearest of all:")
    allowed = assume_no_loss(proof)
    moved = v - gF
    lead = combine(-cross, "≤", ip(moved, g1), allowed)
    squares = power(lead, 2, combine(0, "≤", -cross, conflict_))
    limit = at(proof.use("cauchy-schwarz", 0), {left_v: moved, right_v: g1})
    proof.state_same(proof.chain(
        sq(d - gF),
        ("=", cross**2 * Inv(one), "expand, cancel", (cross**2 * Inv(one), unit)),
        ("≤", sq(moved) * one * Inv(one), r"$\langleg_F,g_1\rangle^2\le\langle "
         r"v-g_F,g_1\rangle^2$, and Cauchy–Schwarz", times(squares, inverse),
         times(limit, inverse)),
        ("=", sq(moved), "cancel", (sq(moved), unit))))


def assume_no_loss(proof: Proof):
    return proof.given("$v$ is any direction that does not lose pass@1", 0, "≤", ip(v, g1))


@proved("mix-is-one-sided", "—", "The smallest mix and the one-sided projection agree", "lemma",
        CH7, reason="Two recipes, one direction: at equal step length they are the same method.")
def _(proof: Proof):
    against = conflict(proof)
    total = one - cross
    unit, _ = reciprocal(combine(0, "<", total, against, squared_norm(g1)))
    unit_one, _ = reciprocal(moving(proof))
    best = frac(-cross, total)
    proof.state_same(proof.chain(
        total * (best * g1 + (1 - best) * gF),
        ("=", one * gF - cross * g1, "cancel", (cross * gF - cross * g1, unit)),
        ("=", one * projected(), "cancel", (cross * g1, unit_one))))


@proved("pcgrad", "—", "Symmetric surgery", "proposition", CH7,
        reason="Each gradient loses its part against the other before they are added "
        "([Yu et al. (2020)](bibliography.md#yu2020)); neither objective loses to first order. The "
        "recipe does so in conflict only; the statement holds without.")
def _(proof: Proof):
    unit, inverse = reciprocal(moving(proof))
    unit_f, inverse_f = reciprocal(moving(proof, gF))
    d = (1 - frac(cross, one)) * g1 + (1 - frac(cross, other)) * gF
    bound = schwarz(proof)
    for gradient, mine, its, own, room, invert in (
            (g1, one, other, unit, unit_f, inverse_f),
            (gF, other, one, unit_f, unit, inverse)):
        proof.state_same(proof.chain(
            0,
            ("≤", (mine * its - cross**2) * Inv(its), "Cauchy–Schwarz",
             times(bound, weaken(invert))),
            ("=", mine - cross**2 * Inv(its), "cancel", (mine, room)),
            ("=", ip(d, gradient), "expand, cancel", (cross, own))))


# -------------------------------------------------------------------------------------- min-norm


@proved("min-norm", "—", "The shortest vector between the gradients", "proposition", CH7,
        reason="Min-norm ([Désidéri (2012)](bibliography.md#desideri2012)): both objectives gain "
        "the squared length of the direction. Where one product is at least the shorter gradient's "
        "square, that gradient itself is the shortest vector, and the same holds.")
def _(proof: Proof):
    low = proof.given(r"the shortest vector lies between them, not at $g_F$", cross, "≤",
                      other)
    low_1 = proof.given(r"nor at $g_1$", cross, "≤", one)
    apart = proof.given("the gradients differ", 0, "<", one + other - 2 * cross)
    total = one + other - 2 * cross
    unit, inverse = reciprocal(apart)
    gamma = frac(other - cross, total)
    d = gamma * g1 + (1 - gamma) * gF
    proof.state_same(proof.chain(0, ("≤", gamma, "both factors are not negative",
                                     times(low, weaken(inverse)))))
    proof.state_same(proof.chain(
        gamma, ("≤", total * Inv(total), "likewise", times(low_1, weaken(inverse))),
        ("=", 1, "cancel", unit)))
    both = proof.chain(
        ip(d, g1),
        ("=", cross + (other - cross) * Inv(total) * (one - cross), "the inner product is linear"),
        ("=", ip(d, gF), "cancel", (other - cross, unit)))
    proof.state_same(both)
    proof.state_same(proof.chain(
        sq(d),
        ("=", gamma * ip(d, g1) + (1 - gamma) * ip(d, gF), "the inner product is linear"),
        ("=", ip(d, g1), "the line above", ((1 - gamma), combine(ip(d, gF), "=", ip(d, g1),
                                                                     (-1, both))))))


@proved("min-norm-end", "—", "The shortest vector is one of the gradients", "lemma", CH7)
def _(proof: Proof):
    proof.state_same(proof.chain(
        sq(g1), ("≤", ip(g1, gF), r"$g_1$ is the shortest vector",
                    proof.given(r"$g_1$ is no longer than its shadow", one, "≤", cross))))


# ------------------------------------------------------------------------- steps of finite length

direction = alpha * dJ(1) + beta * dJF


def _smooth_setting(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    return proof.given(r"$\eta>0$", 0, "<", eta)


@proved("safe-step-1", "—", "How far a mitigated step keeps pass@1", "theorem", CH7,
        reason=r"Twice the gain to first order, divided by $L_1\lVert d\rVert^2$. Where that gain "
        "is 0 (one-sided projection) there is no such step, only a loss of second order.")
def _(proof: Proof):
    h_eta = _smooth_setting(proof)
    low = at(proof.use("lem-C.1", 3), {Delta: eta * direction})
    rate = ip(dJ(1), direction)
    line = J(1) + eta * rate - HALF * L1() * eta**2 * sq(direction)
    after_ = Moved(J(1), eta * direction)
    below = proof.chain(line, ("≤", after_, "Lemma C.1", low))
    proof.state_same(below)
    proof.implies((eta * L1() * sq(direction), "≤", 2 * rate), (J(1), "≤", after_),
                  lambda h: proof.chain(
                      J(1), ("≤", line, "the step is short enough", (HALF, times(h, h_eta))),
                      ("≤", after_, "the first part", below)))
    proof.implies((eta * L1() * sq(direction), "≤", rate), (J(1) + HALF * eta * rate, "≤", after_),
                  lambda h: proof.chain(
                      J(1) + HALF * eta * rate,
                      ("≤", line, "the step is half as long", (HALF, times(h, h_eta))),
                      ("≤", after_, "the first part", below)))


@proved("safe-step-F", "—", "How far a mitigated step keeps the other objective", "theorem", CH7,
        reason=r"With $L_F=M_2G^2+M_1(G^2+F)$. For pass@k it may be $k(G^2+F)$, the sharper "
        "constant of chapter 6.")
def _(proof: Proof):
    h_eta = _smooth_setting(proof)
    derivatives_bounded(proof)
    low = at(proof.use("lem-C.1-F", 1), {Delta: eta * direction})
    rate = ip(dJF, direction)
    line = JF() + eta * rate - HALF * LF() * eta**2 * sq(direction)
    after_ = Moved(JF(), eta * direction)
    below = proof.chain(line, ("≤", after_, "Lemma C.1 for any bounded weight", low))
    proof.state_same(below)
    proof.implies((eta * LF() * sq(direction), "≤", 2 * rate), (JF(), "≤", after_),
                  lambda h: proof.chain(
                      JF(), ("≤", line, "the step is short enough", (HALF, times(h, h_eta))),
                      ("≤", after_, "the first part", below)))


@proved("safe-step-k", "—", "How far a mitigated step keeps pass@k", "theorem", CH7,
        reason="With the sharper smoothness of chapter 6, linear in k.")
def _(proof: Proof):
    h_eta = _smooth_setting(proof)
    d = alpha * dJ(1) + beta * dJ(k2)
    low = at(proof.use("sharp-smoothness", 1), {Delta: eta * d})
    rate = ip(dJ(k2), d)
    line = J(k2) + eta * rate - HALF * k2 * L1() * eta**2 * sq(d)
    after_ = Moved(J(k2), eta * d)
    below = proof.chain(line, ("≤", after_, "the sharper smoothness", low))
    proof.state_same(below)
    proof.implies((eta * k2 * L1() * sq(d), "≤", 2 * rate), (J(k2), "≤", after_),
                  lambda h: proof.chain(
                      J(k2), ("≤", line, "the step is short enough", (HALF, times(h, h_eta))),
                      ("≤", after_, "the first part", below)))


@proved("mitigations-passk", "—", "The mitigations of pass@k", "theorem", CH7,
        reason=r"The first-order statements above at $g_1=\nabla J_1$, $g_F=\nabla J_k$: what each "
        "mitigation does to pass@1 and to pass@k.")
def _(proof: Proof):
    given = [proof.given("the gradients conflict", inner_k1(), "<", 0),
             proof.given(r"$\nabla J_1\ne0$", 0, "<", sq(dJ(1))),
             proof.given(r"$\nabla J_k\ne0$", 0, "<", norm_k())]
    for claim_id, part, words in (
            ("mix", 2, "smallest mix, pass@1"), ("mix", 3, "smallest mix, pass@k"),
            ("one-sided", 0, "one-sided, pass@1"), ("one-sided", 2, "one-sided, pass@k"),
            ("pcgrad", 0, "symmetric, pass@1"), ("pcgrad", 1, "symmetric, pass@k")):
        t = at(proof.use(claim_id, part), {g1: dJ(1), gF: dJ(k)}, suppositions=True)
        t = discharge(t, *given)
        proof.state_same(proof.chain(t.left, (t.relation, t.right, "the two gradients", t)), words)


# ------------------------------------------------------------------------------ clipped weights


@proved("clipping", "—", "What clipping the weight guarantees", "proposition", CH7,
        reason="A bounded price, of unknown sign: with a ceiling $M_1$ the first-order cost in "
        "pass@1 is at most $M_1$ times the mean negative agreement. A ceiling below every weight "
        "leaves pass@1 itself.")
def _(proof: Proof):
    low = proof.given("F does not fall", 0, "≤", Fw(x))
    high = proof.given("no weight exceeds the ceiling", Fw(x), "≤", M1)
    named = proof.given(r"$\mathbf 1_{a<0}$ is 1 where $a_\theta<0$", 0, "≤", (1 - neg(x)) * a(x))
    also = proof.given("and 0 elsewhere", neg(x) * a(x), "≤", 0)
    proof.state_same(proof.chain(
        M1 * E(neg(x) * a(x), x),
        ("≤", E(Fw(x) * neg(x) * a(x), x), "the ceiling",
         mean(times(combine(0, "≤", M1 - Fw(x), high), combine(0, "≤", -neg(x) * a(x), also)), x)),
        ("≤", E(Fw(x) * a(x), x), "what agrees only helps", mean(times(named, low), x)),
        ("=", ip(dJF, dJ(1)), "Proposition 4.1 for any transform",
         (-1, proof.use("prop-4.1-F", 0)))))


@checked("clipping-may-conflict", "—", "Clipping may begin a conflict", r"Clipping the weights of "
         r"pass@3 at 1, $F'=\min(3(1-p)^2,1)$, conflicts with pass@1 where pass@3 does not.",
         kind="lemma", chapter=CH7, depends_on=("clipping",))
def _() -> Check:
    success, slopes = [Q(1, 10), Q(1, 2), Q(9, 10)], [Q(1), Q(-3), Q(5)]
    weights = [3 * (1 - p_) ** 2 for p_ in success]
    before = _inner_product(weights, success, slopes)
    after_ = _inner_product([min(w_, Q(1)) for w_ in weights], success, slopes)
    return Check(1, r"masses ⅓, $p=(1/10,1/2,9/10)$, $\nabla p=(1,-3,5)$: the inner product falls "
                 f"from {before} to {after_}, since the hardest prompt agrees", before > 0 > after_)


# -------------------------------------------------------------------------------------- annealing


@proved("annealing", "—", "Lowering k does not begin a conflict under single crossing",
        "proposition", CH7,
        reason="The sign of f is that of the inner product with pass@1. At k = 1 there is no cost "
        "at all, with or without single crossing.")
def _(proof: Proof):
    sign = proof.given(r"$a_\theta\le0$ where $p<p_0$ and $a_\theta\ge0$ where $p>p_0$",
                       0, "≤", (p(x) - p0) * a(x))
    open_ = combine(0, "<", u0, proof.given("$p_0<1$", p0, "<", 1))
    unit, inverse = reciprocal(open_)
    crossing = proof.use("single-crossing", 0)
    del sign
    cancel = power_equal(unit, k - 1)
    proof.implies((0, "≤", f_of(later)), (0, "≤", f_of(k)), lambda h: proof.chain(
        0,
        ("≤", u0 ** (k - 1) * Inv(u0) ** (later - 1) * f_of(later), "no conflict at the larger k",
         times(times(h, power_sign(inverse, later - 1)), power_sign(open_, k - 1))),
        ("≤", u0 ** (k - 1) * Inv(u0) ** (k - 1) * f_of(k), "single crossing",
         times(crossing, power_sign(open_, k - 1))),
        ("=", f_of(k), "cancel", (f_of(k), cancel))),
        "no conflict at k + n gives none at k")
    proof.state_same(proof.chain(
        0, ("≤", ip(dJ(1), dJ(1)), "a squared norm is not negative", squared_norm(dJ(1)))),
        "at k = 1")


@checked("annealing-may-conflict", "—", "Lowering k may begin a conflict",
         "Without single crossing an annealed k can enter a conflict on its way down: none at "
         "$k=3$, conflict at $k=2$.",
         kind="lemma", chapter=CH7, depends_on=("annealing",))
def _() -> Check:
    success, slopes = [Q(1, 10), Q(1, 2), Q(9, 10)], [Q(1), Q(-3), Q(5)]
    at_order = {n_: _inner_product([n_ * (1 - p_) ** (n_ - 1) for p_ in success], success, slopes)
                for n_ in (1, 2, 3)}
    return Check(3, r"masses ⅓, $p=(1/10,1/2,9/10)$, $\nabla p=(1,-3,5)$: inner products "
                 + ", ".join(f"{v_} at k = {n_}" for n_, v_ in at_order.items()),
                 at_order[3] > 0 > at_order[2] and at_order[1] > 0)
