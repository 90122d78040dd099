"""Live figures: simulations that run in the reader's browser, with or without a kernel.

Each class displays by being the last expression of a cell. See `LiveFigure` for what they share.
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
