"""`passk ledger`: check every claim and print its status."""

from __future__ import annotations

import argparse
import json

from .ledger import ledger


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 if every claim checks."""
    parser = argparse.ArgumentParser(prog="passk ledger", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead")
    options = parser.parse_args(argv)
    everything = ledger()
    print(
        json.dumps(everything.records(), indent=1, ensure_ascii=False)
        if options.json
        else everything
    )
    return 0
