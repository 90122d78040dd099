"""The ledger: what has to be proved is, nothing is stronger than what it rests on."""

import json
import re
import subprocess
import sys

import pytest

from passk_lib.theory import claim, claims, ledger
from passk_lib.theory.kernel import Rejected
from passk_lib.theory.setting import J, dJ, g, k, k2, m, w, x
from passk_lib.theory.statements.slips import SLIPS, slips
from passk_lib.theory.terms import E

MUST_BE_PROVED = """
eq-2 eq-5 eq-8 eq-9 eq-10 eq-11 eq-19 eq-20 prop-4.1 cor-4.4 prop-4.5 eq-33 eq-34 eq-35 eq-36
eq-37 eq-38 eq-39 lem-C.1 prop-4.6 prop-B.1 single-crossing sharp-gradient sharp-agreement
sharp-norm sharp-norm-strict sharp-smoothness sharp-step cor-4.4-sharp k-star-quarter
large-k-conflict large-k-agreement conflict-cv no-strong-interference
k-dagger k-star-at-least-one
sharp-step sharp-half conflict-needs-negative stationary never-solved f-is-conflict k-star-sharp
eq-26 passk-of-F passk-of-B.1 passk-of-4.5 cor-4.4-F prop-4.5-F lem-C.1-F eq-42-F prop-4.6-F
weight-falls weight-rises log-unbounded arcsin-unbounded mix one-sided mix-is-one-sided pcgrad
min-norm min-norm-end safe-step-1 safe-step-F safe-step-k mitigations-passk clipping annealing
""".split()


@pytest.fixture(scope="module")
def everything():
    return ledger()


def test_what_must_be_proved_is_proved(everything):
    status = {r.id: r.status for r in everything.results}
    assert {c: status[c] for c in MUST_BE_PROVED} == dict.fromkeys(MUST_BE_PROVED, "proved")


def test_every_numbered_item_of_the_paper_is_covered():
    ids = set(claims.CLAIMS)
    assert {f"eq-{i}" for i in range(1, 49)} <= ids
    assert {
        "def-3.1",
        "assumption-4.3",
        "prop-4.1",
        "cor-4.4",
        "prop-4.5",
        "prop-4.6",
        "prop-B.1",
        "lem-C.1",
    } <= ids


def test_every_known_slip_has_claims():
    assert set(range(1, 23)) <= set(SLIPS)
    for row in slips():
        assert row["claims"], row


def test_a_claim_is_no_stronger_than_what_it_rests_on(everything):
    status = {r.id: r.status for r in everything.results}
    for r in everything.results:
        if r.status == "proved":
            weaker = [d for d in r.depends_on if status[d] not in ("proved", "defined", "assumed")]
            assert not weaker, (r.id, weaker)


def test_the_whole_ledger_takes_well_under_a_minute(everything):
    assert sum(r.seconds for r in everything.results) < 60


def test_proofs_rest_on_hypotheses_that_are_shown(everything):
    for r in everything.results:
        shown = set().union(*(g_.theorem.hypotheses for g_ in r.givens)) if r.givens else set()
        for part in r.parts:
            extra = part.theorem.hypotheses - shown
            assert len(extra) <= (1 if part.premise else 0), r.id


def fresh(monkeypatch):
    monkeypatch.setattr(claims, "CLAIMS", dict(claims.CLAIMS))
    monkeypatch.setattr(claims, "_results", {})


def test_no_one_declares_a_computed_status():
    for status in claims.COMPUTED:
        with pytest.raises(ValueError, match="computed, never declared"):
            claims.declare("mine", "—", "t", status, "s", "r")


def test_a_proof_that_uses_a_cited_claim_is_cited(monkeypatch):
    fresh(monkeypatch)

    @claims.proved("leaning", "—", "leans on a citation")
    def _(proof):
        proof.rest_on("descartes")
        proof.state_same(proof.chain(m, ("=", m, "the same")))

    assert claims.result("leaning").status == "cited"


def test_a_derivation_with_the_wrong_sign_is_no_claim(monkeypatch):
    fresh(monkeypatch)

    @claims.proved("wrong", "—", "wrong sign")
    def _(proof):
        two = proof.use("eq-2")
        proof.state_same(proof.chain(dJ(k), ("=", -E(w(k, x) * g(x), x), "(2)", two)))

    with pytest.raises(Rejected):
        claims.result("wrong")


def test_a_statement_that_the_derivation_does_not_give_is_no_claim(monkeypatch):
    fresh(monkeypatch)

    @claims.proved("other", "—", "states something else")
    def _(proof):
        t = proof.chain(J(k), ("=", J(k), "the same"))
        proof.state(J(k2), "=", J(k), t)

    with pytest.raises(Rejected):
        claims.result("other")


def test_a_hypothesis_that_is_not_given_is_no_claim(monkeypatch):
    fresh(monkeypatch)

    @claims.proved("hidden", "—", "hides a hypothesis")
    def _(proof):
        from passk_lib.theory.kernel import assume

        proof.state_same(proof.chain(0, ("≤", m, "I say so", assume(0, "≤", m))))

    with pytest.raises(Rejected, match="not given"):
        claims.result("hidden")


def test_nothing_rests_on_a_refuted_statement(monkeypatch):
    fresh(monkeypatch)

    @claims.proved("lost", "—", "rests on a slip")
    def _(proof):
        proof.use("slip-1")

    with pytest.raises(Rejected, match="refuted"):
        claims.result("lost")


def test_a_check_that_fails_is_no_claim(monkeypatch):
    fresh(monkeypatch)

    @claims.checked("bad", "—", "false", "1 = 2")
    def _():
        return claims.Check(1, "no", False)

    with pytest.raises(Rejected, match="check fails"):
        claims.result("bad")


def test_one_claim_does_not_prove_the_rest_of_the_book(monkeypatch):
    fresh(monkeypatch)
    claim("eq-9")
    assert set(claims._results) == {"eq-2", "eq-3", "eq-8", "eq-9"}


def test_an_unknown_claim_is_named_with_its_neighbours():
    with pytest.raises(ValueError, match=r"prop-4\.9.*prop-4\.5"):
        claim("prop-4.9")


def test_the_command_prints_the_ledger_as_json():
    out = subprocess.run(
        [sys.executable, "-m", "passk_lib", "ledger", "--json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rows = json.loads(out)
    assert {"id", "number", "kind", "status", "depends_on", "seconds"} <= set(rows[0])
    assert {row["id"] for row in rows} == set(claims.CLAIMS)


def test_the_ledger_reads_as_a_table(everything):
    page = everything._repr_markdown_()
    assert "[Corollary 4.4](05_threshold.ipynb#cor-4.4)" in page
    assert "| — | [The gradient vanishes at the ends](D_derivations.ipynb#sharp-gradient) |" in page
    assert "✓ proved" not in page  # a no-break space keeps the badge together
    assert all(line.count("|") >= 6 for line in page.splitlines())
    assert re.search(r"\d+ claims: ", repr(everything))
