"""Live figures: simulations that run in the reader's browser, with or without a kernel.

Each class displays by being the last expression of a cell. See `LiveFigure` for what they share.

    >>> figure = Threshold(k=4)
    >>> figure.margin = 0.25
    >>> figure.k, figure.margin
    (4, 0.25)
    >>> figure.numbers()["intervals"]  # pass@k conflicts with pass@1 from k = 3 on
    [[3, 1000]]
    >>> figure.k = 0
    Traceback (most recent call last):
    ValueError: k must be an integer from 1 to 1000; got 0
    >>> figure.k
    4
"""

from .agreement import AgreementHistogram
from .conflict_map import ConflictMap
from .experiment import Experiment
from .figure import LiveFigure
from .kernel_heatmap import KernelHeatmap
from .mitigations import Mitigations
from .objectives import Objectives
from .step_size import StepSize
from .threshold import Threshold
from .two_prompts import TwoPrompts
from .weights import Weights

__all__ = [
    "AgreementHistogram",
    "ConflictMap",
    "Experiment",
    "KernelHeatmap",
    "LiveFigure",
    "Mitigations",
    "Objectives",
    "StepSize",
    "Threshold",
    "TwoPrompts",
    "Weights",
]
