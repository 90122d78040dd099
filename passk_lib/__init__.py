"""Why optimising pass@k can hurt pass@1: the library behind the book.

Importing it needs NumPy alone. `theory` (SymPy), `figures` (Matplotlib), `widgets` (anywidget) and
`llm` (torch, transformers) are subpackages to be imported by name.
"""

from .ascent import StepBounds, Trajectory, ascend, largest_step, step_bounds
from .bandit import THETA_REF, BanditPrompts, PolicyConstants, Toy, two_prompts
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
    ConflictSet,
    Hypothesis,
    InterferenceSet,
    SingleCrossing,
    Threshold,
    agreement,
    best_set,
    conflict,
    conflict_set,
    cosine_kernel,
    gradient_products,
    interference_set,
    k_star,
    kernel,
    kernel_blocks,
    least_score_bound,
    single_crossing,
)
from .objectives import Objective, PassAtK, log_weight, pass_at_k, weight

__version__ = "2026.11.0"

__all__ = [
    "THETA_REF",
    "BanditPrompts",
    "ConflictReport",
    "ConflictSet",
    "DenseField",
    "Hypothesis",
    "InterferenceSet",
    "Objective",
    "PassAtK",
    "PolicyConstants",
    "PromptField",
    "SampleCounts",
    "SingleCrossing",
    "StepBounds",
    "Threshold",
    "Toy",
    "Trajectory",
    "agreement",
    "ascend",
    "best_set",
    "conflict",
    "conflict_set",
    "cosine_kernel",
    "gradient_products",
    "interference_set",
    "k_star",
    "kernel",
    "kernel_blocks",
    "largest_step",
    "least_score_bound",
    "log_weight",
    "pass_at_k",
    "plugin_weight",
    "sample_credits",
    "single_crossing",
    "step_bounds",
    "two_prompts",
    "unbiased_credit",
    "unbiased_pass_at_k",
    "unbiased_weight",
    "weight",
]
