"""Launch buttons, edit links and downloads that point at the repository the book is built from.

The address is written nowhere by hand (see ``passk_lib.book.repository``). Without one the pages
have no such buttons, and nothing else changes.
"""

from pathlib import Path

from passk_lib.book.repository import COLAB_BRANCH, find_repository
from passk_lib.book.stamp import stamp


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
        options["launch_buttons"] = {"colab_url": "https://colab.research.google.com"}


def point_colab_at_stamped(app, pagename, templatename, context, doctree):
    """Colab opens the branch whose notebooks know where to install the library from."""
    branch = app.config.html_theme_options.get("repository_branch")
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("text") == "Colab":
                button["url"] = button["url"].replace(
                    f"/blob/{branch}/", f"/blob/{COLAB_BRANCH}/", 1
                )


def stamp_downloads(app, exception):
    """The notebooks that readers download can install the library by themselves."""
    repository = app.config.passk_repository
    if exception or repository is None or app.builder.format != "html":
        return
    for path in (Path(app.outdir) / "_sources").rglob("*.ipynb"):
        path.write_text(stamp(path.read_text(encoding="utf8"), repository), encoding="utf8")


def setup(app):
    app.add_config_value("passk_repository", None, "")
    app.connect("config-inited", add_buttons)
    app.connect(
        "html-page-context", point_colab_at_stamped, priority=502
    )  # the theme adds its buttons at 501
    app.connect("build-finished", stamp_downloads)
