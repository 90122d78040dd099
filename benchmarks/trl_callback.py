"""What watching a run of TRL's GRPOTrainer costs: the callback with its defaults, 64 prompts every
50 steps, as a share of the training's own time.

A look samples 1,024 completions, so its cost depends on how many the training samples in 50 steps:
here 50 x 128.  Where they are few, the callback waits: it never takes more than its share of the
time, but for the first look.  Measured by the callback's own clock, within one run.
"""

from __future__ import annotations

import tempfile
import warnings

import torch
from promises import Promise

STEPS, BATCH = 100, 128


def watched() -> tuple[float, int]:
    """Share of the training's time, and number of looks."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    from passk_lib.llm.models import load
    from passk_lib.llm.monitor import ConflictMonitor
    from passk_lib.llm.tasks import Subtraction

    task = Subtraction()
    data = Dataset.from_list(
        [
            {"prompt": task.prompts[i], "answer": task.references[i]}
            for i in task.draw(1000, 0).tolist()
        ]
    )

    def right(completions, answer, **others):
        return [float(task.verify(c, a)) for c, a in zip(completions, answer, strict=True)]

    model, tokenizer = load("B")
    monitor = ConflictMonitor(data, right)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = GRPOConfig(
            output_dir=folder,
            report_to=[],
            use_cpu=True,
            bf16=False,
            per_device_train_batch_size=BATCH,
            num_generations=8,
            max_completion_length=8,
            max_steps=STEPS,
            logging_steps=STEPS,
            save_strategy="no",
            learning_rate=1e-5,
            disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=model,
            args=settings,
            reward_funcs=right,
            train_dataset=data,
            processing_class=tokenizer,
            callbacks=[monitor],
        )
        trainer.train()
    assert all("error" not in entry for entry in monitor.entries)
    return monitor.share_of_time, len(monitor.entries)


def rows() -> list[Promise]:
    torch.set_num_threads(1)
    share, looks = watched()
    return [
        Promise(
            "watching a GRPO run, 64 prompts every 50 steps, of its training time",
            "at most",
            10,
            "%",
            100 * share,
            f"model B, {BATCH} completions a step, {STEPS} steps, {looks} looks, one thread",
        )
    ]
