"""A real causal language model as a prompt gradient field, and the paper's section 5 with it.

    from passk_lib.llm import run, Settings
    result = run(Settings())            # the experiment on the shipped tiny model
    result.sampled.inner(8), result.exact_inner(8)

Names load with their module, so that `import passk_lib.llm` is as light as `import passk_lib`.
"""

from importlib import import_module

_HOME = {
    "LMField": "field",
    "Vector": "field",
    "Result": "experiment",
    "Settings": "experiment",
    "run": "experiment",
    "Rows": "rows",
    "Sampling": "sampling",
    "sample": "sampling",
    "sampled_probability": "sampling",
    "SampledAgreement": "estimates",
    "exact_rows": "scoring",
    "success_of": "scoring",
    "score": "scoring",
    "encode": "scoring",
    "load": "models",
    "shipped_models": "models",
    "Subtraction": "tasks",
    "Task": "tasks",
    "make_task": "tasks",
    "agreement_panels": "figures",
    "inner_products": "figures",
    "weight_against_agreement": "figures",
    "filter_panels": "figures",
    "PostTraining": "posttrain",
    "post_train": "posttrain",
    "ConflictMonitor": "monitor",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
