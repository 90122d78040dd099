"""A run that is killed again and again, at every single write, ends with the undisturbed bits."""

import os
import signal
import tracemalloc

import numpy as np
import pytest
from children import die_writing, in_a_child

from passk_lib.llm import experiment, storage
from passk_lib.llm.experiment import Result, Settings, run

SETTINGS = Settings(
    model="B500",
    prompts=12,
    n=4,
    ks=(2, 4),
    sequences_per_batch=16,
    tokens_per_batch=64,
    hard_fraction=0.3,
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kernel", [True, False])
def test_killed_at_every_write_the_run_ends_with_the_same_bits(tmp_path, monkeypatch, kernel):
    settings = Settings(**{**SETTINGS.as_dict(), "ks": SETTINGS.ks, "kernel": kernel})

    # The whole prompt set would make this slow: twelve prompts are the task.
    class Few(type(settings.make_task())):
        def __init__(self):
            super().__init__(0.3)
            keep = [*range(0, 8010, 1000), *range(500, 8010, 2000)]
            self.prompts = [self.prompts[i] for i in keep]
            self.references = [self.references[i] for i in keep]
            self.hard = self.hard[keep]
            self.mass = np.full(len(keep), 1 / len(keep))

    monkeypatch.setattr(Settings, "make_task", lambda self: Few())
    monkeypatch.setattr(experiment, "KEEP_EVERY", 0.0)  # a running sum is kept after every batch
    undisturbed = run(settings, tmp_path / "whole", progress=False)
    folder = tmp_path / "killed"
    whole = storage.write_whole
    where = []

    def kill_early():
        """One or two writes of this life succeed, the next is cut in its middle."""
        count = 0

        def write(path, data):
            nonlocal count
            count += 1
            if count == 2 + lives % 2:
                die_writing(path, data)
            whole(path, data)

        storage.write_whole = write
        run(settings, folder, progress=False)

    lives = 0
    while (status := in_a_child(kill_early)) != 0:
        assert status == -signal.SIGKILL, "the run failed by itself"
        lives += 1
        where.append({path.name.split(".")[0] for path in folder.glob("*.parts")})
        assert lives < 100
    # It was killed with every stage half done, and more often than there are stages.
    assert set().union(*where) >= {"completions", "verdicts", "gradients", "exact"}
    killed = Result.load(folder)
    for stage, arrays in undisturbed.stages.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, killed.stages[stage][name], err_msg=name)
        assert (folder / f"{stage}.npz").read_bytes() == (
            tmp_path / "whole" / f"{stage}.npz"
        ).read_bytes()
    assert not list(folder.glob("*.parts"))


def test_what_is_there_is_not_computed_again(tmp_path, monkeypatch):
    calls = []
    honest = experiment.sample

    def counting(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(*arguments, **options)

    monkeypatch.setattr(experiment, "sample", counting)
    plain = Settings(**{**SETTINGS.as_dict(), "ks": SETTINGS.ks, "exact": False})
    with pytest.raises(KeyboardInterrupt, match="the same command goes on from"):
        run(plain, tmp_path, progress=False)
    assert len(calls) == 3  # two batches kept, the third interrupted
    run(plain, tmp_path, progress=False)
    assert len(calls) == 4  # only the third again: 12 prompts, 4 a batch


@pytest.mark.parametrize("damage", [lambda data: data[:-5], lambda data: data[:150] + b"X", None])
def test_a_damaged_part_is_computed_again(tmp_path, damage):
    store = storage.Store(tmp_path, {"a": 1})
    store.keep("stage", "one", {"x": np.arange(30)})
    np.testing.assert_array_equal(store.part("stage", "one")["x"], np.arange(30))
    (path,) = (tmp_path / "stage.parts").iterdir()
    data = bytearray(path.read_bytes())
    if damage is None:
        data[data.index(np.arange(30).tobytes()) + 8] ^= 1  # one bit of one number
    path.write_bytes(data if damage is None else damage(bytes(data)))
    assert store.part("stage", "one") is None and store.part("stage", "two") is None


def test_a_sum_as_large_as_the_model_is_kept_and_read_one_array_at_a_time(tmp_path):
    store, size = storage.Store(tmp_path, {}), 2**20
    arrays = ((str(i), np.full(size // 8, float(i))) for i in range(16))
    tracemalloc.start()
    store.keep("stage", "sum", arrays)
    kept = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    assert [array[0] for _, array in store.stream("stage", "sum")] == list(range(16))
    streamed = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    assert len(store.part("stage", "sum")) == 16
    whole = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(kept, streamed) < 5 * size < 16 * size < whole, (kept, streamed, whole)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    storage.write_whole(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        storage.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
