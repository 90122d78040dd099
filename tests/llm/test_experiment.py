import csv
import errno
import json
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from pyarrow import parquet

from passk_lib.__main__ import main
from passk_lib.interference import conflict
from passk_lib.llm import storage
from passk_lib.llm.cli import parse_ks, write_tables
from passk_lib.llm.experiment import READY, STAGES, Result, Settings, run
from passk_lib.llm.field import LMField
from passk_lib.llm.figures import (
    agreement_panels,
    filter_panels,
    inner_products,
    weight_against_agreement,
)
from passk_lib.llm.models import load, quiet_transformers
from passk_lib.llm.scoring import exact_rows, success_of

SMALL = Settings(
    prompts=30, n=8, ks=(2, 4, 8), sequences_per_batch=64, tokens_per_batch=512, exact=False
)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Result:
    return run(SMALL, tmp_path_factory.mktemp("run") / "small", progress=False)


@pytest.fixture(scope="module")
def default() -> Result:
    """The chapter's experiment: 400 prompts, 32 completions, exact values."""
    # Processor time of one thread: what else the machine does is no concern of this test.
    start = time.process_time()
    result = run(progress=False)
    assert time.process_time() - start < 30
    return result


def same(one: Result, two: Result) -> bool:
    return all(
        np.array_equal(array, two.stages[stage][name])
        for stage, arrays in one.stages.items()
        for name, array in arrays.items()
    )


def test_exact_values_are_the_conflict_report_of_the_exact_field(default):
    model, tokenizer = load("B")
    index = default.stages["prompts"]["index"]
    rows = exact_rows(model, tokenizer, default.task, index)
    drawn = LMField(model, rows, np.full(400, 1 / 400), success_of(rows))
    report = conflict(drawn, [2, 8, 32])
    np.testing.assert_allclose(default.exact_inner_drawn([2, 8, 32]), report.inner, rtol=1e-3)
    np.testing.assert_allclose(default.exact_success, drawn.success, rtol=1e-5)


@pytest.mark.long
def test_over_the_whole_prompt_set_the_mean_agreement_is_the_squared_norm(default):
    """Equation (8), by a backward pass of its own."""
    model, tokenizer = load("B")
    task = default.task
    rows = exact_rows(model, tokenizer, task)
    mean = LMField(model, rows, task.mass, success_of(rows)).mean()
    assert default.exact_inner(1) == pytest.approx(mean @ mean, rel=1e-4)


def test_the_default_experiment_finds_the_conflict_that_is_there(default):
    """Exact values conflict for every k, and the estimates say so; the plug-in shrinks them."""
    ks = np.arange(2, 33)
    exact = default.exact_inner(ks)
    assert (exact < 0).all() and default.exact_inner(1) > 0
    assert (default.sampled.inner(ks, "unbiased") < 0).all()
    low, high = default.sampled.interval(8, 0.99)
    assert low < default.exact_inner(8) < high < 0
    hard = default.hard
    assert (default.exact_agreement[hard] < 0).all() and (default.exact_agreement[~hard] > 0).all()


def test_every_figure_draws_with_and_without_exact_values(default, small):
    for result in (default, small):
        for draw in (agreement_panels, inner_products, weight_against_agreement, filter_panels):
            assert len(draw(result).axes) >= 1


def test_the_scores_are_those_of_the_kernel(small):
    sampled = small.sampled
    np.testing.assert_allclose(sampled.kernel.mean(1), sampled.agreement, rtol=1e-3, atol=1e-5)
    fold = np.arange(30) % 2
    other = [sampled.kernel[i, fold != fold[i]].mean() for i in range(30)]
    np.testing.assert_allclose(sampled.crossfit, other, rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def plain() -> Result:
    """`small` without its kernel."""
    settings = {**SMALL.as_dict(), "ks": SMALL.ks, "kernel": False, "scope": "all,final_norm"}
    return run(Settings(**settings), progress=False)


def test_without_the_kernel_estimates_and_intervals_are_the_same(small, plain):
    assert plain.sampled.kernel is None
    for estimator in ("unbiased", "plug-in", "cross-fit"):
        np.testing.assert_allclose(
            plain.sampled.inner([2, 8], estimator),
            small.sampled.inner([2, 8], estimator),
            rtol=1e-4,
        )
    ks = [1, 2, 4, 8]
    np.testing.assert_allclose(
        plain.sampled.standard_error(ks), small.sampled.standard_error(ks), rtol=1e-3
    )
    with pytest.raises(ValueError, match=r"needs the .* or against_credit of that k"):
        plain.sampled.interval(3)
    with pytest.raises(ValueError, match="'plug-in' at k = 2 needs the"):
        plain.sampled.interval(2, estimator="plug-in")
    with pytest.raises(ValueError, match="exact values were not computed"):
        plain.exact_inner(2)


def test_without_the_kernel_the_filtered_sets_are_the_same(small, plain):
    assert plain.filters == small.filters != []
    for pair in plain.filters:
        one, other = plain.filtered(*pair, 8), small.filtered(*pair, 8)
        assert one.pop("cosine") is None
        del other["cosine"]  # the one number that needs the kernel
        for name, value in other.items():
            assert one[name] == (value if value is None else pytest.approx(value, rel=1e-3)), name
        # No pass was spent on prompts that the filter leaves out.
        scores = plain.stages["gradients"][f"filter_{pair[0]:.2f}_{pair[1]:.2f}"]
        flags = plain.filter_flags(*pair)
        assert scores[flags].any() and not scores[~flags].any() and not flags.all()
    with pytest.raises(ValueError, match="without the kernel only the pairs"):
        plain.filter_part(0.7, 0.2)
    assert len(filter_panels(plain).axes) >= 1 and len(inner_products(plain).axes) == 1


def test_every_scope_has_intervals_of_its_own(plain):
    norm = plain.in_scope("final_norm")
    assert norm.sampled.has_interval([2, 4, 8])
    low, high = norm.sampled.interval(4)
    assert low < norm.sampled.inner(4) < high
    assert not np.isclose(low, plain.sampled.interval(4)[0])


def test_where_there_is_no_interval_the_report_says_why(small):
    none = {**SMALL.as_dict(), "ks": SMALL.ks, "kernel": False, "passes": False}
    result = run(Settings(**none), progress=False)
    report = result.report()
    json.dumps(report)
    assert [entry["low"] for entry in report["inner_products"]] == [None] * 3
    assert "neither the kernel nor passes" in report["how"]["inner_products.low, high"]
    assert report["filtered_plug_in"] == []
    assert "no scores were kept" in report["how"]["filtered_plug_in"]
    some = Settings(**{**none, "ks": (2, 3, 8), "passes": True})
    assert some.interval_ks == (2, 8)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-4), ("bfloat16", 0.15)])
def test_other_precisions_give_the_same_scores_to_their_own_precision(small, dtype, tolerance):
    """Over the same completions: their tokens may differ where two logits nearly tie."""
    folder_settings = {**SMALL.as_dict(), "ks": SMALL.ks, "dtype": dtype}
    other = run(Settings(**folder_settings), progress=False)
    agree = np.mean(other.stages["completions"]["length"] == small.stages["completions"]["length"])
    assert agree > 0.95
    same_counts = other.counts.c == small.counts.c
    difference = np.abs(other.sampled.agreement - small.sampled.agreement)[same_counts]
    assert difference.max() < tolerance * np.abs(small.sampled.agreement).max()


def test_the_same_settings_give_the_same_bits(small, tmp_path):
    assert same(small, run(SMALL, progress=False))
    assert same(small, Result.load(small.save(tmp_path / "copy")))


def test_a_finished_folder_is_read_not_computed_again(small, tmp_path, monkeypatch):
    folder = small.save(tmp_path / "copy")
    monkeypatch.setattr("passk_lib.llm.experiment.sample", None)  # any use would fail
    assert same(small, run(SMALL, folder, progress=False))


def test_another_setting_is_refused_by_name(small, tmp_path):
    folder = small.save(tmp_path / "copy")
    other = Settings(**{**SMALL.as_dict(), "ks": SMALL.ks, "seed": 5, "hard_fraction": 0.3})
    with pytest.raises(ValueError, match=r"hard_fraction = 0.15 there, 0.3 here; seed = 0 there"):
        run(other, folder, progress=False)


def test_other_library_versions_are_refused_where_something_is_left_to_compute(
    small, tmp_path, monkeypatch
):
    folder = small.save(tmp_path / "copy")
    here = storage.versions()
    monkeypatch.setattr(storage, "versions", lambda: {**here, "torch": "9.9"})
    assert same(small, run(SMALL, folder, progress=False))  # finished: nothing is mixed
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["stages"]["gradients"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"torch = '\S+' there, '9.9' here.*--other-versions"):
        run(SMALL, folder, progress=False)
    assert same(small, run(SMALL, folder, progress=False, other_versions=True))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["versions"] == here and manifest["later_versions"][0]["torch"] == "9.9"


@pytest.mark.parametrize("damage", ["truncate", "alter", "delete"])
def test_a_damaged_file_is_found_and_named(small, tmp_path, damage):
    folder = small.save(tmp_path / "copy")
    path = folder / "verdicts.npz"
    data = bytearray(path.read_bytes())
    if damage == "truncate":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "alter":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        path.unlink()
    for use in (lambda: Result.load(folder), lambda: run(SMALL, folder, progress=False)):
        with pytest.raises(ValueError, match=r"verdicts\.npz.*(hash|missing)"):
            use()


def test_a_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(ValueError, match="not empty"):
        run(SMALL, tmp_path, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_verifier_that_crashes_costs_one_verdict_not_the_run(small, monkeypatch):
    from passk_lib.llm.tasks import Subtraction

    honest = Subtraction.verify

    def fragile(self, completion, reference):
        if completion.startswith("-"):
            raise RecursionError("a minus")
        return honest(self, completion, reference)

    monkeypatch.setattr(Subtraction, "verify", fragile)
    result = run(Settings(**{**SMALL.as_dict(), "ks": SMALL.ks}), progress=False)
    assert result.report()["crashed_verdicts"] > 0
    assert result.counts.c.sum() < small.counts.c.sum()


def test_several_scopes_share_the_samples_and_one_backward_pass(small):
    both = run(
        Settings(**{**SMALL.as_dict(), "ks": SMALL.ks, "scope": "final_norm,all"}), progress=False
    )
    norm = run(
        Settings(**{**SMALL.as_dict(), "ks": SMALL.ks, "scope": "final_norm"}), progress=False
    )
    for one, other in ((both, norm), (both.in_scope("all"), small)):
        for name in ("agreement", "crossfit", "norm_sq", "kernel"):
            np.testing.assert_allclose(
                one.stages["gradients"][name], other.stages["gradients"][name], rtol=1e-4, atol=1e-6
            )
    assert both.report()["inner_products_in_other_scopes"].keys() == {"all"}
    with pytest.raises(ValueError, match="this experiment has final_norm, all"):
        both.in_scope("lm_head")


def test_a_filter_is_another_prompt_set_with_gradients_of_its_own(default):
    """Against the field of the filtered prompts, whose mean gradient is recomputed."""
    entry = default.filtered(0.85, 0.10, 8)
    flags = default.filter_flags(0.85, 0.10)
    assert entry["prompts"] == flags.sum() == entry["hard"] + entry["easy"]
    assert not flags[default.counts.c == 0].any()
    kernel = default.sampled.kernel[np.ix_(flags, flags)]
    weights = 8 * (1 - default.success[flags]) ** 7
    direct = weights @ kernel.sum(1) / flags.sum() ** 2
    assert entry["inner_product_mean"] == pytest.approx(direct)
    assert entry["inner_product_sum"] == pytest.approx(direct * flags.sum())
    assert -1 <= entry["cosine"] <= 1
    everyone = default.sampled.restrict(np.ones(400, bool))
    np.testing.assert_allclose(everyone.inner(8), default.sampled.inner(8), rtol=1e-4)
    with pytest.raises(ValueError, match="delta1 must be at least"):
        default.filter_flags(0.1, 0.5)


def test_every_number_of_the_report_says_how_it_was_made(default, small):
    for result in (default, small):
        report = result.report()
        how = " ".join(report["how"])
        settings = {"largest_k", "on_policy"}
        for name, value in report.items():
            if isinstance(value, int | float) and name not in settings:
                assert name in how or name.endswith("_exact"), name
        for entry in report["inner_products"]:
            for name in entry.keys() - {"k", "level"}:
                assert name in how, name


def test_pass_at_k_is_the_exact_one_within_its_interval(default):
    entries = default.pass_at_k_table(level=0.999)
    assert [entry["k"] for entry in entries] == list(range(1, 33))
    for entry in entries:
        assert entry["low"] < entry["exact"] < entry["high"]


def test_the_report_names_every_number(default):
    report = default.report()
    assert len(report["filtered_plug_in"]) == 6
    by_k = {entry["k"]: entry for entry in report["inner_products"]}
    assert by_k[8]["exact"] == pytest.approx(float(default.exact_inner(8)))
    assert {"plug_in", "unbiased", "cross_fit", "low", "high"} <= by_k[8].keys()
    json.dumps(report)


# --- the command ----------------------------------------------------------------------------


def test_the_command_writes_arrays_report_and_figures(tmp_path, capsys):
    folder = tmp_path / "out"
    arguments = "--prompts 20 --n 8 --ks 2,4-8 --no-exact --quiet".split()
    assert main(["experiment", str(folder), *arguments]) == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "manifest.json",
        "report.json",
        *(f"{n}.png" for n in ("panels", "inner_products", "weight_against_agreement", "filters")),
        *(f"{n}.{kind}" for n in ("prompts", "inner_products") for kind in ("csv", "parquet")),
        *(f"{stage}.npz" for stage in STAGES[:4]),
    }
    for name in ("prompts", "inner_products"):
        stored = parquet.read_table(folder / f"{name}.parquet").to_pydict()
        with open(folder / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        for column, values in stored.items():
            assert [row[column] for row in rows] == [str(v) for v in values], column
    report = json.loads((folder / "report.json").read_text())
    assert [entry["k"] for entry in report["inner_products"]] == [2, 4, 5, 6, 7, 8]
    assert report["on_policy"] is True
    assert "unbiased" in capsys.readouterr().out


def test_without_pyarrow_the_tables_are_csv_and_the_command_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = write_tables(tmp_path, {"one": {"k": [2, 3], "low": [0.5, None]}})
    assert "pip install pyarrow" in said
    assert [path.name for path in tmp_path.iterdir()] == ["one.csv"]
    assert (tmp_path / "one.csv").read_text().split() == ["k,low", "2,0.5", "3,"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "/no/such/folder"], "model = '/no/such/folder': not a shipped model"),
        (["--task", "chess"], "task = 'chess': must be one of subtraction"),
        (["--scope", "xyz", "--prompts", "4"], "scope = 'xyz': names no parameter"),
        (["--n", "8", "--ks", "2-32"], "ks = 32: the unbiased estimate needs k <= n, and n = 8"),
        (["--ks", "two"], "--ks = 'two'"),
        (["--hard-fraction", "2"], "hard_fraction = 2.0"),
        (["--prompts", "1"], "prompts = 1"),
        (["--dtype", "int8"], "dtype = 'int8'"),
        (["--device", "abacus"], "device = 'abacus'"),
        (["--max-new-tokens", "40"], "max_new_tokens = 40: the longest prompt has"),
    ],
)
def test_bad_arguments_are_one_line_and_status_two(tmp_path, capsys, arguments, message):
    assert main(["experiment", str(tmp_path / "out"), "--quiet", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("passk experiment: error: ") and message in error
    assert error.count("\n") == 1 and "Traceback" not in error
    assert not (tmp_path / "out").exists()


def in_folder(tmp_path, lines: list) -> list[str]:
    """Arguments for a task of these lines; small, so that what is wrong shows at once."""
    path = tmp_path / "own.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return f"--task jsonl --data {path} --prompts 2 --n 4".split()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "its data are empty"),
        ([{"prompt": "1-1=", "answer": "0"}], "prompts = 2: task 'jsonl' has 1; draw at most"),
        ([{"prompt": "1-1=", "answer": None}] * 2, "line 1: 'answer' must be a text or a number"),
        ([{"prompt": "1" * 40 + "-1=", "answer": 1}] * 2, "the longest prompt has 44 tokens"),
    ],
)
def test_data_that_cannot_work_leave_no_folder_behind(tmp_path, capfd, lines, message):
    arguments = in_folder(tmp_path, lines)
    assert main(["experiment", str(tmp_path / "out"), "--quiet", *arguments]) == 2
    error = capfd.readouterr().err
    assert message in error and error.count("\n") == 1, error
    assert not (tmp_path / "out").exists()


def test_a_model_that_returns_nan_leaves_no_folder_behind(tmp_path, capfd):
    model, tokenizer = load("B")
    with torch.no_grad():
        model.lm_head.weight[3] = torch.nan
    with quiet_transformers():
        model.save_pretrained(tmp_path / "nan")
        tokenizer.save_pretrained(tmp_path / "nan")
    arguments = ["--quiet", "--model", str(tmp_path / "nan")]
    assert main(["experiment", str(tmp_path / "out"), *arguments]) == 2
    error = capfd.readouterr().err
    assert "logits that are not finite" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(small, tmp_path, capfd, monkeypatch):
    folder = tmp_path / "out"
    arguments = ["experiment", str(folder), "--quiet", "--prompts", "12", "--n", "4", "--no-exact"]
    written = []
    honest = storage.os.fsync

    def full(handle):
        written.append(handle)
        if len(written) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        honest(handle)

    monkeypatch.setattr(storage.os, "fsync", full)
    assert main(arguments) == 2
    error = capfd.readouterr().err
    assert "cannot be written: No space left on device; make some room" in error
    assert error.count("\n") == 1
    assert not [path for path in folder.rglob(".*")]
    monkeypatch.undo()
    assert main(arguments) == 0


def test_two_prompts_have_an_estimate_and_no_interval():
    two = {**SMALL.as_dict(), "ks": SMALL.ks, "prompts": 2, "seed": 3}
    report = run(Settings(**two), progress=False).report()
    assert "NaN" not in json.dumps(report)
    assert report["inner_products"][0]["low"] is None
    assert "needs at least 3 prompts" in report["how"]["inner_products.low, high"]


def test_unknown_commands_and_tiny_models_are_named(capsys, tmp_path):
    assert main(["dance"]) == 2
    assert "unknown command 'dance'; allowed are " in capsys.readouterr().err
    assert main(["train-tiny", "Z", "--out", str(tmp_path)]) == 2
    assert "name = 'Z': must be one of B, B500, A, S" in capsys.readouterr().err
    assert main([]) == 2 and main(["--help"]) == 0
    assert "train-tiny" in capsys.readouterr().out


def test_the_dispatcher_imports_no_torch():
    code = "import sys, passk_lib.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_paper_s_sampling_says_what_it_is(tmp_path):
    folder = tmp_path / "out"
    arguments = "--paper-sampling --prompts 12 --n 8 --no-exact --quiet".split()
    assert main(["experiment", str(folder), *arguments]) == 0
    report = json.loads((folder / "report.json").read_text())
    assert (report["settings"]["temperature"], report["settings"]["top_p"]) == (0.7, 0.95)
    assert report["settings"]["ks"] == [2, 3, 4, 5, 6, 7, 8]  # k above n is left out
    assert not report["on_policy"] and "scores of another" in report["about"]


def test_the_paper_s_models_have_ready_settings_and_what_is_given_wins():
    for name in READY:
        assert Settings.of(model=name).chat
    ready = Settings.of(model="deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", prompts=50)
    assert (ready.dtype, ready.task, ready.prompts) == ("bfloat16", "math", 50)
    assert Settings.of(model="B") == Settings()


def test_prompts_go_through_the_chat_template(tmp_path):
    model, tokenizer = load("B")
    tokenizer.chat_template = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    model.save_pretrained(tmp_path / "chat")
    tokenizer.save_pretrained(tmp_path / "chat")
    settings = {**SMALL.as_dict(), "ks": SMALL.ks}
    chat = run(
        Settings(**{**settings, "model": str(tmp_path / "chat"), "chat": True}), progress=False
    )
    np.testing.assert_array_equal(
        chat.stages["completions"]["tokens"],
        run(SMALL, progress=False).stages["completions"]["tokens"],
    )
    with pytest.raises(ValueError, match="has no chat template"):
        run(Settings(**{**settings, "chat": True}), progress=False)


def test_running_out_of_memory_says_what_to_lower(monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr("passk_lib.llm.experiment.sample", full)
    with pytest.raises(ValueError, match="'completions' ran out of memory: lower sequences_per"):
        run(SMALL, progress=False)


def test_lists_of_k_are_read():
    assert parse_ks("2-5,9") == (2, 3, 4, 5, 9)
