"""Alternative text for figures.

A displayed picture carries it in its output metadata, ``{"image/svg+xml": {"alt": "…"}}``, the
place where IPython and nbconvert have it too (``passk_lib.book.show`` puts it there). myst-nb reads
only width and height from there.
"""

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


def setup(app):
    NbElementRenderer.render_image = render_image_with_alt
