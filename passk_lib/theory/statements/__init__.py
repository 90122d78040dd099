"""Every claim of the book, in the order of the paper. Importing this fills the registry."""

from . import gradients, conflict, threshold, descent, beyond, objectives, numbers, slips  # noqa: F401, I001
