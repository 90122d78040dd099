"""The command `passk`: one name a subcommand, each imported only when it is called.

To add one, add a line to COMMANDS.  The function takes the list of arguments after the name and
returns an exit status (None is 0); it raises ValueError, TypeError or OSError for what the user
can put right, which ends the command with one line and status 2.
"""

from __future__ import annotations

import importlib
import os
import sys

COMMANDS = {
    "along-training": (
        "passk_lib.llm.along_training:command",
        "how conflict comes and goes while the tiny model is trained",
    ),
    "coverage": (
        "passk_lib.llm.cli:coverage",
        "how often the experiment's intervals hold the exact value",
    ),
    "experiment": (
        "passk_lib.llm.cli:experiment",
        "sample a language model, compute agreement scores and conflict",
    ),
    "posttrain": (
        "passk_lib.llm.posttrain_cli:posttrain",
        "post-train a tiny model on any objective, with curves on held-out prompts",
    ),
    "grade": (
        "passk_lib.course.grading:main",
        "grade a folder of submitted notebooks",
    ),
    "train-tiny": (
        "passk_lib.llm.cli:train_tiny",
        "train one of the tiny models again, from its seed",
    ),
    "ledger": (
        "passk_lib.theory.cli:main",
        "check every claim of the theory and print its status",
    ),
}


def usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()]
    return "\n".join(["usage: passk COMMAND [options]   (passk COMMAND --help)", "", *lines])


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        try:
            return _main(arguments)
        finally:
            sys.stdout.flush()  # here, not as Python ends: there nobody can catch what goes wrong
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # what a shell says of a command that a closed pipe ended
    except KeyboardInterrupt as interrupt:  # also while a command's libraries are being imported
        text = " ".join(str(interrupt).split()) or "interrupted"
        print(f"\n{' '.join(['passk', *arguments[:1]])}: {text}", file=sys.stderr)
        return 130


def _main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in COMMANDS:
        print(
            f"passk: error: unknown command {name!r}; allowed are {', '.join(COMMANDS)}",
            file=sys.stderr,
        )
        return 2
    module, function = COMMANDS[name][0].split(":")
    try:
        command = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "passk_lib":
            raise
        print(
            f"passk {name}: error: this needs the package {error.name!r}, which is not installed; "
            "pip install 'passk-lib[book]' brings all of them",
            file=sys.stderr,
        )
        return 2
    try:
        return command(rest) or 0
    except (ValueError, TypeError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            print(flush=True)  # raises it again if it is our own output that nobody reads
        text = " ".join(str(error).split()) or type(error).__name__
        print(f"passk {name}: error: {text}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
