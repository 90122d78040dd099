"""How soon live figures answer, on the chapters that show them, in a real browser.

`make test` runs these alone, when all other tests are done. What is promised is of an idle machine
of today. A slower one, or one that others use, is granted `GRANTED` times as long here, so that
only the code's own fault fails a build. `make bench` holds the figures to the promise itself.
"""

from pathlib import Path

import pytest
from live import READY, REPAINT, crowding, opened, places, said, seconds_to_ready

pytestmark = pytest.mark.browser
GRANTED = 2.5


@pytest.mark.parametrize("place", places(), ids=str)
def test_a_drag_or_a_key_press_repaints_within_a_frame(place, site, browser, measured):
    """Script, styles and layout together."""
    with opened(browser, f"{site}/{place.page}", place.name) as live:
        found = live.repaints(enough=REPAINT)
    for trait, repaint in found.items():
        measured.append(
            f"{f'{place}, {trait}':<38} repaint {repaint.median:5.1f} ms of {REPAINT} promised"
            f"{said(repaint.crowd)}"
        )
    late = {
        trait: repaint
        for trait, repaint in found.items()
        if repaint.median > GRANTED * REPAINT * repaint.crowd
    }
    assert late == {}


@pytest.mark.parametrize("page_name", sorted({place.page for place in places()}))
def test_a_figure_is_ready_soon(page_name, site, browser, measured):
    """From an empty cache, all of the page's code included."""
    empty = browser.new_page()
    crowd = crowding(empty)
    ready = seconds_to_ready(browser, f"{site}/{page_name}", tries=2, enough=READY)
    crowd = max(crowd, crowding(empty))
    empty.close()
    measured.append(
        f"{Path(page_name).stem:<38} drawn after {ready:4.2f} s of {READY} promised{said(crowd)}"
    )
    assert ready <= GRANTED * READY * crowd, said(crowd)


def test_a_figure_that_paints_for_seconds_would_be_found_out(site, browser):
    """Negative control: what is measured is what a reader waits for."""
    place = next(place for place in places() if place.name == "ConflictMap")
    with opened(browser, f"{site}/{place.page}", place.name) as live:
        live.page.evaluate(
            f"""() => {{
                const figure = {live.script}, draw = figure.draw;
                figure.draw = (state) => {{
                    const end = performance.now() + 120;
                    while (performance.now() < end);
                    return draw(state);
                }};
            }}"""
        )
        repaints = live.repaints(tries=1)
    assert all(each.median > GRANTED * REPAINT for each in repaints.values())
