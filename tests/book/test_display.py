"""Figures that chapters show, and the table of versions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from passk_lib.book import show, versions

ALT = 'One straight line, rising: the curve of "y = x" & nothing else.'


def line():
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])
    return fig


def test_every_form_of_a_shown_figure_carries_the_alternative_text():
    data, metadata = show(line(), ALT)._repr_mimebundle_()
    assert metadata["image/svg+xml"]["alt"] == ALT
    assert data["text/plain"] == ALT
    assert 'the curve of &quot;y = x&quot; &amp; nothing else."' in data["text/html"]
    assert data["image/svg+xml"].startswith("<svg")


def test_the_same_figure_gives_the_same_bytes():
    assert show(line(), ALT).svg == show(line(), ALT).svg


def test_the_figure_is_closed_so_that_no_notebook_shows_it_twice():
    fig = line()
    show(fig, ALT)
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "   ", "A figure.", None])
def test_an_alternative_text_that_says_nothing_is_refused(alt):
    with pytest.raises(ValueError, match="alt must describe the figure"):
        show(line(), alt)


def test_what_is_no_figure_is_refused():
    with pytest.raises(TypeError, match="fig must be a matplotlib Figure; got int"):
        show(3, ALT)


def test_versions_name_the_packages_and_the_day(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    rows = dict(zip(*versions().columns.values(), strict=True))
    assert rows["numpy"] == np.__version__
    assert rows["computed on"] == "1 January 1970"
