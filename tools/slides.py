"""Every figure of the built book as an SVG for slides: ``python tools/slides.py [SITE] [OUT]``.

One folder a page, figures numbered as they come, each beside a text file that describes it. What
moves on a page stands still here, in its opening state. The background is light whatever the
theme of the slides.

Default: from _build/html to _build/slides.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote

import matplotlib
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parent.parent
SIZE = re.compile(r"<svg\b[^>]*>", re.DOTALL)
LIGHT = '<rect width="100%" height="100%" fill="white"/>'


def with_background(svg: str) -> str:
    """The picture on white: the book's figures are transparent, to suit both of its themes."""
    opening = SIZE.search(svg)
    if opening is None:
        raise ValueError("no <svg> element in the picture")
    return svg[: opening.end()] + LIGHT + svg[opening.end() :]


def figures_of(page: Path) -> list[tuple[str, str]]:
    """(SVG, description) of every static figure of a built page, in order."""
    article = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")
    found = []
    for image in article.find_all("img", src=re.compile(r"_images/[^/]+\.svg$")):
        source = page.parent / unquote(image["src"])
        found.append((source.read_text(encoding="utf-8"), image.get("alt", "")))
    return found


def live_figures() -> list[tuple[str, str, str]]:
    """(name, SVG, description) of every live figure in its opening state."""
    from passk_lib import widgets

    matplotlib.use("Agg")
    found = []
    for name in sorted(set(widgets.__all__) - {"LiveFigure"}):
        figure = getattr(widgets, name)()
        drawn = io.StringIO()
        figure.picture().savefig(drawn, format="svg", bbox_inches="tight", metadata={"Date": None})
        svg = drawn.getvalue()
        found.append((name, svg[svg.index("<svg") :], figure.describe()))
    return found


def write(folder: Path, name: str, svg: str, description: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.svg").write_text(with_background(svg), encoding="utf-8")
    (folder / f"{name}.txt").write_text(description + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    site = Path(arguments[0]) if arguments else ROOT / "_build" / "html"
    out = Path(arguments[1]) if len(arguments) > 1 else ROOT / "_build" / "slides"
    pages = sorted((site / "chapters").glob("*.html"))
    if not pages:
        print(f"{site}: holds no built chapters; run make book first", file=sys.stderr)
        return 2
    shutil.rmtree(out, ignore_errors=True)
    total = 0
    for page in pages:
        for i, (svg, description) in enumerate(figures_of(page), 1):
            write(out / page.stem, f"figure-{i:02d}", svg, description)
            total += 1
    for name, svg, description in live_figures():
        write(out / "live", name, svg, description)
        total += 1
    print(f"{total} figures for slides are in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
