"""Symbols lead to their meaning.

The page ``chapters/notation`` lists the book's symbols in tables. Each row becomes a link target,
``symbol-kappa`` for one. In every other page a formula that is nothing but such a symbol is linked
to its row where it stands for the first time in a section: once, so that the keyboard has few stops
and the eye little to stumble over. ``previews`` shows the row beside the symbol.
"""

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform

NOTATION = "chapters/notation"


class Rows(SphinxTransform):
    """The rows of the notation page as targets; what they explain is kept with the page."""

    default_priority = 510

    def apply(self, **kwargs):
        if self.env.docname != NOTATION:
            return
        known = self.env.metadata[NOTATION].setdefault("symbols", {})
        for row in self.document.findall(nodes.row):
            formulas = [normal(formula) for formula in row[0].findall(nodes.math)]
            if formulas:
                target = f"symbol-{slug(formulas[0])}"
                row["ids"].append(target)
                known.update(dict.fromkeys(formulas, target))


def normal(formula: nodes.math) -> str:
    return "".join(formula.astext().split())


def slug(tex: str) -> str:
    """A name for a formula's target: its letters and digits, signs by their names."""
    named = tex.replace("'", " prime").replace("+", " plus").replace("-", " minus")
    return "-".join(re.findall(r"[A-Za-z0-9]+", named))


def known_symbols(env) -> dict[str, str]:
    return env.metadata.get(NOTATION, {}).get("symbols", {})


def rewrite_all_when_changed(app, env):
    """A change of the notation changes every page."""
    before, env.passk_symbols = getattr(env, "passk_symbols", None), known_symbols(env)
    return [] if before == env.passk_symbols else sorted(env.found_docs)


def link(app, doctree, docname):
    known = known_symbols(app.env)
    exempt = (NOTATION, app.config.root_doc)  # the first page has better links to offer
    if app.builder.format != "html" or docname in exempt or not known:
        return
    page = app.builder.get_relative_uri(docname, NOTATION)
    linked = set()
    for formula in list(doctree.findall(nodes.math)):
        target = known.get(normal(formula))
        section = surroundings(formula)
        if target is None or section is None or (section, target) in linked:
            continue
        linked.add((section, target))
        reference = nodes.reference("", "", internal=True, refuri=f"{page}#{target}")
        reference["classes"].append("symbol")
        formula.replace_self(reference)
        reference += formula


def surroundings(node) -> int | None:
    """The section of the second level, or the page, that ``node`` stands in; None where no link may
    stand: in headings, in links, in what cells display."""
    sections = []
    while node is not None:
        if isinstance(node, nodes.title | nodes.reference):
            return None
        if isinstance(node, nodes.container) and "mime_type" in node:
            return None
        if isinstance(node, nodes.section):
            sections.append(id(node))
        node = node.parent
    return sections[-2:][0] if sections else None


# A link that holds nothing but a formula has no name for who listens: the formula's own text is
# made in the browser, and hidden there from the names of links.
LINK = re.compile(r'<a class="symbol reference internal" href="([^"#]*)#symbol-([^"]+)"')


def named(link: re.Match) -> str:
    """The opening tag of a symbol's link, with a name."""
    return f'{link[0]} aria-label="{link[2].replace("-", " ")}: notation"'


def name_links(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = LINK.sub(named, context["body"])


def setup(app):
    app.add_transform(Rows)
    app.connect("env-updated", rewrite_all_when_changed)
    app.connect("doctree-resolved", link)
    app.connect("html-page-context", name_links)
