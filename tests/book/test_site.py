"""The site as readers meet it: weight, steadiness, previews, downloads, search, copy buttons."""

import csv
import gzip
import io
import re
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
from browser import HTML, SUBFOLDER, anchors, documented_policy, page_names, settle, soup
from bs4 import BeautifulSoup

built = pytest.mark.usefixtures("built")
FIRST = page_names()[0]

# Runs before a page's own scripts: what moves without the reader's doing, and what is forbidden.
WATCH = """
window.watched = {shift: 0, violations: [], heights: {}};
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) watched.shift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
document.addEventListener('securitypolicyviolation', event =>
    watched.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
const grown = new ResizeObserver(entries => {
    for (const {target, contentRect} of entries) {
        const name = target.querySelector('.live-figure').className.split(' ').at(-1);
        (watched.heights[name] ??= []).push(contentRect.height);
    }
});
document.addEventListener('DOMContentLoaded', () =>
    document.querySelectorAll('.live-figure').forEach(one => grown.observe(one.parentElement)));
"""


def opened(context, address, **options):
    """A page on which everything has arrived, live figures too."""
    page = context.new_page()
    page.goto(address, **options)
    page.wait_for_load_state("load")
    page.wait_for_function(
        "document.querySelectorAll('.pk').length >= "
        "document.querySelectorAll('.live-stand-in').length",
        timeout=60_000,
    )
    settle(page)
    return page


def pages_with_live_figures() -> list[str]:
    """One page for each live figure: the first one that shows it."""
    chosen, seen = [], set()
    for name in page_names():
        if (HTML / name).is_file():
            text = (HTML / name).read_text(encoding="utf8")
            shown = set(re.findall(r"live-figure (live-\w+)", text))
            if shown - seen:
                chosen.append(name)
                seen |= shown
    return chosen


@pytest.mark.browser
def test_the_first_page_weighs_less_than_two_megabytes(browser, site, measured):
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    loaded = set()
    context.on("request", lambda request: loaded.add(request.url.split("?")[0]))
    opened(context, f"{site}/{FIRST}")
    context.close()
    total = 0
    for address in loaded:
        if urlparse(address).scheme == "http":
            path = unquote(urlparse(address).path).removeprefix(f"/{SUBFOLDER}/")
            content = (HTML / path).read_bytes()
            total += min(len(content), len(gzip.compress(content, 6)))
    measured.append(f"first page with all it loads: {total / 1e6:.2f} MB compressed")
    assert 200_000 < total < 2_000_000


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 360])
def test_nothing_jumps_when_figures_arrive(browser, site, width, measured):
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_init_script(WATCH)
    for name in pages_with_live_figures():
        page = opened(context, f"{site}/{name}")
        page.wait_for_timeout(300)
        seen = page.evaluate("watched")
        page.close()
        assert seen["violations"] == []
        for figure, heights in seen["heights"].items():
            assert abs(heights[-1] - heights[0]) <= 40, (
                f"{figure} is {heights[-1]:.0f} pixels high at a width of {width}, where "
                f"{heights[0]:.0f} are kept for it: correct its height in _static/live.css"
            )
        if name == FIRST:
            measured.append(f"first page at {width} pixels: layout shift {seen['shift']:.4f}")
            assert seen["shift"] < 0.02
        assert seen["shift"] < 0.1, f"{name} jumps at {width} pixels while its formulas are set"


def test_the_policy_names_no_other_origin():
    sources = re.findall(
        r"(?<= )(?!\w+-src|base-uri|form-action|frame-anc)\S+", documented_policy()
    )
    assert {source.rstrip(";") for source in sources} <= {
        "'none'", "'self'", "'unsafe-inline'", "'unsafe-eval'", "blob:", "data:",
    }  # fmt: skip


@pytest.mark.browser
def test_an_outside_request_would_be_found(browser, site):
    """The control: the policy and the watch are really there."""
    context = browser.new_context()
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"{site}/chapters/notation.html")
    page.evaluate(
        "document.body.append(Object.assign(new Image(), {src: 'http://other.invalid/x'}))"
    )
    page.wait_for_function("watched.violations.length")
    assert "img-src" in page.evaluate("watched.violations[0]")
    context.close()


# --- Previews and symbols


@pytest.fixture
def chapter(browser, site):
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{site}/chapters/05_threshold.html")
    settle(page)
    yield page
    context.close()


@pytest.mark.browser
def test_a_link_shows_what_it_leads_to_by_mouse_and_by_keyboard(chapter):
    link = chapter.locator("article a[href$='#eq-4']").first
    link.scroll_into_view_if_needed()
    link.hover()
    preview = chapter.locator("#preview")
    preview.locator("mjx-container").first.wait_for()
    assert link.get_attribute("aria-describedby") == "preview"
    preview.hover()  # one can move onto it, to read it or to follow its links
    chapter.wait_for_timeout(400)
    assert preview.is_visible()
    chapter.keyboard.press("Escape")
    assert preview.count() == 0

    chapter.mouse.move(0, 0)
    chapter.evaluate("document.activeElement.blur()")
    symbol = chapter.locator("article a.symbol").first
    chapter.keyboard.press("Tab")
    symbol.focus()
    preview.locator("mjx-container").first.wait_for()
    box = preview.bounding_box()
    assert 0 <= box["x"] and box["x"] + box["width"] <= 1200 and box["y"] >= 0
    chapter.locator("a.right-next").focus()
    preview.wait_for(state="detached")
    assert symbol.get_attribute("aria-describedby") is None


@pytest.mark.browser
def test_a_link_is_one_stop_for_the_tab_key(chapter):
    """Formulas are stops, so that their menu can be reached; those in links are not."""
    stops = "[...document.querySelectorAll('%s mjx-container[tabindex=\"0\"]')].length"
    assert chapter.evaluate(stops % "article") > 50
    assert chapter.evaluate(stops % "article a[href]") == 0
    link = chapter.locator("article a.symbol").nth(1)
    link.focus()
    chapter.locator("#preview mjx-container").first.wait_for()
    assert chapter.evaluate(stops % "#preview a[href]") == 0
    chapter.keyboard.press("Tab")
    assert not link.evaluate("link => link.contains(document.activeElement)")
    assert link.locator("mjx-assistive-mml math").count() == 1, "who listens still hears it"


@pytest.mark.browser
def test_formulas_are_set_once_and_take_about_the_room_that_was_kept(chapter):
    assert chapter.locator("article mjx-container").count() > 100
    assert chapter.locator("mjx-container mjx-container").count() == 0
    found = chapter.evaluate(
        """async () => {
            const source = await (await fetch(location.href)).text();
            const unset = new DOMParser().parseFromString(source, "text/html");
            const inLine = (page) => [...page.querySelectorAll("article p span.math")];
            const kept = inLine(unset).map((one) =>
                parseFloat(one.style.getPropertyValue("--width")));
            const taken = inLine(document).map((one) =>
                one.getBoundingClientRect().width / parseFloat(getComputedStyle(one).fontSize));
            const letters = inLine(unset).map((one) => one.textContent.length);
            return taken.map((width, i) => [width, kept[i], letters[i]]).filter(([width]) => width);
        }"""
    )
    taken, kept, letters = np.array(found).T
    assert len(taken) > 50
    assert np.abs(kept - taken).mean() < 0.12 * taken.mean()
    assert np.abs(0.5 * letters - taken).mean() > taken.mean(), "the control: as TeX, twice as wide"


@pytest.mark.browser
def test_a_first_tap_shows_and_a_second_one_follows(browser, site):
    context = browser.new_context(viewport={"width": 360, "height": 700}, has_touch=True)
    page = context.new_page()
    page.goto(f"{site}/chapters/05_threshold.html")
    settle(page)
    link = page.locator("article a[href$='02_preliminaries.html#eq-4']").first
    link.scroll_into_view_if_needed()
    link.tap()
    page.locator("#preview .preview-go").wait_for()
    box = page.locator("#preview").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    link.tap()
    page.wait_for_url("**/02_preliminaries.html#eq-4")
    context.close()


@built
def test_every_previewed_link_has_its_preview_and_every_symbol_its_row():
    texts = (HTML / "_static" / "preview-texts.js").read_text(encoding="utf8")
    notation = soup("chapters/notation.html")
    rows = {row["id"] for row in notation.select("tr[id]")}
    linked = set()
    for name in page_names():
        for link in soup(name).select("article a.symbol"):
            linked.add(link["href"].partition("#")[2])
    assert len(rows) > 20
    assert linked <= rows
    assert len(linked) > 15, "symbols are hardly linked: the notation and the text have parted"
    for row in linked:
        assert f'"chapters/notation.html#{row}"' in texts


@built
def test_every_row_of_the_notation_leads_to_where_its_symbol_is_introduced():
    notation = soup("chapters/notation.html")
    for row in notation.select("tr[id]"):
        link = row.select_one("td:last-child a")["href"]
        page, _, anchor = link.partition("#")
        assert not anchor or unquote(anchor) in anchors(f"chapters/{page}"), link


# --- Downloads


@built
@pytest.mark.parametrize("name", page_names())
def test_every_figure_can_be_downloaded_with_its_numbers(name):
    page = soup(name)
    figures = page.select("article .cell_output img")
    links = page.select("article .figure-downloads")
    assert len(figures) == len(links), "each picture has its links"
    for box in links:
        assert box.select_one("button.live-svg") or box.select_one("a[href$='.svg']")
        numbers = box.select_one("a[href$='.csv']")
        file = (HTML / name).parent / numbers["href"].split("?")[0]
        rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf8"))))
        assert len(rows) > 1, numbers
        assert all(float(row["x"]) == float(row["x"]) for row in rows if row["x"])


@pytest.mark.browser
def test_a_live_figure_is_saved_as_it_stands(browser, site):
    context = browser.new_context(viewport={"width": 1200, "height": 900}, accept_downloads=True)
    page = opened(context, f"{site}/{FIRST}")
    saved = []
    for preset in (None, ".pk button:has-text('k = 2')"):
        if preset:
            page.locator(preset).click()
            page.wait_for_timeout(500)
        with page.expect_download() as download:
            page.locator("button.live-svg").first.click()
        with open(download.value.path(), encoding="utf8") as file:
            saved.append(file.read())
    context.close()
    for text in saved:
        drawing = BeautifulSoup(text, "html.parser")
        assert len(drawing.find_all("path")) > 20
        assert "var(--" not in text and drawing.svg["width"]
    assert saved[0] != saved[1]


# --- What comes with the theme, offline


@pytest.mark.browser
def test_the_copy_button_copies_the_code(chapter):
    cell = chapter.locator("div.cell_input:visible .highlight").first
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = chapter.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip() != ""


@pytest.mark.browser
def test_contents_neighbours_and_theme_are_at_hand(chapter):
    assert chapter.locator("#pst-page-toc-nav a, .page-toc a").count() > 5
    assert chapter.locator("a.left-prev").get_attribute("href").startswith("04_")
    assert chapter.locator("a.right-next").get_attribute("href").startswith("06_")
    before = chapter.evaluate("document.documentElement.dataset.theme")
    for _ in range(2):
        chapter.locator("button.theme-switch-button:visible").first.click()
    assert chapter.evaluate("document.documentElement.dataset.mode") in ("light", "dark", "auto")
    chapter.locator("button.theme-switch-button:visible").first.click()
    seen = {before, chapter.evaluate("document.documentElement.dataset.theme")}
    assert seen <= {"light", "dark"}


@pytest.mark.browser
def test_the_search_shows_where_a_word_stands_and_finds_the_library(browser, site):
    page = browser.new_page()
    page.goto(f"{site}/search.html?q=interference")
    page.wait_for_selector("#search-results li p.context, #search-results li .context")
    page.goto(f"{site}/search.html?q=unbiased_pass_at_k")
    page.wait_for_selector("#search-results li a[href*='reference/core.html']")
    page.close()


# --- What a link to a page shows elsewhere


@built
@pytest.mark.parametrize("name", page_names())
def test_every_page_says_what_it_is_about(name):
    page = soup(name)
    assert len(page.select_one('meta[name="description"]')["content"].split()) >= 5
    assert page.select_one('meta[property="og:title"]')["content"]
