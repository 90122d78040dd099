"""What a link leads to, shown beside it: statements, equations, symbols, entries of the
bibliography.

When all pages are written, the pieces that links lead to are taken from them and put into one
script, ``_static/preview-texts.js``. A page loads it when a reader first points at such a link (see
``_static/previews.js``); a script, and no data file, because it also loads where pages are opened
from a folder without a server.
"""

import json
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag

from bs4 import BeautifulSoup, SoupStrainer

from passk_lib.book.conventions import KINDS

PIECE = re.compile(rf"({'|'.join(filter(None, KINDS.values()))}|eq|symbol)-")
SPACE = re.compile(r"[ \t]*\n\s*")


def write_texts(app, exception):
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages = {}
    for docname in sorted(app.env.found_docs):
        file = f"{docname}.html"
        if (out / file).is_file():
            text = (out / file).read_text(encoding="utf8")
            pages[file] = BeautifulSoup(text, "html.parser", parse_only=SoupStrainer("article"))
    wanted = {address for file, page in pages.items() for address in links(file, page)}
    texts = {}
    for file, anchor in sorted(wanted):
        piece = file in pages and previewed(pages[file], anchor)
        if piece:
            texts[f"{file}#{anchor}"] = portable(piece, file)
    script = f"passkPreviews({json.dumps(texts, ensure_ascii=False, sort_keys=True)});\n"
    (out / "_static" / "preview-texts.js").write_text(script, encoding="utf8")


def links(file: str, page) -> set[tuple[str, str]]:
    """(page, anchor) of all that ``page`` links to within the book."""
    found = set()
    for link in page.find_all("a", href=True):
        address, anchor = urldefrag(link["href"])
        if anchor and not re.match(r"\w+:", address):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(file), address))
            found.add((target if address else file, unquote(anchor)))
    return found


def previewed(page, anchor: str):
    """The element to show for ``anchor``; None for what one reads at its own place, a section."""
    element = page.find(id=anchor)
    if element is None:
        return None
    if element.name == "a" and not element.get("href"):
        return element.find_parent("li")  # an entry of the bibliography
    return element if PIECE.match(anchor) else None


def portable(piece, file: str) -> str:
    """``piece`` as HTML for any page: no ids, no heading links, addresses from the book's root."""
    copy = BeautifulSoup(str(piece), "html.parser")
    for extra in copy.select("a.headerlink, script"):
        extra.decompose()
    for element in copy.find_all(True):
        element.attrs.pop("id", None)
        for name in ("href", "src"):
            address = element.get(name)
            if address and not re.match(r"\w+:", address):
                folder = posixpath.dirname(file)
                path, anchor = urldefrag(address)
                path = posixpath.normpath(posixpath.join(folder, path)) if path else file
                element[name] = f"{path}#{anchor}" if anchor else path
    for row in copy.find_all("tr"):  # a row of the notation: what it is, without the table
        row.name = "p"
        symbol, meaning, where = row.find_all("td")
        for cell in (symbol, meaning, where):
            cell.name = "span"
        symbol["class"] = "preview-symbol"
        symbol.insert_after(" ")
        where.insert_before(" (")
        where.insert_after(")")
    return SPACE.sub("\n", str(copy)).strip()


def setup(app):
    app.connect("build-finished", write_texts)
