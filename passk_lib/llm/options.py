"""Settings that are options of a command too: declared once, as the fields of a dataclass."""

from __future__ import annotations

import argparse
from dataclasses import field, fields


def option(default, about: str, *, also: str = "", opposite: str = "", shown: str = ""):
    """A field with its default and the help of its command-line option.

    also: a second name of the option; opposite: what turns a switch off, `--no-NAME` if it is not
    said; shown: the default as the help tells it.
    """
    told = {"help": about, "also": also, "opposite": opposite, "shown": shown}
    return field(default=default, metadata=told)


def add_options(parser: argparse.ArgumentParser, settings: type) -> None:
    """One option for each field that `option` declared; what is not given is left out.

    A tuple is taken as text: its command reads it.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Settings:
    ...     n: int = option(32, "completions a prompt", also="samples")
    ...     exact: bool = option(True, "no samples at all", opposite="sampled")
    >>> parser = argparse.ArgumentParser()
    >>> add_options(parser, Settings)
    >>> vars(parser.parse_args(["--samples", "8", "--sampled"]))
    {'n': 8, 'exact': False}
    >>> vars(parser.parse_args([]))
    {}
    """
    for entry in fields(settings):
        told, dashed = entry.metadata, entry.name.replace("_", "-")
        names = [f"--{name}" for name in (dashed, told["also"]) if name]
        shown = told["shown"] or str(entry.default)
        about = told["help"] + (f" (default: {shown})" if shown else "")
        how = {"dest": entry.name, "default": argparse.SUPPRESS}
        if isinstance(entry.default, bool):
            either = parser.add_mutually_exclusive_group()
            either.add_argument(*names, action="store_true", help=about, **how)
            opposite = f"--{told['opposite'] or f'no-{dashed}'}"
            either.add_argument(opposite, action="store_false", help=f"not {names[0]}", **how)
        else:
            kind = str if isinstance(entry.default, tuple) else type(entry.default)
            parser.add_argument(*names, type=kind, help=about, **how)
