"""A real browser on the built book: used by the tests and by tools/photograph.py."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
# The book is served below a folder of this name: a page that links to the host's root is found out.
SUBFOLDER = "book"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions",
]  # fmt: skip


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome: the environment variable CHROMIUM, or the first
    on the path.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def page_names() -> list[str]:
    """Every page of the table of contents, relative to the book's root: chapters/….html."""

    def files(part) -> list[str]:
        if isinstance(part, list):
            return [name for piece in part for name in files(piece)]
        if not isinstance(part, dict):
            return []
        own = [part[key] for key in ("root", "file") if key in part]
        return own + [name for piece in part.values() for name in files(piece)]

    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    return [f"{name}.html" for name in files(toc)]


@functools.cache
def soup(name: str) -> BeautifulSoup:
    """A built page, parsed; shared by all who only read it."""
    return BeautifulSoup((HTML / name).read_text(encoding="utf8"), "html.parser")


@functools.cache
def anchors(name: str) -> frozenset[str]:
    """Every place of a built page that an address may end with."""
    ids = {element["id"] for element in soup(name).find_all(id=True)}
    named = {link["name"] for link in soup(name).find_all("a", attrs={"name": True})}
    return frozenset(ids | named)


def documented_policy() -> str:
    """The Content-Security-Policy that docs/hosting.md recommends."""
    text = (ROOT / "docs" / "hosting.md").read_text(encoding="utf8")
    return re.search(r"^default-src .*$", text, re.MULTILINE)[0]


class _Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        # A browser reports each violation as an error, and the tests allow no errors.
        self.send_header("Content-Security-Policy", documented_policy())
        super().end_headers()

    def translate_path(self, path: str) -> str:
        prefix = f"/{SUBFOLDER}"
        if not path.startswith(prefix):
            return str(HTML / "absent")
        return super().translate_path(path[len(prefix) :] or "/")

    def log_message(self, *arguments) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address) -> None:
        pass  # the browser closes connections as it leaves a page


@contextmanager
def serve() -> Iterator[str]:
    """Serve the built book from a subfolder of localhost; gives its address, without a slash at the
    end.
    """
    handler = functools.partial(_Handler, directory=str(HTML))
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{SUBFOLDER}"
        finally:
            server.shutdown()


@contextmanager
def chromium() -> Iterator:
    """A headless Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    if path is None:
        raise RuntimeError(
            "no Chromium found; install it, or name it in the environment variable CHROMIUM"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def settle(page) -> None:
    """Wait until fonts, pictures, formulas and widgets of ``page`` are there."""
    page.wait_for_load_state("load")
    page.evaluate(
        """async () => { await (window.MathJax?.startup?.promise ?? Promise.resolve()); await
        document.fonts.ready; document.querySelectorAll('img[loading=lazy]').forEach(image =>
        image.loading = 'eager'); await Promise.all([...document.images].map(image =>
        image.decode().catch(() => null))); }"""
    )
