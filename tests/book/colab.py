"""Colab, played on this machine: a new environment that already holds what Colab brings, an empty
folder, the notebook alone, and a setup cell that installs the library from a git address."""

import os
import re
import shutil
import subprocess
import tomllib
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from small_book import ROOT

from passk_lib.book.repository import Repository
from passk_lib.book.stamp import stamp

FORK = Repository("https://github.com/reader/fork", "main")
RUNNER = ROOT / "tools" / "run_notebooks.py"
LIBRARY = "passk-lib"


def requirements() -> list[Requirement]:
    """The ranges of everything that a chapter needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    extras = project["optional-dependencies"]
    (book,) = map(Requirement, extras["book"])
    lines = list(project["dependencies"])
    for name in sorted(book.extras):
        lines += extras[name]
    return [Requirement(line) for line in lines]


def oldest(requirement: Requirement) -> str:
    """The lowest version in a range, as what pip is to install: numpy>=1.26 gives numpy==1.26."""
    (lowest,) = (one.version for one in requirement.specifier if one.operator == ">=")
    return f"{requirement.name}=={lowest}"


def publish(folder: Path) -> Path:
    """This checkout, what is not committed too, as a bare repository with a branch `main`."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    tree = folder / "tree"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():  # not one that was removed, nor a link to a folder
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    identity = ["-c", "user.name=Reader", "-c", "user.email=reader@example.org"]
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "--all", "--force"],
        [*identity, "commit", "--quiet", "--message", "The checkout"],
    ):
        subprocess.run(["git", "-C", tree, *command], check=True)
    bare = folder / "fork.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", tree, bare], check=True)
    return bare


def installed() -> dict[str, Distribution]:
    """The packages of the environment that runs the tests."""
    found: dict[str, Distribution] = {}
    for distribution in distributions():
        found.setdefault(canonicalize_name(distribution.metadata["Name"]), distribution)
    return found


def closure(names: Iterable[str], but: Iterable[str] = ()) -> set[str]:
    """The packages named and all that they need, without ``but`` and what only those need."""
    available, seen, todo = installed(), set(), list(map(canonicalize_name, names))
    while todo:
        name = todo.pop()
        if name in seen or name in but or name not in available:
            continue
        seen.add(name)
        for line in available[name].requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(canonicalize_name(requirement.name))
    return seen


class Colab:
    """An environment in ``folder`` that holds ``borrowed`` packages of this one, unchanged, and
    ``bought`` ones, which pip installs."""

    def __init__(self, folder: Path, borrowed: Iterable[str], bought: Iterable[str] = ()) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False)
        self.python = folder / "venv" / "bin" / "python"
        # Borrowed packages come after the environment's own, and pip does not touch them there.
        shelf = folder / "borrowed"
        shelf.mkdir()
        available = installed()
        for name in borrowed:
            home = Path(available[name].locate_file(""))
            for file in available[name].files or []:
                top = file.parts[0]
                if top not in ("..", "__pycache__") and not (shelf / top).exists():
                    (shelf / top).symlink_to(home / top)
        (site,) = (folder / "venv" / "lib").glob("python3*/site-packages")
        (site / "borrowed.pth").write_text(f"{shelf}\n")
        self.bare = publish(folder)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name in KEPT},
            # The address in the notebook is a public one; git is told where it leads.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{self.bare}.insteadOf",
            "GIT_CONFIG_VALUE_0": FORK.url,
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_DATA_DIR": str(folder / "jupyter"),
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
        }
        if bought:
            self._run([self.python, "-m", "pip", "install", "--quiet", *bought])

    def holds(self, name: str) -> bool:
        code = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"
        return self._run([self.python, "-c", code], check=False).returncode == 0

    def run(self, *notebooks: Path, downloads: bool) -> subprocess.CompletedProcess:
        """Run notebooks, stamped, each alone in an empty folder. Without ``downloads`` pip must
        make do with what is there, and the setup cell with 30 seconds."""
        desk = self.folder / "notebooks"
        desk.mkdir(exist_ok=True)
        for path in notebooks:
            text = stamp(path.read_text(encoding="utf8"), FORK)
            (desk / path.name).write_text(text, encoding="utf8")
        offline = {} if downloads else {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
        stamped = [desk / path.name for path in notebooks]
        return self._run([self.python, RUNNER, *stamped], check=False, **offline)

    def _run(self, command, check=True, **more: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            list(map(str, command)), cwd=self.folder, env={**self.environment, **more},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done


# What a reader's session has of this one's environment: no PYTHONPATH, no repository's address.
KEPT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "PIP_INDEX_URL", "PIP_CONFIG_FILE")


def setup_seconds(output: str) -> list[float]:
    return [float(found) for found in re.findall(r"setup +([\d.]+) s", output)]
