"""Makes a release: the version everywhere, the changelog's heading, a commit and a tag.

``python tools/release.py [VERSION]``. Versions are dates: YYYY.M.N, N counting from 0 within the
month; without VERSION the next one of this month is taken. It refuses a tree with changes, a branch
that is not the default one, an empty changelog, a version that is not new, and a tree whose `make
lint` or `make test` fails. Nothing is pushed: the last line says what to type for that.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = re.compile(r"20\d\d\.(?:[1-9]|1[0-2])\.\d+")
LIBRARY, CITATION, CHANGES = "passk_lib/__init__.py", "CITATION.cff", "CHANGELOG.md"
BRANCHES = ("main", "master")
CHECKS = (("make", "lint"), ("make", "test"))


class Refused(Exception):
    """Why there is no release."""


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def next_version(released: list[str], today: date) -> str:
    """The first free version of this month."""
    month = f"{today.year}.{today.month}."
    taken = [parts(version)[2] for version in released if version.startswith(month)]
    return f"{month}{max(taken, default=-1) + 1}"


def versions(tags: str, changes: str) -> list[str]:
    """What has been released: by the tags, and by the changelog, which a fork has without them."""
    named = [tag.removeprefix("v") for tag in tags.split()]
    named += re.findall(r"^## (\S+)$", changes, re.MULTILINE)
    return [name for name in named if VERSION.fullmatch(name)]


def unreleased(changes: str) -> str:
    """What the changelog says under "Unreleased"."""
    found = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", changes, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def replaced(text: str, pattern: str, by: str, name: str) -> str:
    new, count = re.subn(pattern, by, text, flags=re.MULTILINE)
    if count != 1:
        raise Refused(f"{name}: {count} places match {pattern!r}; one is needed")
    return new


def release(root: Path, version: str | None, today: date, checks=CHECKS) -> str:
    """Make the release in the repository at `root`; its version. Raises Refused."""
    if git(root, "status", "--porcelain"):
        raise Refused("there are changes that are not committed (git status lists them)")
    branch = git(root, "symbolic-ref", "--short", "HEAD")
    if branch not in BRANCHES:
        raise Refused(f"the branch is {branch}; a release is made on {' or '.join(BRANCHES)}")
    texts = {
        name: (root / name).read_text(encoding="utf8") for name in (LIBRARY, CITATION, CHANGES)
    }
    released = versions(git(root, "tag"), texts[CHANGES])
    version = version or next_version(released, today)
    if not VERSION.fullmatch(version):
        raise Refused(
            f"version = {version!r}: must be YYYY.M.N, such as {today:%Y}.{today.month}.0"
        )
    if released and parts(version) <= max(map(parts, released)):
        newest = max(released, key=parts)
        raise Refused(f"version = {version!r}: must be later than the last release, {newest}")
    if not unreleased(texts[CHANGES]):
        raise Refused(f"{CHANGES} says nothing under '## Unreleased'")
    for check in checks:
        if subprocess.run(check, cwd=root).returncode:
            raise Refused(f"`{' '.join(check)}` fails")
    if git(root, "status", "--porcelain"):
        raise Refused("the checks have left files that git does not ignore")
    texts[LIBRARY] = replaced(
        texts[LIBRARY], r'^__version__ = ".*"$', f'__version__ = "{version}"', LIBRARY
    )
    texts[CITATION] = replaced(texts[CITATION], r"^version: .*$", f"version: {version}", CITATION)
    texts[CITATION] = replaced(
        texts[CITATION], r"^date-released: .*$", f"date-released: {today.isoformat()}", CITATION
    )
    texts[CHANGES] = replaced(
        texts[CHANGES], r"^## Unreleased$", f"## Unreleased\n\n## {version}", CHANGES
    )
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf8")
    git(root, "commit", "--quiet", "--all", "--message", f"Release {version}")
    git(root, "tag", "--annotate", f"v{version}", "--message", f"Version {version}")
    return version


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make a release of this repository.")
    parser.add_argument("version", nargs="?", help="YYYY.M.N; the next of this month if left out")
    given = parser.parse_args(arguments)
    try:
        version = release(ROOT, given.version, date.today())
    except Refused as refusal:
        print(f"No release: {refusal}.", file=sys.stderr)
        return 1
    print(f"Version {version} is committed and tagged. To publish it: git push --follow-tags")
    return 0


if __name__ == "__main__":
    sys.exit(main())
