"""Why optimising pass@k can hurt pass@1: the library behind the book.

Importing it needs NumPy alone. `theory` (SymPy), `figures` (Matplotlib), `widgets` (anywidget) and
`llm` (torch, transformers) are subpackages to be imported by name.
"""

from .bandit import THETA_REF, BanditPrompts, Toy, two_prompts
from .estimators import (
    plugin_weight,
    sample_credits,
    unbiased_credit,
    unbiased_pass_at_k,
    unbiased_weight,
)
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
    "plugin_weight",
    "sample_credits",
    "two_prompts",
    "unbiased_credit",
    "unbiased_pass_at_k",
    "unbiased_weight",
    "weight",
]
