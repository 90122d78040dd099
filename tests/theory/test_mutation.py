"""Negative controls: one node of a derivation, a statement or a definition changed at a time."""

from collections import Counter

import pytest

from passk_lib.theory import claims, mutation, statements  # noqa: F401
from passk_lib.theory.mutation import (
    FALSE,
    UNTRIED,
    Fields,
    accepted,
    all_mutants,
    changes,
    judge,
    judge_definition,
)
from passk_lib.theory.setting import G, a, k, m, w, x
from passk_lib.theory.terms import E

# a fixed part for every run: short derivations of every kind
FAST = (
    "eq-2",
    "eq-8",
    "eq-27",
    "cor-4.4",
    "eq-33",
    "sharp-agreement",
    "conflict-cv",
    "lem-C.1",
    "cor-4.4-F",
    "pcgrad",
    "clipping",
)
EVERY = 12


@pytest.fixture(scope="module")
def fields():
    return Fields()


def run(mutants, fields):
    classes, false = Counter(), []
    for mutant, written, page in mutants:
        kind = judge(mutant, written, page, fields)
        classes[kind] += 1
        if kind == FALSE:
            false.append((mutant.site.claim, mutant.site.kind, mutant.name, mutant.value))
    return classes, false


def test_changes_are_of_one_node_and_of_every_kind():
    names = {name for name, _ in changes(E(w(k, x) * (a(x) - m) ** 2, x) - G)}
    assert {
        "flip the sign of a term",
        "drop a term",
        "drop a factor",
        "raise an exponent",
        "lower an exponent",
        "shift an order",
        "swap two constants",
    } <= names


def test_no_false_mutant_of_the_fixed_part_is_accepted(fields, mutation_score):
    chosen = [t for t in all_mutants(FAST)][::EVERY]
    classes, false = run(chosen, fields)
    mutation_score["derivations, fixed part"] = classes
    assert not false
    assert classes["falsified"] > len(chosen) / 2


def test_no_false_mutant_of_the_weight_is_accepted(fields, mutation_score):
    users = mutation.users_of(FAST)
    classes = Counter(
        judge_definition(head, body, users[head], fields)
        for head, _, body in mutation.definition_mutants()
        if head in ("w", "a", "margin")
    )
    mutation_score["definitions, fixed part"] = classes
    assert not classes[FALSE]


def test_no_hypothesis_of_a_claim_can_be_dropped():
    dropped = [m_ for m_, _, _ in all_mutants() if m_.name == "drop a hypothesis"]
    assert len(dropped) > 100
    assert not [(m_.site.claim, m_.site.value) for m_ in dropped if accepted(m_) is not None]


def test_a_change_that_no_field_can_try_is_not_called_shown(fields):
    """0 < -G is accepted in place of 0 < G, and met by no field."""
    (kind,) = (
        judge(mutant, written, page, fields)
        for mutant, written, page in all_mutants(["eq-33"])
        if mutant.site.kind == "hypothesis" and mutant.value == (0, "<", -G)
    )
    assert kind == UNTRIED


@pytest.mark.long
def test_no_false_mutant_is_accepted(fields, mutation_score):
    classes, false = run(all_mutants(), fields)
    mutation_score["derivations and statements, all"] = classes
    assert sum(classes.values()) > 1000
    assert not false


@pytest.mark.long
def test_no_false_definition_is_accepted(fields, mutation_score):
    users, classes, false = mutation.users_of(), Counter(), []
    for head, name, body in mutation.definition_mutants():
        kind = judge_definition(head, body, users.get(head, []), fields)
        classes[kind] += 1
        if kind == FALSE:
            false.append((head, name, body))
    mutation_score["definitions, all"] = classes
    assert not false
