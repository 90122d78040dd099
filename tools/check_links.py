"""Every address that the book and its pages name: which are dead, and which are only slow.

``python tools/check_links.py [--report FILE] [PATH ...]``

Without paths it reads the chapters and every Markdown file of the repository. A link is dead when
its server says that the page is not there (404, 410) or its host's name does not exist. It is slow
when no answer came this time: a time-out, a refused connection, a busy or failing server. It is
guarded when the server turns programs away (401, 403, 429). Only dead links fail the check.
"""

from __future__ import annotations

import argparse
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

import nbformat

ROOT = Path(__file__).resolve().parent.parent
OK, DEAD, SLOW, GUARDED = "ok", "dead", "slow", "guarded"
SENTENCE = {
    DEAD: "the page is not there",
    SLOW: "no answer this time",
    GUARDED: "the server turns programs away",
}
# A browser's name: many publishers answer nothing else.
HEADERS = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) link check", "Accept": "*/*"}
CODE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
# Brackets belong to an address in pairs: .../a_(b) does, the bracket that closes a link does not.
ADDRESS = re.compile(r"https?://(?:[^\s<>()\[\]\"'`]|\([^\s<>()\"'`]*\))+")


@dataclass(frozen=True)
class Link:
    """An address, the files that name it, and what came of asking for it."""

    address: str
    files: tuple[str, ...]
    state: str = OK
    why: str = ""

    def __str__(self) -> str:
        return f"{self.address} ({self.why}), in {', '.join(self.files)}"


def addresses(path: Path) -> set[str]:
    """The addresses in a file's prose, without the part after #."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = path.read_text(encoding="utf8")
    found = ADDRESS.findall(CODE.sub("", text))
    return {address.split("#")[0].rstrip(".,;:!?*_") for address in found}


def collect(paths: Iterable[Path]) -> list[Link]:
    files: dict[str, list[str]] = {}
    for path in paths:
        for address in addresses(path):
            files.setdefault(address, []).append(path.name)
    return [Link(address, tuple(sorted(names))) for address, names in sorted(files.items())]


def ask(address: str, timeout: float) -> tuple[str, str]:
    """The state of an address and the reason, from one request (two where HEAD is refused)."""
    parts = urlsplit(address)
    safe = urlunsplit(parts._replace(path=quote(parts.path, safe="/%:@!$&'()*+,;=~-._")))
    for method in ("HEAD", "GET"):
        try:
            with urlopen(Request(safe, headers=HEADERS, method=method), timeout=timeout):
                return OK, ""
        except HTTPError as error:
            error.close()
            if method == "HEAD":  # some servers know GET alone
                continue
            return state_of(error.code), f"status {error.code}"
        except URLError as error:
            return refused(error.reason)
        except (OSError, HTTPException) as error:
            return refused(error)
    raise AssertionError("unreachable")


def state_of(status: int) -> str:
    if status in (401, 403, 405, 406, 429, 451, 999):
        return GUARDED
    return SLOW if status >= 500 or status in (408, 425) else DEAD


def refused(reason: object) -> tuple[str, str]:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return DEAD, "its certificate is not valid"
    if isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN:
        return DEAD, "no such host"
    return SLOW, str(reason) or type(reason).__name__


def check(link: Link, timeout: float = 20, pauses: Iterable[float] = (5, 30)) -> Link:
    """Asks again, after each of ``pauses`` (seconds), while there is no answer."""
    state, why = ask(link.address, timeout)
    for pause in pauses:
        if state != SLOW:
            break
        time.sleep(pause)
        state, why = ask(link.address, timeout)
    return Link(link.address, link.files, state, why)


def sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "*.md", "chapters/*.ipynb"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.split("\n") if name]


def summary(links: list[Link]) -> str:
    """Markdown: dead links first, then what could not be asked."""
    parts = [f"{len(links)} addresses: " + ", ".join(
        f"{sum(link.state == state for link in links)} {state}"
        for state in (OK, DEAD, SLOW, GUARDED)
    ) + "."]  # fmt: skip
    for state, sentence in SENTENCE.items():
        if found := [link for link in links if link.state == state]:
            parts.append(f"\n{state.capitalize()} ({sentence}):\n")
            parts += [f"- {link}" for link in found]
    return "\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Which links are dead, and which only slow.")
    parser.add_argument("--report", type=Path, help="write the result to this file (Markdown)")
    parser.add_argument("--timeout", type=float, default=20, help="seconds for one answer")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    given = parser.parse_args(arguments)
    if missing := [str(path) for path in given.paths if not path.is_file()]:
        parser.error(f"no such file: {', '.join(missing)}")
    links = collect(given.paths or sources())
    with ThreadPoolExecutor(8) as pool:
        links = list(pool.map(lambda link: check(link, given.timeout), links))
    text = summary(links)
    print(text, end="")
    if given.report:
        given.report.write_text(text, encoding="utf8")
    return 1 if any(link.state == DEAD for link in links) else 0


if __name__ == "__main__":
    sys.exit(main())
