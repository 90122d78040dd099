"""What a run stands on does not change under it: revisions that are asked for, and what is found.

The hub of these tests is a cache as the hub's client writes it, read without a network.
"""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants
from transformers import AutoModelForCausalLM, AutoTokenizer

from passk_lib.__main__ import main
from passk_lib.llm.experiment import Settings, run
from passk_lib.llm.models import SHIPPED, find, load
from passk_lib.llm.posttrain import PostTraining, post_train

TINY = {"prompts": 4, "n": 2, "ks": (2,), "exact": False}
FIRST, SECOND = "1" * 40, "2" * 40


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """The repository me/tiny: tag v1 is model B500, branch main has gone on to model B."""
    cache = tmp_path / "hub"
    repository = cache / "models--me--tiny"
    (repository / "refs").mkdir(parents=True)
    for name, commit, ref in (("B500", FIRST, "v1"), ("B", SECOND, "main")):
        shutil.copytree(SHIPPED / name, repository / "snapshots" / commit)
        (repository / "refs" / ref).write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return repository


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


# --- models of the hub ----------------------------------------------------------------------


def test_a_revision_of_a_hub_model_is_the_one_that_is_loaded(hub):
    early, late = (load(name)[0].lm_head.weight for name in ("B500", "B"))
    assert not torch.equal(early, late)
    for revision, weight in (("v1", early), (FIRST, early), ("", late), ("main", late)):
        assert torch.equal(load("me/tiny", revision=revision)[0].lm_head.weight, weight), revision


def test_weights_and_tokenizer_are_asked_for_at_one_commit(hub, monkeypatch):
    asked = []
    for loader in (AutoTokenizer, AutoModelForCausalLM):
        honest = loader.from_pretrained

        def listening(place, honest=honest, **how):
            asked.append((place, how["revision"], how["trust_remote_code"]))
            # While the tokenizer is read somebody pushes to the branch.
            (hub / "refs" / "main").write_text(FIRST)
            return honest(place, **how)

        monkeypatch.setattr(loader, "from_pretrained", listening)
    load("me/tiny", revision="main")
    assert asked == [("me/tiny", SECOND, False)] * 2


def test_the_manifest_says_what_was_asked_for_and_which_commit_it_was(hub, tmp_path):
    settings = Settings(model="me/tiny", revision="v1", **TINY)
    run(settings, tmp_path / "run", progress=False)
    kept = manifest(tmp_path / "run")["settings"]
    assert (kept["revision"], kept["found_model"]) == ("v1", FIRST)
    trained = post_train(
        PostTraining(model="me/tiny", revision="v1", steps=1, prompts=2), progress=False
    )
    kept = trained.manifest["settings"]
    assert (kept["revision"], kept["found_model"]) == ("v1", FIRST)


def test_a_resume_at_another_revision_is_refused_and_so_is_a_branch_that_moved(
    hub, tmp_path, capfd, monkeypatch
):
    def stopped(_):
        raise KeyboardInterrupt

    line = ["experiment", str(tmp_path / "run"), "--model", "me/tiny", "--quiet", "--no-exact"]
    line += "--prompts 4 --samples 2 --ks 2".split()
    monkeypatch.setattr("passk_lib.llm.experiment._Runner._run", stopped)
    assert main([*line, "--revision", "main"]) == 130
    capfd.readouterr()
    assert main([*line, "--revision", "v1"]) == 2
    error = capfd.readouterr().err
    assert "revision = 'main' there, 'v1' here" in error and error.count("\n") == 1
    (hub / "refs" / "main").write_text(FIRST)
    assert main([*line, "--revision", "main"]) == 2
    error = capfd.readouterr().err
    assert f"found_model = {SECOND!r} there, {FIRST!r} here" in error
    assert " revision = " not in error  # negative control: that one is the same
    (hub / "refs" / "main").write_text(SECOND)
    assert main([*line, "--revision", "main"]) == 130


def test_a_revision_that_is_not_there_is_one_line(hub):
    with pytest.raises(ValueError, match=r"'me/tiny': .* hub id at revision 'v9': ") as caught:
        find("me/tiny", "v9")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("command", ["experiment", "posttrain"])
@pytest.mark.parametrize(
    ("model", "what"), [("B", "a shipped model"), (str(SHIPPED / "B/../S"), "a folder")]
)
def test_a_revision_of_a_folder_is_refused_in_one_line(tmp_path, capfd, command, model, what):
    out = tmp_path / "out"
    assert main([command, str(out), "--model", model, "--revision", "v1"]) == 2
    error = capfd.readouterr().err
    assert f"revision = 'v1': {model!r} is {what}, which has no revisions" in error
    assert error.count("\n") == 1 and not out.exists()


# --- models in a folder ---------------------------------------------------------------------


def begin_experiment(model: Path, folder: Path) -> None:
    run(Settings(model=str(model), **TINY), folder, progress=False)


def begin_training(model: Path, folder: Path) -> None:
    post_train(PostTraining(model=str(model), steps=1, prompts=2), folder, progress=False)


@pytest.fixture(scope="module", params=[begin_experiment, begin_training])
def begun(request, tmp_path_factory):
    """A model in a folder, a run that was made with it, and how to make it."""
    place = tmp_path_factory.mktemp("begun")
    model = Path(shutil.copytree(SHIPPED / "B", place / "model"))
    request.param(model, place / "run")
    return model, place / "run", request.param


@pytest.mark.parametrize(
    ("file", "named", "other"),
    [
        ("tokenizer.json", "found_tokenizer", "found_model"),
        ("tokenizer_config.json", "found_tokenizer", "found_model"),
        ("special_tokens_map.json", "found_tokenizer", "found_model"),
        ("chat_template.jinja", "found_tokenizer", "found_model"),
        ("additional_chat_templates/other.jinja", "found_tokenizer", "found_model"),
        ("config.json", "found_model", "found_tokenizer"),
        ("generation_config.json", "found_model", "found_tokenizer"),
        ("model.safetensors", "found_model", "found_tokenizer"),
    ],
)
def test_a_file_that_changed_under_a_run_is_named_on_resume(begun, file, named, other):
    model, folder, begin = begun
    path = model / file
    path.parent.mkdir(exist_ok=True)
    before = path.read_bytes() if path.exists() else None
    if file == "model.safetensors":
        path.write_bytes((SHIPPED / "B500" / file).read_bytes())
    elif path.suffix == ".json":
        content = json.loads(before or "{}")
        path.write_text(json.dumps(content))  # the same, written otherwise, is another file
    else:
        path.write_text("{{ messages }}")
    with pytest.raises(ValueError, match=f"was made with other settings: {named} = ") as caught:
        begin(model, folder)
    assert other not in str(caught.value)
    # Put back, the run goes on; and what decides nothing may change.
    path.unlink() if before is None else path.write_bytes(before)
    (model / "README.md").write_text("Another card.")
    begin(model, folder)


def test_a_file_that_only_the_tokenizer_s_class_knows_counts(tmp_path, model_b):
    model = Path(shutil.copytree(SHIPPED / "B", tmp_path / "model"))
    source, (_, tokenizer) = find(str(model)), model_b

    own = SimpleNamespace(vocab_files_names={"vocab_file": "words.txt"})
    (model / "words.txt").write_text("one")
    known, unknown = source.found(own), source.found(tokenizer)
    (model / "words.txt").write_text("two")
    assert source.found(own)["found_tokenizer"] != known["found_tokenizer"]
    assert source.found(tokenizer) == unknown


def test_a_copy_of_a_model_is_the_same_model(tmp_path, model_b):
    _, tokenizer = model_b
    copy = find(str(shutil.copytree(SHIPPED / "B", tmp_path / "copy"))).found(tokenizer)
    assert copy == find("B").found(tokenizer) != find("B500").found(tokenizer)
