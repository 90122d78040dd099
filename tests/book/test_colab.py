"""Each chapter runs as Colab would run it: the notebook alone, the library from a git address, and
NumPy and PyTorch left as they were."""

import re
import shutil

import pytest
from colab import LIBRARY, Colab, closure, installed, oldest, requirements, setup_seconds
from small_book import ROOT

CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
# What Colab's machines hold before any notebook runs; the rest is the setup cell's to bring.
BROUGHT = {"numpy", "ipywidgets", "sympy", "transformers", "matplotlib"}
# What runs a notebook from a shell.
TOOLS = {"nbclient", "ipykernel", "nbformat", "pip", "setuptools", "wheel"}

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine")


def test_a_chapter_runs_from_its_notebook_alone(tmp_path):
    colab = Colab(tmp_path, borrowed=set(installed()) - {LIBRARY})
    assert colab.holds("torch") and not colab.holds("passk_lib")
    (chapter,) = (path for path in CHAPTERS if path.name.startswith("02_"))

    hidden = colab.bare.rename(tmp_path / "hidden")
    done = colab.run(chapter, downloads=False)
    assert done.returncode == 1 and "0 of 1 ran" in done.stdout, "no library, no chapter"
    hidden.rename(colab.bare)

    done = colab.run(chapter, downloads=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert colab.holds("passk_lib"), "the setup cell has installed the library"
    (setup,) = setup_seconds(done.stdout)
    assert 0 < setup < 30


@pytest.mark.long
@pytest.mark.parametrize("end", ["oldest", "newest"])
def test_all_chapters_run_at_both_ends_of_the_ranges(end, tmp_path):
    """PyTorch is the one of this environment: its wheels are too large to bring twice."""
    ranges = {requirement.name: requirement for requirement in requirements()}
    own = {*ranges, *TOOLS} - {"torch", "pip"}
    at_end = [
        oldest(ranges[name]) if end == "oldest" else name
        for name in sorted(BROUGHT | {"safetensors"})
    ]
    colab = Colab(
        tmp_path,
        borrowed=closure(["torch", "pip"], but=own) | {"wheel", "setuptools"},
        bought=[*at_end, "nbclient", "ipykernel", "nbformat"],
    )
    assert not colab.holds("anywidget"), "the setup cell has something to bring"
    done = colab.run(*CHAPTERS, downloads=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(CHAPTERS)} of {len(CHAPTERS)} ran" in done.stdout
    used = dict(re.findall(r"([\w-]+) ([\w.+]+)(?:,|\.$)", done.stdout.splitlines()[-1]))
    if end == "oldest":
        # Not SymPy: recent versions of PyTorch ask for a newer one, which the setup cell brings.
        for name in ("numpy", "ipywidgets", "transformers"):
            lowest = oldest(ranges[name]).split("==")[1]
            assert used[name].startswith(lowest), used
