"""Mends of the theme: nothing from other hosts, and pages that everybody can use."""

from pathlib import Path


def add_folders(app, config):
    """Vendored libraries are copied beside the book's own files; mended templates go before the
    theme's.

    Jupyter Book would put every script of a static folder that its configuration names into every
    page; one that is added here is only copied.
    """
    config.html_static_path.append(str(Path(app.srcdir) / "_vendor"))
    config.templates_path.insert(0, str(Path(__file__).parent / "templates"))


def drop_thebe(app, config):
    """sphinx_thebe puts another host's address and a script that fails into every page; nothing
    here uses it.
    """
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if one.handler.__module__ != "sphinx_thebe"]
    app.registry.css_files[:] = [
        file for file in app.registry.css_files if file[0] != "sphinx-thebe.css"
    ]


def mend_body(app, pagename, templatename, context, doctree):
    """A folded cell is named by the text that it shows, not by a label that hides it."""
    if "body" in context:
        context["body"] = context["body"].replace(
            '<summary aria-label="Toggle hidden content">', "<summary>"
        )


def preload_typefaces(app, pagename, templatename, context, doctree):
    """The two faces that every page begins with load at once: less text is set anew."""
    for name in ("source-serif-4", "source-sans-3"):
        path = context["pathto"](f"_static/fonts/{name}-latin-wght-normal.woff2", resource=True)
        context["metatags"] = context.get("metatags", "") + (
            f'\n<link rel="preload" href="{path}" as="font" type="font/woff2" crossorigin>'
        )


def keep_first_page_light(app, pagename, templatename, context, doctree):
    """The first page has no formulas and does without MathJax, a sixth of its weight. Other pages
    without formulas keep it for their previews."""
    if pagename == app.config.root_doc and 'class="math' not in context.get("body", ""):
        context["script_files"] = [
            file for file in context["script_files"] if app.config.mathjax_path not in str(file)
        ]


def name_first_page_once(app, pagename, templatename, context, doctree):
    """The first page has the book's name; the theme would say it twice in a tab."""
    if pagename == app.config.root_doc and context.get("title") == app.config.html_title:
        context["docstitle"] = ""


# MathJax would set all formulas of a page in one go, which takes seconds where there are a thousand
# of them, and nothing else can happen meanwhile. Block by block, with pauses, live figures start
# early.
PACED_FORMULAS = """
if (window.MathJax) window.MathJax.startup = { async pageReady() {
  let resumed = performance.now();
  for (const block of document.querySelectorAll(".bd-article section > :not(section)")) {
    if (!block.querySelector(".math") && !/\\\\[(\\[]|\\\\begin/.test(block.textContent)) continue;
    await MathJax.typesetPromise([block]);
    if (performance.now() - resumed > 12) {
      await new Promise(resume => setTimeout(resume));
      resumed = performance.now();
    }
  }
  await MathJax.typesetPromise();
} };
"""


def pace_formulas(app, config):
    # After MathJax's own settings (500), which this script adds to.
    app.add_js_file(None, body=PACED_FORMULAS, priority=600)


def setup(app):
    app.connect("config-inited", pace_formulas)
    app.connect("config-inited", add_folders)
    app.connect("config-inited", drop_thebe)
    app.connect("html-page-context", mend_body)
    app.connect("html-page-context", preload_typefaces)
    app.connect("html-page-context", name_first_page_once)
    # After MathJax (500) and Jupyter Book have added their scripts.
    app.connect("html-page-context", keep_first_page_light, priority=900)
