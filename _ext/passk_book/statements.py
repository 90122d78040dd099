"""Theorem boxes and link targets out of plain Markdown, in prose and in what cells display.

- ``> **Proposition 4.1** (title). …`` becomes a box with the id ``prop-4.1``;
- an equation with ``\\tag{9}`` gets the id ``eq-9``;
- a heading ``Exercise 3.2`` gets the id ``ex-3.2``;
- ``<a id="chen2021"></a>`` becomes known as a target, so that links to it are checked.

The ids join the headings' slugs of their page. From there MyST resolves ``[…](#prop-4.1)`` and
``[…](04_conflict.ipynb#prop-4.1)``, and warns of a target that does not exist, which fails the
build.
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from passk_lib.book.conventions import ANCHOR, EXERCISE, KINDS, STATEMENT, TAG

logger = logging.getLogger(__name__)


class Statements(SphinxTransform):
    default_priority = 500  # after parsing, before MyST resolves links within the page (879)

    def apply(self, **kwargs):
        for quote in list(self.document.findall(nodes.block_quote)):
            box = statement_box(quote)
            if box is not None:
                quote.replace_self(box)
                for target in box["ids"]:
                    self.add_target(target, box, box[0].astext())
        for equation in self.document.findall(nodes.math_block):
            # Sphinx would wrap each "\\" in an environment of its own choice, in which no \tag may
            # stand. With this class MyST passes on what the author wrote.
            equation["classes"].append("amsmath")
            equation.setdefault("number", None)
            for tag in TAG.findall(equation.astext()):
                if self.add_target(f"eq-{tag}", equation, f"({tag})"):
                    equation["ids"].append(f"eq-{tag}")
        for section in self.document.findall(nodes.section):
            match = EXERCISE.match(section[0].astext())
            if match and self.add_target(f"ex-{match[1]}", section, match[0]):
                section["ids"].append(f"ex-{match[1]}")
        for raw in self.document.findall(nodes.raw):
            for target in ANCHOR.findall(raw.astext()):
                self.add_target(target, raw, target)

    def add_target(self, target, node, title):
        """Make ``target`` known on its page; False if it is taken."""
        targets = self.env.metadata[self.env.docname].setdefault("myst_slugs", {})
        self.document.myst_slugs = targets
        if target in targets:
            if not in_output(node):
                logger.warning("the target %r is defined twice on this page", target, location=node)
            return False
        targets[target] = (node.line, target, title)
        return True


def in_output(node) -> bool:
    """Whether ``node`` stands in what a cell displays; there one statement may come in several
    forms.
    """
    while node is not None:
        if isinstance(node, nodes.container) and "mime_type" in node:
            return True
        node = node.parent
    return False


def statement_box(quote):
    """The box for a quote that begins with a statement's name, None for any other quote."""
    first = quote[0] if quote.children else None
    if not isinstance(first, nodes.paragraph):
        return None
    parts = [part for part in first.children if not (isinstance(part, nodes.Text) and part == "")]
    if not (parts and isinstance(parts[0], nodes.strong)):
        return None
    match = STATEMENT.match(parts[0].astext())
    if match is None:
        return None
    kind, number = match.groups()

    title = nodes.title("", "")
    title += nodes.inline("", parts[0].astext().rstrip("."), classes=["statement-name"])
    name, rest = split_title(parts[1:])
    if name:
        title += nodes.Text(" ")
        title += nodes.inline("", "", *name, classes=["statement-title"])
    box = nodes.admonition("", title, classes=["statement", f"statement-{kind.lower()}"])
    box.source, box.line = quote.source, quote.line or first.line
    if number and KINDS[kind]:
        box["ids"].append(f"{KINDS[kind]}-{number}")
    if any(child.astext().strip() for child in rest):
        box += nodes.paragraph("", "", *rest)
    box += quote.children[1:]
    return box


def split_title(children):
    """``(title). Text`` as (nodes of the title, nodes of the text); the title may hold maths and
    parentheses.
    """
    children = list(children)
    if not (
        children
        and isinstance(children[0], nodes.Text)
        and children[0].lstrip(". ").startswith("(")
    ):
        return [], strip_start(children)
    title, depth = [], 0
    for index, child in enumerate(children):
        if not isinstance(child, nodes.Text):
            title.append(child)
            continue
        for position, character in enumerate(child):
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth == 0 and character == ")":
                title.append(
                    nodes.Text(
                        child[: position + 1].lstrip(". ") if index == 0 else child[: position + 1]
                    )
                )
                rest = [nodes.Text(child[position + 1 :]), *children[index + 1 :]]
                return title, strip_start(rest)
        title.append(nodes.Text(child.lstrip(". ")) if index == 0 else child)
    return [], strip_start(children)  # never closed: not a title


def strip_start(children):
    """``children`` without the full stop and the space that follow a statement's name."""
    if children and isinstance(children[0], nodes.Text):
        return [nodes.Text(re.sub(r"^[.:]?\s*", "", children[0])), *children[1:]]
    return children


def setup(app):
    app.add_transform(Statements)
