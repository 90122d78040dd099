"""Where the book's repository lives, found when the book is built and written nowhere by hand."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

# The branch that holds the stamped notebooks, the ones that Colab can run.
COLAB_BRANCH = "colab"


@dataclass(frozen=True)
class Repository:
    """A git repository: ``url`` is what pip installs from, ``branch`` what the pages link to.

    >>> fork = Repository("https://github.com/ada/passk")
    >>> fork.site
    'https://ada.github.io/passk/'
    >>> fork.requirement
    'https://github.com/ada/passk@main'
    """

    url: str
    branch: str = "main"

    @property
    def page(self) -> str | None:
        """The repository's web page; None where it has none (a folder, say)."""
        return self.url.removesuffix(".git") if re.match(r"https?://", self.url) else None

    @property
    def on_github(self) -> bool:
        """Whether it is a repository of github.com."""
        return re.match(r"https://github\.com/[^/]+/[^/]+$", self.page or "") is not None

    @property
    def site(self) -> str | None:
        """Where GitHub Pages shows the book; None for repositories elsewhere."""
        if not self.on_github:
            return None
        owner, name = self.page.removeprefix("https://github.com/").split("/")
        host = f"{owner}.github.io".lower()
        return f"https://{host}/" + ("" if name.lower() == host else f"{name}/")

    @property
    def requirement(self) -> str:
        """What the setup cell hands to pip after ``git+``."""
        return f"{self.url}@{self.branch}"


def find_repository(folder: Path | str = ".") -> Repository | None:
    """The repository that ``folder`` belongs to, or None if nothing tells.

    In this order: the environment variable ``PASSK_REPOSITORY`` (an address, or owner/name on
    GitHub), the variables of GitHub Actions, and ``git remote get-url origin``. The branch is
    ``PASSK_BRANCH``, what Actions builds, or the branch that is checked out.
    """
    address = os.environ.get("PASSK_REPOSITORY") or os.environ.get("GITHUB_REPOSITORY")
    address = address or _git(folder, "remote", "get-url", "origin")
    if not address:
        return None
    branch = os.environ.get("PASSK_BRANCH")
    if not branch and os.environ.get("GITHUB_REF_TYPE") == "branch":
        branch = os.environ.get("GITHUB_HEAD_REF") or os.environ.get("GITHUB_REF_NAME")
    branch = branch or _git(folder, "symbolic-ref", "--short", "HEAD") or "main"
    return Repository(normalise(address), branch)


def normalise(address: str) -> str:
    """An address that anyone can read from: https for ssh forms, no user or token in it, no
    trailing ``.git``.

    >>> normalise("git@github.com:ada/passk.git")
    'https://github.com/ada/passk'
    >>> normalise("https://ada:token@git.example.org/passk.git")
    'https://git.example.org/passk'
    """
    address = address.strip().rstrip("/")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", address):
        server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{address.removesuffix('.git')}"
    ssh = re.fullmatch(r"(?:ssh://)?(?:[^@/]+@)?([\w.-]+\.\w+)(?::\d+/|[:/])(.+)", address)
    if ssh and not re.match(r"(https?|file|git)://", address):
        return f"https://{ssh[1]}/{ssh[2].lstrip('/').removesuffix('.git')}"
    if re.match(r"https?://", address):
        return re.sub(r"^(https?://)[^@/]*@", r"\1", address).removesuffix(".git")
    if address.startswith("/"):
        return f"file://{address}"
    return address


def _git(folder: Path | str, *arguments: str) -> str:
    """What git answers, or an empty string: no git, no repository, no remote."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
