"""What chapters and their build share: figures with alternative text, versions, the setup cell,
checks.

Chapters use two names: ``show(fig, alt)`` displays a figure, ``versions()`` a table of what the
numbers were computed with. The rest serves the build: ``repository`` (where the book lives),
``stamp`` (notebooks that install the library by themselves), ``notebooks`` (what every chapter must
keep to), ``setup_cell``.
"""

from passk_lib.book.display import show, versions

__all__ = ["show", "versions"]
