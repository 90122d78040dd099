"""The first code cell of every chapter, the same in all of them.

Where ``passk_lib`` is installed it does nothing. Elsewhere (Colab) it installs the library from the
repository that the notebook was stamped with; ``python -m passk_lib.book.stamp`` does the stamping.
"""

SETUP_CELL = """\
# @title Setup: installs the book's library where it is missing
import importlib.util
import os
import subprocess
import sys

REPOSITORY = ""

if importlib.util.find_spec("passk_lib") is None:
    repository = os.environ.get("PASSK_REPOSITORY") or REPOSITORY
    if not repository:
        raise ModuleNotFoundError(
            "Set the environment variable PASSK_REPOSITORY to the address of the book's git repository "
            "and run this cell again."
        )
    package = f"passk-lib[book] @ git+{repository}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)"""  # noqa: E501

UNSTAMPED = 'REPOSITORY = ""'

# Colab folds the cell to its title; the built book leaves it out.
SETUP_METADATA = {"cellView": "form", "tags": ["remove-cell"]}
