"""Negative controls of the checker itself: ways to a false theorem that the rules refuse."""

import copy
import dataclasses
import pickle
from types import SimpleNamespace

import pytest
from sympy import I, Integer, Rational, Symbol, sqrt

from passk_lib.theory import claims, statements  # noqa: F401
from passk_lib.theory.axioms import (
    bounded,
    complement,
    discriminant,
    geometric_sum,
    gradient,
    operator_norm_bounds,
    power,
    power_sign,
    same_gradient,
    success_probability,
    tangent,
    transform,
)
from passk_lib.theory.kernel import (
    Rejected,
    Theorem,
    assume,
    at,
    at_least,
    combine,
    discharge,
    inner,
    number,
    power_equal,
    scaled,
    square,
    squared_norm,
)
from passk_lib.theory.normal import Malformed, nf
from passk_lib.theory.setting import (
    L1,
    M1,
    Delta,
    F,
    Fc,
    Fp,
    Fw,
    G,
    J,
    c,
    delta,
    eps,
    epsbar,
    g,
    g1,
    gF,
    k,
    k2,
    m,
    minus,
    p,
    q,
    r,
    u,
    v,
    x,
    x2,
    y,
    yy,
    z,
)
from passk_lib.theory.terms import (
    Completion,
    E,
    Grad,
    Hess,
    Moved,
    OpNorm,
    Prompt,
    VectorSymbol,
    Whole,
    define,
    ip,
    primitive,
    substitute,
)

b = VectorSymbol("bvec")
J_1 = Grad(J(1))

# ------------------------------------------------------------------------- numbers and exponents


@pytest.mark.parametrize("value", [I, sqrt(2), 1 / q, Rational(1, 0)])
def test_only_what_the_language_knows_is_squared_or_substituted(value):
    with pytest.raises(Malformed):
        square(value)
    with pytest.raises(Malformed):
        at(square(c), {c: value})


def test_a_multiplier_does_not_divide_by_what_may_be_zero():
    zero = assume(0, "=", q * m)  # m = 0 does not follow: q may be 0
    with pytest.raises(Malformed):
        combine(0, "=", m, (1 / q, zero))
    with pytest.raises(Malformed):
        scaled(zero, 1 / q)


@pytest.mark.parametrize("n", [-1, Rational(1, 2), k - 2])
def test_powers_need_exponents_that_are_orders(n):
    with pytest.raises(Malformed, match="exponent"):
        power(combine(1, "<", 2, number(1)), n, number(1))
    with pytest.raises(Malformed, match="exponent"):
        power_sign(number(4), n)
    with pytest.raises(Malformed, match="exponent"):
        power_equal(combine(c, "=", c), n)
    with pytest.raises(Malformed, match="exponent"):
        tangent(number(4), number(1), n)
    with pytest.raises((Malformed, Rejected)):
        geometric_sum(number(4), 0, n)
    with pytest.raises(Malformed, match="exponent"):
        geometric_sum(number(4), n, n + 1)


def test_a_tangent_needs_an_exponent_of_at_least_one():
    with pytest.raises(Malformed, match="exponent"):
        tangent(number(4), number(1), 0)
    low, _ = bounded(u(x))
    assert tangent(low, number(1), k).relation == "≤"


# -------------------------------------------------------------------------------- substitution


def test_a_symbol_hidden_in_a_definition_is_not_replaced_even_by_itself():
    unfolded = combine(L1(), "=", G**2 + F)
    with pytest.raises(Rejected, match="hidden"):
        at(unfolded, {G: 2 * G})
    with pytest.raises(Rejected, match="hidden"):
        at(unfolded, {G: Integer(1)})


def test_a_defined_symbol_is_not_replaced():
    with pytest.raises(Rejected, match="no free symbol"):
        at(combine(eps + epsbar, "=", 1), {eps: 2 - epsbar})
    with pytest.raises(Rejected, match="no free symbol"):
        at(assume(eps, "<", delta), {eps: Integer(5)})


@pytest.mark.parametrize(
    "old, new", [(Symbol("u"), Symbol("Fp")), (u(x), Integer(5)), (Symbol("x"), Symbol("G"))]
)
def test_a_name_is_not_replaced(old, new):
    low, _ = bounded(u(x))
    try:
        t = at(low, {old: new})
    except Rejected:
        return
    assert (t.left, t.right) == (low.left, low.right)


def test_a_scalar_stays_a_scalar_and_a_vector_a_vector():
    with pytest.raises(Rejected, match="scalar"):
        at(combine(c, "=", c), {c: v})
    with pytest.raises(Rejected, match="scalar"):
        at(combine(ip(v, v), "=", ip(v, v)), {v: c})


def hessian_of_a_multiple():
    """Hess(c p) = c Hess p, for constants c."""
    slope = gradient(c * p(x))
    along = combine(ip(Grad(c * p(x)), v), "=", ip(c * Grad(p(x)), v), inner(slope, v))
    return combine(
        Hess(c * p(x), v),
        "=",
        c * Hess(p(x), v),
        inner(same_gradient(along), v),
        inner(gradient(c * ip(Grad(p(x)), v)), v),
    )


def test_a_coefficient_under_a_hessian_stays_constant():
    t = hessian_of_a_multiple()
    assert at(t, {c: Integer(3)}).left == Hess(3 * p(x), v)
    with pytest.raises(Rejected, match="inside a gradient"):
        at(t, {c: p(x)})


def test_the_direction_of_a_hessian_stays_constant():
    with pytest.raises(Rejected, match="inside a gradient"):
        at(hessian_of_a_multiple(), {v: Grad(J(1))})


def test_a_coefficient_of_a_moved_function_stays_constant():
    t = combine(Moved(c * p(x), Delta), "=", Moved(c * p(x), Delta))
    with pytest.raises(Rejected, match="inside a gradient"):
        at(t, {c: p(x)})
    assert at(t, {Delta: g(x)}).left == Moved(c * p(x), g(x))  # the step starts at theta


def test_a_coefficient_of_an_operator_norm_stays_constant():
    t = combine(OpNorm(Hess(c * p(x), v), v), "=", OpNorm(Hess(c * p(x), v), v))
    with pytest.raises(Rejected, match="inside a gradient"):
        at(t, {c: p(x)})


# ----------------------------------------------------------- instances of a general transform F


def square_of_failure(t, **options):
    """F(p) = (1-p)^2, with its slope -2 (1-p)."""
    return transform(t, lambda z: u(z) ** 2, lambda z: -2 * u(z), **options)


@pytest.mark.parametrize(
    "value, slope, curvature",
    [
        (lambda z: u(z) ** 2, lambda z: 2 * u(z), None),  # the sign of the derivative
        (lambda z: 1 - u(z) ** k, lambda z: k * u(z) ** k, None),
        (lambda z: 1 - u(z) ** k, lambda z: u(z) ** (k - 1), None),
        (
            lambda z: 1 - u(z) ** k2,
            lambda z: k2 * u(z) ** (k2 - 1),
            lambda z: k2 * (k2 - 1) * u(z) ** (k2 - 2),
        ),
        (lambda z: Integer(1), lambda z: Integer(1), None),
    ],
)
def test_a_transform_needs_its_own_derivatives(value, slope, curvature):
    with pytest.raises(Rejected, match="not the derivative"):
        transform(gradient(Fp(x)), value, slope, curvature)


def test_a_transform_is_made_of_the_success_probability_of_its_prompt():
    for value in (
        lambda z: u(x2),
        lambda z: minus(z),
        lambda z: E(u(x2), x2),
        lambda z: p(z),
        lambda z: ip(g(z), g(z)),
    ):
        with pytest.raises(Rejected, match="success probability of its prompt alone"):
            transform(gradient(Fp(x)), value, lambda z: Integer(0))


def test_only_what_nothing_is_known_of_stands_for_a_transform():
    one = dict(value=lambda z: Integer(5), slope=lambda z: Integer(0))
    with pytest.raises(Rejected, match="heads"):  # else 5 <= 1
        transform(bounded(minus(x))[1], **one, heads=("minus", "other"))
    with pytest.raises(Rejected, match="heads"):  # else 1 - (1-p)^2 = E[r]
        square_of_failure(success_probability(x, y), heads=("u", "other"))
    with pytest.raises(Rejected, match="heads"):  # else grad F = -2 (1-p) grad p for every F
        square_of_failure(gradient(Fp(x)), heads=("Hp", "Fw"))
    with pytest.raises(Rejected, match="heads"):  # F'' would stay behind
        square_of_failure(gradient(Fw(x)), heads=("Fp", "Fw"))


def test_no_derivative_of_a_transform_stays_behind():
    with pytest.raises(Rejected, match="second derivative"):
        square_of_failure(gradient(Fw(x)))
    with pytest.raises(Rejected, match="second derivative"):
        square_of_failure(combine(0, "=", 0, assume(0, "=", Fc(x)), (-1, assume(0, "=", Fc(x)))))
    with pytest.raises(Rejected, match="with its slope"):
        transform(gradient(Fw(x)), lambda z: 1 - u(z), None, lambda z: Integer(1))


def test_a_transform_does_not_divide_by_what_may_be_zero():
    zero = scaled(assume(u(x) * m, "=", 0), Fp(x))  # m = 0 does not follow: u(x) may be 0
    with pytest.raises(Malformed, match="negative"):
        transform(zero, lambda z: 1 / u(z), lambda z: u(z) ** -2)
    for n in (c, Rational(1, 2)):
        with pytest.raises((Malformed, Rejected)):
            transform(zero, lambda z, n=n: u(z) ** n, lambda z, n=n: -n * u(z) ** (n - 1))
    with pytest.raises(Malformed, match="negative"):  # k may be 1
        transform(
            zero,
            lambda z: 1 - u(z) ** k,
            lambda z: k * u(z) ** (k - 1),
            lambda z: -k * (k - 1) * u(z) ** (k - 2),
        )
    zero = scaled(assume(q * m, "=", 0), M1)
    with pytest.raises(Malformed, match="negative"):
        square_of_failure(zero, constants={M1: 1 / q})


@pytest.mark.parametrize(
    "old, new",
    [
        (M1, u(x)),
        (M1, E(u(x), x)),
        (M1, Fw(x)),
        (M1, J(1)),
        (k, Integer(0)),
        (eps, Integer(2)),
        (x, x2),
        (g1, v),
        (M1, v),
        (M1, eps),
    ],
)
def test_a_constant_of_a_transform_stays_a_constant(old, new):
    with pytest.raises(Rejected, match="can only become a constant"):
        square_of_failure(gradient(M1 * Fp(x)), constants={old: new})


def test_the_name_of_a_variable_is_no_constant_of_a_transform():
    two = success_probability(x, y)
    twice = combine(p(x) ** 2, "=", E(r(x, y) * r(x, yy), y, yy), (p(x) + E(r(x, y), y), two))
    t = square_of_failure(twice, constants={Symbol("y"): Symbol("y'")})  # else p^2 = E[r^2] = p
    assert nf(t.left) == nf(twice.left) and nf(t.right) == nf(twice.right)
    for old, left in ((Symbol("bvec"), ip(b, v)), (Symbol("minus"), minus(x)), (Symbol("u"), u(x))):
        same = square_of_failure(combine(left, "=", left), constants={old: Integer(5)})
        assert same.left == left


def test_a_transform_takes_the_hypotheses_along():
    falls, its = assume(0, "≤", Fw(x)), assume(0, "≤", -2 * u(x))
    assert square_of_failure(falls).hypotheses == its.hypotheses
    everywhere = square_of_failure(assume(Fw(x), "≤", M1, everywhere=True), constants={M1: k})
    (h,) = everywhere.hypotheses
    assert h.everywhere and (h.left, h.right) == (-2 * u(x), k)


# ------------------------------------------------------------------ vectors inside suppositions


def test_a_vector_in_a_supposition_is_not_captured_by_its_prompts():
    friendly = at(assume(0, "≤", ip(v, g(x))), {x: x2})  # for all x: 0 <= <v, g(x)>
    with pytest.raises(Rejected, match="for all"):  # else no two prompts would interfere
        at(friendly, {v: g(x)}, suppositions=True)
    with pytest.raises(Rejected, match="for all"):
        at(assume(0, "≤", ip(v, g(x)) + ip(g1, g1)), {g1: gF, v: g(x) + g(x2)}, suppositions=True)
    stronger = at(friendly, {v: g(Prompt("other"))}, suppositions=True)
    with pytest.raises(Rejected, match="none of the proofs"):
        discharge(stronger, squared_norm(g(x)))
    inside = at(assume(0, "<", E(ip(v, g(x)), x)), {v: g(x)}, suppositions=True)
    assert nf(inside.right) == nf(E(ip(g(x), g(x2)), x2))  # the bound prompt steps aside


def test_prompts_of_a_supposition_do_not_merge():
    friendly = claims.result("passk-of-B.1").parts[0].theorem  # under 0 <= kappa(x, x') for all
    merged = at(friendly, {x: x2}, suppositions=True)
    assert merged.hypotheses == friendly.hypotheses
    with pytest.raises(Rejected, match="none of the proofs"):  # else without any supposition
        discharge(merged, squared_norm(g(x2)))


def test_a_supposition_stays_with_what_replaces_its_vector():
    conflict = assume(ip(g1, gF), "<", 0)
    (h,) = at(conflict, {g1: J_1, gF: b}, suppositions=True).hypotheses
    assert nf(h.left) == nf(ip(J_1, b)) and nf(h.right) == ()
    swapped = at(assume(ip(g1, g1), "<", ip(gF, gF)), {g1: gF, gF: g1}, suppositions=True)
    (h,) = swapped.hypotheses
    assert (h.left, h.right) == (ip(gF, gF), ip(g1, g1))
    with pytest.raises(Rejected, match="occurs in a hypothesis"):
        at(conflict, {g1: J_1})


@pytest.mark.parametrize("old, new", [(m, q), (k, k + 1), (g1, m), (J(1), m)])
def test_only_vectors_are_replaced_in_suppositions(old, new):
    t = assume(m + k, "<", ip(g1, gF))
    with pytest.raises(Rejected):
        at(t, {old: new}, suppositions=True)


def test_a_supposition_for_every_theta_holds_its_vectors_fixed():
    t = assume(0, "≤", ip(g1, g(x)), everywhere=True)
    with pytest.raises(Rejected, match="every theta"):
        at(t, {g1: J_1}, suppositions=True)
    with pytest.raises(Rejected, match="inside a gradient"):
        at(assume(0, "<", Hess(p(x), v)), {v: J_1}, suppositions=True)


# ------------------------------------------------------------------------------- binders, names


def test_the_direction_of_an_operator_norm_is_bound():
    f = ip(g(x), b)
    norm = OpNorm(Hess(f, v), v)
    captured = OpNorm(Hess(ip(g(x), v), v), v)
    assert substitute(norm, {v: b}) == norm
    assert nf(norm) == nf(substitute(norm, {v: Delta}))
    assert nf(norm) == nf(OpNorm(Hess(f, Delta), Delta))
    assert nf(substitute(norm, {b: v})) != nf(captured)
    assert nf(substitute(substitute(norm, {b: v}), {v: b})) == nf(norm)
    upper, _ = operator_norm_bounds(Hess(f, v), v)
    with pytest.raises(Rejected):
        at(upper, {v: b})


def test_no_vector_passes_for_the_bound_direction():
    for name in ("any direction", "direction"):
        d = VectorSymbol(name)
        one = OpNorm(Hess(ip(g(x), d), v), v)
        assert nf(one) != nf(OpNorm(Hess(ip(g(x), v), v), v))
        assert nf(OpNorm(Hess(one * ip(g(x), d), v), v)) != nf(
            OpNorm(Hess(one * ip(g(x), v), v), v)
        )
    inner_norm = OpNorm(Hess(ip(g(x), v), b), b)  # v of the outer norm is free in the inner one
    assert nf(OpNorm(Hess(inner_norm * p(x), v), v)) != nf(
        OpNorm(Hess(OpNorm(Hess(ip(g(x), b), b), b) * p(x), v), v)
    )


@pytest.mark.parametrize("make", [Prompt, Whole, VectorSymbol, lambda n: Completion(n, x)])
@pytest.mark.parametrize("name", ["x#1", "k[1]"])
def test_names_of_fresh_variables_and_orders_are_reserved(make, name):
    with pytest.raises(ValueError, match="must not contain"):
        make(name)


def test_a_bound_prompt_steps_aside_to_a_name_that_is_nowhere():
    first = substitute(E(u(x) * u(x2), x), {x2: x})
    fresh = first.bound
    assert fresh != x
    again = substitute(E(u(x) * u(x2) * u(fresh), x), {x2: x})
    assert again.bound not in (x, fresh)
    assert nf(again) == nf(u(x) * u(fresh) * E(u(x2), x2))


# ---------------------------------------------------------------------------- orders, primitives


def test_a_symbol_named_like_an_order_is_no_order():
    alias = Symbol("k[1]")
    assert nf(alias) != nf(k)
    with pytest.raises(Rejected):
        combine(1, "≤", alias, at_least(k))


def test_a_discriminant_needs_a_real_variable():
    with pytest.raises(Rejected, match="arbitrary real"):
        discriminant(combine(0, "≤", k - 1, at_least(k)), k, 0, Rational(1, 2), -1)
    assert discriminant(combine(0, "≤", z**2, square(z)), z, 1, 0, 0).relation == "≤"


def test_the_least_value_of_an_order_does_not_change():
    with pytest.raises(AttributeError):
        k.least = 100
    assert (k.least, k2.least) == (1, 2)
    with pytest.raises(ValueError, match="least"):
        Whole("k", -1)


def test_what_is_known_of_a_name_does_not_change():
    for head in ("u", "p", "r"):
        with pytest.raises(ValueError, match="defined already"):
            primitive(head, "u", indicator=True)
    assert gradient(G).right == 0  # a constant, so it cannot be given a body that moves with theta
    with pytest.raises(ValueError, match="in use as a constant"):
        define("G", (), J(1), "G")
    other, t = complement(r(x, y))
    assert complement(r(x, y))[0] == other and t.right == 1 - r(x, y)


# ------------------------------------------------------------------------- theorems and statuses


def test_a_theorem_does_not_change_and_is_not_copied():
    t = number(1)
    with pytest.raises(AttributeError, match="does not change"):
        t.right = Integer(-1)
    with pytest.raises(AttributeError, match="does not change"):
        del t.hypotheses
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="never copied"):
            duplicate(t)
    blank = Theorem.__new__(Theorem)
    with pytest.raises(AttributeError, match="does not change"):
        blank.left = Integer(1)
    assert (t.left, t.relation, t.right) == (0, "<", 1)


def test_nothing_passes_for_a_theorem():
    fake = SimpleNamespace(
        left=Integer(1),
        relation="<",
        right=Integer(0),
        difference=Integer(-1),
        hypotheses=frozenset(),
        axioms=frozenset(),
        rests_on=frozenset(),
    )
    with pytest.raises(Rejected, match="must be a Theorem"):
        combine(1, "<", 0, fake)
    with pytest.raises(Rejected, match="must be a Theorem"):
        discharge(assume(1, "<", 0), fake)
    with pytest.raises(TypeError, match="no subclasses"):
        type("Fake", (Theorem,), {})


@pytest.fixture
def fresh(monkeypatch):
    monkeypatch.setattr(claims, "CLAIMS", dict(claims.CLAIMS))
    monkeypatch.setattr(claims, "_results", {})


def test_a_result_does_not_change(fresh):
    result = claims.result("eq-27")
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.status = "checked"
    with pytest.raises(TypeError):
        result.parts[0] = result.parts[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.parts[0].right = Integer(0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.lines[0].formula = "0"


def test_a_borrowed_theorem_brings_the_status_of_its_claim(fresh):
    @claims.proved("leaning", "—", "leans on a citation")
    def _(proof):
        proof.rest_on("descartes")
        proof.state_same(proof.chain(0, ("≤", m**2, "a square", square(m))))

    @claims.proved("borrowing", "—", "takes the theorem without `use`")
    def _(proof):
        proof.state_same(claims.result("leaning").parts[0].theorem)

    borrowed = claims.result("borrowing")
    assert (borrowed.status, borrowed.depends_on) == ("cited", ("leaning",))


def test_nothing_names_a_refuted_claim_as_its_ground(fresh):
    @claims.proved("lost", "—", "leans on a slip")
    def _(proof):
        proof.rest_on("slip-1")
        proof.state_same(combine(m, "=", m))

    claims.declare("cited-lost", "—", "t", "cited", "s", "r", depends_on=("slip-1",))

    @claims.checked("checked-lost", "—", "t", "s", depends_on=("slip-1",))
    def _():
        return claims.Check(1, "yes")

    for name in ("lost", "cited-lost", "checked-lost"):
        with pytest.raises(Rejected, match="refuted"):
            claims.result(name)


def test_a_declared_status_is_no_stronger_than_its_grounds(fresh):
    number_ = next(c.id for c in claims.CLAIMS.values() if c.check and not c.refutes)
    claims.declare("too-strong", "—", "t", "cited", "s", "r", depends_on=(number_,))
    with pytest.raises(Rejected, match="is declared cited"):
        claims.result("too-strong")


@pytest.mark.parametrize("cases", [0, -1, True])
def test_a_check_has_cases(cases):
    with pytest.raises(ValueError, match="at least 1"):
        claims.Check(cases, "nothing")
