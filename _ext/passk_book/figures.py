"""Alternative text and sizes for figures.

A displayed picture carries it in its output metadata, ``{"image/svg+xml": {"alt": "…"}}``, the
place where IPython and nbconvert have it too (``passk_lib.book.show`` puts it there). myst-nb reads
only width and height from there.
"""

import re
from pathlib import Path

from docutils import nodes
from myst_nb.core.render import NbElementRenderer
from sphinx.util import logging

logger = logging.getLogger(__name__)
render_image = NbElementRenderer.render_image


def render_image_with_alt(self, data):
    rendered = render_image(self, data)
    alt = data.output_metadata.get(data.mime_type, {}).get("alt")
    for image in rendered:
        if isinstance(image, nodes.image):
            if alt:
                image["alt"] = alt
            elif not image.get("alt"):
                logger.warning(
                    "cell %s shows a picture without alternative text; "
                    "display it with passk_lib.book.show",
                    data.cell_index,
                    location=(self.renderer.document["source"], data.line),
                )
    return rendered


def add_sizes(app, pagename, templatename, context, doctree):
    """Give every drawn figure its size, so that the page does not jump when it loads, and mark wide
    ones, which a phone lets scroll."""
    if "body" in context:
        context["body"] = re.sub(
            r'<img (?=[^>]*src="[^"]*/_images/([^"/]+\.svg)")',
            lambda found: f"<img {size_attributes(app, found[1])}",
            context["body"],
        )


def size_attributes(app, name: str) -> str:
    """Width and height in pixels of the picture that is copied as ``name``; empty if unknown."""
    for source, (_, copied) in app.env.images.items():
        if copied != name:
            continue
        head = (Path(app.srcdir) / source).read_text(encoding="utf8")[:1000]
        size = (
            re.search(r'<svg[^>]* width="([\d.]+)pt"', head),
            re.search(r' height="([\d.]+)pt"', head),
        )
        if all(size):
            width, height = (round(float(found[1]) * 4 / 3) for found in size)
            wide = 'class="wide" ' if width > max(620, 1.6 * height) else ""
            return f'{wide}width="{width}" height="{height}" '
    return ""


def setup(app):
    NbElementRenderer.render_image = render_image_with_alt
    app.connect("html-page-context", add_sizes)
