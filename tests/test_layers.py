"""Lower rooms never import upper ones: the order of the library's modules, enforced."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "passk_lib"

# From the ground up; rooms on one line stand beside each other and do not import one another.
# docs/architecture.md shows the same list.
LAYERS = (
    ("checks", "tables", "expsum"),
    ("objectives",),
    ("estimators",),
    ("field",),
    ("interference",),
    ("bandit", "credits"),
    ("ascent", "mitigation", "stopping"),
    ("theory", "figures", "figure_data"),
    ("widgets",),
    ("llm",),
    ("book",),
    ("course",),
)
HEIGHT = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}
# The package itself gathers the core's names; the command calls every room.
ROOF = ("__init__", "__main__")
CORE = {room for rooms in LAYERS[:7] for room in rooms}


def room_of(path: Path, package: Path) -> str:
    return path.relative_to(package).parts[0].removesuffix(".py")


def imported_rooms(path: Path, package: Path) -> set[str]:
    """The rooms of passk_lib that a file imports, wherever in the file that stands."""
    home = [package.name, *path.relative_to(package).parent.parts]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = home[: len(home) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    inside = (name.split(".")[1:2] for name in names if name.split(".")[0] == package.name)
    rooms = {room for parts in inside for room in parts}
    known = {room_of(file, package) for file in package.rglob("*.py")}
    # A name that is no room is what the package's __init__ gathers.
    return {room if room in known else "__init__" for room in rooms}


def faults(package: Path = PACKAGE) -> list[str]:
    found = []
    for path in sorted(package.rglob("*.py")):
        room, where = room_of(path, package), path.relative_to(package)
        if room in ROOF:
            if room == "__init__":
                found += [
                    f"{where} imports {other}, which is not of the core"
                    for other in sorted(imported_rooms(path, package) - CORE)
                ]
            continue
        if room not in HEIGHT:
            found.append(f"{where}: no layer is named for {room}")
            continue
        for other in sorted(imported_rooms(path, package) - {room}):
            if (
                other == "__init__"
            ):  # what the core's own rooms may not use, or they import a circle
                if room in CORE:
                    found.append(f"{where} imports passk_lib itself; import the module instead")
            elif other not in HEIGHT:
                found.append(f"{where} imports {other}, for which no layer is named")
            elif HEIGHT[other] >= HEIGHT[room]:
                found.append(f"{where} imports {other}, which is not below {room}")
    return found


def test_lower_rooms_never_import_upper_ones():
    assert faults() == []


@pytest.fixture
def small(tmp_path):
    """A library of two rooms: field, and llm above it."""
    package = tmp_path / "passk_lib"
    (package / "llm").mkdir(parents=True)
    (package / "__init__.py").write_text("from .field import f\n")
    (package / "field.py").write_text("f = 1\n")
    (package / "llm" / "__init__.py").write_text("")
    (package / "llm" / "field.py").write_text("from ..field import f\nfrom passk_lib import f\n")
    return package


def test_a_room_may_import_what_stands_below_it(small):
    assert faults(small) == []


@pytest.mark.parametrize(
    "line",
    [
        "from .llm import field",
        "from . import llm",
        "import passk_lib.llm.field",
        "from passk_lib.llm.field import f",
        "def late():\n    from passk_lib import llm",
        "from . import f",
    ],
)
def test_an_import_from_above_is_found_in_every_form(small, line):
    (small / "field.py").write_text(f"f = 1\n{line}\n")
    assert len(faults(small)) == 1


def test_a_room_without_a_layer_is_found(small):
    (small / "attic.py").write_text("")
    assert faults(small) == ["attic.py: no layer is named for attic"]


def test_the_architecture_page_shows_the_same_layers():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf8")
    rows = re.findall(r"^\| \d+ \| (.+?) \|", text, re.MULTILINE)
    shown = [tuple(re.findall(r"`(\w+)`", row)) for row in rows]
    assert shown == list(LAYERS)
