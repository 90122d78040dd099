"""The live figures on built pages, in a real browser and with no kernel.

Every figure is tried on the chapter that shows it, opened once. What no chapter has (all figures on
one page, a figure tied to another widget) comes from a small book, built as the book is.
"""

import csv
import gzip
import json
import re
from contextlib import contextmanager
from pathlib import Path

import figures_book
import numpy as np
import pytest
from browser import HTML, page_names
from figures_book import FIGURES, ROOT
from live import WIGGLES, Live, Place, figure_names, places

from passk_lib import widgets
from passk_lib.bandit import Toy
from passk_lib.objectives import PassAtK

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "assets" / "axe.min.js").read_text(encoding="utf8")
PHOTOS = ROOT / "_build" / "photos" / "figures"

# A figure that no chapter shows yet has a page in the small book.
CHAPTERS = places()
ELSEWHERE = [
    Place(f"{name.lower()}.html", name)
    for name in figure_names()
    if name not in {place.name for place in CHAPTERS}
]
PLACES = CHAPTERS + ELSEWHERE
ALONE = ("ConflictMap", "KernelHeatmap", *(place.name for place in ELSEWHERE))


@pytest.fixture(scope="session")
def html():
    return figures_book.build(FIGURES, ALONE)


@pytest.fixture(scope="session")
def address(html):
    with figures_book.serve(html) as address:
        yield address


@contextmanager
def opened(browser, url, *, width=1200, theme="light", script=True):
    """An open page and its faults: console errors, exceptions, requests to another host."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=theme,
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    page = context.new_page()
    faults = []
    page.on("console", lambda m: m.type == "error" and faults.append(m.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    host = "/".join(url.split("/")[:3])
    page.on(
        "request",
        lambda r: (
            r.url.startswith((host, "data:", "blob:")) or faults.append(f"request to {r.url}")
        ),
    )
    page.goto(url)
    yield page, faults
    context.close()


@pytest.fixture(scope="module", params=PLACES, ids=str)
def place(request) -> Place:
    return request.param


@pytest.fixture(scope="module")
def url(place, request) -> str:
    if place in CHAPTERS:
        return f"{request.getfixturevalue('site')}/{place.page}"
    return f"{request.getfixturevalue('address')}/{place.page}"


@pytest.fixture(scope="module")
def opened_once(place, url, browser):
    with opened(browser, url) as (page, faults):
        figure = Live(page, place.name)
        figure.rest()
        yield figure, faults


@pytest.fixture
def live(opened_once) -> Live:
    """A figure on its page, as it opens; faults so far fail the test."""
    figure, faults = opened_once
    figure.reset()
    yield figure
    seen, faults[:] = list(faults), []
    assert seen == []


@pytest.fixture
def visit(browser, address):
    """visit(name): a figure on a page of the small book; faults on the way fail the test."""

    @contextmanager
    def visiting(page_name, name=None, **settings):
        with opened(browser, f"{address}/{page_name.lower()}.html", **settings) as (page, faults):
            figure = Live(page, name or page_name)
            figure.rest()
            yield figure
        assert faults == []

    return visiting


def assert_same(shown: dict, computed: dict, where: str):
    assert shown.keys() >= computed.keys(), where
    for key, expected in computed.items():
        message = f"{where}: {key} is {shown[key]} in the browser, {expected} in NumPy"
        if expected is None:
            assert shown[key] is None, message
        elif expected == np.inf:
            assert shown[key] is None, message
        elif key == "largest_step":  # bisected to a relative 1e-9 on both sides
            np.testing.assert_allclose(shown[key], expected, rtol=1e-6, err_msg=message)
        else:
            np.testing.assert_allclose(
                np.array(shown[key], float), np.array(expected, float), rtol=1e-9, atol=1e-12,
                err_msg=message,
            )  # fmt: skip


# --- Every figure, where a reader meets it


def test_it_is_known_of_every_figure_what_a_reader_moves():
    assert set(WIGGLES) == set(FIGURES), "WIGGLES of tests/book/live.py names other figures"


def test_numbers_equal_numpys_at_five_settings(live):
    """As it opens, at its presets, and where keys have moved it."""
    assert_same(live.numbers, live.python(**live.opening).numbers(), "as it opens")
    assert 2 <= len(live.presets) <= 3
    for preset in live.presets:
        live.click(preset)
        assert live.state != live.opening
        assert_same(live.numbers, live.python(**live.state).numbers(), preset.inner_text())
    live.reset()
    assert live.state == live.opening
    for keys in (("ArrowRight", "ArrowUp", "Shift+ArrowLeft"), ("ArrowLeft", "Shift+ArrowDown")):
        before = live.state
        live.press(*keys)
        assert live.state != before
        assert_same(live.numbers, live.python(**live.state).numbers(), f"after {keys}")


def test_the_mouse_moves_the_figure(live):
    words = live.words
    live.drag()
    assert live.state != live.opening
    assert live.words != words
    assert_same(live.numbers, live.python(**live.state).numbers(), "after a drag")


def test_every_slider_answers_to_the_keyboard(live):
    for slider in live.sliders:
        live.reset()
        words = live.words
        # Away from whichever end it stands at.
        low = slider.evaluate("e => e.valueAsNumber === Number(e.min)")
        slider.press("ArrowRight" if low else "ArrowLeft")
        live.rest()
        label = slider.evaluate("e => e.labels[0].textContent")
        assert live.state != live.opening, label
        assert live.words != words, label


def test_the_numbers_to_save_are_those_of_the_figure_as_it_stands(live):
    opening = saved(live)
    live.click(live.presets[0])
    rows = saved(live)
    assert rows != opening
    assert_same(leaves(rows, "number"), flat(live.python(**live.state).numbers()), "as saved")
    assert leaves(rows, "setting") == flat(live.state)
    drawn = [row for row in rows if row["kind"] not in ("setting", "number")]
    assert len(drawn) > 10 and all(row["panel"] and row["series"] for row in drawn)


def saved(live) -> list[dict]:
    """The rows of the CSV that the link below the figure gives."""
    with live.page.expect_download() as download:
        live.page.locator(".cell_output", has=live.root).locator("a.live-csv").click()
    with open(download.value.path(), encoding="utf8", newline="") as file:
        return list(csv.DictReader(file))


def leaves(rows: list[dict], kind: str) -> dict:
    """The values of this kind by name, as numbers where they are numbers."""

    def read(text: str):
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text

    return {row["series"]: read(row["value"]) for row in rows if row["kind"] == kind}


def flat(value, name: str = "") -> dict:
    """Nested numbers by the names that they have in the CSV: theta[0], intervals[1][0]."""
    if isinstance(value, dict):
        return {k: v for key, part in value.items() for k, v in flat(part, key).items()}
    if isinstance(value, list | tuple | np.ndarray):
        parts = enumerate(value)
        return {k: v for i, part in parts for k, v in flat(part, f"{name}[{i}]").items()}
    return {name: value}


def looks(live):
    """The page at desktop width, then as the window shrinks to a phone's, in both themes."""
    page = live.page
    try:
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
            for width in (1200, 360):
                page.set_viewport_size({"width": width, "height": 900})
                page.wait_for_timeout(300)
                live.rest()
                yield theme, width
    finally:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1200, "height": 900})


def test_nothing_overflows_in_either_theme_at_either_width(live, place):
    """Photographed, too, as it stands after what the tests above did to it."""
    PHOTOS.mkdir(parents=True, exist_ok=True)
    for theme, width in looks(live):
        live.root.screenshot(path=PHOTOS / f"{place}-{theme}-{width}.png")
        assert live.page.evaluate("document.documentElement.scrollWidth") <= width
        assert live.root.evaluate(OUTSIDE) == []


@pytest.mark.long
def test_axe_finds_nothing_on_a_figure_that_has_moved(live):
    """Figures as they open are seen with their pages, in test_pages."""
    live.page.evaluate(AXE + "; 0")
    for _ in looks(live):
        found = live.page.evaluate(
            "name => axe.run(`.pk[data-figure=${name}]`, {resultTypes: ['violations']})",
            live.name,
        )
        serious = [v for v in found["violations"] if v["impact"] in SERIOUS]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in serious] == []


SERIOUS = ("serious", "critical")
OUTSIDE = """(root) => {
    const right = root.getBoundingClientRect().right;
    return [...root.querySelectorAll('*')]
        .filter(e => !e.children.length && getComputedStyle(e).clipPath === 'none')
        .filter(e => !e.closest('clipPath, defs, [clip-path]'))
        .filter(e => e.getBoundingClientRect().right > right + 1)
        .map(e => e.tagName + ' ' + e.textContent.slice(0, 30));
}"""


PAGES = sorted({place.page for place in CHAPTERS})


@pytest.mark.parametrize("page_name", PAGES)
def test_a_picture_stands_in_where_scripts_do_not_run(page_name, site, browser):
    with opened(browser, f"{site}/{page_name}", script=False) as (page, faults):
        pictures = page.locator(".live-stand-in img").all()
        assert len(pictures) == sum(place.page == page_name for place in CHAPTERS)
        captions = page.locator(".live-caption").all()
        for picture, caption in zip(pictures, captions, strict=True):
            assert picture.is_visible() and caption.is_visible()
            assert len(picture.get_attribute("alt").split()) > 10
            assert caption.inner_text() == picture.get_attribute("alt")
            box = picture.bounding_box()
            assert box["width"] > 200 and box["height"] > 100
    assert faults == []


# --- One figure, closely


@pytest.mark.parametrize(("k", "delta"), [(3, 0.2), (10, 0.2), (400, 0.2), (1000, 1.0)])
def test_the_shaded_region_is_where_the_gradients_conflict(k, delta, visit):
    rng = np.random.default_rng(k)
    points = rng.uniform(-4.9, 4.9, (80, 2))
    with visit("ConflictMap") as live:
        live.page.evaluate(f"{live.script}.set({{k: {k}, delta: {delta}}})")
        live.rest()
        inside = live.page.evaluate(
            """(points) => {
            const panel = document.querySelector('.pk').figure.panels[0];
            const region = panel.named['path-region'].node();
            return points.map(([a, b]) => region.isPointInFill(new DOMPoint(
                panel.width * (a + 5) / 10, panel.height * (5 - b) / 10)));
        }""",
            points.tolist(),
        )
    prompts = Toy(delta, 0.4).quadrature()
    decided = 0
    for point, shaded in zip(points, inside, strict=True):
        field = prompts.field(point)
        g1, gk = field.mean(), field.objective_gradient(PassAtK(k))
        length = np.linalg.norm(g1) * np.linalg.norm(gk)
        if length and abs(g1 @ gk) > 0.05 * length:  # not within a hair of the border
            decided += 1
            assert shaded == (g1 @ gk < 0), point
    assert decided > 60


def test_curves_contours_and_paths_are_saved_in_the_units_of_their_axes(visit):
    with visit("ConflictMap") as live:
        rows = saved(live)
        figure = live.python(**live.state)

    def series(name, panel="Plane of the two parameters"):
        found = [row for row in rows if row["panel"] == panel and row["series"].startswith(name)]
        assert found, name
        return np.array([[float(row[k] or "nan") for k in ("x", "y", "value")] for row in found])

    prompts = Toy(figure.delta, figure.p_hard).quadrature()
    path = series("pass@k ascent")[:, :2]
    assert path == pytest.approx(figure.path("pass@k")[: len(path)], rel=1e-9)
    fields = [prompts.field(theta) for theta in figure.path("pass@k")]
    along = series("all, whole ascent", f"pass@{figure.k}")[:, :2]
    expected = [[i, field.value(PassAtK(figure.k))] for i, field in enumerate(fields)]
    assert along == pytest.approx(np.array(expected), rel=1e-9)
    for name, k in (("contour of J_1", 1), ("contour of J_k", figure.k)):
        points = series(name)
        for a, b, level in points[:: max(1, len(points) // 40)]:  # between points of a grid
            assert prompts.field((a, b)).value(PassAtK(k)) == pytest.approx(level, abs=0.004)


def test_a_wrong_formula_in_the_browser_would_be_found_out(visit):
    """Negative control for the comparison: a sign changed in what the page computes."""
    with visit("ConflictMap") as live:
        shown = live.numbers
    shown["inner"] *= -1
    with pytest.raises(AssertionError, match="inner"):
        assert_same(shown, widgets.ConflictMap().numbers(), "as it opens")


def test_a_finger_drags_the_point_and_the_page_does_not_scroll(browser, address):
    context = browser.new_context(viewport={"width": 360, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/conflictmap.html")
    live = Live(page, "ConflictMap")
    live.rest()
    page.locator(".pk [data-handle=theta]").scroll_into_view_if_needed()
    box = page.locator(".pk [data-handle=theta] .pk-dot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = live.state["theta"]
    scroll = page.evaluate("scrollY")
    client = context.new_cdp_session(page)
    touch = "Input.dispatchTouchEvent"
    client.send(touch, {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for i in range(1, 6):
        moved = [{"x": x + 8 * i, "y": y - 6 * i}]
        client.send(touch, {"type": "touchMove", "touchPoints": moved})
    client.send(touch, {"type": "touchEnd", "touchPoints": []})
    live.rest()
    after = live.state["theta"]
    assert after[0] > before[0] and after[1] > before[1]
    assert page.evaluate("scrollY") == scroll
    context.close()


def test_play_runs_to_the_end_and_pauses(visit):
    with visit("ConflictMap") as live:
        button = live.root.locator(".pk-play")
        button.click()
        step = f"{live.script}.state.step"
        live.page.wait_for_function(f"{step} > 2 && {step} < 100")
        assert button.inner_text() == "Pause"
        button.click()
        stopped = live.state["step"]
        live.page.wait_for_timeout(300)
        assert live.state["step"] == stopped and button.inner_text() == "Play"


def test_the_result_is_told_to_screen_readers_once_things_rest(visit):
    with visit("ConflictMap") as live:
        told = live.root.locator("[aria-live=polite]")
        live.press("ArrowRight")
        live.page.wait_for_timeout(900)
        assert told.text_content() == live.root.locator(".pk-say").text_content()
        assert "conflict" in told.text_content()


def test_a_theme_that_changes_recolours_what_is_painted(visit):
    """The heatmap is a canvas: styles alone do not reach it."""
    pixel = """() => [...document.querySelector('.pk canvas').getContext('2d')
        .getImageData(100, 5, 1, 1).data].join()"""
    with visit("KernelHeatmap") as live:
        light = live.page.evaluate(pixel)
        live.page.evaluate("document.documentElement.dataset.theme = 'dark'")
        live.page.wait_for_timeout(400)
        live.rest()
        assert live.page.evaluate(pixel) != light


def test_a_figure_can_be_tied_to_another_widget_without_a_kernel(visit):
    """By `jslink`, from a page's stored state alone."""
    with visit("linked", "ConflictMap") as live:
        assert live.state["k"] == 10
        outside = live.page.locator(".jupyter-widgets .noUi-handle, .slider-container input").first
        outside.focus()
        live.page.keyboard.press("ArrowRight")
        live.page.wait_for_function(f"{live.script}.state.k === 11")
        live.rest()
        assert_same(live.numbers, widgets.ConflictMap(k=11).numbers(), "k from outside")


# --- Weight


STATE = r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>'


def widget_state(html, page: str) -> str:
    return re.search(STATE, (html / "chapters" / page).read_text(encoding="utf8"), re.S)[1]


def test_code_and_state_of_a_page_with_every_figure_stay_below_200_kB(html, measured):
    together = widget_state(html, "together.html")
    size = len(gzip.compress(together.encode()))
    one = len(gzip.compress(widget_state(html, "conflictmap.html").encode()))
    measured.append(
        f"widget code and state: {one / 1000:.0f} kB one figure, {size / 1000:.0f} kB all"
    )
    assert size < 200_000
    held = [s for s in json.loads(together)["state"].values() if "key" in s["state"]]
    assert len(held) == 1, "the code stands once on the page"


def test_every_figure_of_a_page_that_holds_the_code_once_is_drawn(visit):
    with visit("together", FIGURES[0]) as live:
        for name in FIGURES:
            Live(live.page, name).rest()


# --- Fit for people


def luminance(color: str) -> float:
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figures_own_colours_stand_out_from_their_ground(theme, visit):
    """axe does not look into drawings: words need 4.5 to 1, lines and areas 3 to 1."""
    words = ["ink", "muted", "one-word", "many-word", "easy-word", "hard-word", "good", "bad"]
    lines = ["one", "many", "easy", "hard", "conflict", "focus"]
    with visit("ConflictMap", theme=theme) as live:
        color = {
            name: live.page.evaluate(f"{live.script}.color('--pk-{name}')")
            for name in [*words, *lines, "bg", "soft"]
        }
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for name in words:
        assert contrast(color[name], color["bg"]) >= 4.5, name
    for name in lines:
        assert contrast(color[name], color["bg"]) >= 3, name
    assert contrast(color["ink"], color["soft"]) >= 4.5


def test_the_picture_gives_way_to_the_figure_and_returns_in_print(visit):
    with visit("ConflictMap") as live:
        picture = live.page.locator(".live-stand-in img")
        assert not picture.is_visible()
        live.page.emulate_media(media="print")
        assert picture.is_visible()
        assert not live.root.is_visible()


# --- What the book's own styles repair


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_word_that_was_searched_for_can_be_read_where_it_is_marked(theme, browser, address):
    context = browser.new_context(color_scheme=theme)
    page = context.new_page()
    page.goto(f"{address.rsplit('/', 1)[0]}/search.html?q=outside")
    marked = page.locator("#search-results span.highlighted").first
    marked.wait_for(timeout=10_000)
    page.evaluate("""() => {
        const link = document.querySelector("#search-results a");
        link.innerHTML = "<span class='highlighted'>outside</span>";
    }""")  # a title is marked where a page was opened from here
    page.evaluate(AXE)
    found = page.evaluate("axe.run('#search-results', {runOnly: ['color-contrast']})")
    assert [v["nodes"][0]["html"][:200] for v in found["violations"]] == []
    assert found["passes"], "axe judged nothing"
    words, ground = marked.evaluate(
        "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    )
    hexed = ["#" + "".join(f"{int(x):02x}" for x in re.findall(r"\d+", c)[:3])
             for c in (words, ground)]  # fmt: skip
    assert contrast(*hexed) >= 7
    context.close()


# --- The book as it was built


@pytest.mark.parametrize("path", page_names())
def test_a_page_has_the_figures_of_its_notebook_and_is_light_enough(path, built):
    text = (HTML / path).read_text(encoding="utf8")
    shown = text.count('<script type="application/vnd.jupyter.widget-view+json">')
    assert shown == sum(place.page == path for place in CHAPTERS)
    states = "".join(re.findall(STATE, text, re.S))
    assert len(gzip.compress(states.encode())) < 200_000
