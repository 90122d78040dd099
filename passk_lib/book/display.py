"""Figures with alternative text, and the versions behind a page's numbers."""

from __future__ import annotations

import base64
import datetime
import html
import io
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from passk_lib.tables import Table


class Picture:
    """A rendered figure that carries its alternative text wherever it is displayed.

    Notebooks take the HTML form, whose ``<img>`` holds the text; the built book takes the picture
    itself, as a file, and finds the text in the output's metadata, together with ``csv``, the
    numbers that the figure draws, which readers of the book can download.
    """

    def __init__(self, svg: str, alt: str, csv: str = "") -> None:
        self.svg, self.alt, self.csv = svg, alt, csv

    def _repr_mimebundle_(self, include=None, exclude=None):
        source = base64.b64encode(self.svg.encode()).decode()
        image = (
            f'<img alt="{html.escape(self.alt)}" src="data:image/svg+xml;base64,{source}" '
            'style="max-width: 100%; background: white">'
        )
        data = {"image/svg+xml": self.svg, "text/html": image, "text/plain": self.alt}
        return data, {"image/svg+xml": {"alt": self.alt, "csv": self.csv}}

    def __repr__(self) -> str:
        return self.alt


def show(fig: Figure, alt: str) -> Picture:
    """A Matplotlib figure as the last expression of a cell: ``show(fig, "Two curves; pass@1 falls
    …")``.

    ``alt`` says in a sentence or two what a reader who cannot see the figure should know: what is
    drawn, and what it shows. It becomes the picture's alternative text in the built book, in
    JupyterLab and in Colab. The figure is closed. Points by the thousand should be drawn with
    ``rasterized=True``: the picture is SVG.

    Raises TypeError if ``fig`` is no figure, ValueError if ``alt`` has fewer than four words.

    >>> from passk_lib.figures import curves
    >>> fig = curves([0, 1], {"pass@1": [0, 1]}, xlabel="p", ylabel="F(p)")
    >>> show(fig, "Pass@1 is the straight line from 0 to 1.")
    Pass@1 is the straight line from 0 to 1.
    >>> show(fig, "Two curves")
    Traceback (most recent call last):
    ValueError: alt must describe the figure in at least four words; got 'Two curves'
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    from passk_lib.figure_data import figure_data

    if not isinstance(fig, Figure):
        raise TypeError(f"fig must be a matplotlib Figure; got {type(fig).__name__}")
    if not isinstance(alt, str) or len(alt.split()) < 4:
        raise ValueError(f"alt must describe the figure in at least four words; got {alt!r}")
    numbers = figure_data(fig)
    file = io.StringIO()
    # Same figure, same bytes: no date, and ids that do not change from run to run.
    with mpl.rc_context({"svg.hashsalt": "passk", "svg.fonttype": "path"}):
        fig.savefig(
            file,
            format="svg",
            dpi=200,
            bbox_inches="tight",
            transparent=True,
            metadata={"Date": None},
        )
    plt.close(fig)
    svg = file.getvalue()
    return Picture(svg[svg.index("<svg") :], " ".join(alt.split()), numbers)


def versions() -> Table:
    """What this page's numbers were computed with, and on which day (UTC)."""
    from passk_lib.tables import table

    epoch = os.environ.get("SOURCE_DATE_EPOCH")  # set by reproducible builds
    now = datetime.datetime.fromtimestamp(
        float(epoch) if epoch else datetime.datetime.now().timestamp(), datetime.UTC
    )
    rows = {"Python": platform.python_version()}
    for name in ("passk-lib", "numpy", "sympy", "matplotlib", "torch", "transformers"):
        try:
            rows[name] = version(name)
        except PackageNotFoundError:
            rows[name] = None
    rows["computed on"] = f"{now:%-d %B %Y}"
    return table({"what": list(rows), "version": list(rows.values())})
