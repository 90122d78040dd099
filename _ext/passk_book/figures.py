"""Alternative text, sizes and downloads for figures.

A displayed picture carries its text in its output metadata, ``{"image/svg+xml": {"alt": "…"}}``,
the place where IPython and nbconvert have it too (``passk_lib.book.show`` puts it there). myst-nb
reads only width and height from there. Beside the text lies ``csv``, the numbers that the figure
draws. Below a figure readers find both, drawing and numbers, to download.
"""

import re
import shutil
from pathlib import Path

from docutils import nodes
from myst_nb.core.render import NbElementRenderer
from sphinx.util import logging

logger = logging.getLogger(__name__)
render_image = NbElementRenderer.render_image


def render_image_with_alt(self, data):
    rendered = render_image(self, data)
    metadata = data.output_metadata.get(data.mime_type, {})
    alt = metadata.get("alt")
    for image in rendered:
        if isinstance(image, nodes.image):
            if metadata.get("csv"):
                name = Path(image["uri"]).with_suffix(".csv").name
                numbers = Path(self.config.output_folder) / name
                numbers.write_text(metadata["csv"], encoding="utf8")
            image["figure"] = metadata.get("figure", "")
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


def add_sizes_and_downloads(app, pagename, templatename, context, doctree):
    """Give every drawn figure its size, so that the page does not jump when it loads, let it wait
    until it is nearly in sight, put wide ones into a box that a phone lets scroll, by touch and by
    keyboard, and link to the drawing and to its numbers."""
    if "body" in context:
        context["body"] = re.sub(
            r'<img ([^>]*src="([^"]*/_images/)([^"/]+\.svg)"[^>]*)>',
            lambda found: (
                sized(found[1], *picture_size(app, found[3])) + downloads(app, found[2], found[3])
            ),
            context["body"],
        )


def sized(attributes: str, width: int, height: int) -> str:
    size = f'width="{width}" height="{height}" loading="lazy" ' if width else ""
    image = f"<img {size}{attributes}>"
    if width <= max(620, 1.6 * height):
        return image
    return f'<div class="wide" tabindex="0" role="group" aria-label="A wide figure">{image}</div>'


def downloads(app, folder: str, name: str) -> str:
    """Links to the drawing and to its numbers; nothing for a picture without numbers."""
    numbers = copy_numbers(app, name)
    if numbers is None:
        return ""
    return (
        '<p class="figure-downloads">'
        f'<a href="{folder}{name}" download="figure.svg" title="This figure as SVG">SVG</a> '
        f'<a href="{folder}{numbers}" download="figure.csv" title="Its numbers as CSV">CSV</a></p>'
    )


def copy_numbers(app, name: str) -> str | None:
    """The file beside the picture ``name`` that holds its numbers, now among the built pages."""
    source = source_of(app, name)
    if source is None or not source.with_suffix(".csv").is_file():
        return None
    numbers = Path(name).with_suffix(".csv").name
    folder = Path(app.outdir) / "_images"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source.with_suffix(".csv"), folder / numbers)
    return numbers


def source_of(app, name: str) -> Path | None:
    """The file that is copied as the picture ``name``."""
    for source, (_, copied) in app.env.images.items():
        if copied == name:
            return Path(app.srcdir) / source
    return None


def picture_size(app, name: str) -> tuple[int, int]:
    """Width and height in pixels of the picture that is copied as ``name``; (0, 0) if unknown."""
    source = source_of(app, name)
    if source is not None:
        head = source.read_text(encoding="utf8")[:1000]
        size = [re.search(rf'<svg[^>]* {side}="([\d.]+)pt"', head) for side in ("width", "height")]
        if all(size):
            return tuple(round(float(found[1]) * 4 / 3) for found in size)
    return 0, 0


def setup(app):
    NbElementRenderer.render_image = render_image_with_alt
    app.connect("html-page-context", add_sizes_and_downloads)
