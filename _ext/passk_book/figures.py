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
    """Give every drawn figure its size, so that the page does not jump when it loads, and put wide
    ones into a box that a phone lets scroll, by touch and by keyboard."""
    if "body" in context:
        context["body"] = re.sub(
            r'<img ([^>]*src="[^"]*/_images/([^"/]+\.svg)"[^>]*)>',
            lambda found: sized(found[1], *picture_size(app, found[2])),
            context["body"],
        )


def sized(attributes: str, width: int, height: int) -> str:
    size = f'width="{width}" height="{height}" ' if width else ""
    image = f"<img {size}{attributes}>"
    if width <= max(620, 1.6 * height):
        return image
    return f'<div class="wide" tabindex="0" role="group" aria-label="A wide figure">{image}</div>'


def picture_size(app, name: str) -> tuple[int, int]:
    """Width and height in pixels of the picture that is copied as ``name``; (0, 0) if unknown."""
    for source, (_, copied) in app.env.images.items():
        if copied == name:
            head = (Path(app.srcdir) / source).read_text(encoding="utf8")[:1000]
            size = [
                re.search(rf'<svg[^>]* {side}="([\d.]+)pt"', head) for side in ("width", "height")
            ]
            if all(size):
                return tuple(round(float(found[1]) * 4 / 3) for found in size)
    return 0, 0


def setup(app):
    NbElementRenderer.render_image = render_image_with_alt
    app.connect("html-page-context", add_sizes)
