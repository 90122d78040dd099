"""Live figures on static pages: anywidget's browser side from the book itself, and stand-ins.

- html-manager would fetch anywidget's module from another host. It is taken from the installed
  package instead, whose version is the one that wrote the widgets' state, as a named AMD module.
- A live figure displays itself together with a picture of its state. myst-nb keeps one form of an
  output; here the picture is kept beside the widget. Styles show it in print and as long as no
  figure has taken its place: without JavaScript, for one.
- Below it readers find the drawing and its numbers as they stand; without JavaScript, the numbers
  of the opening state.
"""

import re
from html import escape
from pathlib import Path

import anywidget
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from .figures import copy_numbers

WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURE = "image/png"
MODULE = "widgets/anywidget.js"


class KeepPicture(SphinxPostTransform):
    default_priority = 3  # before myst-nb, at 4, chooses one form

    def run(self, **kwargs):
        for bundle in list(self.document.findall(nodes.container)):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            forms = {form["mime_type"]: form for form in bundle.children}
            if WIDGET in forms and PICTURE in forms:
                # A widget's view is JavaScript: other builders keep the picture alone.
                if self.app.builder.format == "html":
                    stand_in = nodes.container("", *forms[PICTURE].children)
                    stand_in["classes"].append("live-stand-in")
                    picture = next(stand_in.findall(nodes.image), None)
                    stand_in += caption(stand_in)
                    forms[WIDGET] += stand_in
                    if picture is not None:
                        bundle["classes"] += ["live-figure", f"live-{picture.get('figure', '')}"]
                        forms[WIDGET] += downloads(Path(picture["uri"]).name)
                else:
                    bundle.remove(forms[WIDGET])


def caption(stand_in):
    """What the picture's alternative text says, for those who see the picture."""
    text = next((image["alt"] for image in stand_in.findall(nodes.image) if "alt" in image), "")
    line = f'<p class="live-caption" aria-hidden="true">{escape(text)}</p>'
    return nodes.raw("", line, format="html")


def downloads(picture: str):
    """The place below a live figure for its downloads."""
    return nodes.raw(
        "", f'<p class="figure-downloads" data-picture="{picture}"></p>', format="html"
    )


def fill_downloads(app, pagename, templatename, context, doctree):
    """The figure as it stands and its numbers, both saved by ``_static/live-downloads.js``. Where
    no script runs, the link leads to the numbers of the state that the page shows then."""

    def filled(found):
        links = (
            '<button type="button" class="live-svg pst-js-only" '
            'title="The figure as it stands, as SVG">SVG</button>'
        )
        numbers = copy_numbers(app, found[1])
        if numbers:
            address = context["pathto"](f"_images/{numbers}", resource=True)
            links += (
                f' <a class="live-csv" href="{address}" download="figure.csv" '
                'title="Its numbers as it stands, as CSV">CSV</a>'
            )
        return f'<p class="figure-downloads">{links}</p>'

    if "body" in context:
        context["body"] = re.sub(
            r'<p class="figure-downloads" data-picture="([^"]+)"></p>', filled, context["body"]
        )


# html-manager looks for its fonts beside the modules it is made of, and those beside the page.
PATHS = """\
const folder = new URL(".", document.currentScript.src).href;
const modules = ["base", "controls", "html-manager", "html-manager/dist/libembed-amd"];
requirejs.config({
  paths: Object.fromEntries(modules.map((m) => ["@jupyter-widgets/" + m, folder + "module"])),
});
"""


def add_module(app, config):
    """anywidget's AMD module under its own name, so that the loader need not look for it."""
    source = Path(anywidget.__file__).parent / "nbextension" / "index.js"
    before, mark, after = source.read_text(encoding="utf8").rpartition("define([")
    if not mark:
        raise RuntimeError(f"{source} is no AMD module: this anywidget needs another loader")
    folder = Path(app.outdir).parent / ".widgets"
    (folder / MODULE).parent.mkdir(parents=True, exist_ok=True)
    module = f'(() => {{\n{PATHS}{before}define("anywidget", [{after}\n}})();\n'
    (folder / MODULE).write_text(module, encoding="utf8")
    config.html_static_path.append(str(folder))
    require, *rest = config.nb_ipywidgets_js.items()
    config.nb_ipywidgets_js = dict([require, (MODULE, {}), *rest])


def setup(app):
    app.connect("config-inited", add_module, priority=400)
    app.connect("html-page-context", fill_downloads)
    app.add_post_transform(KeepPicture)
