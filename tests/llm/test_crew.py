"""Two processes at one experiment agree with one process."""

import socket
import subprocess
import sys

import numpy as np
import pytest

from passk_lib.llm.crew import Crew
from passk_lib.llm.experiment import STAGES, Result, Settings, run

SETTINGS = Settings(
    prompts=30,
    n=8,
    ks=(2, 4, 8),
    sequences_per_batch=64,
    tokens_per_batch=256,
    exact=False,
    scope="all,final_norm",
    kernel=False,
)
ARGUMENTS = (
    "--prompts 30 --samples 8 --ks 2,4,8 --sequences-per-batch 64 --tokens-per-batch 256 "
    "--no-exact --scope all,final_norm --no-kernel --quiet"
).split()


def launch(folder, world: int = 2) -> subprocess.Popen:
    """Several processes by `accelerate launch`; without a GPU, --multi_gpu gives them none."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    launcher = (
        f"-m accelerate.commands.launch --multi_gpu --num_processes {world} --num_machines 1 "
        f"--mixed_precision no --dynamo_backend no --main_process_port {port} -m passk_lib"
    ).split()
    return subprocess.Popen(
        [sys.executable, *launcher, "experiment", str(folder), *ARGUMENTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_of_accelerate_launch_agree_with_one(tmp_path):
    pytest.importorskip("accelerate")
    launched = launch(tmp_path / "two")
    alone = run(SETTINGS, progress=False)
    output, errors = launched.communicate(timeout=400)
    assert launched.returncode == 0, errors
    assert output.count("report.json, tables") == 1  # one of them speaks
    two = Result.load(tmp_path / "two")
    assert two.manifest["hardware"]["processes"] == 2
    for stage in STAGES[:3]:
        for name, array in alone.stages[stage].items():
            np.testing.assert_array_equal(array, two.stages[stage][name], err_msg=name)
    for name, array in alone.stages["gradients"].items():
        difference = np.abs(array - two.stages["gradients"][name]).max()
        assert difference <= 1e-6 * max(1.0, np.abs(array).max()), name
    assert not list((tmp_path / "two").glob("*.parts"))


def test_alone_every_piece_is_mine():
    crew = Crew.join()
    assert crew.alone and all(crew.mine(i) for i in range(5))
    assert [[Crew(r, 2).mine(i) for i in range(4)] for r in (0, 1)] == [
        [True, False, True, False],
        [False, True, False, True],
    ]


def test_several_processes_need_a_folder(monkeypatch):
    monkeypatch.setattr(Crew, "join", staticmethod(lambda: Crew(0, 2)))
    with pytest.raises(ValueError, match="need a folder"):
        run(SETTINGS, progress=False)
