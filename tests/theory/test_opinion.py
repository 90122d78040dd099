"""Second opinions: statements hold on random policies, identities on exact rational fields."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer

from passk_lib.theory import claims, statements  # noqa: F401
from passk_lib.theory.models import Undefined, from_field
from passk_lib.theory.opinion import admitted, exact_instance, of_result, second_opinion, true_where
from passk_lib.theory.random_models import policies
from passk_lib.theory.terms import latex

PROVED = [c.id for c in claims.CLAIMS.values() if c.derive]
# its hypotheses contradict (8): that is what it shows
CONTRADICTORY = {"slip-26"}


def parts(claim_id):
    outcome = claims.result(claim_id)
    return [g.theorem for g in outcome.givens], outcome.parts


def cases_of(claim_id, wanted, size):
    """Evaluate all parts until each has met its hypotheses `wanted` times."""
    givens, all_parts = parts(claim_id)
    counts = np.zeros(len(all_parts), dtype=int)
    for seed in range(400):
        batch = policies(
            size, seed, prompts=2 + seed % 4, completions=2 + seed % 2, dim=1 + seed % 6
        )
        for i, part in enumerate(all_parts):
            if counts[i] < wanted:
                opinion = second_opinion(givens, part, batch)
                assert not len(opinion.broken), (claim_id, part.latex(), seed, opinion.broken[:3])
                counts[i] += opinion.cases
        if (counts >= wanted).all():
            break
    return counts


@pytest.mark.parametrize("claim_id", [c for c in PROVED if c not in CONTRADICTORY])
def test_a_proved_claim_holds_on_random_policies(claim_id):
    assert (cases_of(claim_id, 40, 600) >= 40).all()


@pytest.mark.long
@pytest.mark.parametrize("claim_id", [c for c in PROVED if c not in CONTRADICTORY])
def test_a_proved_claim_holds_on_ten_thousand_random_policies(claim_id):
    assert (cases_of(claim_id, 10_000, 4000) >= 10_000).all()


def test_hypotheses_that_contradict_are_never_met():
    givens, (part,) = parts("slip-26")
    assert not admitted(givens, part, policies(2000, 1), 0.0).any()


EQUATIONS = [
    c for c in PROVED if any(p.relation == "=" and not p.premise for p in claims.result(c).parts)
]


@pytest.mark.parametrize("claim_id", EQUATIONS)
def test_an_identity_holds_exactly_on_rational_fields(claim_id):
    givens, all_parts = parts(claim_id)
    all_parts = [p for p in all_parts if p.relation == "=" and not p.premise]
    batch = policies(60, seed=7, prompts=2, completions=2, dim=2, largest_order=5, grid=5)
    checked = 0
    for i in range(batch.size):
        one = exact_instance(batch, i)
        for part in all_parts:
            try:
                if admitted(givens, part, one, 0.0)[0]:
                    assert true_where(part.left, part.relation, part.right, one)[0], part.latex()
                    checked += 1
            except Undefined:
                continue
        if checked >= 8 * len(all_parts):
            break
    assert checked


def test_a_false_statement_does_not_get_a_second_opinion_in_its_favour():
    givens, all_parts = parts("cor-4.4")
    printed = (all_parts[1].premise[2], "<", Integer(0))  # "if delta < 0"
    wrong = replace(all_parts[1], premise=printed)
    assert len(second_opinion(givens, wrong, policies(2000, 2, largest_order=5)).broken)


BEYOND = [
    "passk-of-B.1",
    "weight-falls",
    "cor-4.4-F",
    "prop-4.5-F",
    "lem-C.1-F",
    "prop-4.6-F",
    "clipping",
    "annealing",
]


@pytest.mark.parametrize("claim_id", BEYOND)
def test_a_statement_of_any_transform_is_refuted_when_reversed(claim_id):
    """Else the opinion would look at cases in which both sides agree."""
    givens, all_parts = parts(claim_id)
    for part in all_parts:
        if part.relation == "=":
            continue  # its cases are exact: above
        reversed_ = replace(part, left=part.right, relation="<", right=part.left)
        assert any(
            len(second_opinion(givens, reversed_, policies(1000, seed)).broken) for seed in range(8)
        ), part.latex()


near = st.sampled_from([1e-12, 1e-6, 1e-3, 0.25, 0.5, 0.9, 1 - 1e-6, 1 - 1e-12])
order = st.sampled_from([1, 2, 3, 10, 100, 1000])


@settings(max_examples=60, deadline=None)
@given(
    success=st.lists(near, min_size=2, max_size=4),
    k=order,
    m=order,
    slopes=st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=4, max_size=4),
    mass=st.sampled_from([0.5, 0.999999, 1e-9]),
)
def test_edges_of_probability_mass_and_order(success, k, m, slopes, mass):
    count = len(success)
    rest = (1 - mass) / (count - 1)
    # gradients that a bounded score allows
    gradients = [t * (p * (1 - p)) ** 0.5 for t, p in zip(slopes, success, strict=False)]
    field = from_field(
        [mass] + [rest] * (count - 1),
        success,
        gradients,
        **{"#k": float(k), "#m": float(m), "G": 3.0, "F": 9.0},
    )
    for claim_id in (
        "eq-9",
        "eq-10",
        "eq-20",
        "eq-28",
        "eq-39",
        "eq-42",
        "sharp-gradient",
        "sharp-agreement",
        "sharp-norm",
        "at-most-one-success",
        "covariance-cauchy-schwarz",
    ):
        for part, opinion in zip(
            claims.result(claim_id).parts, of_result(claims.result(claim_id), field), strict=True
        ):
            assert not len(opinion.broken), (claim_id, latex(part.left))
