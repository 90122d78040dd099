"""Section 4.1, appendices A and B: when the gradients of pass@k and pass@1 conflict."""

# ruff: noqa: F403, F405  (the paper's symbols come from setting.py)

from sympy import Rational, Symbol

from ..axioms import bounded, power_sign, reciprocal, square_root, tangent
from ..claims import Proof, declare, proved
from ..kernel import (
    at,
    at_least,
    chain,
    combine,
    discharge,
    inner,
    mean,
    number,
    scaled,
    square,
    squared_norm,
    times,
)
from ..setting import *
from ..terms import E, Inv, Sqrt, define, frac, ip, sq, substitute

CH4, APP = "04_conflict", "A_kernel"


@proved("eq-8", "(8)", "The agreement score is a row mean of the kernel", chapter=CH4)
def _(proof: Proof):
    grad1 = at(proof.use("eq-2"), {k: 1})
    t = proof.chain(
        a(x),
        ("=", ip(g(x), E(g(x2), x2)), "(2) for k = 1, where every weight is 1",
         inner(grad1, g(x))),
        ("=", E(kappa(x, x2), x2), "the inner product is linear"),
    )
    proof.state_same(t)
    t = proof.chain(
        E(a(x), x),
        ("=", ip(E(g(x), x), dJ(1)), "the inner product is linear"),
        ("=", sq(dJ(1)), "(2) for k = 1", (-1, inner(grad1, dJ(1)))),
    )
    proof.state_same(t)
    proof.state_same(proof.chain(0, ("≤", E(a(x), x), "a squared norm is not negative",
                                     squared_norm(dJ(1)), (-1, t))))


def _decomposition(proof: Proof, weight, gradient_of, covariance, equation):
    """<grad J, grad J_1> = E[w a] = E[w] |grad J_1|^2 + cov(w, a), for any weight."""
    first = proof.chain(
        ip(gradient_of, dJ(1)),
        ("=", ip(E(weight * g(x), x), dJ(1)), "(2)", inner(equation, dJ(1))),
        ("=", E(weight * ip(g(x), dJ(1)), x), "the inner product is linear"),
        ("=", E(weight * a(x), x), "definition (8)"),
    )
    mean_agreement = proof.use("eq-8", 1)
    second = proof.chain(
        E(weight * a(x), x),
        ("=", E(weight, x) * E(a(x), x) + covariance, "definition of the covariance"),
        ("=", E(weight, x) * sq(dJ(1)) + covariance, r"$\mathbb E[a_\theta]=\lVert\nabla J_1"
         r"\rVert^2$", scaled(mean_agreement, E(weight, x))),
    )
    return first, second


def _characterisation(proof: Proof, weight, gradient_of, covariance, equation):
    """Proposition 4.1 for any weight, in full."""
    nine, second = _decomposition(proof, weight, gradient_of, covariance, equation)
    proof.state_same(nine)
    proof.state_same(second)
    ten = chain(nine, second)
    product, weighted = ip(gradient_of, dJ(1)), E(weight * a(x), x)
    bound = -E(weight, x) * sq(dJ(1))
    proof.equivalent(
        (product, "<", 0), (weighted, "<", 0),
        lambda h: proof.chain(weighted, ("=", product, "(9)", (-1, nine)),
                              ("<", 0, "the supposition", h)),
        lambda h: proof.chain(product, ("=", weighted, "(9)", nine),
                              ("<", 0, "the supposition", h)))
    proof.equivalent(
        (product, "<", 0), (covariance, "<", bound),
        lambda h: proof.chain(covariance, ("=", product + bound, "(10)", (-1, ten)),
                              ("<", bound, "the supposition", h)),
        lambda h: proof.chain(product, ("=", covariance - bound, "(10)", ten),
                              ("<", 0, "the supposition", h)))


@proved("prop-4.1-F", "Proposition 4.1, any transform", "Conflict for any transform",
        "proposition", CH4)
def _(proof: Proof):
    _characterisation(proof, Fw(x), dJF, covF(), proof.use("eq-2-F"))


@proved("eq-9", "(9)", "The inner product is a weighted mean of agreement", chapter=CH4)
def _(proof: Proof):
    first, _ = _decomposition(proof, w(k, x), dJ(k), cov(k), proof.use("eq-2"))
    proof.state_same(first)


@proved("eq-10", "(10)", "The inner product and the covariance", chapter=CH4)
def _(proof: Proof):
    nine = proof.use("eq-9")
    mean_agreement = proof.use("eq-8", 1)
    t = proof.chain(
        inner_k1(),
        ("=", E(w(k, x) * a(x), x), "(9)", nine),
        ("=", E(w(k, x), x) * E(a(x), x) + cov(k), "definition of the covariance"),
        ("=", E(w(k, x), x) * sq(dJ(1)) + cov(k),
         r"(8): $\mathbb E[a_\theta]=\lVert\nabla J_1\rVert^2$",
         scaled(mean_agreement, E(w(k, x), x))),
    )
    proof.state_same(t)


@proved("prop-4.1", "Proposition 4.1", "Gradient conflict characterised", "proposition", CH4)
def _(proof: Proof):
    _characterisation(proof, w(k, x), dJ(k), cov(k), proof.use("eq-2"))


e0 = Symbol("failure")
NAMES["failure"] = r"e"


@proved("mean-weight-positive", "—", "The mean weight is positive unless every prompt is solved",
        "lemma", CH4, reason="The paper says that the weights are not zero almost everywhere; "
        "this needs P(p < 1) > 0, that is pass@1 < 1.")
def _(proof: Proof):
    named = proof.given("$e$ stands for the mean failure probability, $1-J_1(\\theta)$",
                        e0, "=", E(u(x), x))
    positive = proof.given("not every prompt is solved with certainty", 0, "<", e0)
    low, high = bounded(u(x))
    line = tangent(combine(0, "≤", e0, positive), low, k)
    below = proof.chain(
        0,
        ("<", e0**k, "powers of positive numbers are positive", power_sign(positive, k)),
        ("=", e0**k + k * e0 ** (k - 1) * (E(u(x), x) - e0), "$e$ is the mean",
         (k * e0 ** (k - 1), named)),
        ("≤", E(u(x) ** k, x), "the tangent of $t^k$ at $e$, averaged", mean(line, x)),
        ("≤", E(u(x) ** (k - 1), x), "$1-p$ is at most 1",
         mean(times(high, power_sign(low, k - 1)), x)),
    )
    order = combine(0, "<", k, at_least(k), number(1))
    t = proof.chain(0, ("<", E(w(k, x), x), "definition of the weight", times(below, order)))
    proof.state_same(t)


@proved("eq-11", "(11)", "Conflict as a shift of the prompt distribution", chapter=CH4)
def _(proof: Proof):
    positive = proof.given("the mean weight is positive (true unless every prompt is solved)",
                           0, "<", E(w(k, x), x))
    one, inverse = reciprocal(positive)
    nine = proof.use("eq-9")
    weighted = E(w(k, x) * a(x), x)
    t = proof.chain(
        inner_k1(),
        ("=", weighted, "(9)", nine),
        ("=", E(w(k, x), x) * tilt(k), r"divide and multiply by $\mathbb E[w]>0$",
         (-weighted, one)),
    )
    proof.state_same(t)
    proof.equivalent(
        (inner_k1(), "<", 0), (tilt(k), "<", 0),
        lambda h: proof.chain(
            tilt(k), ("=", inner_k1() * Inv(E(w(k, x), x)), "(9)",
                      (-Inv(E(w(k, x), x)), nine)),
            ("<", 0, r"divide by $\mathbb E[w]>0$", times(h, inverse))),
        lambda h: proof.chain(
            inner_k1(), ("=", E(w(k, x), x) * tilt(k), "the identity above", t),
            ("<", 0, r"multiply by $\mathbb E[w]>0$", times(h, positive))))


@proved("eq-11-F", "(11), any transform", "The shifted distribution for any transform",
        chapter=CH4)
def _(proof: Proof):
    positive = proof.given("the mean slope is positive", 0, "<", E(Fw(x), x))
    one, _ = reciprocal(positive)
    weighted = E(Fw(x) * a(x), x)
    t = proof.chain(
        ip(dJF, dJ(1)),
        ("=", weighted, "Proposition 4.1 for any transform", proof.use("prop-4.1-F")),
        ("=", E(Fw(x), x) * frac(weighted, E(Fw(x), x)), "divide and multiply",
         (-weighted, one)),
    )
    proof.state_same(t)


rho = define("rho", (k,), cov(k) * Inv(Sqrt(varw(k)) * Sqrt(vara())), r"\rho_{w,a}(\theta)")
rhoF = define("rhoF", (), covF() * Inv(Sqrt(varF()) * Sqrt(vara())), r"\rho_{F',a}(\theta)")


def _correlation(proof: Proof, weight, gradient_of, covariance, variance, ratio, source):
    """Condition (ii) of Proposition 4.1 as a bound on the correlation, for any weight."""
    _, sw = square_root(proof.given("the weights vary", 0, "<", variance))
    _, sa = square_root(proof.given("the agreement scores vary", 0, "<", vara()))
    product = times(sw, sa)
    one, inverse = reciprocal(product)
    deviations, bound = Sqrt(variance) * Sqrt(vara()), -E(weight, x) * sq(dJ(1))
    first, second = proof.use(source, 4), proof.use(source, 5)  # conflict <=> (ii)
    proof.equivalent(
        (ip(gradient_of, dJ(1)), "<", 0), (ratio, "<", frac(bound, deviations)),
        lambda h: proof.chain(
            ratio, ("=", covariance * Inv(deviations), "definition of the correlation"),
            ("<", bound * Inv(deviations), "Proposition 4.1 (ii), divided by "
             r"$\sigma_w\sigma_a>0$", times(discharge(first, h), inverse))),
        lambda h: discharge(second, proof.chain(
            covariance, ("=", ratio * deviations, r"multiply by $\sigma_w\sigma_a$",
                         (-covariance, one)),
            ("<", frac(bound, deviations) * deviations, r"$\sigma_w\sigma_a>0$",
             times(h, product)),
            ("=", bound, "cancel", (bound, one)))))


@proved("eq-19", "(19)", "Conflict as a bound on the correlation", chapter=CH4)
def _(proof: Proof):
    _correlation(proof, w(k, x), dJ(k), cov(k), varw(k), rho(k), "prop-4.1")


@proved("eq-19-F", "(19), any transform", "The correlation bound for any transform", chapter=CH4)
def _(proof: Proof):
    _correlation(proof, Fw(x), dJF, covF(), varF(), rhoF(), "prop-4.1-F")


def _lagrange(proof: Proof, weight, covariance, variance):
    """cov(w, a)^2 <= Var(w) Var(a), by Lagrange's identity with two independent prompts."""
    centred_w, centred_a = weight - E(weight, x), a(x) - E(a(x), x)
    other_w, other_a = (substitute(e, {x: x2}) for e in (centred_w, centred_a))
    t = proof.chain(
        covariance**2,
        ("≤", variance * vara(), "the mean of a square over two independent prompts",
         (Rational(1, 2), mean(square(centred_w * other_a - other_w * centred_a), x, x2))),
    )
    proof.state_same(t)


@proved("covariance-cauchy-schwarz", "—", "A correlation lies between −1 and 1", "lemma", CH4,
        reason="Lagrange's identity with two independent prompts; nothing is divided by.")
def _(proof: Proof):
    _lagrange(proof, w(k, x), cov(k), varw(k))


@proved("covariance-cauchy-schwarz-F", "—", "A correlation lies between −1 and 1, any transform",
        "lemma", CH4)
def _(proof: Proof):
    _lagrange(proof, Fw(x), covF(), varF())


@proved("eq-20", "(20)", "The kernel view for any two orders", chapter=APP)
def _(proof: Proof):
    grad_k = proof.use("eq-2")
    grad_m = at(grad_k, {k: j})
    t = proof.chain(
        ip(dJ(k), dJ(j)),
        ("=", ip(E(w(k, x) * g(x), x), dJ(j)), "(2) for k", inner(grad_k, dJ(j))),
        ("=", ip(E(w(k, x) * g(x), x), E(w(j, x2) * g(x2), x2)), "(2) for m",
         inner(grad_m, E(w(k, x) * g(x), x))),
        ("=", E(w(k, x) * w(j, x2) * kappa(x, x2), x, x2), "the inner product is linear"),
    )
    proof.state_same(t)


@proved("eq-20-F", "(20), any transforms", "The kernel view for any two transforms", chapter=APP)
def _(proof: Proof):
    one, other = proof.use("eq-2-F", 0), proof.use("eq-2-F", 1)
    t = proof.chain(
        ip(dJF, dJH),
        ("=", ip(E(Fw(x) * g(x), x), dJH), "(2) for the first", inner(one, dJH)),
        ("=", ip(E(Fw(x) * g(x), x), E(Hw(x2) * g(x2), x2)), "(2) for the second",
         inner(other, E(Fw(x) * g(x), x))),
        ("=", E(Fw(x) * Hw(x2) * kappa(x, x2), x, x2), "the inner product is linear"),
    )
    proof.state_same(t)


@proved("prop-B.1-F", "Proposition B.1, any transforms", "No interference, no conflict, in general",
        "proposition", APP)
def _(proof: Proof):
    friendly = proof.given("no pair of prompts interferes negatively", 0, "≤", kappa(x, x2))
    rises = proof.given("F does not fall", 0, "≤", Fw(x))
    rises_too = proof.given("H does not fall", 0, "≤", Hw(x))
    proof.state_same(proof.chain(
        0,
        ("≤", E(Fw(x) * Hw(x2) * kappa(x, x2), x, x2), "a mean of non-negative products",
         mean(times(times(friendly, rises), at(rises_too, {x: x2})), x, x2)),
        ("=", ip(dJF, dJH), "(20)", (-1, proof.use("eq-20-F")))))


@proved("prop-B.1", "Proposition B.1", "No interference, no conflict", "proposition", APP,
        reason="“Almost every” pair is as good as every pair: expectations ignore null sets.")
def _(proof: Proof):
    friendly = proof.given("no pair of prompts interferes negatively", 0, "≤", kappa(x, x2))
    nonneg = proof.use("eq-39", 0)
    other = at(nonneg, {k: j, x: x2})
    t = proof.chain(
        0,
        ("≤", E(w(k, x) * w(j, x2) * kappa(x, x2), x, x2), "a mean of non-negative products",
         mean(times(times(friendly, nonneg), other), x, x2)),
        ("=", ip(dJ(k), dJ(j)), "(20)", (-1, proof.use("eq-20"))),
    )
    proof.state_same(t)


for number_, title, of in (("21", "(2), restated at the head of the proof", "eq-2"),
                           ("22", "(10), restated in the proof", "eq-10"),
                           ("23", "Condition (ii) of Proposition 4.1", "prop-4.1"),
                           ("24", "(9), restated", "eq-9"), ("30", "(9), restated", "eq-9")):
    @proved(f"eq-{number_}", f"({number_})", title, chapter=CH4)
    def _(proof: Proof, of=of):
        for i in range(len(_parts(of))):
            proof.state_same(_unconditional(proof, of, i)) if not _parts(of)[i].premise else (
                _restate_implication(proof, of, i))


def _parts(claim_id):
    from ..claims import result
    return result(claim_id).parts


def _unconditional(proof, of, i):
    t = proof.use(of, i)
    proof.chain(t.left, (t.relation, t.right, "the statement that is restated", t))
    return t


def _restate_implication(proof, of, i):
    part = _parts(of)[i]
    proof.implies(part.premise, (part.left, part.relation, part.right),
                  lambda h: discharge(proof.use(of, i), h))


declare("D-tilde", "—", "The reweighted prompt distribution", "defined",
        r"$\tilde{\mathcal D}_k(dx)\propto w_{k,\theta}(x)\,\mathcal D(dx)$, so that "
        r"$\mathbb E_{\tilde{\mathcal D}_k}[f]=\mathbb E[w f]/\mathbb E[w]$", "a definition",
        "definition", CH4)
