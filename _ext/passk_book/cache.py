"""The execution cache: one folder for each state of the library and of what it computes with.

jupyter-cache looks at a notebook's code cells only: after a change in ``passk_lib`` it would serve
old numbers. So the folder's name is a hash of the library's files and of the versions of the
packages behind it. The path is a configuration value of myst-nb that makes Sphinx read every page
again when it changes.
"""

import hashlib
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Folders of the library that take no part in what a cell computes.
IGNORED = {"__pycache__", "node_modules"}
PACKAGES = ("numpy", "sympy", "matplotlib", "torch", "transformers", "ipywidgets", "anywidget")


def library_key(library: Path) -> str:
    """A short hash of every file of the library at ``library``, of the packages' versions and of
    Python's.
    """
    digest = hashlib.sha256(sys.version.encode())
    for name in PACKAGES:
        try:
            digest.update(f"{name}=={version(name)}\n".encode())
        except PackageNotFoundError:
            digest.update(f"{name} is absent\n".encode())
    for path in sorted(library.rglob("*")):
        if path.is_file() and not IGNORED & set(path.relative_to(library).parts):
            digest.update(path.relative_to(library).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def choose_folder(app, config):
    folder = Path(app.outdir).parent / ".execution"
    current = folder / library_key(Path(app.srcdir) / "passk_lib")
    for old in folder.glob("*"):
        if old != current:
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(current)


def setup(app):
    app.connect("config-inited", choose_folder)
