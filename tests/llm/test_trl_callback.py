"""The callback in a real run of TRL's GRPOTrainer, and its look against the experiment's own."""

import json
import random
import warnings

import numpy as np
import pytest
import torch

from passk_lib.estimators import unbiased_credit
from passk_lib.field import SampleCounts
from passk_lib.llm.estimates import SampledAgreement
from passk_lib.llm.field import LMField
from passk_lib.llm.models import load
from passk_lib.llm.monitor import ConflictMonitor, look, trained_parameters, undisturbed
from passk_lib.llm.rows import Rows
from passk_lib.llm.sampling import Sampling, sample
from passk_lib.llm.scoring import encode
from passk_lib.llm.tasks import Subtraction

TASK = Subtraction(0.3)
ROWS = [
    {"prompt": TASK.prompts[i], "answer": TASK.references[i]} for i in TASK.draw(60, 0).tolist()
]


def right(completions, answer, **others):
    """A reward function as TRL calls it."""
    return [float(TASK.verify(c, a)) for c, a in zip(completions, answer, strict=True)]


def test_a_look_finds_what_the_kernel_of_the_same_samples_says(model_b):
    model, tokenizer = model_b
    prompts, references = TASK.prompts[:4000:400], TASK.references[:4000:400]
    tokens = encode(tokenizer, prompts)
    sampling, k = Sampling(n=6, seed=4), 3

    def verify(texts):
        return [[TASK.verify(t, r) for t in row] for row, r in zip(texts, references, strict=True)]

    seen = look(model, tokenizer, tokens, verify, k=k, sampling=sampling, sequences_per_batch=12)
    # The same samples, all in one batch; every pair of gradients.
    completions = sample(model, tokenizer, tokens, sampling)
    rows = [
        (i, completions[i, j])
        for i in range(len(tokens))
        for j in range(6)
        if TASK.verify(tokenizer.decode(completions[i, j][:-1]), references[i])
    ]
    place = np.array([i for i, _ in rows])
    counts = SampleCounts(6, np.bincount(place, minlength=len(tokens)))
    np.testing.assert_array_equal(counts.c, seen.counts.c)
    field = LMField(
        model,
        Rows(tokens, place, [t for _, t in rows], np.full(len(rows), 1 / 6)),
        np.full(len(tokens), 1 / len(tokens)),
        None,
        counts,
    )
    kernel = field.kernel_rows(np.arange(len(tokens)))
    whole = SampledAgreement(counts, kernel.mean(1), np.diag(kernel).copy(), kernel=kernel)
    scale = np.abs(whole.inner(k)) + whole.standard_error(k)
    assert seen.inner == pytest.approx(float(whole.inner(k)), abs=1e-4 * scale)
    np.testing.assert_allclose(seen.interval, whole.interval(k), atol=1e-4 * scale)
    entry = seen.entry()
    assert sum(entry["success"]) == len(tokens) and sum(entry["weight"]) == pytest.approx(1)
    credit = unbiased_credit(6, counts.c, k) * counts.c
    assert entry["weight"][1] == pytest.approx(credit[counts.c == 1].sum() / credit.sum(), abs=1e-4)


def test_nothing_that_a_run_depends_on_is_changed(model_b):
    model, _ = load("B")
    model.train()
    model.model.norm.eval()  # a mode of its own stays its own
    model.lm_head.weight.requires_grad_(False)
    model.model.norm.weight.grad = torch.ones_like(model.model.norm.weight)
    torch.manual_seed(5), random.seed(5), np.random.seed(5)  # noqa: NPY002
    expected = (torch.rand(3), random.random(), np.random.rand())  # noqa: NPY002
    torch.manual_seed(5), random.seed(5), np.random.seed(5)  # noqa: NPY002
    with undisturbed(model):
        torch.rand(7), random.random(), np.random.rand()  # noqa: NPY002
        assert not model.training
    found = (torch.rand(3), random.random(), np.random.rand())  # noqa: NPY002
    assert torch.equal(found[0], expected[0]) and found[1:] == expected[1:]
    assert model.training and model.model.layers[0].training and not model.model.norm.training
    assert trained_parameters(model).count("|") == len(list(model.parameters())) - 2
    assert "lm_head" not in trained_parameters(model)


def grpo(folder, *callbacks, steps=6):
    """Six steps of the real trainer; its own numbers by step, and the weights at the end."""
    pytest.importorskip("trl")
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    model, tokenizer = load("B")
    settings = GRPOConfig(
        output_dir=str(folder),
        report_to=[],
        use_cpu=True,
        bf16=False,
        per_device_train_batch_size=16,
        num_generations=8,
        max_completion_length=8,
        max_steps=steps,
        logging_steps=1,
        save_strategy="no",
        learning_rate=1e-4,
        seed=3,
        disable_tqdm=True,
    )
    trainer = GRPOTrainer(
        model=model,
        args=settings,
        reward_funcs=right,
        train_dataset=Dataset.from_list(ROWS),
        processing_class=tokenizer,
        callbacks=list(callbacks),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.train()
    own = [
        {name: value for name, value in entry.items() if "time" not in name}
        for entry in trainer.state.log_history
        if "loss" in entry
    ]
    return own, trainer


def test_a_run_of_trl_is_watched_and_is_the_same_run(tmp_path):
    reported = []
    monitor = ConflictMonitor(
        ROWS,
        right,
        k=2,
        n=4,
        prompts=12,
        every=3,
        share=99.0,
        report=lambda *found: reported.append(found),
    )
    watched, trainer = grpo(tmp_path / "watched", monitor)
    alone, other = grpo(tmp_path / "alone")
    assert len(watched) == 6 and watched == alone
    for name, p in trainer.model.named_parameters():
        assert torch.equal(p, other.model.get_parameter(name)), name
    assert [entry["step"] for entry in monitor.entries] == [3, 6]
    for entry in monitor.entries:
        assert sum(entry["success"]) == 12 and len(entry["success"]) == 5
        assert entry["low"] < entry["inner"] < entry["high"]
        assert entry["verdict"] in ("costs", "does not cost", "undecided")
        assert 0 < entry["pass@1"] <= entry["pass@2"] <= 1
    lines = (tmp_path / "watched" / "passk.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == monitor.entries == [e for _, e in reported]
    logged = [entry for entry in trainer.state.log_history if "passk/inner" in entry]
    assert [entry["step"] for entry in logged] == [3, 6]


def test_looks_wait_until_they_fit_their_share_of_the_time(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("passk_lib.llm.monitor.time.perf_counter", lambda: clock[0])
    monitor = ConflictMonitor(ROWS, right, k=2, prompts=4, every=1)
    monitor._write = lambda *_: None

    class State:
        global_step, is_world_process_zero = 0, True

    def slow(*_):
        clock[0] += 2.0
        raise RuntimeError("slow")

    monitor.look = slow
    monitor.on_train_begin(None, State, None)
    model, _ = load("B")
    with pytest.warns(UserWarning):
        for State.global_step in range(1, 101):
            clock[0] += 1.0  # a step of the training
            monitor.on_step_end(None, State, None, model=model)
    # The first at once, then one for every twenty steps.
    assert [entry["step"] for entry in monitor.entries] == [1, 40, 60, 80, 100]
    assert monitor.share_of_time <= 0.1


def test_a_look_that_fails_is_a_warning_and_the_run_goes_on():
    def broken(**_):
        raise RuntimeError("out of memory\non this device")

    class State:
        global_step, is_world_process_zero, log_history = 50, True, []

    class Arguments:
        num_generations, max_completion_length = 4, 8

    model, tokenizer = load("B")
    monitor = ConflictMonitor(ROWS, broken, k=2, prompts=4)
    monitor._write = lambda *_: None
    monitor.on_train_begin(Arguments, State, None)
    with pytest.warns(UserWarning, match="step 50: the look failed: out of memory on this device"):
        monitor.on_step_end(Arguments, State, None, model=model, processing_class=tokenizer)
    assert monitor.entries[0]["error"] == "out of memory on this device"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": 4}, "n = 4: the unbiased credit of pass@8 needs n >= 8"),
        ({"prompts": 2}, "prompts = 2: an interval over pairs needs at least 3"),
        ({"every": 0}, "every must"),
        ({"dataset": [{"question": "?"}] * 5}, r"need the key 'prompt'; they have \['question'\]"),
        ({"dataset": []}, "dataset: has 0 rows"),
        ({"patience": 0}, "patience"),
    ],
)
def test_what_cannot_work_is_refused_before_the_run(given, message):
    with pytest.raises(ValueError, match=message):
        ConflictMonitor(**{"dataset": ROWS, "rewards": right, **given})
