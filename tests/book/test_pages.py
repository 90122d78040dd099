"""The built book, page by page: its links, and every page in a real browser.

Each page is opened once for every width and colour theme, what is seen there is written down, and
the tests read these notes.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest
from browser import HTML, anchors, page_names, settle, soup
from playwright.sync_api import TimeoutError

AXE = (Path(__file__).parent / "assets" / "axe.min.js").read_text(encoding="utf8")
WIDTHS = {"desktop": 1200, "phone": 360}
HERE = "http://book.invalid/"

PAGES = [*page_names(), "index.html", "search.html", "genindex.html"]


# --- The files as they are

built = pytest.mark.usefixtures("built")


def references(name: str):
    """(tag, address) of all that a page links to or loads, absolute."""
    for tag, attribute in (("a", "href"), ("link", "href"), ("script", "src"), ("img", "src"),
                           ("iframe", "src"), ("source", "src")):  # fmt: skip
        for element in soup(name).find_all(tag):
            address = element.get(attribute)
            if "canonical" in element.get("rel", ""):
                continue  # says where the page is published; nothing is loaded from there
            if address and not address.startswith(("data:", "mailto:", "javascript:")):
                yield tag, urljoin(HERE + name, address)


@built
@pytest.mark.parametrize("name", PAGES)
def test_every_internal_link_leads_somewhere(name):
    broken = []
    for _, address in references(name):
        if not address.startswith(HERE):
            continue
        path, anchor = urldefrag(address.removeprefix(HERE).split("?")[0])
        anchor = unquote(urldefrag(address).fragment)
        file = HTML / unquote(path)
        if not file.is_file():
            broken.append(address)
        elif anchor and file.suffix == ".html":
            if anchor not in anchors(file.relative_to(HTML).as_posix()):
                broken.append(address)
    assert broken == []


@built
@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_from_another_host(name):
    outside = [
        address for tag, address in references(name) if tag != "a" and not address.startswith(HERE)
    ]
    assert outside == []
    assert "unpkg.com" not in str(soup(name)) and "jsdelivr" not in str(soup(name))


@built
@pytest.mark.parametrize("name", page_names())
def test_every_picture_says_what_it_shows(name):
    for image in soup(name).select("article img"):
        text = image.get("alt", "")
        assert len(text.split()) >= 4, f"{image.get('src')} has the alternative text {text!r}"
        assert "/" not in text.split()[0], f"{text!r} is a path"


@built
@pytest.mark.parametrize("name", page_names())
def test_ids_are_unique(name):
    ids = [element["id"] for element in soup(name).find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))


@built
@pytest.mark.parametrize("name", page_names())
def test_headings_descend_one_level_at_a_time(name):
    levels = [int(tag.name[1]) for tag in soup(name).select("article :is(h1, h2, h3, h4, h5)")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@built
@pytest.mark.parametrize("name", page_names())
def test_the_setup_cell_is_not_shown(name):
    assert "passk-lib[book]" not in soup(name).find("article").text


# --- In the browser


@dataclass
class Visit:
    """What was seen on one page at one width in one theme."""

    page: str
    width: str
    theme: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    seen: dict = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.page}, {self.width}, {self.theme}"


# Runs in the page.
LOOK = r"""() => {
    const tex = /\\[a-zA-Z]{2,}|\\[()[\]{}]|\$\$|\$[^$\s][^$]*\$/;
    const hidden = 'script, style, pre, code, mjx-container, .highlight, noscript, svg';
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const raw = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest(hidden)) continue;
        if (tex.test(node.data)) raw.push(node.data.trim());
    }
    const root = document.documentElement;
    const maths = [...document.querySelectorAll('article .math')];
    return {
        overflow: root.scrollWidth - root.clientWidth,
        raw,
        formulas: maths.length,
        untypeset: maths.filter(m => !m.querySelector('mjx-container')).map(m => m.textContent),
        mathErrors: [...document.querySelectorAll('mjx-merror, [data-mjx-error]')]
            .map(error => error.getAttribute('data-mjx-error') || error.textContent),
        speakable: document.querySelectorAll('mjx-assistive-mml math').length,
        cut: maths.filter(box => {
            // A scroll container's content may not begin left of it: no scrolling leads there.
            const start = box.getBoundingClientRect().left - 1;
            return [...box.querySelectorAll('mjx-math *')].some(part => {
                const place = part.getBoundingClientRect();
                return place.width && place.left < start;
            });
        }).map(box => box.id || box.textContent),
        pictures: [...document.querySelectorAll('article img')]
            .filter(image => !image.naturalWidth).map(image => image.src),
        theme: root.dataset.theme,
        background: getComputedStyle(document.body).backgroundColor,
    };
}"""


def in_turn(note: Visit) -> bool:
    """axe takes most of the time: a chapter in two of the four ways, a theme each. Of the long
    pages that are made of the same parts, one stands for all."""
    if note.page.startswith("reference/") or note.page in LONG_PAGES:
        return note.page == "reference/book.html" and (note.width, note.theme) == SEEN[0]
    return (note.width, note.theme) in SEEN


SEEN = [("desktop", "light"), ("phone", "dark")]
LONG_PAGES = ("chapters/C_slips.html", "chapters/D_derivations.html", "genindex.html")


def visit(context, site, name, looks, closely) -> list[Visit]:
    """Load one page as the first look says, look at it, turn to the next width and theme."""
    page = context.new_page()
    visits = [Visit(name, width, theme) for width, theme in looks]
    note = visits[0]
    page.on("pageerror", lambda error: note.errors.append(str(error)))
    page.on(
        "console",
        lambda said: note.errors.append(said.text) if said.type == "error" else None,
    )
    page.on(
        "request",
        lambda request: (
            note.outside.append(request.url)
            if urlparse(request.url).netloc not in ("", urlparse(site).netloc)
            else None
        ),
    )
    page.on(
        "response",
        lambda answer: note.missing.append(answer.url) if answer.status >= 400 else None,
    )
    page.goto(f"{site}/{name}")
    settle(page)
    # What a solution hides is looked at too, at once and not half faded in.
    page.add_style_tag(content="* { animation: none !important; transition: none !important }")
    page.evaluate("document.querySelectorAll('article details').forEach(box => box.open = true)")
    page.evaluate(AXE + "; 0")
    for note in visits:
        if page.viewport_size["width"] != WIDTHS[note.width]:
            page.set_viewport_size({"width": WIDTHS[note.width], "height": 900})
            # The theme gives what now scrolls a tab stop a while later; axe reports what is left.
            with suppress(TimeoutError):
                page.wait_for_function(ALL_SCROLLABLE_BY_KEYS, timeout=10_000)
        page.emulate_media(color_scheme=note.theme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{note.theme}'")
        page.evaluate(TWO_FRAMES)  # figures follow at once
        note.seen = page.evaluate(LOOK)
        if closely(note):
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            note.violations = [
                f"{violation['id']} ({violation['impact']}): {violation['nodes'][0]['html'][:200]}"
                for violation in found["violations"]
                if violation["impact"] in ("serious", "critical")
            ]
    page.close()
    return visits


ALL_SCROLLABLE_BY_KEYS = """[...document.querySelectorAll('article pre')].every(
    box => box.scrollWidth <= box.clientWidth || box.tabIndex === 0)"""
TWO_FRAMES = """() => new Promise(done =>
    requestAnimationFrame(() => requestAnimationFrame(done)))"""
DESKTOP = [("desktop", "light"), ("desktop", "dark")]
PHONE = [("phone", "dark"), ("phone", "light")]


@pytest.fixture(scope="module")
def visits(browser, site, request) -> list[Visit]:
    """Every page in both widths and themes. A long run loads it for each width; a short one once,
    and makes the window narrow, which spares setting its formulas again."""
    short = "not long" in request.config.option.markexpr
    notes = []
    for looks in [DESKTOP + PHONE] if short else [DESKTOP, PHONE]:
        width, theme = looks[0]
        # One context for all pages, so that they share a cache as a reader's do.
        context = browser.new_context(
            viewport={"width": WIDTHS[width], "height": 900}, color_scheme=theme
        )
        for name in [*page_names(), "search.html", "genindex.html"]:
            notes += visit(context, site, name, looks, in_turn if short else lambda note: True)
        context.close()
    return notes


def faults(visits, look) -> dict[str, object]:
    return {str(one): found for one in visits if (found := look(one))}


@pytest.mark.browser
def test_pages_load_without_errors(visits):
    assert faults(visits, lambda one: one.errors) == {}


@pytest.mark.browser
def test_pages_ask_no_other_host_and_miss_no_file(visits):
    assert faults(visits, lambda one: one.outside + one.missing) == {}


@pytest.mark.browser
def test_every_formula_is_typeset_without_an_error_and_readable_aloud(visits):
    assert faults(visits, lambda one: one.seen["untypeset"] + one.seen["mathErrors"]) == {}
    for one in visits:
        assert one.seen["speakable"] >= one.seen["formulas"], one
    assert sum(one.seen["formulas"] for one in visits) > 0


@pytest.mark.browser
def test_no_raw_tex_is_left_in_the_text(visits):
    """The reference may name a command of TeX: docstrings speak of what a verifier reads."""
    chapters = [one for one in visits if not one.page.startswith("reference/")]
    assert faults(chapters, lambda one: one.seen["raw"]) == {}


@pytest.mark.browser
def test_every_picture_loads(visits):
    assert faults(visits, lambda one: one.seen["pictures"]) == {}


@pytest.mark.browser
def test_no_page_is_wider_than_its_window(visits):
    assert faults(visits, lambda one: max(0, one.seen["overflow"])) == {}


@pytest.mark.browser
def test_a_wide_formula_can_be_scrolled_to_its_beginning(visits):
    assert faults(visits, lambda one: one.seen["cut"]) == {}


@pytest.mark.browser
def test_pages_follow_the_readers_colour_theme(visits):
    for one in visits:
        assert one.seen["theme"] == one.theme, one
    assert len({one.seen["background"] for one in visits}) == 2


@pytest.mark.browser
def test_axe_finds_no_serious_barrier(visits):
    assert faults(visits, lambda one: one.violations) == {}


@pytest.mark.browser
def test_the_search_finds_a_word_of_the_book(browser, site):
    page = browser.new_page()
    page.goto(f"{site}/search.html?q=interference")
    page.wait_for_selector("#search-results li a", timeout=10_000)
    page.close()
