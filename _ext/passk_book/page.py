"""Mends of the theme: nothing from other hosts, and pages that everybody can use."""

import hashlib
from html import unescape
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"


def add_folders(app, config):
    """Vendored libraries are copied beside the book's own files; mended templates go before the
    theme's.

    Jupyter Book would put every script of a static folder that its configuration names into every
    page; one that is added here is only copied.
    """
    config.html_static_path.append(str(Path(app.srcdir) / "_vendor"))
    config.templates_path.insert(0, str(TEMPLATES))


def rewrite_all_when_files_changed(app, env):
    """Styles, scripts and templates of all pages: where no page is out of date, Sphinx would copy
    none, and a page names them by their content, so that browsers fetch what is new."""
    digest = hashlib.sha256()
    folders = [Path(app.srcdir) / folder for folder in app.config.html_static_path]
    for file in sorted(file for folder in (*folders, TEMPLATES) for file in folder.rglob("*")):
        if file.is_file():
            digest.update(f"{file}\0".encode() + file.read_bytes())
    before, env.passk_files = getattr(env, "passk_files", None), digest.hexdigest()
    return [] if before == env.passk_files else sorted(env.found_docs)


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
    if pagename == app.config.root_doc and unescape(context["title"]) == app.config.html_title:
        context["docstitle"] = ""


def setup(app):
    app.connect("config-inited", add_folders)
    app.connect("config-inited", drop_thebe)
    app.connect("env-updated", rewrite_all_when_files_changed)
    app.connect("html-page-context", mend_body)
    app.connect("html-page-context", preload_typefaces)
    app.connect("html-page-context", name_first_page_once)
    # After MathJax (500) and Jupyter Book have added their scripts.
    app.connect("html-page-context", keep_first_page_light, priority=900)
