"""The book on paper: `tools/print_book.py` on a book of two pages."""

import re
from concurrent.futures import ThreadPoolExecutor

import print_book
import pytest

HEAD = '<head><meta property="og:site_name" content="Two pages"><style>p {}</style></head>'
ONE = """<article class="bd-article"><h1 id="top">One</h1>
<p><a id="there" href="two.html#top">on</a> <a id="out" href="https://a.example/">out</a></p>
<details class="admonition hide above-input"><summary>Show the code</summary>folded()</details>
<div class="live-figure">dead</div><div class="live-stand-in"><p>A picture.</p></div>
<details><summary>Solution</summary><p id="solved">The answer.</p></details>
<img loading="lazy" src="data:," alt="A drawn figure.">
<div id="wide" style="overflow-x: auto"><p style="width: 2000px">A long formula.</p></div>
</article><footer>not printed</footer>"""
TWO = '<article class="bd-article"><h1 id="top">Two</h1><a href="one.html">back</a></article>'


@pytest.fixture
def site(tmp_path, monkeypatch):
    html = tmp_path / "html"
    for name, body in {"chapters/one": ONE, "chapters/two": TWO}.items():
        (html / name).parent.mkdir(parents=True, exist_ok=True)
        (html / f"{name}.html").write_text(f"<html>{HEAD}<body>{body}</body></html>")
    monkeypatch.setattr(print_book.book_browser, "HTML", html)
    names = ["chapters/one.html", "chapters/two.html"]
    monkeypatch.setattr(print_book.book_browser, "page_names", lambda: names)
    return html


def test_the_pages_become_one_with_links_inside_and_without_what_paper_cannot_show(site):
    names = ["chapters/one.html", "chapters/two.html"]
    sheet = print_book.BeautifulSoup(print_book.one_page(site, names), "html.parser")
    assert sheet.title.string == "Two pages"
    ids = [element["id"] for element in sheet.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = [link["href"] for link in sheet.find_all("a")]
    contents = ["#chapters-one", "#chapters-two"]
    assert links == ["#chapters-two--top", "https://a.example/", *contents, "#chapters-one"]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert sheet.select("img[alt='A drawn figure.']") and not sheet.select("[loading]")
    text = sheet.get_text()
    assert "A picture." in text and "The answer." in text
    assert not any(word in text for word in ("folded", "dead", "not printed"))


def test_every_chapter_begins_a_sheet_and_nothing_is_left_in_the_site(site, tmp_path, capsys):
    if print_book.book_browser.find_chromium() is None:
        pytest.skip("no Chromium on this machine: no book was printed")
    out = tmp_path / "book.pdf"
    # In a thread of its own: the session's browser may be open in this one, and two do not mix.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(print_book.main, [str(out)]).result() == 0
    assert capsys.readouterr().out.strip() == str(out)
    pdf = out.read_bytes()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 3  # the contents between the two
    assert not list(site.rglob(print_book.SHEET))


@pytest.mark.browser
def test_what_a_screen_would_scroll_fits_the_paper(site, browser):
    page = browser.new_page(viewport={"width": print_book.WIDTH, "height": 1000})
    page.set_content(print_book.one_page(site, ["chapters/one.html"]))
    overhang = (
        "() => (box => box.scrollWidth - box.clientWidth)(document.querySelector('[id$=wide]'))"
    )
    assert page.evaluate(overhang) > 0
    page.evaluate(print_book.READY)
    page.evaluate(print_book.FIT)
    assert page.evaluate(overhang) <= 1
    assert page.locator("[id$=solved]").is_visible()
    page.close()


def test_a_book_that_is_not_built_is_said_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(print_book.book_browser, "HTML", tmp_path)
    assert print_book.main([]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
