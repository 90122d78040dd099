"""What runs before a commit strips outputs, and leaves a notebook that is stored well as it is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).resolve().parents[2]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf8"))


def test_a_commit_strips_outputs_and_keeps_all_else(tmp_path):
    chapter = ROOT / "chapters" / "02_preliminaries.ipynb"
    (tmp_path / "chapters").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("nbstripout", "python", "ruff"):
        program = Path(sys.executable).with_name(name)
        (tmp_path / ".venv" / "bin" / name).symlink_to(program)
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    stored, run = tmp_path / "chapters" / "01_stored.ipynb", tmp_path / "02_run.ipynb"
    shutil.copy(chapter, stored)
    book = nbformat.read(chapter, 4)
    code = next(cell for cell in book.cells if cell.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", text="x")]
    code.execution_count = 3
    nbformat.write(book, run)
    git = ["git", "-C", tmp_path]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "chapters", "02_run.ipynb", ".pre-commit-config.yaml"], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "strip-outputs", "--all-files"],
        cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert done.returncode == 1 and "files were modified" in done.stdout, done.stdout + done.stderr
    assert nbformat.read(run, 4) == nbformat.read(chapter, 4)
    assert stored.read_bytes() == chapter.read_bytes()


def test_no_hook_needs_the_network():
    assert [repository["repo"] for repository in HOOKS["repos"]] == ["local"]
    hooks = HOOKS["repos"][0]["hooks"]
    assert all(hook["language"] == "system" for hook in hooks)
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)
