"""Launch buttons, edit links and downloads that point at the repository the book is built from.

The address is written nowhere by hand (see ``passk_lib.book.repository``). Without one the pages
have no such buttons, and nothing else changes. All notebooks in one file are to be had in any case.

A page links to the branch that Colab opens by ``../../../tree/colab``. On GitHub that leads there
from every file of ``chapters/``; the book gives it the repository's address.
"""

from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

from passk_lib.book.repository import COLAB_BRANCH, find_repository
from passk_lib.book.stamp import archive, stamp

ARCHIVE = "notebooks.zip"


def add_buttons(app, config):
    options = config.html_theme_options
    for name in ("repository_url", "repository_branch", "launch_buttons"):
        options.pop(name, None)
    repository = find_repository(Path(app.srcdir))
    app.config.passk_repository = repository
    if repository is None or repository.page is None:
        return
    options["repository_url"] = repository.page
    options["repository_branch"] = repository.branch
    for button in ("use_repository_button", "use_edit_page_button", "use_issues_button"):
        options[button] = True
    if repository.on_github:
        options["launch_buttons"] = {
            "colab_url": "https://colab.research.google.com",
            "binderhub_url": "https://mybinder.org",  # the environment is in the folder binder/
            "notebook_interface": "jupyterlab",
        }


def point_colab_at_stamped(app, pagename, templatename, context, doctree):
    """Colab opens the branch whose notebooks know where to install the library from."""
    branch = app.config.html_theme_options.get("repository_branch")
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("text") == "Colab":
                button["url"] = button["url"].replace(
                    f"/blob/{branch}/", f"/blob/{COLAB_BRANCH}/", 1
                )


def offer_all_notebooks(app, pagename, templatename, context, doctree):
    """Every page's download menu has all notebooks in one file."""
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            group["buttons"].append(
                {
                    "type": "link",
                    "url": context["pathto"](ARCHIVE, resource=True),
                    "text": "All notebooks (.zip)",
                    "tooltip": "Download all chapters as notebooks",
                    "icon": "fas fa-file-zipper",
                    "label": "download-all-notebooks-button",
                }
            )


def stamp_downloads(app, exception):
    """The notebooks that readers download can install the library by themselves."""
    if exception or app.builder.format != "html":
        return
    repository = app.config.passk_repository
    notebooks = {}
    for path in (Path(app.outdir) / "_sources").rglob("*.ipynb"):
        text = path.read_text(encoding="utf8")
        if repository is not None:
            text = stamp(text, repository)
            path.write_text(text, encoding="utf8")
        notebooks[f"notebooks/{path.name}"] = text
    archive(notebooks, Path(app.outdir) / ARCHIVE)


BRANCH = f"../../../tree/{COLAB_BRANCH}"


class BranchLinks(SphinxTransform):
    """Takes links to the branch out of the search for pages, to which MyST would put them."""

    default_priority = 500  # after parsing, before MyST resolves links within the page (879)

    def apply(self, **kwargs):
        for link in list(self.document.findall(pending_xref)):
            if link["reftarget"] == BRANCH:
                link.replace_self(nodes.reference("", "", *link.children, refuri=BRANCH))


def address_branch_links(app, doctree, docname):
    """When a page is written: what was read is the same for every repository."""
    repository = app.config.passk_repository
    for link in list(doctree.findall(nodes.reference)):
        if link.get("refuri") == BRANCH:
            if repository is not None and repository.on_github:
                link["refuri"] = f"{repository.page}/tree/{COLAB_BRANCH}"
            else:
                link.replace_self(link.children)


def setup(app):
    app.add_config_value("passk_repository", None, "")
    app.add_transform(BranchLinks)
    app.connect("doctree-resolved", address_branch_links)
    app.connect("config-inited", add_buttons)
    app.connect(
        "html-page-context", point_colab_at_stamped, priority=502
    )  # the theme adds its buttons at 501
    app.connect("html-page-context", offer_all_notebooks, priority=502)
    app.connect("build-finished", stamp_downloads)
