"""Live figures: simulations that run in the reader's browser, with or without a kernel.

Each class displays by being the last expression of a cell. See `LiveFigure` for what they share.
"""

from .conflict_map import ConflictMap
from .figure import LiveFigure

__all__ = ["ConflictMap", "LiveFigure"]
