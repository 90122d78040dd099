"""A live figure on an open page: what it holds, how it is moved, how fast it repaints.

Used by the tests of the figures and by benchmarks/live_figures.py.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import nbformat
import numpy as np
from browser import ROOT, page_names

from passk_lib import widgets

REPAINT, READY = 16, 1.5
"""What is promised, on an idle machine with two processors: milliseconds from a drag or a key press
to the repaint (median), seconds from asking for a page on localhost to its first drawn figure."""

# What a reader moves most: JavaScript of i = 1, 2, …, by the name of the trait.
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
    "Experiment": {"k": "2 + i % 30", "q": "i / 50", "delta1": "0.5 + i / 100, filter: 'filtered'"},
    "Mitigations": {"theta": "[-2 + i / 50, -2]", "k": "2 + i", "lam": "i / 50", "step": "i"},
    "Objectives": {"theta": "[-2 + i / 50, -2]", "a": "0.1 + i / 20, objective: 'power'",
                   "k": "2 + i, objective: 'pass@k'", "step": "i"},
}  # fmt: skip

# A loop of about n/100,000 milliseconds on an idle machine.
_LOOP = """const loop = (n) => {
    const start = performance.now();
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.exp(-i * 1e-7) * Math.log1p(i);
    return sum > 0 && performance.now() - start;
};"""

_REPAINTS = f"""([name, source, rounds]) => {{
    {_LOOP}
    const figure = document.querySelector(`.pk[data-figure=${{name}}]`).figure;
    const patch = new Function("figure", "i", "return " + source);
    return Array.from({{length: rounds}}, (_, i) => {{
        figure.set(patch(figure, i + 1));
        const start = performance.now();
        figure.paint();
        figure.root.getBoundingClientRect();
        return [performance.now() - start, loop(500_000)];
    }});
}}"""


@dataclass(frozen=True)
class Place:
    """A figure and the page that shows it."""

    page: str
    name: str

    def __str__(self) -> str:
        return f"{self.page.removeprefix('chapters/').removesuffix('.html')}-{self.name}"


def figure_names() -> list[str]:
    """Every live figure of the library."""
    return [name for name in widgets.__all__ if name != "LiveFigure"]


def places() -> list[Place]:
    """Every live figure of the chapters, where it stands, read from the notebooks."""
    shown = re.compile(rf"\b({'|'.join(figure_names())})[.(]")
    found = []
    for page in page_names():
        source = (ROOT / page).with_suffix(".ipynb")
        if source.exists():
            cells = nbformat.read(source, as_version=4).cells
            code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
            found += [Place(page, name) for name in dict.fromkeys(shown.findall(code))]
    return found


class Live:
    """The figure of this name on an open page of the browser."""

    def __init__(self, page, name: str):
        self.page, self.name = page, name
        self.root = page.locator(f".pk[data-figure={name}]").first
        self.script = f"document.querySelector('.pk[data-figure={name}]').figure"

    def rest(self) -> None:
        """Wait until the figure is drawn in its finest form."""
        self.root.locator(".pk-say:not(:empty)").wait_for(timeout=60_000)
        figure = self.script
        self.page.wait_for_function(f"{figure}.fine && !{figure}.frame && !{figure}.saving")

    @property
    def state(self) -> dict:
        return self.page.evaluate(f"{self.script}.state")

    @property
    def opening(self) -> dict:
        """The state that the page's figure began with."""
        return self.page.evaluate(f"{self.script}.opening")

    def python(self, **state) -> widgets.LiveFigure:
        """The same figure in Python, in a state; some carry data, which the page holds too."""
        data = self.page.evaluate(f"{self.script}.model.get('_data') ?? null")
        return getattr(widgets, self.name)(**({} if data is None else {"data": data}), **state)

    @property
    def numbers(self) -> dict:
        # JSON has no NaN: it becomes null, as an undefined number is None in Python.
        return json.loads(self.page.evaluate(f"JSON.stringify({self.script}.numbers)"))

    @property
    def words(self) -> str:
        """The line that says what the figure shows."""
        return self.root.locator(".pk-say").inner_text()

    @property
    def presets(self) -> list:
        return self.root.locator("[data-preset]").all()

    @property
    def sliders(self) -> list:
        return self.root.locator("input[type=range]").all()

    def reset(self) -> None:
        self.root.locator(".pk-reset").click()
        self.rest()

    def click(self, button) -> None:
        button.click()
        self.rest()

    def press(self, *keys: str) -> None:
        """Press keys on what the figure offers first: a point to drag, else a slider."""
        handles = self.root.locator("[data-handle][tabindex='0']:visible")
        target = handles.first if handles.count() else self.root.locator("input[type=range]").first
        target.focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.rest()

    def drag(self, right: float = 30, up: float = 20) -> None:
        """Drag what the figure offers first by so many pixels, with the mouse."""
        target = self.root.locator("input[type=range]").first
        handle = self.root.locator("[data-handle]:visible").first
        if handle.count():
            dot = handle.locator(".pk-dot")
            target = dot if dot.count() else handle
        target.evaluate("e => e.scrollIntoView({block: 'center', behavior: 'instant'})")
        box = target.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + right, y - up, steps=4)
        mouse.up()
        self.rest()

    def repaints(self, tries: int = 3, enough: float = 0) -> dict[str, Repaint]:
        """How long a repaint takes (script, styles, layout), by the trait that moves.

        The best of `tries` medians of 13 repaints; a median of `enough` ms ends the trying.
        """
        idle = _idle_loop(self.page)
        found = {}
        for trait, value in WIGGLES[self.name].items():
            source = f"({{{trait}: {value}}})"
            medians, loops = [], []
            while len(medians) < tries and min(medians, default=np.inf) > enough:
                both = self.page.evaluate(_REPAINTS, [self.name, source, 13])
                medians.append(statistics.median(repaint for repaint, _ in both))
                loops += [loop for _, loop in both]
            crowd = max(1.0, statistics.median(loops) / (5 * idle))
            found[trait] = Repaint(min(medians), crowd)
        return found


@dataclass(frozen=True)
class Repaint:
    """Milliseconds of one repaint, the best of three medians, and how crowded the machine was."""

    median: float
    crowd: float
    """How many times slower a fixed loop ran between the repaints than it does undisturbed."""


@contextmanager
def opened(browser, url: str, name: str) -> Iterator[Live]:
    """The figure of this name on a page of its own, at rest."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(url)
    live = Live(page, name)
    live.rest()
    yield live
    page.close()


def said(crowd: float) -> str:
    """How crowded the machine was, where it matters, to stand behind a measurement."""
    return f" (a machine {crowd:.1f} times slower than idle)" if crowd >= 1.2 else ""


def seconds_to_ready(browser, url: str, tries: int = 3, enough: float = 0) -> float:
    """From asking for the page, with an empty cache, to its first figure drawn: the best try.

    A try of `enough` seconds ends the trying.
    """
    found: list[float] = []
    while len(found) < tries and min(found, default=np.inf) > enough:
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        page = context.new_page()
        page.goto(url, wait_until="commit")
        page.wait_for_selector(".pk .pk-say:not(:empty)", timeout=60_000)
        entry = "performance.getEntriesByName('passk-figure')[0].startTime"
        found.append(page.evaluate(entry) / 1000)
        context.close()
    return min(found)


def _idle_loop(page) -> float:
    """Milliseconds of 100,000 turns of the loop undisturbed: the best of many, all short."""
    return page.evaluate(
        f"() => {{ {_LOOP} loop(1_000_000); "
        "return Math.min(...Array.from({length: 60}, () => loop(100_000))); }"
    )


def crowding(page) -> float:
    """By how much others slow this machine at the moment: at least 1, and 1 on an idle one.

    The loop of the repaints, long against short: nobody interrupts the best of many short ones.
    """
    usual = page.evaluate(f"() => {{ {_LOOP} return Array.from({{length: 9}}, () => loop(1e6)); }}")
    return max(1.0, statistics.median(usual) / (10 * _idle_loop(page)))
