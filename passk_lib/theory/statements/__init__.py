"""Every claim of the book, in the order of the paper. Importing this fills the registry."""

from . import gradients, conflict, threshold, descent, beyond  # noqa: F401, I001
from . import objectives, mitigation, numbers, slips  # noqa: F401
