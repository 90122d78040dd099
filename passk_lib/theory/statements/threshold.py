"""Section 4.2: dominating interference (Corollary 4.4) and the threshold k* (Proposition 4.5)."""

# ruff: noqa: F403, F405  (the paper's symbols come from setting.py)

from sympy import Integer, Rational

from ..axioms import (
    bounded,
    complement,
    discriminant,
    log_increases,
    log_one,
    log_power,
    log_reflects,
    norm,
    power,
    power_sign,
    reciprocal,
    root,
)
from ..claims import Proof, declare, proved
from ..kernel import (
    at,
    at_least,
    combine,
    discharge,
    inner,
    mean,
    number,
    power_equal,
    scaled,
    squared_norm,
    times,
    weaken,
)
from ..setting import *
from ..terms import NAMES, E, Inv, Log, Norm, VectorSymbol, define, frac, ip, latex, sq

CH5 = "05_threshold"
HALF = Rational(1, 2)

declare("assumption-4.3", "Assumption 4.3, (12)", "Bounded scores", "assumed",
        r"$\mathbb E_y\lVert s_\theta(x,y)\rVert^2\le G^2$ and "
        r"$\mathbb E_y\lVert\nabla^2\log\pi_\theta(y\mid x)\rVert\le F$ for every prompt",
        "a hypothesis of the paper; each claim that needs a part of it lists that part",
        "assumption", CH5)
declare("eq-12", "(12)", "Bounded scores, the two bounds", "assumed",
        r"$\mathbb E_y\lVert s_\theta(x,y)\rVert^2\le G^2$, "
        r"$\mathbb E_y\lVert\nabla^2\log\pi_\theta(y\mid x)\rVert\le F$",
        "the formula of Assumption 4.3", "assumption", CH5, depends_on=("assumption-4.3",))
declare("eq-13", "(13)", "Strongly interfering prompts", "defined",
        r"$\mathcal X_-(\theta,m)=\{x: a_\theta(x)\le -m\}$, with indicator $\mathbf 1_-$ and "
        r"mass $q_\theta=\mathbb E[\mathbf 1_-]$",
        r"a definition; derivations use $\mathbf 1_-(x)\,(a_\theta(x)+m)\le 0$",
        "definition", CH5)
declare("eq-14", "(14)", "Weight inside the strongly interfering set", "defined",
        r"$W_-(k,\theta)=\mathbb E[w_{k,\theta}(x)\,\mathbf 1_-(x)]$", "a definition",
        "definition", CH5)
declare("eq-15", "(15)", "Weight outside the strongly interfering set", "defined",
        r"$W_+(k,\theta)=\mathbb E[w_{k,\theta}(x)\,(1-\mathbf 1_-(x))]$", "a definition",
        "definition", CH5)
declare("eq-16", "(16)", "Separation of success probabilities", "assumed",
        r"$p_\theta\le\varepsilon$ on $\mathcal X_-$, $p_\theta\ge\delta$ off it, "
        r"$\varepsilon<\delta$", "a hypothesis of Proposition 4.5", "assumption", CH5)


def scores_bounded(proof: Proof, everywhere: bool = False):
    return proof.given("Assumption 4.3, scores" + (r", at every $\theta$" if everywhere else ""),
                       E(sq(s(x, y)), y), "≤", G**2, everywhere)


def margin_set(proof: Proof):
    return proof.given(r"$a_\theta\le-m$ on $\mathcal X_-(\theta,m)$",
                       minus(x) * (a(x) + m), "≤", 0)


left_v, right_v = VectorSymbol("bvec"), VectorSymbol("cvec")
NAMES.update({"bvec": "b", "cvec": "c"})


@proved("cauchy-schwarz", "—", "The Cauchy–Schwarz inequality", "lemma", CH5)
def _(proof: Proof):
    t = discriminant(squared_norm(left_v + z * right_v), z, sq(right_v), ip(left_v, right_v),
                     sq(left_v))
    squared = proof.chain(
        ip(left_v, right_v) ** 2,
        ("≤", sq(left_v) * sq(right_v),
         r"$\lVert b+tc\rVert^2\ge0$ for every real $t$ has a discriminant that is not positive",
         t))
    proof.state_same(squared)
    norm_l, low_l = norm(left_v)
    norm_r, low_r = norm(right_v)
    product = Norm(left_v) * Norm(right_v)
    as_norms = proof.chain(
        ip(left_v, right_v) ** 2,
        ("≤", sq(left_v) * sq(right_v), "the line above", squared),
        ("=", product**2, "definition of the norm",
         (-sq(right_v), norm_l), (-Norm(left_v) ** 2, norm_r)))
    up, down = root(as_norms, ip(left_v, right_v), product, times(low_l, low_r))
    proof.state_same(proof.chain(ip(left_v, right_v), ("≤", product, "take roots", up)))
    proof.state_same(proof.chain(-product, ("≤", ip(left_v, right_v), "take roots", down)))


@proved("eq-27", "(27)", "The gradient of the success probability is bounded", chapter=CH5)
def _(proof: Proof):
    bound = scores_bounded(proof)
    four = proof.use("eq-4")
    rs = r(x, y) * s(x, y)
    mean_rs = E(r(x, yy) * s(x, yy), yy)
    four_again = combine(g(x), "=", mean_rs, four)
    _, at_most_one = bounded(r(x, y))
    t = proof.chain(
        sq(g(x)),
        ("=", sq(E(rs, y)), "(4), twice", inner(four, g(x)), inner(four_again, E(rs, y))),
        ("≤", E(r(x, y) * sq(s(x, y)), y), "Jensen: a variance is not negative",
         mean(squared_norm(rs - mean_rs), y)),
        ("≤", E(sq(s(x, y)), y), r"$r\le 1$",
         mean(times(at_most_one, squared_norm(s(x, y))), y)),
        ("≤", G**2, "Assumption 4.3", bound),
    )
    proof.state_same(t)


@proved("eq-26", "(26)", "The agreement score and two norms", chapter=CH5)
def _(proof: Proof):
    grad1 = at(proof.use("eq-2"), {k: 1})
    schwarz = proof.use("cauchy-schwarz", 1)
    _, low = norm(g(x))
    mean_g = E(g(x2), x2)
    norm_m, _ = norm(mean_g)
    one = at(schwarz, {left_v: g(x), right_v: mean_g})
    pair = at(schwarz, {left_v: g(x), right_v: g(x2)})
    size = E(Norm(g(x2)), x2)
    proof.step("The mean gradient is no longer than the mean length:")
    lengths = proof.chain(
        Norm(mean_g) ** 2,
        ("=", sq(mean_g), "definition of the norm", norm_m),
        ("=", E(ip(g(x), g(x2)), x, x2), "two independent prompts"),
        ("≤", E(Norm(g(x)) * Norm(g(x2)), x, x2), "Cauchy–Schwarz", mean(pair, x, x2)),
        ("=", size**2, "the two prompts are independent"),
    )
    shorter, _ = root(lengths, Norm(mean_g), size, mean(at(low, {x: x2}), x2))
    proof.step("The agreement score:")
    t = proof.chain(
        a(x),
        ("=", ip(g(x), mean_g), "(2) for k = 1", inner(grad1, g(x))),
        ("≤", Norm(g(x)) * Norm(mean_g), "Cauchy–Schwarz", one),
        ("≤", Norm(g(x)) * size, "the first part", times(shorter, low)),
    )
    proof.state_same(t)


@proved("eq-28", "(28)", "The agreement score is bounded", chapter=CH5,
        reason="Needs neither roots nor Cauchy–Schwarz: a squared distance is not negative.")
def _(proof: Proof):
    scores_bounded(proof)
    bound = proof.use("eq-27")
    other = at(bound, {x: x2})
    row = proof.use("eq-8", 0)
    up = proof.chain(
        a(x),
        ("=", E(ip(g(x), g(x2)), x2), "(8)", row),
        ("≤", HALF * sq(g(x)) + HALF * E(sq(g(x2)), x2),
         r"$\lVert\nabla p(x)-\nabla p(x')\rVert^2\ge0$",
         (HALF, mean(squared_norm(g(x) - g(x2)), x2))),
        ("≤", G**2, "(27) for both prompts", (HALF, bound), (HALF, mean(other, x2))),
    )
    proof.state_same(up)
    down = proof.chain(
        -G**2,
        ("≤", -HALF * sq(g(x)) - HALF * E(sq(g(x2)), x2), "(27) for both prompts",
         (HALF, bound), (HALF, mean(other, x2))),
        ("≤", E(ip(g(x), g(x2)), x2), r"$\lVert\nabla p(x)+\nabla p(x')\rVert^2\ge0$",
         (HALF, mean(squared_norm(g(x) + g(x2)), x2))),
        ("=", a(x), "(8)", (-1, row)),
    )
    proof.state_same(down)


def _split(proof: Proof):
    nine = proof.use("eq-9")
    t = proof.chain(
        inner_k1(),
        ("=", E(w(k, x) * a(x), x), "(9)", nine),
        ("=", E(w(k, x) * a(x) * minus(x), x) + E(w(k, x) * a(x) * (1 - minus(x)), x),
         "inside and outside the strongly interfering set"),
    )
    proof.state_same(t)


for number_ in ("25", "31"):
    proved(f"eq-{number_}", f"({number_})", "Inside and outside the interfering set",
           chapter=CH5)(_split)


def dominated(proof: Proof, margin, size, below, reason):
    """Corollary 4.4 with a bound a <= `size` on the agreement score, and the delta it gives."""
    inside = margin_set(proof)
    weight = proof.use("eq-39", 0)
    _, on = bounded(minus(x))
    outside = combine(0, "≤", 1 - minus(x), on)
    t = proof.chain(
        inner_k1(),
        ("=", E(w(k, x) * a(x) * minus(x), x) + E(w(k, x) * a(x) * (1 - minus(x)), x), "(25)",
         proof.use("eq-25")),
        ("≤", -m * Wminus(k) + E(w(k, x) * a(x) * (1 - minus(x)), x),
         r"$a_\theta\le-m$ inside", mean(times(inside, weight), x)),
        ("≤", -m * Wminus(k) + size * Wplus(k), reason,
         mean(times(times(below, weight), outside), x)),
        ("=", -margin(k), f"definition of ${latex(margin(k))}$"),
    )
    proof.state_same(t)
    proof.implies((0, "<", margin(k)), (inner_k1(), "<", 0),
                  lambda h: proof.chain(inner_k1(), ("≤", -margin(k), "the first part", t),
                                        ("<", 0, "the supposition", h)))


@proved("cor-4.4", "Corollary 4.4", "Dominating negatively interfering prompts, mended",
        "corollary", CH5,
        reason="The paper prints “if δ(θ) < 0”; see slip 1. Neither q > 0 nor k ≥ 2 is needed.")
def _(proof: Proof):
    scores_bounded(proof)
    dominated(proof, margin, G**2, proof.use("eq-28", 0), r"$a_\theta\le G^2$ outside, by (28)")


for number_ in ("29", "43"):
    @proved(f"eq-{number_}", f"({number_})", "The bound of Corollary 4.4", chapter=CH5)
    def _(proof: Proof):
        scores_bounded(proof)
        margin_set(proof)
        t = proof.use("cor-4.4", 0)
        proof.state_same(proof.chain(inner_k1(), ("≤", -margin(k), "Corollary 4.4", t)))


def separation(proof: Proof):
    easy = (1 - minus(x)) * (delta - p(x))
    return (proof.given(r"$p_\theta\le\varepsilon$ inside $\mathcal X_-$",
                        minus(x) * (p(x) - eps), "≤", 0),
            proof.given(r"$p_\theta\ge\delta$ outside", easy, "≤", 0))


def bound(order=k, size=G**2):
    return order * ((1 - eps) ** (order - 1) * m * q
                    - (1 - delta) ** (order - 1) * size * (1 - q))


def threshold_setting(proof: Proof):
    """The hypotheses of Proposition 4.5, at one theta."""
    scores_bounded(proof)
    margin_set(proof)
    hard, easy = separation(proof)
    return {
        "hard": hard, "easy": easy,
        "gap": proof.given(r"$\varepsilon<\delta$", eps, "<", delta),
        "one": proof.given(r"$\delta\le1$", delta, "≤", 1),
        "margin": proof.given("the margin is not negative", 0, "≤", m),
        "mass": proof.given(r"$\mathcal X_-$ has mass at least $q$", q, "≤", qtheta()),
    }


def _bound_45(proof: Proof, h, size=G**2, source="cor-4.4", name="Corollary 4.4") -> object:
    low, _ = bounded(u(x))
    off, _ = bounded(minus(x))
    order = combine(0, "≤", k, at_least(k), number(1))
    del_low = combine(0, "≤", 1 - delta, h["one"])
    eps_low = combine(0, "≤", 1 - eps, del_low, h["gap"])
    proof.step("Inside, the weight is at least that of success probability $\\varepsilon$:")
    inside_u = combine(minus(x) * (1 - eps), "≤", minus(x) * u(x), h["hard"])
    inside_power = times(power(inside_u, k - 1, times(eps_low, off)), off)
    inside_mean = mean(times(inside_power, order), x)
    wm = proof.chain(
        k * (1 - eps) ** (k - 1) * q,
        ("≤", k * (1 - eps) ** (k - 1) * qtheta(), r"$q\le q_\theta$",
         times(times(h["mass"], power_sign(eps_low, k - 1)), order)),
        ("≤", Wminus(k), "powers increase; take means over the inside", inside_mean),
    )
    proof.step("Outside, it is at most that of success probability $\\delta$:")
    off_c, is_complement = complement(minus(x))
    above, _ = bounded(off_c)
    outside_u = combine(off_c * u(x), "≤", off_c * (1 - delta), h["easy"],
                        (u(x) - (1 - delta), is_complement))
    outside_power = times(power(outside_u, k - 1, times(low, above)), above)
    wp = proof.chain(
        Wplus(k),
        ("=", E(w(k, x) * off_c, x), r"$1-\mathbf 1_-$ is an indicator too",
         (-1, mean(scaled(is_complement, w(k, x)), x))),
        ("≤", k * (1 - delta) ** (k - 1) * E(off_c, x), "as before",
         mean(times(outside_power, order), x)),
        ("=", k * (1 - delta) ** (k - 1) * (1 - qtheta()), r"the mass outside is $1-q_\theta$",
         scaled(mean(is_complement, x), k * (1 - delta) ** (k - 1))),
        ("≤", k * (1 - delta) ** (k - 1) * (1 - q), r"$q\le q_\theta$",
         times(times(h["mass"], power_sign(del_low, k - 1)), order)),
    )
    size_low = combine(0, "≤", size, (size / G**2, square_of(G)))
    proof.step("Together:")
    return proof.chain(
        inner_k1(),
        ("≤", -m * Wminus(k) + size * Wplus(k), name, proof.use(source, 0)),
        ("≤", -bound(k, size), "the two bounds on the weights", times(wm, h["margin"]),
         times(wp, size_low)),
    )


def square_of(t):
    from ..kernel import square
    return square(t)


kstar = define(
    "kstar", (), 1 + frac(Log(frac((1 - q) * G**2, q * m)), Log(frac(1 - eps, 1 - delta))),
    r"k^\star")
kstar_quarter = define(
    "kstar_quarter", (), 1 + frac(Log(frac((1 - q) * G**2 / 4, q * m)),
                                  Log(frac(1 - eps, 1 - delta))), r"k^\star_{1/4}")


def _positive_constants(proof: Proof):
    return {
        "q": proof.given("$q>0$", 0, "<", q),
        "m": proof.given("$m>0$", 0, "<", m),
        "rest": proof.given(r"$q<1$", q, "<", 1),
        "G": proof.given("$G>0$", 0, "<", G),
        "gap": proof.given(r"$\varepsilon<\delta$", eps, "<", delta),
        "one": proof.given(r"$\delta<1$", delta, "<", 1),
    }


def _log_parts(h, size=G**2):
    """The ratios in k*, with the facts about them that both directions need."""
    dpos = combine(0, "<", 1 - delta, h["one"])
    epos = combine(0, "<", 1 - eps, dpos, h["gap"])
    one_d, inv_d = reciprocal(dpos)
    qm = times(h["q"], h["m"])
    one_qm, inv_qm = reciprocal(qm)
    size_pos = combine(0, "<", size, (size / G**2, power_sign(h["G"], 2)))
    top = times(combine(0, "<", 1 - q, h["rest"]), size_pos)
    ratio, base = frac((1 - q) * size, q * m), frac(1 - eps, 1 - delta)
    ratio_pos, base_pos = times(top, inv_qm), times(epos, inv_d)
    larger = combine(1, "<", base, (-1, one_d), times(combine(1 - delta, "<", 1 - eps, h["gap"]),
                                                      inv_d))
    log_pos = combine(0, "<", Log(base), (1, log_increases(larger, number(1))), (-1, log_one()))
    one_log, inv_log = reciprocal(log_pos)
    return locals()


def _beyond(proof: Proof, h, kstar, size=G**2):
    """k* < k gives a negative bound, and the reverse, as two functions of what is supposed."""
    f = _log_parts(h, size)
    ratio, base, one_d, one_qm = f["ratio"], f["base"], f["one_d"], f["one_qm"]
    order = combine(0, "<", k, at_least(k), number(1))
    one_k, inv_k = reciprocal(order)
    d_power = power_sign(f["dpos"], k - 1)
    d_cancel = power_equal(one_d, k - 1)
    base_power = power_sign(f["base_pos"], k - 1)
    log_ratio, log_base = Log(ratio), Log(base)
    name = latex(kstar())
    inside = (1 - eps) ** (k - 1) * m * q
    outside = (1 - delta) ** (k - 1) * size * (1 - q)

    def forward(supposed):
        logs = proof.chain(
            log_ratio,
            ("=", (kstar() - 1) * log_base, f"definition of ${name}$",
             (-log_ratio, f["one_log"])),
            ("<", (k - 1) * log_base, r"the supposition, times $\log\frac{1-\varepsilon}{1-\delta}"
             r">0$", times(supposed, f["log_pos"])),
            ("=", Log(base ** (k - 1)), "logarithm of a power",
             (-1, log_power(f["base_pos"], k - 1))),
        )
        ratios = log_reflects(logs, f["ratio_pos"], base_power)
        compare = proof.chain(
            outside,
            ("=", ratio * q * m * (1 - delta) ** (k - 1), "multiply and divide by $qm$",
             (size * (1 - q) * (1 - delta) ** (k - 1), combine(1, "=", q * m * Inv(q * m),
                                                               (-1, one_qm)))),
            ("<", base ** (k - 1) * q * m * (1 - delta) ** (k - 1), "compare the logarithms",
             times(times(ratios, f["qm"]), d_power)),
            ("=", inside, r"cancel $(1-\delta)^{k-1}$", (inside, d_cancel)),
        )
        return proof.chain(-bound(k, size), ("=", k * (outside - inside), "rearranged"),
                           ("<", 0, "times $k>0$", times(compare, order)))

    def backward(supposed):
        compare = proof.chain(
            outside,
            ("=", inside + Inv(k) * (-bound(k, size)), "divide by $k$",
             ((inside - outside), one_k)),
            ("<", inside, "the supposition, divided by $k>0$", times(supposed, inv_k)),
        )
        d_inverse = power_sign(f["inv_d"], k - 1)
        ratios = proof.chain(
            ratio,
            ("=", outside * Inv(q * m) * Inv(1 - delta) ** (k - 1),
             r"multiply and divide by $(1-\delta)^{k-1}$",
             (ratio, combine(1, "=", ((1 - delta) * Inv(1 - delta)) ** (k - 1), (-1, d_cancel)))),
            ("<", inside * Inv(q * m) * Inv(1 - delta) ** (k - 1), "the line above",
             times(times(compare, f["inv_qm"]), d_inverse)),
            ("=", base ** (k - 1), "cancel $qm$", (base ** (k - 1), one_qm)),
        )
        return proof.chain(
            kstar(),
            ("<", 1 + Log(base ** (k - 1)) * Inv(log_base),
             "logarithms increase", times(log_increases(ratios, f["ratio_pos"]), f["inv_log"])),
            ("=", 1 + (k - 1) * log_base * Inv(log_base), "logarithm of a power",
             (Inv(log_base), log_power(f["base_pos"], k - 1))),
            ("=", k, r"cancel the logarithm", (k - 1, f["one_log"])),
        )

    return forward, backward


@proved("eq-33", "(33)", "The bound is negative exactly beyond k*", chapter=CH5,
        reason="The equivalence behind the threshold, in both directions. It needs q < 1 and "
        "δ < 1, which the paper leaves unsaid: k* is not defined otherwise.")
def _(proof: Proof):
    forward, backward = _beyond(proof, _positive_constants(proof), kstar)
    proof.equivalent((kstar(), "<", k), (-bound(), "<", 0), forward, backward)


@proved("eq-32", "(32)", "The bound of Proposition 4.5", chapter=CH5)
def _(proof: Proof):
    proof.state_same(_bound_45(proof, threshold_setting(proof)))


def influence(proof: Proof, **bound_of):
    """The hypotheses of Proposition 4.5 with positive constants, and its bound."""
    scores_bounded(proof)
    margin_set(proof)
    hard, easy = separation(proof)
    h = _positive_constants(proof)
    mass = proof.given("$\\mathcal X_-$ has mass at least $q$", q, "≤", qtheta())
    return h, _bound_45(proof, {"hard": hard, "easy": easy, "gap": h["gap"],
                                "one": weaken(h["one"]), "margin": weaken(h["m"]),
                                "mass": mass}, **bound_of)


@proved("prop-4.5", "Proposition 4.5", "Influence of k", "proposition", CH5,
        reason="A statement at one θ: “for any θ” cannot hold where the gradient vanishes "
        "(slip 6). The paper leaves q < 1 and δ < 1 unsaid; k* needs them.")
def _(proof: Proof):
    _, t = influence(proof)
    proof.state_same(t)
    beyond = proof.use("eq-33", 0)
    proof.implies((kstar(), "<", k), (inner_k1(), "<", 0),
                  lambda supposed: proof.chain(
                      inner_k1(),
                      ("≤", -bound(), "the bound above", t),
                      ("<", 0, "(33)", discharge(beyond, supposed))))


def room_of_the_set(proof: Proof, agreement, share, shown):
    """0 <= -m q + (1-q) share G², since the mean agreement is a squared norm.

    agreement: the statement a <= share·G², `shown` in TeX.
    """
    scores_bounded(proof)
    inside = margin_set(proof)
    h = _positive_constants(proof)
    mass = proof.given("$\\mathcal X_-$ has mass at least $q$", q, "≤", qtheta())
    _, on = bounded(minus(x))
    outside = combine(0, "≤", 1 - minus(x), on)
    up = proof.use(agreement, 0)
    room = proof.chain(
        0,
        ("≤", E(a(x), x), r"$\mathbb E[a_\theta]=\lVert\nabla J_1\rVert^2\ge0$",
         proof.use("eq-8", 2)),
        ("≤", -m * qtheta() + E(a(x) * (1 - minus(x)), x), r"$a_\theta\le-m$ inside",
         mean(inside, x)),
        ("≤", -m * qtheta() + share * G**2 * (1 - qtheta()), rf"$a_\theta\le {shown}$ outside",
         mean(times(up, outside), x)),
        ("≤", -m * q + share * G**2 * (1 - q), r"$q\le q_\theta$", times(mass, weaken(h["m"])),
         (share, times(mass, square_of(G)))),
    )
    return h, room


@proved("k-star-at-least-one", "—", "The threshold is never below 1", "lemma", CH5,
        reason="Because the mean agreement is a squared norm: a margin set that is large has "
        "little room. It also shows that q < 1 is automatic.")
def _(proof: Proof):
    h, room = room_of_the_set(proof, "eq-28", Integer(1), "G^2")
    f = _log_parts(h)
    ratio_one = proof.chain(
        1, ("=", q * m * Inv(q * m), "divide by $qm>0$", (-1, f["one_qm"])),
        ("≤", f["ratio"], "the first part", times(room, f["inv_qm"])))
    t = proof.chain(
        1,
        ("=", 1 + Log(Integer(1)) * Inv(Log(f["base"])), r"$\log1=0$",
         (-Inv(Log(f["base"])), log_one())),
        ("≤", kstar(), "logarithms increase",
         times(log_increases(ratio_one, number(1)), f["inv_log"])),
    )
    proof.state(m * q, "≤", (1 - q) * G**2, room)
    proof.state_same(t)
