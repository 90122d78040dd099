"""Writes THIRD-PARTY-NOTICES.md: what the repository bundles, which version, under which licence.

``python tools/notices.py [--check]``. Versions come from ``tools/vendor.sh``, licences from the
files that stand beside the libraries. With --check it writes nothing, and fails if the file would
change.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = "THIRD-PARTY-NOTICES.md"
# Words that tell the licences we know, the telling ones first: one may hold words of another.
KINDS = {
    "Apache License": "Apache-2.0",
    "SIL OPEN FONT LICENSE": "OFL-1.1",
    "Mozilla Public License Version 2.0": "MPL-2.0",
    "Mozilla Public License, version 2.0": "MPL-2.0",
    "Redistribution and use in source and binary forms": "BSD-3-Clause",
    "Permission to use, copy, modify, and/or distribute": "ISC",
    "Permission is hereby granted, free of charge": "MIT",
    "Released under MIT license": "MIT",
}


@dataclass(frozen=True)
class Bundle:
    """A library in the repository: its files, the file with its licence, and who needs it."""

    name: str
    variable: str  # of tools/vendor.sh, which holds the version
    files: tuple[str, ...]  # patterns from the root
    licence: str
    use: str


BUNDLES = (
    Bundle("MathJax", "MATHJAX", ("_vendor/mathjax/**/*",), "_vendor/mathjax/LICENSE", "formulas"),
    Bundle("RequireJS", "REQUIREJS", ("_vendor/widgets/require.js",), "_vendor/widgets/require.js",
           "loads widgets"),
    Bundle("@jupyter-widgets/html-manager", "HTML_MANAGER", ("_vendor/widgets/embed-amd.js",
           "_vendor/widgets/*.woff2"),
           "_vendor/widgets/LICENSE-html-manager", "widgets without a kernel"),
    Bundle("Source Serif 4", "SERIF", ("_vendor/fonts/source-serif-4*",),
           "_vendor/fonts/LICENSE-source-serif-4", "typeface"),
    Bundle("Source Sans 3", "SANS", ("_vendor/fonts/source-sans-3*",),
           "_vendor/fonts/LICENSE-source-sans-3", "typeface"),
    Bundle("Source Code Pro", "MONO", ("_vendor/fonts/source-code-pro*",),
           "_vendor/fonts/LICENSE-source-code-pro", "typeface"),
    Bundle("axe-core", "AXE", ("tests/book/assets/axe.min.js",),
           "tests/book/assets/LICENSE-axe-core",
           "tests of accessibility; not in the book"),
)  # fmt: skip
FIGURES = "passk_lib/widgets/static/LICENSES.md"


def kind(text: str, where: str) -> str:
    for words, name in KINDS.items():
        if words.lower() in text.lower():
            return name
    raise ValueError(f"{where}: its licence is not one that tools/notices.py knows")


def versions() -> dict[str, str]:
    text = (ROOT / "tools" / "vendor.sh").read_text(encoding="utf8")
    return dict(re.findall(r"^([A-Z_]+)=([\d.]+)$", text, re.MULTILINE))


def bundled_in_figures() -> list[tuple[str, str, str]]:
    """Name, version and licence of each package inside the live figures' script."""
    text = (ROOT / FIGURES).read_text(encoding="utf8")
    sections = re.findall(r"^## (\S+) (\S+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return [(name, version, kind(licence, name)) for name, version, licence in sections]


def notices() -> str:
    known = versions()
    lines = [
        "# What this repository bundles",
        "",
        "The code is under the MIT licence (`LICENSE`), the text of the chapters under CC BY 4.0 "
        "(`LICENSE-TEXT`). What is listed here comes from others and keeps its own licence. "
        "`python tools/notices.py` writes this file; a test compares it with what is there.",
        "",
        "| library | version | licence | for | the licence's text |",
        "| :-- | :-- | :-- | :-- | :-- |",
    ]
    for one in BUNDLES:
        text = (ROOT / one.licence).read_text(encoding="utf8")[:20000]
        lines.append(
            f"| {one.name} | {known[one.variable]} | {kind(text, one.licence)} | {one.use} "
            f"| `{one.licence}` |"
        )
    lines += [
        f"| {name} | {version} | {licence} | live figures | `{FIGURES}` |"
        for name, version, licence in bundled_in_figures()
    ]
    lines += [
        "",
        "The small language models in `passk_lib/llm/models` were trained here; their cards stand "
        "beside them.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    if set(arguments) - {"--check"}:
        print(__doc__, file=sys.stderr)
        return 2
    text = notices()
    if "--check" in arguments:
        current = (ROOT / TARGET).read_text(encoding="utf8")
        if current != text:
            print(f"{TARGET} is not what is bundled: run python tools/notices.py", file=sys.stderr)
            return 1
        return 0
    (ROOT / TARGET).write_text(text, encoding="utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
