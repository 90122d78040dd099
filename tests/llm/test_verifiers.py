import json
import sys
import types

import numpy as np
import pytest

from passk_lib.__main__ import main
from passk_lib.llm.experiment import Settings, run
from passk_lib.llm.tasks import Subtraction, hub_task, jsonl_task, make_task
from passk_lib.llm.verifiers import (
    CORRECT,
    CRASHED,
    TIMED_OUT,
    WRONG,
    Judge,
    boxed,
    boxed_exact,
    exact,
    number,
)

# A verifier process that hangs, dies or lies as the completion asks it to.
NAUGHTY = """
import json, os, sys, time
print("ready", flush=True)
for line in sys.stdin:
    _, completion, reference = json.loads(line)
    if completion == "hang": time.sleep(60)
    if completion == "die": os._exit(1)
    print(int(completion == reference), flush=True)
"""


@pytest.mark.parametrize(
    ("verifier", "completion", "reference", "verdict"),
    [
        (exact, " 45\n", "45", True),
        (exact, "45.", "45", False),
        (number, "so 3 + 4 = 7, and the answer is 1,200.", "#### 1200", True),
        (number, "7.50", "7.5", True),
        (number, "-7", "7", False),
        (number, "no idea", "7", False),
        (number, "9" * 10_000, "7", False),
        (boxed_exact, r"thus \boxed{\frac{1}{2}}", r"we get $\boxed{\dfrac{1}{2}}$.", True),
        (boxed_exact, r"\boxed{1} no, \boxed{ x^{2} }", "x^{2}", True),
        (boxed_exact, r"\boxed{2} no, \boxed{3}", "2", False),
        (boxed_exact, "2", "2", False),
        (boxed_exact, r"\boxed{2", "2", False),
    ],
)
def test_verifiers_decide(verifier, completion, reference, verdict):
    assert verifier(completion, reference) is verdict


def test_braces_are_balanced():
    assert boxed(r"\boxed{\frac{a}{b}} and more }") == r"\frac{a}{b}"
    assert boxed("nothing") is None


def test_model_output_is_never_executed():
    attack = r"__import__('os').system('touch /tmp/owned') \boxed{__import__('os')}"
    assert not any(verifier(attack, "1") for verifier in (exact, number, boxed_exact))


def test_a_hanging_or_dying_verifier_costs_one_verdict_each():
    with Judge("exact", timeout=0.5, command=[sys.executable, "-c", NAUGHTY]) as judge:
        verdicts = [judge(text, "1") for text in ("1", "hang", "1", "die", "2", "1")]
    assert verdicts == [CORRECT, TIMED_OUT, CORRECT, CRASHED, WRONG, CORRECT]
    assert judge.process is None


def test_the_verifier_process_gives_the_function_s_verdicts():
    texts = ["7", " 8 ", "seven", '{"a": "b\\n"}', "é7"]
    with Judge("number") as judge:
        assert [judge(text, "7") for text in texts] == [int(number(t, "7")) for t in texts]


def test_mathematical_equivalence_is_decided_by_math_verify():
    pytest.importorskip("math_verify")
    with Judge("math", timeout=30) as judge:
        assert judge(r"so $\boxed{0.5}$", r"it is $\boxed{\frac{1}{2}}$") == CORRECT
        assert judge(r"so $\boxed{0.6}$", r"it is $\boxed{\frac{1}{2}}$") == WRONG


# --- a file of one's own --------------------------------------------------------------------


def write(path, task, index):
    lines = [json.dumps({"prompt": task.prompts[i], "answer": task.references[i]}) for i in index]
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")


def test_a_file_of_ones_own_gives_what_the_task_gives(tmp_path):
    task = Subtraction(0.5)
    index = task.draw(12, seed=0)
    write(tmp_path / "own.jsonl", task, index)
    settings = Settings(
        task="jsonl", data=str(tmp_path / "own.jsonl"), prompts=12, n=8, ks=(2, 4), seed=1
    )
    result = run(settings, tmp_path / "run", progress=False)
    drawn = result.stages["prompts"]["index"]
    assert sorted(drawn) == list(range(12))  # each prompt once
    assert not result.has_exact and result.hard is None
    assert np.isfinite(result.sampled.inner([2, 4])).all()
    # Judged by a separate process, as the task's own verifier would have judged.
    easy = np.array([not task.hard[index[i]] for i in drawn])
    assert result.success[easy].mean() > 0.7 > 0.4 > result.success[~easy].mean()


def test_the_command_reads_a_file_and_refuses_another_under_the_same_name(tmp_path, capsys):
    task = Subtraction(0.0)
    own, out = tmp_path / "own.jsonl", str(tmp_path / "run")
    write(own, task, task.draw(6, seed=0))
    arguments = ["experiment", out, "--task", "jsonl", "--data", str(own), "--quiet"]
    arguments += "--prompts 6 --n 4 --ks 2".split()
    assert main(arguments) == 0
    write(own, task, task.draw(6, seed=1))
    assert main(arguments) == 2
    assert "was made with other settings: found_data" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "its data are empty"),
        ("[1, 2]\n", "line 1: must be a JSON object"),
        ('{"prompt": "a", "answer": "b"}\n{"prompt": "a"}', "line 2"),
        ('{"prompt": "", "answer": "b"}', "'prompt' must be a text"),
    ],
)
def test_bad_files_are_named_with_their_line(tmp_path, text, message):
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        jsonl_task(path)


def test_a_file_as_other_programs_write_it_is_read(tmp_path):
    path = tmp_path / "own.jsonl"
    # A byte order mark, Windows' line ends, and a separator of lines that JSON allows in a text.
    path.write_bytes('\ufeff{"prompt": "é\u2028=", "answer": 1}\r\n'.encode())
    assert jsonl_task(path).prompts == ["é\u2028="]
    path.write_bytes('{"prompt": "a", "answer": 1}\n{"prompt": "é", "answer": 1}'.encode("latin-1"))
    with pytest.raises(ValueError, match="line 2: must be UTF-8"):
        jsonl_task(path)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_task("jsonl"), "needs a file"),
        (lambda: make_task("jsonl", data="/no/such/file"), "cannot be read"),
        (lambda: make_task("jsonl", data=__file__, verifier="exact"), "line 1"),
    ],
)
def test_missing_data_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_verifiers_and_too_many_prompts_are_named(tmp_path):
    write(tmp_path / "own.jsonl", Subtraction(), [0, 1])
    with pytest.raises(ValueError, match="verifier = 'eval': must be one of exact, number"):
        jsonl_task(tmp_path / "own.jsonl", "eval")
    with pytest.raises(ValueError, match="prompts = 3: task 'jsonl' has 2"):
        jsonl_task(tmp_path / "own.jsonl").draw(3, 0)


# --- hub data sets, with a stand-in for the package datasets ----------------------------------


COMMIT = "0123456789" * 4


class Columns(dict):
    """What the package gives for a data set of the hub: columns, and where they are from."""

    info = types.SimpleNamespace(
        download_checksums={f"hf://datasets/some/copy@{COMMIT}/main/test.parquet": {}}
    )


@pytest.fixture
def hub(monkeypatch):
    asked = []

    def load_dataset(source, subset, split, revision):
        asked.append((source, subset, split, revision))
        if source == "gone":
            raise FileNotFoundError("Couldn't reach 'gone' on the Hub\n(offline)")
        if "gsm8k" in source:
            return Columns(question=["2 and 2?"], answer=["2+2=4\n#### 4"])
        return Columns(problem=["Half?"], solution=[r"It is $\boxed{\frac12}$."])

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    return asked


def test_gsm8k_and_math_are_read_and_judged(hub):
    gsm8k = hub_task("gsm8k")
    assert gsm8k.prompts[0].startswith("2 and 2?") and r"\boxed{}" in gsm8k.prompts[0]
    assert gsm8k.verify(r"so \boxed{4}", gsm8k.references[0])
    assert not gsm8k.verify(r"so \boxed{5}", gsm8k.references[0])
    math = hub_task("math", verifier="boxed")
    assert math.verify(r"\boxed{\frac12}", math.references[0])
    assert [source for source, *_ in hub] == ["openai/gsm8k", "DigitalLearningGmbH/MATH-lighteval"]
    hub_task("math", source="my/copy", verifier="boxed", revision="v1")
    assert hub[-1] == ("my/copy", "default", "test", "v1")


def test_a_revision_of_data_reaches_the_hub_and_its_commit_the_manifest(
    hub, tmp_path, capfd, monkeypatch
):
    line = ["experiment", str(tmp_path / "run"), "--task", "gsm8k", "--prompts", "2", "--quiet"]

    def begun(self, *_):
        kept = json.loads((tmp_path / "run" / "manifest.json").read_text())["settings"]
        raise ValueError(f"begun at {kept['data_revision']} which is {kept['found_data']}")

    monkeypatch.setattr(Columns, "__getitem__", lambda self, name: dict.get(self, name) * 2)
    monkeypatch.setattr("passk_lib.llm.experiment._Runner._run", begun)
    monkeypatch.setattr("passk_lib.llm.experiment.check_length", lambda *_: None)
    assert main([*line, "--data-revision", "v1"]) == 2
    assert f"begun at v1 which is {COMMIT}" in capfd.readouterr().err
    assert hub[-1] == ("openai/gsm8k", "main", "test", "v1")
    assert main([*line, "--data-revision", "v2"]) == 2
    error = capfd.readouterr().err
    assert "other settings: data_revision = 'v1' there, 'v2' here" in error
    assert "found_data" not in error and error.count("\n") == 1
    monkeypatch.setattr(Columns.info, "download_checksums", {f"data@{COMMIT[::-1]}/test": {}})
    assert main([*line, "--data-revision", "v1"]) == 2
    assert f"found_data = {COMMIT!r} there, {COMMIT[::-1]!r} here" in capfd.readouterr().err


def test_data_whose_commit_nobody_knows_have_a_hash_of_their_texts(hub, monkeypatch):
    monkeypatch.setattr(Columns.info, "download_checksums", None)
    found = hub_task("gsm8k").revision
    assert found.startswith("sha256:") and found == hub_task("gsm8k").revision
    assert found != hub_task("math", verifier="boxed").revision


def test_a_folder_of_data_is_read_by_the_real_package_and_has_no_revision(tmp_path):
    pytest.importorskip("datasets")
    card = "configs:\n- config_name: main\n  data_files:\n  - {split: test, path: test.jsonl}"
    (tmp_path / "README.md").write_text(f"---\n{card}\n---\n")
    (tmp_path / "test.jsonl").write_text('{"question": "2 and 2?", "answer": "#### 4"}\n')
    task = hub_task("gsm8k", str(tmp_path))
    assert task.prompts[0].startswith("2 and 2?") and task.revision.startswith("sha256:")
    with pytest.raises(ValueError, match=r"data_revision = 'v1': .* is a folder, which has no"):
        hub_task("gsm8k", str(tmp_path), revision="v1")


def test_no_network_is_one_line_that_says_what_to_do(hub):
    with pytest.raises(ValueError, match=r"cannot be loaded: .* --task jsonl --data FILE") as error:
        hub_task("gsm8k", source="gone")
    assert "\n" not in str(error.value)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ValueError, match="pip install datasets"):
        hub_task("gsm8k")
