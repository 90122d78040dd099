"""The chapter's cell for a pretrained model, which the build leaves off, works when it is on."""

from pathlib import Path

import matplotlib
import nbformat
import torch

from passk_lib.book import show
from passk_lib.llm.experiment import Result, Settings, run
from passk_lib.llm.figures import agreement_panels
from passk_lib.tables import table

CHAPTER = Path(__file__).parents[2] / "chapters" / "08_experiment.ipynb"
# The tiny model in the pretrained one's place; without its kernel, as for a large model.
CHANGES = {
    "PRETRAINED = False": "PRETRAINED = True",
    '"Qwen/Qwen2.5-0.5B-Instruct"': '"B"',
    "prompts=100": "prompts=24, kernel=False, exact=False",
    "max_new_tokens=320": "max_new_tokens=8",
}


def test_the_pretrained_cell_reports_estimates_and_intervals(tmp_path, monkeypatch, capfd):
    matplotlib.use("Agg")
    cells = (cell.source for cell in nbformat.read(CHAPTER, 4).cells)
    (source,) = (text for text in cells if text.startswith("PRETRAINED = False"))
    for old, new in CHANGES.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    monkeypatch.chdir(tmp_path)
    names = {
        "torch": torch,
        "Settings": Settings,
        "run": run,
        "show": show,
        "agreement_panels": agreement_panels,
        "table": table,
    }
    exec(source, names)
    shown = capfd.readouterr().out
    assert "unbiased" in shown and "cross_fit" in shown
    assert len(shown.strip().splitlines()[-4:]) == 4
    found = Result.load("qwen-gsm8k-float32")
    assert found.sampled.kernel is None and found.sampled.has_interval(found.settings.ks)
