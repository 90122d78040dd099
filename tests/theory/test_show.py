"""A claim on the page: plain Markdown and LaTeX that says what was checked."""

import re
from pathlib import Path

import pytest

from passk_lib.theory import (  # noqa: F401
    claim,
    claims,
    derivations,
    ledger,
    slips,
    statements,
    trusted_base,
)
from passk_lib.theory.setting import J, a, cov, k, minus, p, u, w, x
from passk_lib.theory.show import APPENDIX, link
from passk_lib.theory.terms import E, frac, latex, unwrapped


@pytest.fixture(scope="module", autouse=True)
def checked():
    ledger()


def test_a_proposition_opens_a_statement_box_with_its_number_and_badge():
    page = claim("prop-4.5")._repr_mimebundle_()["text/markdown"]
    assert page.startswith("> **Proposition 4.5** (Influence of k). *✓ proved*")
    assert "| 1 |" in page and "Rests on" in page
    assert "[Corollary 4.4](05_threshold.ipynb#cor-4.4)" in page


def test_the_badge_is_text_and_every_status_has_one():
    from passk_lib.theory.show import BADGE

    assert set(BADGE) == {*claims.COMPUTED, *claims.DECLARED}
    for status, badge in BADGE.items():
        assert status in badge


@pytest.mark.parametrize("claim_id", sorted(claims.CLAIMS))
def test_pages_are_well_formed(claim_id):
    page = claim(claim_id)._repr_markdown_()
    assert page.startswith("> **")
    math = re.findall(r"\$\$(.+?)\$\$", page)
    page = re.sub(r"\$\$.+?\$\$", "", page)
    assert page.count("$") % 2 == 0
    math += re.findall(r"\$([^$]+)\$", page)
    bare = re.sub(r"\$[^$]*\$", "", page)
    folded = re.findall(
        r"<details><summary>[^<]+</summary>\n\n\|.+?\n\n</details>", bare, re.DOTALL
    )
    assert len(folded) == bare.count("<details>") <= 1
    assert not re.search(r"<(?!/?(details|summary)>)[a-zA-Z/!]", bare)  # no other HTML
    for text in math:
        assert text.count("{") == text.count("}"), text
        assert text.count(r"\left") == text.count(r"\right"), text
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.count("|") == 4, line


def test_formulas_print_as_in_the_paper():
    assert latex(w(k, x) * a(x)) == r"w_{k,\theta}(x)\,a_\theta(x)"
    assert latex(k * u(x) ** (k - 1)) == r"k\,(1-p_\theta(x))^{k-1}"
    assert latex(1 - p(x)) == r"1-p_\theta(x)"
    assert latex(E(w(k, x), x) * 2 + cov(k)).endswith(r"+\mathrm{cov}(w_{k,\theta},a_\theta)")
    assert latex(frac(a(x), J(k))) == r"\frac{a_\theta(x)}{J_{k}(\theta)}"
    assert latex(1 - minus(x)) == r"1-\mathbf 1_-(x)"


def test_the_trusted_base_displays_as_markdown():
    page = trusted_base()._repr_markdown_()
    assert page.startswith("| Taken on trust")
    assert all(line.count("|") == 4 for line in page.splitlines())


def test_a_refuted_statement_shows_its_counterexample_and_the_mended_claim():
    page = claim("slip-1")._repr_markdown_()
    assert "✗ refuted as printed" in page and r"\nabla p=(-1, 3)" in page
    assert "[Corollary 4.4](05_threshold.ipynb#cor-4.4)" in page


def test_the_slips_display_as_a_table_with_statuses():
    page = slips()._repr_markdown_()
    assert "`slip-1` ✗\u00a0refuted as printed, `cor-4.4` ✓\u00a0proved" in page
    assert all(line.count("|") == 4 for line in page.splitlines())


def test_only_long_derivations_are_folded_unless_asked_for():
    assert "<details>" in claim("lem-C.1")._repr_markdown_()
    assert "<details>" not in claim("eq-9")._repr_markdown_()
    assert "<details>" in claim("eq-9", fold=True)._repr_markdown_()
    assert "<details>" not in claim("lem-C.1", fold=False)._repr_markdown_()


# The sections of the appendix, as its cells name them.
CHAPTERS = re.findall(
    r'derivations\(\\"(\w+)\\"\)',
    (Path(__file__).parents[2] / "chapters" / f"{APPENDIX}.ipynb").read_text(encoding="utf8"),
)


def test_the_appendix_has_a_section_for_every_chapter_whose_claims_it_shows():
    linked = {
        c.chapter
        for c in claims.CLAIMS.values()
        if c.kind != "slip" and f"{APPENDIX}.ipynb" in link(c.id)
    }
    missing = linked - set(CHAPTERS)
    assert not missing, f'{APPENDIX}.ipynb needs a cell `derivations("{min(missing)}")`'


def test_every_link_to_the_appendix_of_derivations_finds_its_target():
    page = "".join(derivations(chapter)._repr_markdown_() for chapter in CHAPTERS)
    targets = re.findall(r'<a id="([^"]+)"></a>', page)
    assert len(targets) == len(set(targets))
    for claim_id in claims.CLAIMS:
        found = re.search(rf"{APPENDIX}\.ipynb#(.+)\)$", link(claim_id))
        assert not found or found[1] in targets


def test_every_derived_claim_is_shown_with_its_derivation_somewhere():
    shown = {r.id for chapter in CHAPTERS for r in derivations(chapter).results}
    in_chapters = {"prop-4.1", "cor-4.4", "prop-4.5", "lem-C.1", "prop-4.6", "eq-20", "prop-B.1"}
    assert {c.id for c in claims.CLAIMS.values() if c.derive} <= shown | in_chapters


def test_every_equation_that_a_reason_cites_is_a_link():
    for claim_id in claims.CLAIMS:
        page = re.sub(r"\$[^$]*\$", "", claim(claim_id)._repr_markdown_())
        for row in page.splitlines():
            if row.startswith("|"):
                assert not re.search(r"(?<!\[)\(\d+\)(?!\])", row), (claim_id, row)


def test_derivations_of_an_unknown_chapter_are_refused():
    with pytest.raises(ValueError, match="05_threshold"):
        derivations("99_unknown")


def test_a_slip_is_headed_as_a_claim_and_not_by_the_number_it_is_about():
    assert claim("slip-1")._repr_markdown_().startswith("> **Claim** (")


def test_parentheses_around_everything_are_dropped_only_if_they_belong_together():
    assert unwrapped("(1-p)") == "1-p"
    assert unwrapped("(1-p)(1-q)") == "(1-p)(1-q)"
    page = claim("single-crossing")._repr_markdown_()
    assert r"\left(p_\theta(x)-p_0\right)\,a_\theta(x) \ge 0" in page and "$p_0 < 1$" in page
    assert "((1-" not in page


@pytest.mark.parametrize("claim_id", ["slip-4", "slip-5", "slip-23"])
def test_what_the_paper_does_not_print_is_not_called_refuted(claim_id):
    page = claim(claim_id)._repr_markdown_()
    assert "≈ checked" in page and "refuted" not in page and "Printed" not in page


def test_a_number_in_a_reason_leads_to_the_form_that_is_used():
    page = claim("eq-20-F")._repr_markdown_()
    assert f"[(2)]({APPENDIX}.ipynb#eq-2-F) for the first |" in page
