"""Beyond the paper: sharp constants, single crossing, large k, and what conflict needs."""

# ruff: noqa: F403, F405  (the paper's symbols come from setting.py)

from sympy import Integer, Rational

from ..axioms import (
    bounded,
    geometric_sum,
    log_increases,
    log_one,
    log_power,
    log_reflects,
    power,
    power_sign,
    reciprocal,
    success_probability,
    tangent,
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
    power_equal,
    scaled,
    square,
    squared_norm,
    times,
    weaken,
)
from ..setting import *
from ..terms import E, Inv, Log, Whole, define, frac, ip, primitive, sq
from .descent import _hessian_bounds, _smooth, hessians_bounded
from .threshold import (
    _beyond,
    _log_parts,
    _positive_constants,
    bound,
    dominated,
    influence,
    kstar,
    kstar_quarter,
    left_v,
    margin_set,
    right_v,
    room_of_the_set,
    scores_bounded,
    separation,
    square_of,
)

CH5, CH6 = "05_threshold", "06_descent"
HALF, QUARTER = Rational(1, 2), Rational(1, 4)


@proved("sharp-gradient", "—", "The gradient vanishes at the ends", "theorem", CH5,
        reason="Sharper than (27), because scores have mean zero.")
def _(proof: Proof):
    bounded_scores = scores_bounded(proof)
    four, centred = proof.use("eq-4"), proof.use("score-mean")
    one = success_probability(x, y)
    gap, gap2 = r(x, y) - p(x), r(x, yy) - p(x)
    mean_gap = E(gap2 * s(x, yy), yy)
    here = combine(g(x), "=", E(gap * s(x, y), y), four, scaled(centred, p(x)))
    again = combine(g(x), "=", mean_gap, here)
    low_u, high_u = bounded(u(x))
    spread = times(combine(0, "≤", p(x), high_u), low_u)
    variance = proof.chain(
        E(gap**2, y),
        ("=", E(r(x, y), y) - 2 * p(x) * E(r(x, y), y) + p(x) ** 2, "expand; $r^2=r$"),
        ("=", p(x) * (1 - p(x)), r"(1): $\mathbb E_y[r]=p$", (-(1 - 2 * p(x)), one)))
    t = proof.chain(
        sq(g(x)),
        ("=", sq(E(gap * s(x, y), y)), "(4), and scores have mean zero",
         inner(here, g(x)), inner(again, E(gap * s(x, y), y))),
        ("≤", E(gap**2, y) * E(sq(s(x, y)), y), "Cauchy–Schwarz over two completions",
         (HALF, mean(squared_norm(gap * s(x, yy) - gap2 * s(x, y)), y, yy))),
        ("=", p(x) * (1 - p(x)) * E(sq(s(x, y)), y), "the variance of $r$",
         scaled(variance, E(sq(s(x, y)), y))),
        ("≤", p(x) * (1 - p(x)) * G**2, "Assumption 4.3", times(bounded_scores, spread)),
    )
    proof.rest_on("eq-1")
    proof.state_same(t)


@proved("sharp-half", "—", "A quarter of the bound on the squared gradient", "lemma", CH5)
def _(proof: Proof):
    scores_bounded(proof)
    t = proof.chain(
        sq(g(x)),
        ("≤", p(x) * (1 - p(x)) * G**2, "the sharper bound", proof.use("sharp-gradient")),
        ("≤", G**2 / 4, r"$(1-2p)^2\ge0$",
         (QUARTER, times(square(1 - 2 * p(x)), square(G)))),
    )
    proof.state_same(t)


@proved("sharp-agreement", "—", "The agreement score is at most a quarter of the paper's bound",
        "theorem", CH5)
def _(proof: Proof):
    scores_bounded(proof)
    small = proof.use("sharp-half")
    other = at(small, {x: x2})
    row = proof.use("eq-8", 0)
    up = proof.chain(
        a(x), ("=", E(ip(g(x), g(x2)), x2), "(8)", row),
        ("≤", HALF * sq(g(x)) + HALF * E(sq(g(x2)), x2), "a squared distance is not negative",
         (HALF, mean(squared_norm(g(x) - g(x2)), x2))),
        ("≤", G**2 / 4, "both squared norms are at most $G^2/4$",
         (HALF, small), (HALF, mean(other, x2))))
    down = proof.chain(
        -G**2 / 4,
        ("≤", -HALF * sq(g(x)) - HALF * E(sq(g(x2)), x2), "as before",
         (HALF, small), (HALF, mean(other, x2))),
        ("≤", E(ip(g(x), g(x2)), x2), "a squared norm is not negative",
         (HALF, mean(squared_norm(g(x) + g(x2)), x2))),
        ("=", a(x), "(8)", (-1, row)))
    proof.state_same(up)
    proof.state_same(down)


@proved("cor-4.4-sharp", "—", "Corollary 4.4 with a quarter of the bound", "theorem", CH5,
        reason="δ′ ≥ δ, so this finds conflict wherever Corollary 4.4 does, and more often.")
def _(proof: Proof):
    scores_bounded(proof)
    dominated(proof, sharp_margin, G**2 / 4, proof.use("sharp-agreement", 0),
              r"$a_\theta\le G^2/4$ outside")


@proved("k-star-quarter", "—", "Proposition 4.5 with a quarter of the bound", "theorem", CH5,
        reason="The threshold is lower than k* by log 4 / log((1−ε)/(1−δ)).")
def _(proof: Proof):
    quarter = G**2 / 4
    h, t = influence(proof, size=quarter, source="cor-4.4-sharp",
                     name="the sharper form of Corollary 4.4")
    proof.state_same(t)
    forward, _ = _beyond(proof, h, kstar_quarter, quarter)
    proof.implies((kstar_quarter(), "<", k), (inner_k1(), "<", 0), lambda supposed: proof.chain(
        inner_k1(), ("≤", -bound(k, quarter), "the bound above", t),
        ("<", 0, "as in (33)", forward(supposed))))


@proved("at-most-one-success", "—", "At most one success in k tries is an event", "lemma", CH6,
        reason="The left side is the probability of at most one success among k attempts; the "
        "proof needs only the tangent of $t^k$ at $1-p$.")
def _(proof: Proof):
    low, _ = bounded(u(x))
    line = tangent(low, weaken(number(1)), k)
    t = proof.chain(
        (1 - p(x)) ** (k - 1) * (1 + (k - 1) * p(x)),
        ("=", (1 - p(x)) ** k + k * p(x) * (1 - p(x)) ** (k - 1), "rearranged"),
        ("≤", 1, "the tangent of $t^k$ at $1-p$, taken at 1", line))
    proof.state_same(t)


@proved("sharp-norm", "—", "The gradient of pass@k grows like the root of k", "theorem", CH6,
        reason="For the paper's k²G² in (42).")
def _(proof: Proof):
    scores_bounded(proof)
    two = proof.use("eq-2")
    weighted, mean_g = w(k, x) * g(x), E(w(k, x2) * g(x2), x2)
    low, high = bounded(u(x))
    one = proof.use("at-most-one-success")
    lone = (1 - p(x)) ** (k - 1) * (1 + (k - 1) * p(x))
    order = combine(0, "≤", k, at_least(k), number(1))
    k_less = combine(0, "≤", k - 1, at_least(k))
    factor = combine(0, "≤", 1 + (k - 1) * p(x), times(k_less, combine(0, "≤", p(x), high)),
                     number(1))
    lone_low = combine(0, "≤", lone, times(power_sign(low, k - 1), factor))
    squared = power(one, 2, lone_low)
    peak = proof.chain(
        4 * k * p(x) * (1 - p(x)) * (1 - p(x)) ** (2 * k - 2),
        ("≤", ((1 - p(x)) ** (k - 1)) ** 2 * (1 + (k - 1) * p(x)) ** 2, r"$(1-(k+1)p)^2\ge0$",
         times(square(1 - (k + 1) * p(x)), power_sign(low, 2 * k - 2))),
        ("≤", 1, "at most one success, squared", squared))
    t = proof.chain(
        norm_k(),
        ("=", sq(E(weighted, x)), "(2), twice", inner(two, dJ(k)), inner(two, E(weighted, x))),
        ("≤", E(w(k, x) ** 2 * sq(g(x)), x), "a variance is not negative",
         mean(squared_norm(weighted - mean_g), x)),
        ("≤", E(w(k, x) ** 2 * p(x) * (1 - p(x)), x) * G**2, "the sharper bound on the gradient",
         mean(times(proof.use("sharp-gradient"), square(w(k, x))), x)),
        ("≤", k * G**2 / 4, "the first part, times $kG^2/4$",
         (QUARTER, mean(times(times(peak, order), square_of(G)), x))))
    proof.state_same(t)


@proved("sharp-norm-strict", "—", "The sharper norm is never reached for k ≥ 2", "lemma", CH6,
        reason="At k = 1 it is reached, by a policy of two actions with p = 1/2.")
def _(proof: Proof):
    scores_bounded(proof)
    positive = proof.given("$G>0$", 0, "<", G)
    two = at(proof.use("eq-2"), {k: k2})
    weight = w(k2, x)
    weighted, mean_g = weight * g(x), E(w(k2, x2) * g(x2), x2)
    low, high = bounded(u(x))
    p_low = combine(0, "≤", p(x), high)
    lone = (1 - p(x)) ** (k2 - 1) * (1 + (k2 - 1) * p(x))
    fewer = proof.use("at-most-one-success")
    order = combine(0, "<", k2, at_least(k2), number(2))
    proof.step("Two successes at once have probability $p^2$:")
    shy = proof.chain(
        lone,
        ("=", (1 - p(x)) * ((1 - p(x)) ** (k2 - 2) * (1 + (k2 - 2) * p(x)))
         + p(x) * (1 - p(x)) ** (k2 - 1), "rearranged"),
        ("≤", 1 - p(x) + p(x) * (1 - p(x)) ** (k2 - 1), "at most one success in $k-1$ tries",
         times(at(fewer, {k: k2 - 1}), low)),
        ("≤", 1 - p(x) + p(x) * (1 - p(x)), r"$(1-p)^{k-1}\le1-p$",
         times(times(power(high, k2 - 2, low), low), p_low)),
        ("=", 1 - p(x) ** 2, "expand"))
    factor = combine(0, "≤", 1 + (k2 - 1) * p(x),
                     times(p_low, combine(0, "≤", k2 - 1, at_least(k2), number(1))), number(1))
    lone_low = combine(0, "≤", lone, times(power_sign(low, k2 - 1), factor))
    peak = 4 * k2 * p(x) * (1 - p(x)) ** (2 * k2 - 1)
    rare = proof.chain(
        peak,
        ("≤", ((1 - p(x)) ** (k2 - 1)) ** 2 * (1 + (k2 - 1) * p(x)) ** 2, r"$(1-(k+1)p)^2\ge0$",
         times(square(1 - (k2 + 1) * p(x)), power_sign(low, 2 * k2 - 2))),
        ("≤", lone, "a number between 0 and 1 is at least its square",
         times(at(fewer, {k: k2}), lone_low)),
        ("≤", 1 - p(x) ** 2, "the first part", shy))
    small = combine(peak, "≤", 4 * k2 * p(x),
                    (4, times(times(power(high, 2 * k2 - 1, low), p_low), order)))
    proof.step("Both bounds, weighted, stay below 1:")
    n = 8 * k2**2 - 1
    many = combine(0, "<", n, (8, times(combine(0, "<", k2 - 1, at_least(k2), number(1)),
                                        combine(0, "<", k2 + 1, at_least(k2), number(3)))),
                   number(7))
    room = combine(0, "<", 4 * k2**2 - 1, (4, times(
        combine(0, "<", k2 - 1, at_least(k2), number(1)),
        combine(0, "<", k2 + 1, at_least(k2), number(3)))), number(3))
    big_order = times(many, times(combine(0, "<", 8 * k2, (8, order)), order))
    one, inverse = reciprocal(big_order)
    scale = 8 * k2**2 * n
    below = proof.chain(
        scale * peak,
        ("≤", n * (n * (1 - p(x) ** 2) + 4 * k2 * p(x)), "$8k^2-1$ times the first, once the other",
         times(times(rare, many), many), times(small, many)),
        ("<", scale, r"$((8k^2-1)\,p-2k)^2+4k^2-1>0$", square(n * p(x) - 2 * k2), room))
    less = proof.chain(
        peak, ("=", scale * peak * Inv(scale), "multiply and divide", (-peak, one)),
        ("<", scale * Inv(scale), "the line above", times(below, inverse)),
        ("=", 1, "cancel", one))
    proof.step("The gradient:")
    size = times(times(number(1), order), times(positive, positive))
    t = proof.chain(
        norm_k(k2),
        ("=", sq(E(weighted, x)), "(2), twice", inner(two, dJ(k2)), inner(two, E(weighted, x))),
        ("≤", E(weight**2 * sq(g(x)), x), "a variance is not negative",
         mean(squared_norm(weighted - mean_g), x)),
        ("≤", E(weight**2 * p(x) * (1 - p(x)), x) * G**2, "the sharper bound on the gradient",
         mean(times(proof.use("sharp-gradient"), square(weight)), x)),
        ("<", k2 * G**2 / 4, "the line above, times $kG^2/4$",
         (QUARTER, mean(times(less, size), x))))
    proof.state_same(t)


@proved("sharp-smoothness", "—", "A smoothness constant linear in k", "theorem", CH6,
        reason="L = k(G² + F), linear in k, for the paper's k²G² + kF.")
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    high, low, total = _hessian_bounds(proof, sharp=True)
    size = k2 * L1()
    same = proof.chain(total, ("=", size * sq(v), "definition of $L_1$"))
    up, down = _smooth(proof, k2, size, chain(high, same), chain(flip(same), low))
    proof.state_same(up, "for k ≥ 2; k = 1 is Lemma C.1")
    proof.state_same(down, "for k ≥ 2; k = 1 is Lemma C.1")


@proved("sharp-step", "—", "A longer step that keeps both promises", "theorem", CH6,
        reason="Proposition 4.6 with the sharper constants; pass@1 falls strictly even at the "
        "largest step, because the bound on the gradient of pass@k is never reached.")
def _(proof: Proof):
    scores_bounded(proof, everywhere=True)
    hessians_bounded(proof)
    margin_set(proof)
    h_eta = proof.given(r"$\eta>0$", 0, "<", eta)
    h_g = proof.given("$G>0$", 0, "<", G)
    h_down = proof.given(r"$\eta\le8\delta'(\theta)/(kG^2L_1)$",
                         eta * k2 * G**2 * L1() / 8, "≤", sharp_margin(k2))
    h_up = proof.given(r"$\eta\le1/(kL_1)$", eta * k2 * L1(), "≤", 1)
    smooth = combine(0, "<", L1(), times(h_g, h_g), proof.use("F-nonnegative"))
    curve = times(times(proof.use("sharp-norm-strict"), smooth), times(h_eta, h_eta))
    line = J(1) - eta * sharp_margin(k2) + k2 * G**2 * L1() * eta**2 / 8
    proof.step("Pass@1 falls:")
    first = proof.chain(
        after(J(1), k2),
        ("≤", J(1) + eta * inner_k1(k2) + HALF * L1() * eta**2 * norm_k(k2), "(41)",
         at(proof.use("eq-41"), {k: k2})),
        ("≤", J(1) - eta * sharp_margin(k2) + HALF * L1() * eta**2 * norm_k(k2),
         "the sharper form of Corollary 4.4",
         times(at(proof.use("cor-4.4-sharp", 0), {k: k2}), h_eta)),
        ("<", line, r"$\lVert\nabla J_k\rVert^2<kG^2/4$", (HALF, curve)))
    second = proof.chain(
        line, ("≤", J(1), r"the step is at most $8\delta'(\theta)/(kG^2L_1)$",
               times(h_down, h_eta)))
    proof.state_same(first)
    proof.state_same(second)
    moved = at(proof.use("sharp-smoothness", 1), {Delta: eta * dJ(k2)})
    proof.step("Pass@k rises:")
    t = proof.chain(
        J(k2) + HALF * eta * norm_k(k2),
        ("≤", J(k2) + eta * norm_k(k2) - HALF * k2 * L1() * eta**2 * norm_k(k2),
         r"$\eta\,k\,L_1\le1$",
         (HALF, times(times(h_up, squared_norm(dJ(k2))), weaken(h_eta)))),
        ("≤", after(J(k2), k2), "the sharper smoothness", moved))
    proof.state_same(t)


# ------------------------------------------------------------------------------ strong interference


@proved("no-strong-interference", "—", "Very hard prompts cannot interfere strongly", "theorem",
        CH5, reason="So m and ε in Proposition 4.5 are not free (slip 8).")
def _(proof: Proof):
    scores_bounded(proof)
    inside = margin_set(proof)
    m_low = proof.given("the margin is not negative", 0, "≤", m)
    off, _ = bounded(minus(x))
    half = proof.use("sharp-half")
    grad1 = at(proof.use("eq-2"), {k: 1})
    schwarz = at(proof.use("cauchy-schwarz", 0), {left_v: g(x), right_v: dJ(1)})
    mean_g = E(g(x2), x2)
    again = combine(dJ(1), "=", mean_g, grad1)
    total = proof.chain(
        sq(dJ(1)),
        ("=", sq(E(g(x), x)), "(2) for k = 1, twice", inner(grad1, dJ(1)),
         inner(again, E(g(x), x))),
        ("≤", E(sq(g(x)), x), "a variance is not negative",
         mean(squared_norm(g(x) - mean_g), x)),
        ("≤", G**2 / 4, r"$\lVert\nabla p\rVert^2\le G^2/4$", mean(half, x)))
    low_u, high_u = bounded(u(x))
    spread = times(times(combine(0, "≤", p(x), high_u), low_u), square_of(G))
    square_room = power(combine(m * minus(x), "≤", -minus(x) * a(x), inside), 2,
                        times(m_low, off))
    t = proof.chain(
        m**2 * minus(x),
        ("≤", minus(x) * a(x) ** 2, r"$a_\theta\le-m$ inside, squared", square_room),
        ("≤", minus(x) * sq(g(x)) * sq(dJ(1)), "Cauchy–Schwarz", times(schwarz, off)),
        ("≤", minus(x) * p(x) * (1 - p(x)) * G**2 * sq(dJ(1)),
         r"$\lVert\nabla p\rVert^2\le p(1-p)G^2$",
         times(times(proof.use("sharp-gradient"), off), squared_norm(dJ(1)))),
        ("≤", minus(x) * p(x) * (1 - p(x)) * G**4 / 4, r"$\lVert\nabla J_1\rVert^2\le G^2/4$",
         times(times(total, spread), off)))
    proof.state_same(t)


@proved("stationary", "—", "Nothing interferes where pass@1 is stationary", "theorem", CH5,
        reason="So “q_θ ≥ q for any θ” cannot hold for any q > 0 at such a θ (slip 6).")
def _(proof: Proof):
    still = proof.given(r"$\nabla J_1(\theta)=0$, in norm", sq(dJ(1)), "=", 0)
    schwarz = at(proof.use("cauchy-schwarz", 0), {left_v: g(x), right_v: dJ(1)})
    t = proof.chain(
        a(x) ** 2,
        ("≤", sq(g(x)) * sq(dJ(1)), "Cauchy–Schwarz", schwarz),
        ("=", 0, r"$\nabla J_1=0$", scaled(still, sq(g(x)))))
    proof.state_same(t)


@proved("k-star-sharp", "—", "How small the threshold can be", "theorem", CH5,
        reason="With the printed G², k* is at least 1 + log 4 / log((1−ε)/(1−δ)).")
def _(proof: Proof):
    h, room = room_of_the_set(proof, "sharp-agreement", QUARTER, "G^2/4")
    f = _log_parts(h)
    ratio = proof.chain(
        4, ("=", 4 * q * m * Inv(q * m), "divide by $qm>0$", (-4, f["one_qm"])),
        ("≤", f["ratio"], "the first part", (4, times(room, f["inv_qm"]))))
    t = proof.chain(
        1 + frac(Log(Integer(4)), Log(f["base"])),
        ("≤", kstar(), "logarithms increase",
         times(log_increases(ratio, number(4)), f["inv_log"])))
    proof.state_same(t)


# ----------------------------------------------------------------------------- what conflict needs


@proved("conflict-cv", "—", "Conflict needs variation in weights and agreement", "theorem", CH5,
        reason=r"In words: $\mathrm{CV}(w)\,\mathrm{CV}(a)>1$, squared and with the divisions "
        "cleared; necessary, not sufficient.")
def _(proof: Proof):
    conflict = proof.given(r"pass@k and pass@1 conflict", inner_k1(), "<", 0)
    ten, mean_a = proof.use("eq-10"), proof.use("eq-8", 1)
    weight = mean(proof.use("eq-39", 0), x)
    product = E(w(k, x), x) * E(a(x), x)
    below = proof.chain(
        product,
        ("=", inner_k1() - cov(k), "(10)", (-1, ten),
         scaled(mean_a, E(w(k, x), x))),
        ("<", -cov(k), "conflict", conflict))
    low = combine(0, "≤", product, times(proof.use("eq-8", 2), weight))
    t = proof.chain(
        product**2,
        ("<", cov(k) ** 2, "squares increase on the non-negative numbers",
         power(below, 2, low)),
        ("≤", varw(k) * vara(), "a correlation is at most 1 in size",
         proof.use("covariance-cauchy-schwarz")))
    proof.state_same(t)


@proved("conflict-needs-negative", "—", "No conflict without negative agreement", "theorem", CH5,
        reason="What the paper's discussion of Corollary 4.4 shows: P(a < 0) > 0 is necessary, "
        "for whatever m (slip 3).")
def _(proof: Proof):
    friendly = proof.given("no prompt disagrees", 0, "≤", a(x))
    t = proof.chain(
        0, ("≤", E(w(k, x) * a(x), x), "a mean of non-negative products",
            mean(times(friendly, proof.use("eq-39", 0)), x)),
        ("=", inner_k1(), "(9)", (-1, proof.use("eq-9"))))
    proof.state_same(t)


# --------------------------------------------------------------------------------- single crossing

big = Whole("n")  # n >= 1, so that k + n > k
later = k + big
f_of = define("f", (k,), E(u(x) ** (k - 1) * a(x), x), "f(#1)")


@proved("f-is-conflict", "—", "The sign of f is the sign of the inner product", "lemma", CH5)
def _(proof: Proof):
    t = proof.chain(inner_k1(), ("=", E(w(k, x) * a(x), x), "(9)", proof.use("eq-9")),
                    ("=", k * f_of(k), "definition of the weight"))
    proof.state_same(t)


@proved("single-crossing", "—", "Single crossing: once begun, conflict never ends", "theorem", CH5,
        reason=r"The hypothesis says $a\le0$ where $p<p_0$ and $a\ge0$ where $p>p_0$. No calculus "
        r"and no division by $1-p$: prompts with $p=1$ are included.")
def _(proof: Proof):
    sign = proof.given(r"$a_\theta\le0$ where $p<p_0$ and $a_\theta\ge0$ where $p>p_0$",
                       0, "≤", (p(x) - p0) * a(x))
    open_ = combine(0, "<", u0, proof.given("$p_0<1$", p0, "<", 1))
    low, _ = bounded(u(x))
    one, inverse = reciprocal(open_)
    ratio = u(x) * Inv(u0)
    ratio_low = times(low, inverse)
    split, nonneg = geometric_sum(ratio_low, k - 1, later - 1)
    total = split.left / (1 - ratio)
    aligned = combine(0, "≤", (1 - ratio) * a(x), times(sign, inverse), (a(x), one))
    gain = times(aligned, nonneg)
    first = proof.chain(
        E(ratio ** (later - 1) * a(x), x),
        ("≤", E(ratio ** (later - 1) * a(x), x) + E(total * (1 - ratio) * a(x), x),
         r"$(1-\rho)\,a_\theta\ge0$ with $\rho=(1-p)/(1-p_0)$", mean(gain, x)),
        ("=", E(ratio ** (k - 1) * a(x), x), "the geometric sum",
         mean(scaled(split, a(x)), x)))
    proof.step("In terms of $f$:")
    t = proof.chain(
        Inv(u0) ** (later - 1) * f_of(later),
        ("=", first.left, "definition of $f$"),
        ("≤", first.right, "the first part", first),
        ("=", Inv(u0) ** (k - 1) * f_of(k), "definition of $f$"))
    proof.state_same(t, "for every n ≥ 1")
    cancel_later = power_equal(one, later - 1)
    power_later = power_sign(open_, later - 1)
    shrink = power_sign(inverse, k - 1)
    proof.implies((f_of(k), "<", 0), (f_of(later), "<", 0), lambda h: proof.chain(
        f_of(later),
        ("=", u0 ** (later - 1) * Inv(u0) ** (later - 1) * f_of(later), r"multiply and divide by "
         r"$(1-p_0)^{k+n-1}$", (-f_of(later), cancel_later)),
        ("≤", u0 ** (later - 1) * Inv(u0) ** (k - 1) * f_of(k), "the first statement",
         times(t, power_later)),
        ("<", 0, "conflict at k", times(times(h, shrink), power_later))),
        "conflict at k gives conflict at every larger order")


@proved("k-dagger", "—", "The exact threshold is at most k*", "theorem", CH5,
        reason=r"With $k^\dagger=\sup\{k: f(k)\ge0\}$: every such k is at most $k^\star$.")
def _(proof: Proof):
    scores_bounded(proof)
    margin_set(proof)
    separation(proof)
    h = _positive_constants(proof)
    proof.given("$\\mathcal X_-$ has mass at least $q$", q, "≤", qtheta())
    agree = proof.given("no conflict at k", 0, "≤", f_of(k))
    order = combine(0, "<", k, at_least(k), number(1))
    one_k, inv_k = reciprocal(order)
    t45 = proof.use("eq-32")
    f = _log_parts(h)
    inside = (1 - eps) ** (k - 1) * m * q
    outside = (1 - delta) ** (k - 1) * G**2 * (1 - q)
    d_cancel = power_equal(f["one_d"], k - 1)
    compare = proof.chain(
        0, ("≤", f_of(k), "no conflict at k", agree),
        ("=", Inv(k) * inner_k1(), "divide by $k$", (-Inv(k), proof.use("f-is-conflict")),
         (-f_of(k), one_k)),
        ("≤", Inv(k) * (-bound()), "(32)", times(t45, inv_k)),
        ("=", outside - inside, "cancel $k$", (outside - inside, one_k)))
    ratios = proof.chain(
        f["base"] ** (k - 1),
        ("=", inside * Inv(q * m) * Inv(1 - delta) ** (k - 1), "multiply and divide by $qm$",
         (-f["base"] ** (k - 1), f["one_qm"])),
        ("≤", outside * Inv(q * m) * Inv(1 - delta) ** (k - 1), "the line above",
         times(times(compare, f["inv_qm"]), power_sign(f["inv_d"], k - 1))),
        ("=", f["ratio"], r"cancel $(1-\delta)^{k-1}$", (f["ratio"], d_cancel)))
    base_power = power_sign(f["base_pos"], k - 1)
    t = proof.chain(
        k,
        ("=", 1 + (k - 1) * Log(f["base"]) * Inv(Log(f["base"])), "divide by the logarithm",
         (-(k - 1), f["one_log"])),
        ("=", 1 + Log(f["base"] ** (k - 1)) * Inv(Log(f["base"])), "logarithm of a power",
         (-Inv(Log(f["base"])), log_power(f["base_pos"], k - 1))),
        ("≤", kstar(), "logarithms increase",
         times(log_increases(ratios, base_power), f["inv_log"])))
    proof.state_same(t)


# ------------------------------------------------------------------------------------------ large k

top = primitive("top", r"\mathbf 1_{\mathrm h}(#1)", indicator=True)
rest = primitive("rest", r"\mathbf 1_{\mathrm r}(#1)", indicator=True)
never = primitive("never", r"\mathbf 1_{0}(#1)", indicator=True)


@proved("never-solved", "—", "A prompt that is never solved has no agreement score", "lemma", CH5,
        reason="So “the hardest prompts” leaves out p = 0.")
def _(proof: Proof):
    scores_bounded(proof)
    zero = proof.given(r"$p=0$ on the set $\mathbf 1_0$", never(x) * p(x), "=", 0)
    sharp = proof.use("sharp-gradient")
    off, _ = bounded(never(x))
    schwarz = at(proof.use("cauchy-schwarz", 0), {left_v: g(x), right_v: dJ(1)})
    t = proof.chain(
        (never(x) * a(x)) ** 2,
        ("≤", never(x) * sq(g(x)) * sq(dJ(1)), "Cauchy–Schwarz", times(schwarz, off)),
        ("≤", never(x) * p(x) * (1 - p(x)) * G**2 * sq(dJ(1)), "the sharper bound on the gradient",
         times(times(sharp, off), squared_norm(dJ(1)))),
        ("=", 0, "$p=0$ there", scaled(zero, (1 - p(x)) * G**2 * sq(dJ(1)))))
    proof.state_same(t)


def _hardest(proof: Proof, sign: int):
    """|f(k) - U^(k-1) E[1_h a]| <= V^(k-1) B, one side of it."""
    equal = proof.given(r"on the hardest prompts $1-p=U$", top(x) * u(x), "=", top(x) * U)
    below = proof.given(r"on the rest $1-p\le V$", rest(x) * u(x), "≤", rest(x) * V)
    v_low = proof.given("$V>0$", 0, "<", V)
    size = proof.given(r"agreement is at most $B$ in size" if sign > 0 else
                       r"agreement is at least $-B$", sign * a(x), "≤", B)
    size_low = proof.given("$B>0$", 0, "<", B)
    split = proof.given(r"every prompt that matters is one of the two kinds", a(x), "=",
                        (top(x) + rest(x)) * a(x))
    low, _ = bounded(u(x))
    rest_low, rest_high = bounded(rest(x))
    same = power_equal(combine(top(x) * u(x), "=", top(x) * U, equal), k - 1)
    rest_power = times(power(below, k - 1, times(rest_low, low)), rest_low)
    room = mean(times(times(times(rest_high, power_sign(weaken(v_low), k - 1)),
                            weaken(size_low)), number(1)), x)
    return proof.chain(
        sign * f_of(k),
        ("=", sign * E(u(x) ** (k - 1) * (top(x) + rest(x)) * a(x), x), "the two kinds",
         mean(scaled(split, sign * u(x) ** (k - 1)), x)),
        ("=", sign * U ** (k - 1) * E(top(x) * a(x), x)
         + sign * E(rest(x) * u(x) ** (k - 1) * a(x), x), "the hardest have $1-p=U$",
         mean(scaled(same, sign * top(x) * a(x)), x)),
        ("≤", sign * U ** (k - 1) * E(top(x) * a(x), x) + B * E(rest(x) * u(x) ** (k - 1), x),
         r"bounded agreement", mean(times(times(size, power_sign(low, k - 1)), rest_low), x)),
        ("≤", sign * U ** (k - 1) * E(top(x) * a(x), x) + B * V ** (k - 1) * E(rest(x), x),
         "powers increase", mean(times(rest_power, weaken(size_low)), x)),
        ("≤", sign * U ** (k - 1) * E(top(x) * a(x), x) + B * V ** (k - 1),
         r"a mass is at most 1", room)), v_low, size_low


kinf = define("kinf", (), 1 + frac(Log(frac(B, c)), Log(frac(U, V))), r"k_\infty")


def _large_k(proof: Proof, sign: int):
    t, v_low, b_low = _hardest(proof, sign)
    word = "disagree" if sign > 0 else "agree"
    c_low = proof.given("$c>0$", 0, "<", c)
    mean_top = proof.given(rf"the hardest prompts {word} by $c$ on average",
                           sign * E(top(x) * a(x), x), "≤", -c)
    gap = proof.given("$V<U$", V, "<", U)
    u_low = combine(0, "<", U, v_low, gap)
    one_v, inv_v = reciprocal(v_low)
    one_c, inv_c = reciprocal(c_low)
    ratio, base = frac(B, c), frac(U, V)
    ratio_pos, base_pos = times(b_low, inv_c), times(u_low, inv_v)
    larger = combine(1, "<", base, (-1, one_v), times(gap, inv_v))
    log_pos = combine(0, "<", Log(base), log_increases(larger, number(1)), (-1, log_one()))
    one_log, _ = reciprocal(log_pos)
    u_power, v_power = power_sign(u_low, k - 1), power_sign(v_low, k - 1)
    v_cancel = power_equal(one_v, k - 1)

    def argument(h):
        logs = proof.chain(
            Log(ratio),
            ("=", (kinf() - 1) * Log(base), "definition of $k_\\infty$", (-Log(ratio), one_log)),
            ("<", (k - 1) * Log(base), "the supposition", times(h, log_pos)),
            ("=", Log(base ** (k - 1)), "logarithm of a power",
             (-1, log_power(base_pos, k - 1))))
        ratios = log_reflects(logs, ratio_pos, power_sign(base_pos, k - 1))
        win = proof.chain(
            B * V ** (k - 1),
            ("=", ratio * c * V ** (k - 1), "multiply and divide by $c$",
             (-B * V ** (k - 1), one_c)),
            ("<", base ** (k - 1) * c * V ** (k - 1), "compare the logarithms",
             times(times(ratios, c_low), v_power)),
            ("=", U ** (k - 1) * c, "cancel $V^{k-1}$", (U ** (k - 1) * c, v_cancel)))
        return proof.chain(
            sign * f_of(k),
            ("≤", sign * U ** (k - 1) * E(top(x) * a(x), x) + B * V ** (k - 1),
             "the first part", t),
            ("≤", -U ** (k - 1) * c + B * V ** (k - 1), "the mean over the hardest",
             times(mean_top, weaken(u_power))),
            ("<", 0, "the line above", win))

    proof.implies((kinf(), "<", k), (sign * f_of(k), "<", 0), argument)


proved("large-k-conflict", "—", "Large k: if the hardest disagree, conflict", "theorem", CH5,
       reason="For finitely many prompts U, V, B and c > 0 always exist unless the hardest "
       "prompts' mean agreement is 0; prompts with p = 0 have a = 0 and matter not.")(
           lambda proof: _large_k(proof, 1))
proved("large-k-agreement", "—", "Large k: if the hardest agree, no conflict", "theorem", CH5,
       reason="The sign of the hardest prompts' mean agreement decides.")(
           lambda proof: _large_k(proof, -1))

declare("descartes", "—", "How many crossings there can be", "cited",
        r"$f(k)=\sum_i\mu_i a_i(1-p_i)^{k-1}$ changes sign at most as often as the $a_i$ do when "
        r"the prompts are sorted by $p_i$",
        "Descartes' rule for exponential sums: [Jameson (2006)](bibliography.md#jameson2006), "
        "Theorem 3.1; see also [Pólya and Szegő (1998)](bibliography.md#polya1998), part V. "
        "Its induction is not formalised here", "theorem", CH5)
