"""Every promise of speed in the project, measured: one table.

    make bench                        the table
    python benchmarks                 the same
    python benchmarks --only NAME     one benchmark, by its file's name
    python benchmarks --record        also writes benchmarks/record.json: rows, hardware, date

Exit status 1 if a promise is broken or a benchmark fails.  See `promises.py` for how to add one.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from promises import Promise

from passk_lib.tables import Table

HERE = Path(__file__).parent
RECORD = HERE / "record.json"
PACKAGES = ("numpy", "torch", "transformers")


def benchmarks() -> list[str]:
    """Names of the modules beside this one that define `rows`."""
    return sorted(
        path.stem
        for path in HERE.glob("*.py")
        if any(
            isinstance(node, ast.FunctionDef) and node.name == "rows"
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    )


def measure(name: str) -> list[Promise]:
    """The rows of one benchmark, from a process that does nothing else; OSError if it fails."""
    child = subprocess.run(
        [sys.executable, str(HERE), "--rows-of", name], stdout=subprocess.PIPE, text=True
    )
    if child.returncode != 0:
        raise OSError(f"benchmark {name} failed with status {child.returncode}")
    return [Promise(**row) for row in json.loads(child.stdout.splitlines()[-1])]


def hardware() -> dict:
    """What the numbers were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        **found,
    }


def table(rows: list[Promise]) -> Table:
    return Table(
        {
            "promise": [row.what for row in rows],
            "promised": [f"{row.sense} {row.bound:g} {row.unit}" for row in rows],
            "measured": [
                None if row.measured is None else f"{row.measured:.3g} {row.unit}" for row in rows
            ],
            "": [row.verdict for row in rows],
            "note": [row.note or None for row in rows],
        }
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=benchmarks(), help="one benchmark")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name} as well")
    parser.add_argument("--rows-of", choices=benchmarks(), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rows_of:
        rows = import_module(options.rows_of).rows()
        print(json.dumps([{k: v for k, v in r.as_dict().items() if k != "verdict"} for r in rows]))
        return 0
    if options.record and options.only:
        parser.error("--record writes the whole table: it does not go with --only")
    rows, failed = [], []
    for name in options.only or benchmarks():
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            rows += measure(name)
        except OSError as error:
            failed.append(str(error))
    about = hardware()
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    if rows:
        print(table(rows))
    for line in failed:
        print(line, file=sys.stderr)
    if options.record and not failed:
        record = {"hardware": about, "rows": [row.as_dict() for row in rows]}
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"recorded in {RECORD}")
    return int(bool(failed) or any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
