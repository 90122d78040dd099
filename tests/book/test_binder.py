"""Binder brings what the chapters need, in the ranges that the library allows."""

import os
import tomllib

import yaml
from packaging.requirements import Requirement
from small_book import ROOT

# Names that differ between the two package indexes.
CONDA = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}


def test_the_environment_has_the_ranges_of_the_library():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    extras = project["optional-dependencies"]
    (book,) = map(Requirement, extras["book"])
    needed = map(
        Requirement,
        project["dependencies"] + [line for extra in sorted(book.extras) for line in extras[extra]],
    )
    listed = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text(encoding="utf8"))
    for requirement in needed:
        name = CONDA.get(requirement.name, requirement.name)
        assert f"{name}{requirement.specifier}" in listed["dependencies"]


def test_the_library_itself_comes_from_the_checkout():
    script = ROOT / "binder" / "postBuild"
    assert os.access(script, os.X_OK)
    assert "pip install --no-deps" in script.read_text(encoding="utf8")
