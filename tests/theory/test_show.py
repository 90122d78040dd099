"""A claim on the page: plain Markdown and LaTeX that says what was checked."""

import re

import pytest

from passk_lib.theory import claim, claims, ledger, slips, statements, trusted_base  # noqa: F401
from passk_lib.theory.setting import J, a, cov, k, minus, p, u, w, x
from passk_lib.theory.terms import E, frac, latex


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
    assert not re.search(r"<[a-zA-Z/!]", re.sub(r"\$[^$]*\$", "", page))  # no HTML
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
    assert "`slip-1` ✗ refuted as printed, `cor-4.4` ✓ proved" in page
    assert all(line.count("|") == 4 for line in page.splitlines())
