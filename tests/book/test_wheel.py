"""The package that Colab installs holds what the chapters need, and nothing else."""

import shutil
import subprocess
import sys
import zipfile

from small_book import ROOT


def test_the_wheel_holds_models_recorded_results_live_figures_and_licences(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(
        ROOT / "passk_lib", source / "passk_lib", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index",
         "--no-build-isolation", "--wheel-dir", tmp_path, source],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "passk_lib/objectives.py",
        "passk_lib/llm/models/B/model.safetensors",
        "passk_lib/llm/recorded/coverage.json",
        "passk_lib/widgets/static/figures.js",
        "passk_lib/widgets/static/LICENSES.md",
    ):
        assert needed in names
    assert wheel.stat().st_size < 5e6
