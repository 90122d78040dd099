"""The live figures on built pages, in a real browser and with no kernel.

The pages come from a small book of their own (``figures_book``), built as the book is.
"""

import gzip
import json
import re
import statistics
from contextlib import contextmanager
from pathlib import Path

import figures_book
import numpy as np
import pytest
from browser import HTML, page_names
from figures_book import FIGURES, ROOT

from passk_lib import widgets
from passk_lib.bandit import Toy
from passk_lib.objectives import PassAtK

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "assets" / "axe.min.js").read_text(encoding="utf8")
PHOTOS = ROOT / "_build" / "photos" / "figures"
figures = pytest.mark.parametrize("name", FIGURES)


@pytest.fixture(scope="session")
def html():
    return figures_book.build()


@pytest.fixture(scope="session")
def address(html):
    with figures_book.serve(html) as address:
        yield address


@pytest.fixture
def visit(browser, address):
    """visit(page): a page with its figure drawn; faults on the way fail the test."""

    @contextmanager
    def visiting(name, *, width=1200, theme="light", script=True, wait=True):
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
        page.on(
            "request",
            lambda r: (
                r.url.startswith((address.rsplit("/", 1)[0], "data:", "blob:"))
                or faults.append(f"request to {r.url}")
            ),
        )
        page.goto(f"{address}/{name.lower()}.html")
        if wait:
            page.wait_for_selector(".pk .pk-say:not(:empty)")
            rest(page)
        yield page
        context.close()
        assert faults == []

    return visiting


FIGURE = "document.querySelector('.pk').figure"


def rest(page):
    """Wait until the figure is drawn in its finest form."""
    page.wait_for_function(f"{FIGURE}.fine && !{FIGURE}.frame && !{FIGURE}.saving")


def state(page) -> dict:
    return page.evaluate(f"{FIGURE}.state")


def opening(make) -> dict:
    """The state that Python's figure begins with, as the browser writes it."""
    return json.loads(json.dumps(make().state()))


def numbers(page) -> dict:
    # JSON has no NaN: it becomes null, as an undefined number is None in Python.
    return json.loads(page.evaluate(f"JSON.stringify({FIGURE}.numbers)"))


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


def press(page, *keys):
    """Press keys on what the figure offers first: a point to drag, else a slider."""
    handles = page.locator(".pk [data-handle][tabindex='0']:visible")
    target = handles.first if handles.count() else page.locator(".pk input[type=range]").first
    target.focus()
    for key in keys:
        page.keyboard.press(key)
    rest(page)


@figures
def test_numbers_equal_numpys_at_five_settings(name, visit):
    make = getattr(widgets, name)
    with visit(name) as page:
        assert_same(numbers(page), make().numbers(), "as it opens")
        presets = page.locator(".pk [data-preset]")
        assert 2 <= presets.count() <= 3
        for index in range(presets.count()):
            presets.nth(index).click()
            rest(page)
            assert_same(
                numbers(page), make(**state(page)).numbers(), presets.nth(index).inner_text()
            )
        page.locator(".pk-reset").click()
        rest(page)
        assert state(page) == opening(make)
        press(page, "ArrowRight", "ArrowUp", "Shift+ArrowLeft")
        settings = state(page)
        assert settings != opening(make)
        assert_same(numbers(page), make(**settings).numbers(), "after three keys")


@pytest.mark.parametrize(("k", "delta"), [(3, 0.2), (10, 0.2), (400, 0.2), (1000, 1.0)])
def test_the_shaded_region_is_where_the_gradients_conflict(k, delta, visit):
    rng = np.random.default_rng(k)
    points = rng.uniform(-4.9, 4.9, (80, 2))
    with visit("ConflictMap") as page:
        page.evaluate(f"{FIGURE}.set({{k: {k}, delta: {delta}}})")
        rest(page)
        inside = page.evaluate(
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


def test_a_wrong_formula_in_the_browser_would_be_found_out(visit):
    """Negative control for the comparison: a sign changed in what the page computes."""
    with visit("ConflictMap") as page:
        shown = numbers(page)
    shown["inner"] *= -1
    with pytest.raises(AssertionError, match="inner"):
        assert_same(shown, widgets.ConflictMap().numbers(), "as it opens")


@figures
def test_every_slider_answers_to_the_keyboard(name, visit):
    with visit(name) as page:
        sliders = page.locator(".pk input[type=range]")
        for index in range(sliders.count()):
            page.locator(".pk-reset").click()
            rest(page)
            before, words = state(page), page.locator(".pk-say").inner_text()
            slider = sliders.nth(index)
            # Away from whichever end it stands at.
            low = slider.evaluate("e => e.valueAsNumber === Number(e.min)")
            slider.press("ArrowRight" if low else "ArrowLeft")
            rest(page)
            label = slider.evaluate("e => e.labels[0].textContent")
            assert state(page) != before, label
            assert page.locator(".pk-say").inner_text() != words, label


@figures
def test_the_mouse_moves_the_figure(name, visit):
    with visit(name) as page:
        before, words = state(page), page.locator(".pk-say").inner_text()
        target = page.locator(".pk input[type=range]").first
        handle = page.locator(".pk [data-handle]:visible").first
        if handle.count():
            dot = handle.locator(".pk-dot")
            target = dot if dot.count() else handle
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 30, y - 20, steps=4)
        page.mouse.up()
        rest(page)
        assert state(page) != before
        assert page.locator(".pk-say").inner_text() != words


def test_a_finger_drags_the_point_and_the_page_does_not_scroll(browser, address):
    context = browser.new_context(viewport={"width": 360, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/conflictmap.html")
    page.wait_for_selector(".pk .pk-say:not(:empty)")
    page.locator(".pk [data-handle=theta]").scroll_into_view_if_needed()
    box = page.locator(".pk [data-handle=theta] .pk-dot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = state(page)["theta"]
    scroll = page.evaluate("scrollY")
    client = context.new_cdp_session(page)
    touch = "Input.dispatchTouchEvent"
    client.send(touch, {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for i in range(1, 6):
        moved = [{"x": x + 8 * i, "y": y - 6 * i}]
        client.send(touch, {"type": "touchMove", "touchPoints": moved})
    client.send(touch, {"type": "touchEnd", "touchPoints": []})
    rest(page)
    after = state(page)["theta"]
    assert after[0] > before[0] and after[1] > before[1]
    assert page.evaluate("scrollY") == scroll
    context.close()


def test_play_runs_to_the_end_and_pauses(visit):
    with visit("ConflictMap") as page:
        button = page.locator(".pk-play")
        button.click()
        page.wait_for_function(f"{FIGURE}.state.step > 2 && {FIGURE}.state.step < 100")
        assert button.inner_text() == "Pause"
        button.click()
        stopped = state(page)["step"]
        page.wait_for_timeout(300)
        assert state(page)["step"] == stopped and button.inner_text() == "Play"


def test_the_result_is_told_to_screen_readers_once_things_rest(visit):
    with visit("ConflictMap") as page:
        live = page.locator(".pk [aria-live=polite]")
        press(page, "ArrowRight")
        page.wait_for_timeout(900)
        assert live.text_content() == page.locator(".pk-say").text_content()
        assert "conflict" in live.text_content()


def test_a_theme_that_changes_recolours_what_is_painted(visit):
    """The heatmap is a canvas: styles alone do not reach it."""
    pixel = """() => [...document.querySelector('.pk canvas').getContext('2d')
        .getImageData(100, 5, 1, 1).data].join()"""
    with visit("KernelHeatmap") as page:
        light = page.evaluate(pixel)
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.wait_for_timeout(400)
        rest(page)
        assert page.evaluate(pixel) != light


def test_a_figure_can_be_tied_to_another_widget_without_a_kernel(visit):
    with visit("linked") as page:
        assert state(page)["k"] == 10
        outside = page.locator(".jupyter-widgets .noUi-handle, .slider-container input").first
        outside.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"{FIGURE}.state.k === 11")
        rest(page)
        assert_same(numbers(page), widgets.ConflictMap(k=11).numbers(), "k from outside")


# --- Weight and speed


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
    with visit("together") as page:
        page.wait_for_function(f"document.querySelectorAll('.pk').length === {len(FIGURES)}")
        for name in FIGURES:
            assert page.locator(f".pk[data-figure={name}] .pk-say").inner_text()


# What a reader moves most: the repaint of each is timed.
WIGGLES = {
    "Weights": {"k": "2 + i", "mass": "figure.state.mass.map((m, j) => j === 3 ? 1 + i / 40 : m)"},
    "TwoPrompts": {"psi_hard": "[1, i / 50]", "theta": "[-2 + i / 50, -2]"},
    "KernelHeatmap": {"delta": "i / 50", "pair": "[i, 5]"},
    "ConflictMap": {
        "theta": "[-2 + i / 50, -2]", "k": "2 + i", "delta": "i / 50", "p_hard": "0.3 + i / 100",
        "eta": "1 + i / 20", "step": "i",
    },
    "AgreementHistogram": {"theta": "[-2 + i / 50, -2]", "k": "2 + i", "step": "i"},
    "Threshold": {
        "prompts": "[[1, .03 + i / 200, -2], [2, .1, -1], [9, .6, 1], [8, .9, 1]]", "k": "2 + i",
    },
    "StepSize": {"theta": "[-2 + i / 50, -2]", "eta": "1 + i"},
    "Objectives": {"theta": "[-2 + i / 50, -2]", "a": "0.1 + i / 20, objective: 'power'",
                   "k": "2 + i, objective: 'pass@k'", "step": "i"},
    "Mitigations": {"theta": "[-2 + i / 50, -2]", "k": "2 + i", "lam": "i / 50", "step": "i"},
    "Experiment": {"k": "2 + i % 30", "q": "i / 50", "delta1": "0.5 + i / 100, filter: 'filtered'"},
}  # fmt: skip


@figures
def test_repaint_benchmark(name, visit, measured):
    """Script, styles and layout of one repaint. The bound is loose, for machines that are shared;
    what the end of the session prints is what counts."""
    with visit(name) as page:
        for key, value in WIGGLES[name].items():
            patch = f"const figure = {FIGURE}; return i => ({{{key}: {value}}})"
            costs = page.evaluate(REPAINTS, patch)
            median = statistics.median(costs)
            measured.append(
                f"{name}, {key}: repaint {median:.1f} ms (median), {max(costs):.1f} (most)"
            )
            assert median < 50


REPAINTS = """(source) => {
    const figure = document.querySelector('.pk').figure;
    const patch = new Function(source)();
    const costs = [];
    for (let i = 1; i <= 40; i++) {
        figure.set(patch(i));
        const start = performance.now();
        figure.paint();
        figure.root.getBoundingClientRect();
        costs.push(performance.now() - start);
    }
    return costs;
}"""


def test_a_figure_is_ready_soon(visit, measured):
    with visit("ConflictMap") as page:
        ready = page.evaluate("performance.getEntriesByName('passk-figure')[0].startTime")
    measured.append(f"ConflictMap: drawn {ready / 1000:.2f} s after the page was asked for")
    assert ready < 5000


# --- Fit for people


@pytest.mark.parametrize("theme", ["light", "dark"])
@figures
def test_nothing_overflows_and_axe_finds_nothing(name, theme, visit):
    """At desktop width, then as the window shrinks to a phone's."""
    PHOTOS.mkdir(parents=True, exist_ok=True)
    with visit(name, theme=theme) as page:
        page.evaluate(AXE)
        for width in (1200, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(300)
            rest(page)
            page.locator(".pk").screenshot(path=PHOTOS / f"{name}-{theme}-{width}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(OUTSIDE) == []
            found = page.evaluate("axe.run('.pk', {resultTypes: ['violations']})")["violations"]
            serious = [v for v in found if v["impact"] in ("serious", "critical")]
            assert [(v["id"], v["nodes"][0]["html"][:200]) for v in serious] == []


OUTSIDE = """() => {
    const right = document.querySelector('.pk').getBoundingClientRect().right;
    return [...document.querySelectorAll('.pk *')]
        .filter(e => !e.children.length && getComputedStyle(e).clipPath === 'none')
        .filter(e => !e.closest('clipPath, defs, [clip-path]'))
        .filter(e => e.getBoundingClientRect().right > right + 1)
        .map(e => e.tagName + ' ' + e.textContent.slice(0, 30));
}"""


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
    with visit("ConflictMap", theme=theme) as page:
        color = {
            name: page.evaluate(f"{FIGURE}.color('--pk-{name}')")
            for name in [*words, *lines, "bg", "soft"]
        }
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for name in words:
        assert contrast(color[name], color["bg"]) >= 4.5, name
    for name in lines:
        assert contrast(color[name], color["bg"]) >= 3, name
    assert contrast(color["ink"], color["soft"]) >= 4.5


@figures
def test_a_picture_stands_in_where_scripts_do_not_run(name, visit):
    with visit(name, script=False, wait=False) as page:
        picture = page.locator(".live-stand-in img")
        assert picture.is_visible()
        assert len(picture.get_attribute("alt").split()) > 10
        box = picture.bounding_box()
        assert box["width"] > 200 and box["height"] > 100
        caption = page.locator(".live-caption")
        assert caption.is_visible() and caption.inner_text() == picture.get_attribute("alt")


def test_the_picture_gives_way_to_the_figure_and_returns_in_print(visit):
    with visit("ConflictMap") as page:
        picture = page.locator(".live-stand-in img")
        assert not picture.is_visible()
        page.emulate_media(media="print")
        assert picture.is_visible()
        assert not page.locator(".pk").is_visible()


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


# --- The chapters themselves


def test_every_figure_that_a_chapter_shows_is_alive_there(site, browser, measured):
    """On the book's own pages: drawn, at rest where NumPy says, without a fault or a request to
    another host, and light enough."""
    checked = []
    for path in page_names():
        text = (HTML / path).read_text(encoding="utf8")
        wanted = text.count('<script type="application/vnd.jupyter.widget-view+json">')
        if not wanted:
            continue
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        faults = []
        page.on("console", lambda m, f=faults: m.type == "error" and f.append(m.text))
        page.on("pageerror", lambda error, f=faults: f.append(str(error)))
        page.on(
            "request",
            lambda r, f=faults: r.url.startswith((site, "data:", "blob:")) or f.append(r.url),
        )
        page.goto(f"{site}/{path}")
        page.wait_for_function(
            f"document.querySelectorAll('.pk .pk-say:not(:empty)').length === {wanted}"
        )
        for index in range(wanted):
            figure = f"document.querySelectorAll('.pk')[{index}].figure"
            page.wait_for_function(f"{figure}.fine")
            name, settings, shown, data = json.loads(
                page.evaluate(
                    f"JSON.stringify([{figure}.name, {figure}.state, {figure}.numbers, "
                    f"{figure}.model.get('_data') ?? null])"
                )
            )
            carried = {} if data is None else {"data": data}
            same = getattr(widgets, name)(**carried, **settings)
            assert_same(shown, same.numbers(), f"{path}, {name}")
            checked.append(name)
        page.close()
        assert faults == [], path
        states = re.findall(STATE, text, re.S)
        assert len(gzip.compress("".join(states).encode())) < 200_000, path
    if not checked:
        pytest.skip("no page of the built book shows a live figure")
    measured.append(
        f"{len(checked)} live figures in the chapters: {', '.join(sorted(set(checked)))}"
    )
