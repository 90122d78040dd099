"""A scheduled check that fails opens one issue, and adds to it while it is open."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "report_failures.py"
GH = """#!{python}
import json, pathlib, sys
if sys.argv[1:3] == ["issue", "list"]:
    print({listed!r})
else:
    with pathlib.Path({calls!r}).open("a") as file:
        file.write(json.dumps([sys.argv[1:], sys.stdin.read()]) + "\\n")
"""


@pytest.fixture
def report(tmp_path):
    def run(needs: dict[str, str], listed: list[dict]) -> list:
        calls = tmp_path / "calls"
        calls.unlink(missing_ok=True)
        gh = tmp_path / "gh"
        gh.write_text(GH.format(python=sys.executable, listed=json.dumps(listed), calls=str(calls)))
        gh.chmod(0o755)
        folder = tmp_path / "reports" / "report-links"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.md").write_text("- https://example.org/gone")
        subprocess.run(
            [sys.executable, TOOL, tmp_path / "reports"],
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_RUN_ID": "7",
                 "NEEDS": json.dumps({name: {"result": result} for name, result in needs.items()})},
            check=True,
        )  # fmt: skip
        return (
            [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []
        )

    return run


def test_each_failed_check_opens_an_issue_with_its_report(report):
    calls = report({"newest": "success", "links": "failure", "colab": "cancelled"}, [])
    assert [arguments[:4] for arguments, _ in calls] == [
        ["issue", "create", "--title", "Dead links"],
        ["issue", "create", "--title", "The check in Colab's image fails"],
    ]
    assert "https://example.org/gone" in calls[0][1] and "/actions/runs/7" in calls[0][1]


def test_an_open_issue_is_added_to(report):
    calls = report({"links": "failure"}, [{"number": 12, "title": "Dead links"}])
    assert [arguments[:3] for arguments, _ in calls] == [["issue", "comment", "12"]]


def test_nothing_is_said_when_all_is_well(report):
    assert report({"links": "success", "newest": "skipped"}, []) == []
