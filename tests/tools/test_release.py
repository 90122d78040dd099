"""A release is made of a clean tree whose checks pass, and of nothing else."""

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import release
from release import Refused

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2027, 1, 5)
PASSES, FAILS = ((sys.executable, "-c", ""),), ((sys.executable, "-c", "raise SystemExit(1)"),)


@pytest.fixture
def clone(tmp_path):
    for name in (release.LIBRARY, release.CITATION, release.CHANGES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    changes = tmp_path / release.CHANGES
    if not release.unreleased(changes.read_text()):
        text = changes.read_text().replace("## Unreleased\n", "## Unreleased\n\n- A change.\n")
        changes.write_text(text)

    def git(*arguments):
        done = subprocess.run(
            ["git", "-C", tmp_path, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    git("config", "user.name", "Reader")
    git("config", "user.email", "reader@example.org")
    git("add", "--all")
    git("commit", "--quiet", "--message", "All")
    return tmp_path, git


def test_a_release_writes_the_version_everywhere_and_tags_it(clone):
    root, git = clone
    text = release.unreleased((root / release.CHANGES).read_text())
    assert release.release(root, None, TODAY, PASSES) == "2027.1.0"
    assert git("tag") == "v2027.1.0" and git("status", "--porcelain") == ""
    assert '__version__ = "2027.1.0"' in (root / release.LIBRARY).read_text()
    citation = (root / release.CITATION).read_text()
    assert "\nversion: 2027.1.0\n" in citation and "\ndate-released: 2027-01-05\n" in citation
    changes = (root / release.CHANGES).read_text()
    assert f"## Unreleased\n\n## 2027.1.0\n\n{text}" in changes
    with pytest.raises(Refused, match="says nothing"):
        release.release(root, None, TODAY, PASSES)


@pytest.mark.parametrize(
    "spoil, version, checks, reason",
    [
        (lambda root, git: (root / "new").touch(), None, PASSES, "not committed"),
        (lambda root, git: None, None, FAILS, "fails"),
        (lambda root, git: git("checkout", "-b", "draft"), None, PASSES, "the branch is draft"),
        (lambda root, git: git("tag", "v2027.1.3"), "2027.1.3", PASSES, "later than"),
        (lambda root, git: None, "1.0", PASSES, "YYYY.M.N"),
        (lambda root, git: None, "2026.11.0", PASSES, "later than the last release, 2026.11.0"),
        (
            lambda root, git: None,
            None,
            ((sys.executable, "-c", "open('left', 'w')"),),
            "left files",
        ),
    ],
    ids=["dirty", "failing", "branch", "old", "form", "in the changelog", "littering"],
)
def test_it_refuses(clone, spoil, version, checks, reason):
    root, git = clone
    spoil(root, git)
    before = git("rev-parse", "HEAD"), git("tag")
    with pytest.raises(Refused, match=reason):
        release.release(root, version, TODAY, checks)
    assert (git("rev-parse", "HEAD"), git("tag")) == before


def test_versions_count_within_their_month():
    assert release.next_version([], TODAY) == "2027.1.0"
    assert release.next_version(["2026.12.4", "2027.1.9", "2027.1.10"], TODAY) == "2027.1.11"


def test_library_citation_and_changelog_agree():
    import passk_lib

    citation = (ROOT / release.CITATION).read_text()
    headings = re.findall(r"^## (\S+)$", (ROOT / release.CHANGES).read_text(), re.MULTILINE)
    assert re.search(rf"^version: {re.escape(passk_lib.__version__)}$", citation, re.MULTILINE)
    assert headings[:2] == ["Unreleased", passk_lib.__version__]
    assert release.VERSION.fullmatch(passk_lib.__version__)
