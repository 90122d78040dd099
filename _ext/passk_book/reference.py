"""The reference of ``passk_lib``: Sphinx's autodoc on docstrings that are plain text.

The library's docstrings are written to be read in a terminal: paragraphs, ``code`` in single or
double backticks, lists, examples after ``>>>``, and Greek letters. Here they become
reStructuredText in which nothing else has a meaning, so that a bar or a star in a formula is a bar
or a star, and no docstring can break the build.
"""

import re

CODE = re.compile(r"(``.+?``|`[^`]+`)")
SPECIAL = re.compile(r"([\\*_|`])")
ITEM = re.compile(r"(\s*)(?:[-*]|\d+\.) +")


def as_restructured_text(lines: list[str]) -> list[str]:
    """The lines of a plain docstring as reStructuredText that shows the same text."""
    written = []
    for block in blocks(lines):
        first = block[0]
        indent = len(first) - len(first.lstrip())
        if first.lstrip().startswith(">>>"):
            written += [line.strip() and line[indent:] for line in block]
        elif ITEM.match(first):
            written += ["", *list_items(block)]
        elif indent >= 4:
            written += ["::", "", *block]
        else:
            written += escaped(" ".join(line.strip() for line in block)).splitlines()
        written.append("")
    return written


def blocks(lines: list[str]) -> list[list[str]]:
    """Runs of lines without an empty one; an indented example stays in one piece, and a list or an
    example that follows a paragraph without an empty line is a block of its own."""
    found: list[list[str]] = []
    new = True
    for line in lines:
        if not line.strip():
            new = True
            continue
        starts = ITEM.match(line) or line.lstrip().startswith(">>>")
        inside = found and (ITEM.match(found[-1][0]) or found[-1][0].lstrip().startswith(">>>"))
        if new or (starts and not inside):
            found.append([])
        found[-1].append(line)
        new = False
    return found


def list_items(block: list[str]) -> list[str]:
    items = []
    for line in block:
        if ITEM.match(line):
            items.append(ITEM.sub("", line, count=1))
        else:
            items[-1] += " " + line.strip()
    return [f"- {escaped(item)}" for item in items]


def escaped(text: str) -> str:
    pieces = CODE.split(text)
    for index, piece in enumerate(pieces):
        if index % 2:
            code = piece.strip("`").strip()
            # An empty comment sign lets code stand beside letters.
            pieces[index] = f"\\ ``{code}``\\ "
        else:
            pieces[index] = SPECIAL.sub(r"\\\1", piece)
    return "".join(pieces)


def convert(app, what, name, obj, options, lines):
    lines[:] = as_restructured_text(lines)


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", convert)
