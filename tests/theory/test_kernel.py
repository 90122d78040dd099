"""The rules refuse what does not follow, whatever it is called."""

import pytest
from sympy import Integer, Rational, Symbol

from passk_lib.theory import axioms, claims, kernel, statements  # noqa: F401
from passk_lib.theory.kernel import Rejected, Theorem, assume, at, chain, combine, discharge, times
from passk_lib.theory.normal import Malformed, nf
from passk_lib.theory.setting import (
    M1,
    G,
    J,
    a,
    delta,
    dJ,
    eps,
    g,
    g1,
    gF,
    k,
    k2,
    m,
    margin,
    minus,
    n,
    p,
    r,
    s,
    u,
    v,
    w,
    x,
    x2,
    y,
    yy,
)
from passk_lib.theory.terms import (
    Completion,
    E,
    Grad,
    Hess,
    Inv,
    Log,
    define,
    frac,
    ip,
    sq,
    substitute,
)


def same(left, right):
    return nf(left) == nf(right)


def test_a_theorem_cannot_be_written_down():
    with pytest.raises(TypeError, match="made by rules"):
        Theorem(None, Integer(1), "=", Integer(2), (), (), ())


def test_nothing_but_kernel_and_axioms_concludes():
    import pathlib

    import passk_lib.theory as theory

    root = pathlib.Path(theory.__file__).parent
    for path in root.rglob("*.py"):
        text = path.read_text()
        if path.name not in ("kernel.py", "axioms.py"):
            assert "conclude" not in text and "_KEY" not in text, path
            assert "simplify(" not in text.replace("sympify(", ""), path


# -- the normal form


def test_expectation_is_linear_and_of_one_is_one():
    assert same(E(2 * w(k, x) + 3, x), 2 * E(w(k, x), x) + 3)
    assert same(E(m, x), m)


def test_expectation_of_a_product_is_not_the_product_of_expectations():
    assert not same(E(w(k, x) * a(x), x), E(w(k, x), x) * E(a(x), x))


def test_squares_of_expectations_are_over_independent_copies():
    assert same(E(p(x), x) ** 2, E(p(x) * p(x2), x, x2))
    assert not same(E(p(x), x) ** 2, E(p(x) ** 2, x))


def test_bound_variables_are_only_names():
    assert same(E(p(x), x), E(p(x2), x2))
    assert same(E(E(p(x), x) * p(x), x), E(p(x), x) * E(p(x2), x2))
    assert not same(E(p(x) * u(x2), x), E(p(x) * u(x), x))


def test_two_completions_of_one_prompt_are_not_one():
    one = E(ip(s(x, y), s(x, y)), y)
    two = E(ip(s(x, y), s(x, yy)), y, yy)
    assert not same(one, two)


def test_inner_product_is_bilinear_and_symmetric():
    assert same(ip(2 * g(x) - g(x2), v), 2 * ip(v, g(x)) - ip(g(x2), v))
    assert same(sq(g(x) - g(x2)), sq(g(x)) - 2 * ip(g(x), g(x2)) + sq(g(x2)))


def test_powers_of_the_failure_probability_combine():
    assert same((1 - p(x)) ** k - (1 - p(x)) * (1 - p(x)) ** (k - 1), Integer(0))
    assert not same((1 - p(x)) ** k, (1 - p(x)) ** (k + 1))


def test_an_exponent_that_may_be_negative_is_refused():
    nf(u(x) ** (k - 1))
    nf(u(x) ** (k2 - 2))
    with pytest.raises(Malformed, match="negative"):
        nf(u(x) ** (k - 2))


def test_a_verifier_is_its_own_square_and_a_score_is_not():
    assert same(r(x, y) ** 2, r(x, y))
    assert same(r(x, y) ** k, r(x, y))
    assert not same(p(x) ** 2, p(x))
    assert not same(r(x, y) ** (k - 1), r(x, y))  # r^0 = 1 at k = 1


def test_scalars_and_vectors_do_not_mix():
    with pytest.raises(Malformed):
        nf(g(x) + 1)
    with pytest.raises(Malformed):
        nf(g(x) * g(x2))


def test_fractions_do_not_cancel_without_a_proof():
    assert not same(E(p(x), x) * Inv(E(p(x), x)), Integer(1))


def test_substitution_captures_nothing():
    moved = substitute(E(ip(g(x), g(x2)), x2), {x: x2})
    assert same(moved, substitute(a(x2), {}) - a(x2) + E(ip(g(x2), g(x)), x))
    assert not same(moved, E(sq(g(x2)), x2))


# -- the rules


def test_combine_refuses_the_wrong_sign():
    h = assume(p(x), "≤", m)
    assert combine(p(x) - m, "≤", 0, h).relation == "≤"
    with pytest.raises(Rejected):
        combine(m - p(x), "≤", 0, h)
    with pytest.raises(Rejected, match="positive number"):
        combine(m - p(x), "≤", 0, (-1, h))


def test_a_strict_conclusion_needs_a_strict_reason():
    h = assume(0, "≤", m)
    with pytest.raises(Rejected, match="strict"):
        combine(0, "<", m, h)


def test_an_equation_cannot_rest_on_an_inequality():
    with pytest.raises(Rejected):
        combine(0, "=", m, assume(0, "≤", m))


def test_chains_have_to_join():
    with pytest.raises(Rejected, match="join"):
        chain(assume(0, "≤", m), assume(G, "≤", 1))


def test_a_factor_has_to_be_non_negative():
    h = assume(p(x), "≤", m)
    with pytest.raises(Rejected):
        times(h, assume(-1, "≤", G))
    assert times(assume(0, "<", m), assume(0, "≤", G)).relation == "≤"


def test_hypotheses_are_carried_and_only_a_proof_drops_them():
    h = assume(0, "<", m)
    t = times(h, kernel.number(2))
    assert t.hypotheses == h.hypotheses
    with pytest.raises(Rejected):
        discharge(t, assume(0, "≤", m))  # weaker than the hypothesis
    with pytest.raises(Rejected):
        discharge(t, assume(0, "<", G))
    stronger = assume(0, "<", m)
    assert discharge(kernel.weaken(assume(0, "≤", m)), stronger).hypotheses == h.hypotheses


def test_instances_respect_sorts_hypotheses_and_gradients():
    t = axioms.gradient(1 - u(x) ** k)
    assert same(at(t, {k: 1}).right, g(x))
    with pytest.raises(Rejected, match="at least"):
        at(t, {k: 0})
    with pytest.raises(Rejected, match="at least"):
        at(t, {k: n - 1})
    with pytest.raises(Rejected, match="hypothesis"):
        at(assume(0, "<", m), {m: G})
    with pytest.raises(Rejected, match="gradient"):
        at(axioms.gradient(m * u(x)), {m: p(x)})
    with pytest.raises(Rejected, match="sort"):
        at(t, {x: m})


def test_a_square_is_the_only_thing_taken_to_be_non_negative():
    kernel.square(m - G)
    with pytest.raises(Malformed):
        kernel.squared_norm(m)


def test_a_constant_hidden_in_a_definition_is_not_replaced():
    t = combine(margin(k), "≤", margin(k) + G**2, kernel.square(G))
    with pytest.raises(Rejected, match="hidden in a definition"):
        at(t, {G: m})
    half = combine(eps, "=", 1 - Symbol("epsbar"))
    with pytest.raises(Rejected, match="hidden in a definition"):
        at(half, {Symbol("epsbar"): m})


def test_an_order_is_replaced_by_integers_only():
    t = kernel.at_least(k)
    at(t, {k: 2 * n + k})
    for bad in (Rational(3, 2), (k + 1) / 2, 3 - n, m):
        with pytest.raises(Rejected, match="integer"):
            at(t, {k: bad})


def test_a_completion_is_averaged_before_its_prompt():
    with pytest.raises(Malformed, match="free where"):
        nf(E(r(x, y), x))


def test_substitution_does_not_capture_a_completion_either():
    other = Completion("y", x2)
    both = E(r(x, y) * r(x2, other), y)  # the second completion is free
    moved = substitute(both, {x: x2})
    assert same(moved, E(r(x2, Completion("z", x2)), Completion("z", x2)) * r(x2, other))


def test_definitions_are_closed():
    with pytest.raises(ValueError, match="free in the body"):
        define("loose", (x,), u(x2), "loose")
    with pytest.raises(ValueError, match="free in the body"):
        define("loose", (x,), u(x) ** k, "loose")


# -- the axioms


def test_a_gradient_passes_through_the_mean_over_prompts_only():
    axioms.interchange(p(x), x)
    with pytest.raises(Rejected, match="completion"):
        axioms.interchange(r(x, y), y)
    with pytest.raises(Rejected):
        axioms.score_function(p(x), x)


def test_an_expectation_is_not_differentiated_by_calculus():
    with pytest.raises(Rejected, match="own rule"):
        axioms.gradient(E(r(x, y), y))


def test_the_weight_is_not_differentiated_at_order_one():
    with pytest.raises(Malformed, match="negative"):
        axioms.gradient(w(k, x))
    axioms.gradient(w(k2, x))


def test_what_holds_at_one_theta_is_not_differentiated():
    with pytest.raises(Rejected, match="identity in theta"):
        axioms.same_gradient(assume(p(x), "=", Rational(1, 2)))


def test_reciprocals_and_logarithms_need_positive_arguments():
    with pytest.raises(Rejected):
        axioms.reciprocal(assume(0, "≤", m))
    with pytest.raises(Rejected):
        axioms.log_increases(assume(m, "<", G), assume(0, "<", G))
    t = axioms.log_increases(assume(m, "<", G), assume(0, "<", m))
    assert t.right == Log(G)


def test_powers_increase_on_the_non_negative_numbers_only():
    h = assume(m, "≤", G)
    axioms.power(h, 2, assume(0, "≤", m))
    with pytest.raises(Rejected):
        axioms.power(h, 2, assume(0, "≤", G))
    assert axioms.power(assume(m, "<", G), k - 1, assume(0, "≤", m)).relation == "≤"
    assert axioms.power(assume(m, "<", G), k, assume(0, "≤", m)).relation == "<"


def test_taylor_needs_bounds_at_every_theta_and_the_same_constant():
    form, L = Hess(J(1), v), Symbol("L")
    up, down = assume(form, "≤", L * sq(v), True), assume(-L * sq(v), "≤", form, True)
    with pytest.raises(Rejected, match="arbitrary"):
        axioms.taylor(J(1), up, down, v, dJ(1))  # the bound is supposed of this v alone
    here = assume(form, "≤", L * sq(v))
    with pytest.raises(Rejected, match="every theta"):
        axioms.taylor(J(1), here, down, v, dJ(1))
    with pytest.raises(Rejected, match="lower"):
        axioms.taylor(J(1), up, assume(-2 * L * sq(v), "≤", form, True), v, dJ(1))
    moving = assume(form, "≤", E(p(x), x) * sq(v), True)
    with pytest.raises(Rejected, match="constant"):
        axioms.taylor(J(1), moving, down, v, dJ(1))


def test_an_operator_norm_is_that_of_a_hessian():
    axioms.operator_norm_bounds(Hess(p(x), v), v)
    with pytest.raises(Rejected, match="quadratic form"):
        axioms.operator_norm_bounds(ip(g(x), v), v)
    form = Hess(p(x), v)
    up, down = assume(form, "≤", m * sq(v)), assume(-m * sq(v), "≤", form)
    with pytest.raises(Rejected, match="arbitrary"):
        axioms.operator_norm_least(form, v, m, up, down)


def test_the_discriminant_needs_an_arbitrary_number():
    t = kernel.squared_norm(g(x) + m * v)
    axioms.discriminant(t, m, sq(v), ip(g(x), v), sq(g(x)))
    with pytest.raises(Rejected, match="arbitrary"):
        fixed = combine(0, "≤", sq(g(x) + m * v) + m, t, assume(0, "≤", m))
        axioms.discriminant(fixed, m, sq(v), ip(g(x), v) + Rational(1, 2), sq(g(x)))
    with pytest.raises(Rejected):
        axioms.discriminant(t, m, sq(v), 2 * ip(g(x), v), sq(g(x)))


def test_only_probabilities_and_indicators_are_bounded_by_definition():
    axioms.bounded(u(x))
    with pytest.raises(Rejected):
        axioms.bounded(a(x))


def test_the_trusted_base_is_one_page_with_references():
    page = axioms.trusted_base()
    assert len(page) < 6000
    for entry in [*axioms.EMBEDDED, *axioms.AXIOMS.values()]:
        assert entry.reference and entry.name in page


def test_every_rule_of_the_axiom_file_names_its_axiom():
    import inspect
    import re

    used = set(re.findall(r'axiom="([^"]+)"', inspect.getsource(axioms)))
    assert used == set(axioms.AXIOMS)


def test_names_do_not_matter():
    # two different hypotheses with one wording: the expression decides
    assert combine(0, "≤", m, assume(0, "≤", m))
    with pytest.raises(Rejected):
        combine(0, "≤", m, assume(0, "≤", G))
    assert frac(m, G) != frac(G, m) and eps != delta and Grad(p(x)) == g(x)


# -- instances: F for a transform, gradients for vectors


def general():
    """<grad J_F, grad J_1> = E[F'(p) a], about any F."""
    return claims.result("prop-4.1-F").parts[0].theorem


def passk(t, **changes):
    slots = {"value": lambda z: 1 - u(z) ** k, "slope": lambda z: k * u(z) ** (k - 1)} | changes
    return axioms.transform(t, **slots)


def test_what_holds_for_any_transform_holds_for_pass_at_k():
    t = passk(general())
    assert same(t.left, ip(dJ(k), dJ(1))) and same(t.right, E(w(k, x) * a(x), x))
    assert "calculus" in t.axioms and t.relation == "="


@pytest.mark.parametrize(
    "slope",
    [
        lambda z: -k * u(z) ** (k - 1),
        lambda z: k * u(z) ** k,
        lambda z: (k + 1) * u(z) ** (k - 1),
        lambda z: k * u(x2) ** (k - 1),
        lambda z: a(z),
        lambda z: G * u(z),
    ],
)
def test_a_slope_that_is_not_the_derivative_is_refused(slope):
    with pytest.raises((Rejected, ValueError)):
        passk(general(), slope=slope)


@pytest.mark.parametrize("value", [lambda z: a(z), lambda z: E(u(x2), x2), lambda z: minus(z)])
def test_a_transform_depends_on_the_success_probability_alone(value):
    with pytest.raises(Rejected, match="success probability of its prompt alone"):
        passk(general(), value=value)


def test_a_transform_needs_its_second_derivative_where_it_occurs():
    hessian = claims.result("eq-34-F").parts[0].theorem
    with pytest.raises(Rejected, match="second derivative"):
        passk(hessian)
    with pytest.raises(Rejected, match="not the derivative"):
        passk(
            hessian,
            value=lambda z: 1 - u(z) ** k2,
            slope=lambda z: k2 * u(z) ** (k2 - 1),
            curvature=lambda z: k2 * (k2 - 1) * u(z) ** (k2 - 2),
        )


def test_a_transform_takes_the_hypotheses_along():
    t = claims.result("cor-4.4-F").parts[0].theorem
    supposed = {h.right for h in passk(t).hypotheses if not nf(h.left)}
    assert k * u(x) ** (k - 1) in supposed  # 0 <= F' has become 0 <= k (1-p)^(k-1)
    assert len(passk(t).hypotheses) == len(t.hypotheses)


def test_a_bound_becomes_a_constant_only():
    t = claims.result("eq-42-F").parts[0].theorem
    assert passk(t, constants={M1: k})
    for bad in ({M1: u(x)}, {M1: p(x)}, {eps: k}, {k: G}):
        with pytest.raises(Rejected, match="can only become a constant"):
            passk(t, constants=bad)


def test_vectors_in_suppositions_are_replaced_with_them_or_not_at_all():
    t = claims.result("one-sided").parts[0].theorem
    with pytest.raises(Rejected, match="occurs in a hypothesis"):
        at(t, {g1: dJ(1)})
    moved = at(t, {g1: dJ(1), gF: dJ(k)}, suppositions=True)
    assert {nf(h.right - h.left) for h in moved.hypotheses} == {nf(sq(dJ(1)))}
    everywhere = assume(0, "≤", ip(v, dJ(1)), everywhere=True)
    with pytest.raises(Rejected, match="for every theta"):
        at(everywhere, {v: dJ(k)}, suppositions=True)
    with pytest.raises(Rejected, match="occurs in a hypothesis"):
        at(assume(0, "≤", m), {m: G}, suppositions=True)  # scalars stay
