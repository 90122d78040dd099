"""The reference of ``passk_lib``: Sphinx's autodoc on docstrings that are plain text.

The library's docstrings are written to be read in a terminal: paragraphs, ``code`` in single or
double backticks, lists, examples after ``>>>``, and Greek letters. Here they become
reStructuredText in which nothing else has a meaning, so that a bar or a star in a formula is a bar
or a star, and no docstring can break the build. A name in backticks leads to what it names, where
the reference has it.
"""

import ast
import re
from textwrap import dedent

from docutils import nodes
from sphinx import addnodes
from sphinx.ext.autodoc import Documenter, ModuleDocumenter

CODE = re.compile(r"(``.+?``|`[^`]+`)")
NAME = re.compile(r"([A-Za-z]\w*(?:\.\w+)*)(?:\(\))?")
SPECIAL = re.compile(r"([\\*_|`])")
ITEM = re.compile(r"(\s*)(?:[-*]|\d+\.) +")
# What a terminal writes in ASCII. A prime is no apostrophe: the theme would turn it into one.
PRIME = re.compile(r"(?<![\w'])([A-Za-z])('{1,2})(?![^\W_])")
SIGNS = {">=": "≥", "<=": "≤", "->": "→"}
SIGN = re.compile("|".join(SIGNS))
# Sphinx writes the parameters of a long signature as descriptions of nothing.
PARAMETERS = re.compile(r"<dl>\s*((?:<dd>(?:(?!</?d[dl]>).)*</dd>\s*)+)</dl>", re.DOTALL)


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
            written += [f".. code-block:: {language(block)}", "", *block]
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


def language(block: list[str]) -> str:
    """Of what is set apart by indentation: Python where it can be read as such, else a table."""
    try:
        ast.parse(dedent("\n".join(block)))
    except SyntaxError:
        return "text"
    return "python"


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
            name = NAME.fullmatch(code)
            shown = f":py:obj:`{code} <{name[1]}>`" if name else f"``{code}``"
            # An empty comment sign lets code stand beside letters.
            pieces[index] = f"\\ {shown}\\ "
        else:
            piece = PRIME.sub(lambda found: found[1] + "′" * len(found[2]), piece)
            piece = SIGN.sub(lambda found: SIGNS[found[0]], piece)
            pieces[index] = SPECIAL.sub(r"\\\1", piece)
    return "".join(pieces)


def convert(app, what, name, obj, options, lines):
    lines[:] = as_restructured_text(lines)


class InOrderOfTheSource(ModuleDocumenter):
    """A module's members as they follow each other in its file, whatever order ``__all__`` has."""

    def sort_members(self, documenters, order):
        # What a package gathers from its modules has no order but that of its names.
        gathers = hasattr(self.object, "__path__")
        kind = ModuleDocumenter if gathers else Documenter
        return kind.sort_members(self, documenters, order)


def with_readable_defaults(app, what, name, obj, options, signature, annotation):
    """A default that is no Python, such as ``<factory>``, would spoil the whole signature."""
    return signature and re.sub(r"=( ?)<\w.*?>", r"=\1...", signature), annotation


def plain_where_nothing_is_named(app, env, node, contnode):
    """A name that the reference does not have is code like any other."""
    if node.get("refdomain") == "py" and isinstance(contnode, nodes.literal):
        return nodes.literal("", contnode.astext())
    return None


IDLE = {"Bases: object", "Bases: ABC", "Bases: Exception"}


def without_idle_bases(app, doctree):
    """That a class is an object tells nobody anything."""
    for content in doctree.findall(addnodes.desc_content):
        if content.children and content[0].astext() in IDLE:
            content.pop(0)


def without_field_numbers(app, what, name, obj, skip, options):
    """Nor does the place of a field in a named tuple, which its signature shows."""
    return str(getattr(obj, "__doc__", "")).startswith("Alias for field number") or None


def parameters_as_list(app, pagename, templatename, context, doctree):
    """One parameter a line is a list, and said to be one."""

    def as_list(found: re.Match) -> str:
        items = found[1].replace("<dd>", "<li>").replace("</dd>", "</li>")
        return f"<ul>{items}</ul>"

    if "body" in context:
        context["body"] = PARAMETERS.sub(as_list, context["body"])


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.add_autodocumenter(InOrderOfTheSource, override=True)
    app.connect("autodoc-process-docstring", convert)
    app.connect("autodoc-process-signature", with_readable_defaults)
    app.connect("autodoc-skip-member", without_field_numbers)
    app.connect("doctree-read", without_idle_bases)
    app.connect("missing-reference", plain_where_nothing_is_named)
    app.connect("html-page-context", parameters_as_list)
