"""Why optimising pass@k can hurt pass@1: the library behind the book.

Importing it needs NumPy alone. `theory` (SymPy), `figures` (Matplotlib), `widgets` (anywidget) and
`llm` (torch, transformers) are subpackages to be imported by name.
"""

from .bandit import THETA_REF, BanditPrompts, Toy, two_prompts
from .field import DenseField, PromptField, SampleCounts
from .interference import (
    ConflictReport,
    InterferenceSet,
    agreement,
    conflict,
    cosine_kernel,
    gradient_products,
    interference_set,
    kernel,
    kernel_blocks,
)
from .objectives import Objective, PassAtK, log_weight, pass_at_k, weight

__version__ = "2026.11.0"

__all__ = [
    "THETA_REF",
    "BanditPrompts",
    "ConflictReport",
    "DenseField",
    "InterferenceSet",
    "Objective",
    "PassAtK",
    "PromptField",
    "SampleCounts",
    "Toy",
    "agreement",
    "conflict",
    "cosine_kernel",
    "gradient_products",
    "interference_set",
    "kernel",
    "kernel_blocks",
    "log_weight",
    "pass_at_k",
    "two_prompts",
    "weight",
]
