"""The book's own Sphinx extension: plain Markdown in, a cross-referenced book out.

Chapters use nothing but Markdown, LaTeX, links and ``<details>``, so that they read well in
JupyterLab, in Colab and on GitHub. What a built page needs beyond that is done here, one concern to
a module:

- ``cache``      where executed cells are kept, so that no page is ever stale
- ``statements`` blockquotes become theorem boxes; equations, exercises and entries become link
  targets
- ``symbols``    symbols lead to their meaning on the notation page
- ``formulas``   how MathJax sets them
- ``previews``   what a link leads to, shown beside it
- ``figures``    the alternative text of figures, and their downloads
- ``live``       live figures: their module from the book itself, pictures that stand in for them
- ``reference``  the library's docstrings as pages
- ``repository`` launch buttons, edit links and downloads that point at the repository that is being
  built
- ``social``     what a link to a page shows elsewhere: description and picture
- ``page``       mends of the theme
"""

import hashlib
from pathlib import Path

from . import (
    cache,
    figures,
    formulas,
    live,
    page,
    previews,
    reference,
    repository,
    social,
    statements,
    symbols,
)


def setup(app):
    for module in (
        cache,
        statements,
        symbols,
        figures,
        formulas,
        live,
        reference,
        repository,
        social,
        page,
        previews,
    ):
        module.setup(app)
    # A change in this extension makes Sphinx read every page again.
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return {
        "env_version": int.from_bytes(hashlib.sha256(sources).digest()[:6], "big"),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
