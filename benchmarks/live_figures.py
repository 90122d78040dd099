"""How soon a live figure repaints, and how soon it is there, in a real browser.

    python benchmarks --only live_figures

Every figure is measured on the chapter that shows it first.  A repaint is script, styles and layout
after one trait has moved, the best of three medians; the slowest trait of a figure counts.  Ready
is from asking for the page, with an empty cache, to its first figure drawn, the best of five.
"""

from __future__ import annotations

import sys
from pathlib import Path

from promises import Promise

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "book"))

from browser import HTML, chromium, find_chromium, serve
from live import (
    READY,
    REPAINT,
    crowding,
    figure_names,
    opened,
    places,
    said,
    seconds_to_ready,
)


def rows() -> list[Promise]:
    shown = {}
    for place in places():
        shown.setdefault(place.name, place)
    reason = next(
        (why for why, missing in {
            "no Chromium on this machine": find_chromium() is None,
            "the book is not built: make book": not HTML.is_dir(),
        }.items() if missing),
        None,
    )  # fmt: skip
    if reason:
        return [promise for name in figure_names() for promise in both(name, note=reason)]
    found = []
    with chromium() as browser, serve() as site:
        for name in figure_names():
            if name in shown:
                found += measured(browser, f"{site}/{shown[name].page}", name)
            else:
                found += both(name, note="no chapter shows it")
    return found


def measured(browser, url: str, name: str) -> list[Promise]:
    with opened(browser, url, name) as live:
        repaints = live.repaints()
        crowd = crowding(live.page)
    trait = max(repaints, key=lambda each: repaints[each].median)
    slowest = repaints[trait]
    ready = seconds_to_ready(browser, url, tries=5)
    page_name = url.rsplit("/", 1)[1].removesuffix(".html")
    return both(
        name,
        (slowest.median, f"moving {trait}{said(slowest.crowd)}"),
        (ready, f"{page_name}{said(crowd)}"),
    )


def both(name: str, repaint=(None, ""), ready=(None, ""), note: str = "") -> list[Promise]:
    return [
        Promise(f"{name}: a drag or a key press repaints", "at most", REPAINT, "ms",
                repaint[0], repaint[1] or note),
        Promise("... first interaction after loading", "at most", READY, "s",
                ready[0], ready[1] or note),
    ]  # fmt: skip
