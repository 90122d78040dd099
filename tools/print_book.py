"""The whole book as one PDF, with static figures: ``python tools/print_book.py [OUT.pdf]``.

The built pages (``make book`` first) are put one after the other into one page, in the order of the
table of contents, which itself stands after the first page. Links between chapters become links
within the PDF, solutions are unfolded, code that a page keeps folded stays out, and the pictures
stand in for the live figures. What a screen would scroll is made smaller until it fits. Chromium
prints it. The file is ``_build/book.pdf`` unless another is named.
"""

import re
import sys
from html import escape
from pathlib import Path
from urllib.parse import urldefrag

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "book"))

import browser as book_browser  # noqa: E402
from bs4 import BeautifulSoup, SoupStrainer  # noqa: E402

SHEET = "print.html"
NOT_PRINTED = "script, .live-figure, .figure-downloads, .headerlink, details.hide.above-input"
WIDTH = 658  # of the text in pixels: A4 is 210 mm wide, less the margins of 18 mm
STYLE = """
@page { size: A4; margin: 18mm 18mm 20mm; }
body { background: white; }
article.bd-article { max-width: none; margin: 0; padding: 0; font-size: 10.5pt; }
article.bd-article.chapter { break-before: page; }
h1, h2, h3, dt, summary, .admonition-title { break-after: avoid; }
img, .admonition.statement, div.math, tr { break-inside: avoid; }
a.headerlink, .figure-downloads, button, .live-caption { display: none !important; }
pre, td code { white-space: pre-wrap !important; overflow-wrap: anywhere; }
td:last-child:has(a) { min-width: 12em; }
thead { display: table-header-group; }
p, li { orphans: 3; widows: 3; }
.contents li { list-style: none; margin: 0.4em 0; }
.cell_output { position: static !important; min-height: 0 !important; }
.live-stand-in { position: static !important; display: block !important; }
"""
# Formulas are set, pictures decoded, and nothing is folded.
READY = """async () => {
    document.querySelectorAll('details').forEach(box => box.open = true);
    await globalThis.MathJax?.startup?.promise;
    await document.fonts.ready;
    await Promise.all([...document.images].map(image => image.decode().catch(() => null)));
}"""
# Paper does not scroll: a formula or table that is wider than the text is made smaller.
FIT = """() => {
    const boxes = [...document.querySelectorAll('div, p, td, pre, table')]
        .filter(box => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0)
        .filter(box => /auto|scroll|hidden/.test(getComputedStyle(box).overflowX));
    const shares = boxes.map(box => box.clientWidth / box.scrollWidth);
    boxes.forEach((box, i) => box.style.zoom = 0.98 * shares[i]);
}"""


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or any(one.startswith("-") for one in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    out = Path(arguments[0]) if arguments else ROOT / "_build" / "book.pdf"
    html = book_browser.HTML
    names = [name for name in book_browser.page_names() if (html / name).is_file()]
    if not names:
        print(f"No built pages in {html}: run `make book` first.", file=sys.stderr)
        return 2
    sheet = html / "chapters" / SHEET
    try:
        sheet.write_text(one_page(html, names), encoding="utf8")
        with book_browser.serve() as address, book_browser.chromium() as running:
            page = running.new_page(viewport={"width": WIDTH, "height": 1000})
            page.set_default_timeout(600_000)
            page.emulate_media(media="print", color_scheme="light")
            page.goto(f"{address}/chapters/{SHEET}")
            page.evaluate(READY)
            page.evaluate(FIT)
            page.pdf(
                path=out,
                prefer_css_page_size=True,
                print_background=True,
                outline=True,
                tagged=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template='<div style="width: 100%; text-align: center; font-size: 8pt">'
                '<span class="pageNumber"></span></div>',
            )
    except RuntimeError as error:  # no Chromium
        print(error, file=sys.stderr)
        return 2
    finally:
        sheet.unlink(missing_ok=True)
    print(out)
    return 0


def one_page(html: Path, names: list[str]) -> str:
    """All chapters as one HTML page, which stands in the chapters' folder."""
    # A page with formulas lends its head: those without have no MathJax.
    texts = [(html / name).read_text(encoding="utf8") for name in names]
    frame = next((text for text in texts if "mathjax/" in text), texts[0])
    frame = BeautifulSoup(frame, "html.parser")
    kept = "".join(
        str(tag)
        for tag in frame.find_all(["link", "script"])
        if tag.get("rel") == ["stylesheet"] or "mathjax" in str(tag).lower()
    )
    title = frame.select_one('meta[property="og:site_name"]')["content"]
    chapters = [chapter(html, name, names) for name in names]
    chapters.insert(1, contents(chapters, names))
    return (
        f'<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{title}</title>{kept}<style>{STYLE}</style></head><body>{''.join(chapters)}</body></html>"
    )


def contents(chapters: list[str], names: list[str]) -> str:
    """A page with a link to every chapter, by its heading."""
    headings = [BeautifulSoup(text, "html.parser").h1.get_text() for text in chapters]
    lines = "".join(
        f'<li><a href="#{stem(name)}">{escape(heading)}</a></li>'
        for name, heading in zip(names, headings, strict=True)
    )
    return (
        f'<article class="bd-article chapter contents"><h1>Contents</h1><ul>{lines}</ul></article>'
    )


def chapter(html: Path, name: str, names: list[str]) -> str:
    """The article of one page, its ids and links made unique within the whole."""
    text = (html / name).read_text(encoding="utf8")
    article = BeautifulSoup(text, "html.parser", parse_only=SoupStrainer("article")).article
    for extra in article.select(NOT_PRINTED):
        extra.decompose()
    for picture in article.select("img[loading]"):
        del picture["loading"]  # paper has no scrolling that would bring it
    for element in article.find_all(id=True):
        element["id"] = f"{stem(name)}--{element['id']}"
    folder = Path(name).parent
    for link in article.find_all("a", href=True):
        address, anchor = urldefrag(link["href"])
        if re.match(r"\w+:", address):
            continue
        target = (folder / address).as_posix() if address else name
        target = re.sub(r"[^/]+/\.\./", "", target)
        if target in names:
            link["href"] = f"#{stem(target)}--{anchor}" if anchor else f"#{stem(target)}"
    article["class"] = ["bd-article", "chapter"]
    article["id"] = stem(name)
    return str(article)


def stem(name: str) -> str:
    return name.removesuffix(".html").replace("/", "-")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
