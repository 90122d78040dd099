"""What a link to a page shows in search engines, messengers and social media.

Every page says in its head what it is about, in the words of its first paragraph. Where the site's
address is known (``PASSK_SITE``, ``passk_lib.book.repository``), the page names its own address and
the preview picture too, which must be absolute; without one these two are left out. The site's own
address, which people pass on, leads to the first page and shows the same.
"""

import os
from html import escape
from pathlib import Path

from docutils import nodes

PICTURE = "social-preview.png"
ALT = (
    "Contour maps of pass@1 and pass@10 over two parameters. In a hatched region, where the point "
    "stands, the two gradients are more than a right angle apart."
)


def describe(doctree, longest: int = 200) -> str:
    """The page's first paragraph, cut at a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            text = " ".join(paragraph.astext().split())
            if len(text) > longest:
                text = text[:longest].rsplit(" ", 1)[0].rstrip(",;:") + " …"
            return text
    return ""


def add_head(app, pagename, templatename, context, doctree):
    about = {"og:type": "article", "og:site_name": app.config.html_title, "og:locale": "en_GB"}
    about["og:title"] = context.get("title") or app.config.html_title
    description = describe(doctree) if doctree is not None else ""
    if description:
        about["og:description"] = description
    site = app.config.html_baseurl
    if site and doctree is not None:
        about["og:url"] = f"{site.rstrip('/')}/{pagename}.html"
        about["og:image"] = f"{site.rstrip('/')}/_static/{PICTURE}"
        about |= {"og:image:width": "1200", "og:image:height": "630", "og:image:alt": ALT}
    lines = [
        f'<meta property="{name}" content="{attribute(text)}" />' for name, text in about.items()
    ]
    lines.append('<meta name="twitter:card" content="summary_large_image" />')
    if description:
        lines.append(f'<meta name="description" content="{attribute(description)}" />')
    head = "\n".join(lines)
    context["metatags"] = context.get("metatags", "") + "\n" + head
    if pagename == app.config.root_doc:
        write_front_door(app, head)


FRONT_DOOR = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{title}</title>
{head}
<meta http-equiv="refresh" content="0; url={page}.html" />
</head>
<body><h1>{title}</h1><p><a href="{page}.html">Open the book</a></p></body>
</html>
"""


def write_front_door(app, head: str):
    """The page at the site's own address. Jupyter Book would put a bare redirection there."""
    site, page = app.config.html_baseurl, app.config.root_doc
    if site:
        head += f'\n<link rel="canonical" href="{attribute(site.rstrip("/"))}/{page}.html" />'
    door = FRONT_DOOR.format(title=escape(app.config.html_title), head=head, page=page)
    (Path(app.outdir) / "index.html").write_text(door, encoding="utf8")


def attribute(text: str) -> str:
    return escape(nodes.unescape(text).replace("&#64;", "@"))


def know_site(app, config):
    """The address that the pages will have: ``PASSK_SITE``, or where GitHub shows the repository's
    pages."""
    repository = config.passk_repository
    config.html_baseurl = os.environ.get("PASSK_SITE") or (repository and repository.site) or ""


def draw_picture(app, config):
    """The preview picture, 1200 by 630 pixels, drawn by the library and kept while the library
    stays as it is."""
    if not config.html_baseurl:
        return
    folder = Path(app.outdir).parent / ".social"
    config.html_static_path.append(str(folder))
    path = folder / PICTURE
    folder.mkdir(parents=True, exist_ok=True)
    key, kept = str(config.nb_execution_cache_path), folder.with_name(".social-key")
    if path.is_file() and kept.is_file() and kept.read_text() == key:
        return
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from PIL import Image

    from passk_lib.widgets import ConflictMap

    figure = ConflictMap().picture()
    drawn = folder / "figure.png"
    figure.savefig(drawn, dpi=200, facecolor="white")
    plt.close(figure)
    sheet = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="white")
    sheet.text(0.5, 0.93, config.html_title, ha="center", va="top", size=34, weight="bold")
    picture = Image.open(drawn)
    axes = sheet.add_axes((0.04, 0.03, 0.92, 0.78))
    axes.imshow(picture)
    axes.axis("off")
    sheet.savefig(path)
    plt.close(sheet)
    drawn.unlink()
    kept.write_text(key)


def setup(app):
    # After the repository is found (500) and the execution cache is chosen.
    app.connect("config-inited", know_site, priority=600)
    app.connect("config-inited", draw_picture, priority=600)
    app.connect("html-page-context", add_head)
