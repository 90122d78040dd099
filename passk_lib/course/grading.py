"""`passk grade`: a folder of submissions in, a table of scores and feedback out.

Each submission has a process that judges it and, inside limits of the operating system, one that
runs it (`judge`, `confine`, `worker`).  The table is rewritten after every submission, whole or not
at all; a second run keeps the rows whose submission, checks and seed are the same.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import multiprocessing
import os
import resource
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from tqdm import tqdm

from passk_lib.course import assemble, judge
from passk_lib.course.seed import VARIABLE, read_seed

SPARE = 30.0
"""Seconds that judging may take beyond the submission's own."""
JUDGE_MEMORY = 8 * 2**30


@dataclass(frozen=True)
class Task:
    name: str
    path: Path
    key: str


def submissions(folder: Path) -> list[Path]:
    """All notebooks below `folder`, in order; links are not followed into other folders."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        found += [Path(place, f) for f in sorted(files) if f.endswith(".ipynb")]
    return found


def fingerprint(assignment: assemble.Assignment, seed: str, limits: judge.Limits) -> str:
    """Changes with the checks, the seed and the limits."""
    here = Path(__file__).parent
    files = [*here.glob("*.py"), assignment.folder / "hidden.py", Path(assignment.public.__file__)]
    digest = hashlib.sha256(repr((seed, limits.seconds, limits.memory)).encode())
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def key_of(path: Path, print_of_checks: str) -> str:
    digest = hashlib.sha256(print_of_checks.encode())
    if stat.S_ISREG(path.lstat().st_mode):
        with open(path, "rb") as file:
            digest.update(file.read(judge.LARGEST_NOTEBOOK + 1))
    return digest.hexdigest()[:16]


# --- The table ------------------------------------------------------------------------------------


def columns(assignment: assemble.Assignment) -> list[str]:
    names = list(assignment.questions)
    feedback = [f"{name} feedback" for name in names]
    return ["submission", "points", "possible", *names, *feedback, "problem", "seconds", "key"]


def row(assignment: assemble.Assignment, task: Task, judged: judge.Judged, seconds: float) -> dict:
    values = {
        "submission": task.name,
        "points": f"{judged.points:g}",
        "possible": f"{judged.possible:g}",
        "problem": judged.problem,
        "seconds": f"{seconds:.1f}",
        "key": task.key,
    }
    for verdict in judged.verdicts:
        values[verdict.question] = f"{verdict.points:g}"
        values[f"{verdict.question} feedback"] = "\n".join(verdict.feedback) or "full points"
    return {name: harmless(value) for name, value in values.items()}


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula and any terminal can show."""
    text = text.encode("utf8", "backslashreplace").decode("utf8")
    text = "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text


def write_table(out: Path, header: list[str], rows: dict[str, dict]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[name] for name in sorted(rows))
    unfinished = out.with_name(out.name + ".part")
    unfinished.write_text(text.getvalue(), encoding="utf8")
    os.replace(unfinished, out)


def read_table(out: Path, header: list[str]) -> dict[str, dict]:
    if not out.exists():
        return {}
    with open(out, encoding="utf8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != header:
            raise ValueError(
                f"--out {out} is there and is no table of this assignment; name another"
            )
        return {line["submission"]: line for line in reader}


# --- In parallel ----------------------------------------------------------------------------------


def judge_in_process(connection, assignment, task: Task, seed: str, limits: judge.Limits) -> None:
    """What one child of the grader does: judge one submission, send the result, end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what it started, and itself
    resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, JUDGE_MEMORY))
    started = time.monotonic()
    try:
        judged = judge.judge(assignment, task.path, seed, limits)
    except (Exception, RecursionError) as error:
        judged = judge.zero(assignment, f"could not be graded: {type(error).__name__}: {error}")
    connection.send((judged, time.monotonic() - started))
    connection.close()


def judge_all(
    assignment, tasks: list[Task], seed: str, limits: judge.Limits, jobs: int
) -> Iterator[tuple[Task, judge.Judged, float]]:
    """The verdicts on all tasks as they come, `jobs` at a time."""
    context = multiprocessing.get_context("fork")
    longest = limits.whole + SPARE
    waiting, running = list(reversed(tasks)), {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                task = waiting.pop()
                receiver, sender = context.Pipe(duplex=False)
                arguments = (sender, assignment, task, seed, limits)
                process = context.Process(target=judge_in_process, args=arguments)
                process.start()
                sender.close()
                running[receiver] = (process, task, time.monotonic())
            ready = wait(list(running), timeout=0.5)
            for receiver, (process, task, since) in list(running.items()):
                late = time.monotonic() - since > longest
                if receiver not in ready and not late:
                    continue
                try:
                    if late:
                        raise EOFError
                    judged, seconds = receiver.recv()
                except EOFError:
                    reason = "not graded: judging it took too long or ended unexpectedly"
                    judged, seconds = judge.zero(assignment, reason), time.monotonic() - since
                del running[receiver]
                _end(process)
                yield task, judged, seconds
    finally:
        for process, _, _ in running.values():
            _end(process, patience=0)


def _end(process, patience: float = 2.0) -> None:
    """Wait for a process that is done; end one that is not, and what it started."""
    process.join(timeout=patience)
    if process.is_alive():
        process.terminate()
        process.join(timeout=5)
    if process.is_alive():
        process.kill()
        process.join()


# --- The command ----------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    assignment = assemble.find(options.assignment)
    if not options.submissions.is_dir():
        raise ValueError(f"{options.submissions} is no folder")
    if not options.out.resolve().parent.is_dir():
        raise ValueError(f"--out: there is no folder {options.out.resolve().parent}")
    limits = judge.Limits(
        options.time_limit, options.memory_limit * 2**20, frozenset(options.accept_missing)
    )
    _require_protections(limits)
    seed = read_seed(options.seed_file)
    header = columns(assignment)
    rows = read_table(options.out, header)
    checks = fingerprint(assignment, seed, limits)
    tasks = []
    for path in submissions(options.submissions):
        name = harmless(path.relative_to(options.submissions).as_posix())
        tasks.append(Task(name, path, key_of(path, checks)))
    if not tasks:
        raise ValueError(f"{options.submissions} holds no notebook (*.ipynb)")
    todo = [task for task in tasks if rows.get(task.name, {}).get("key") != task.key]
    rows = {task.name: rows[task.name] for task in tasks if task not in todo}
    if not seed:
        print("No course seed: the hidden checks use the numbers that anyone can compute.")
    if rows:
        print(f"{len(rows)} of {len(tasks)} are graded already.")
    _ = assignment.parts  # load the checks once, before the processes part
    try:
        for task, judged, seconds in _with_bar(
            judge_all(assignment, todo, seed, limits, options.jobs), len(todo)
        ):
            rows[task.name] = row(assignment, task, judged, seconds)
            write_table(options.out, header, rows)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"{len(rows)} of {len(tasks)} are graded; the same command goes on from there"
        ) from None
    write_table(options.out, header, rows)
    _summary(rows, options.out)
    return 0


def _require_protections(limits: judge.Limits) -> None:
    if not sys.platform.startswith("linux"):
        raise OSError("submissions are confined by means of Linux; run this on Linux")
    missing = [name for name in judge.missing_protections() if name not in limits.without]
    if missing:
        lost = "; ".join(f"{name} (without it {judge.PROTECTIONS[name]})" for name in missing)
        flags = " ".join(f"--accept-missing {name}" for name in missing)
        cure = "Root can have them (sudo). " if os.geteuid() != 0 else ""
        raise OSError(
            f"this machine does not offer {lost}. {cure}To grade all the same, add {flags}"
        )


def _with_bar(results: Iterator, total: int) -> Iterator:
    """`results` with a bar on standard error: how many, how fast, how long still."""
    with tqdm(total=total, unit="submission", disable=not total) as bar:
        for result in results:
            yield result
            bar.update()


def _summary(rows: dict[str, dict], out: Path) -> None:
    full = sum(line["points"] == line["possible"] for line in rows.values())
    zero = sum(float(line["points"]) == 0 for line in rows.values())
    print(f"{len(rows)} submissions in {out}: {full} with full points, {zero} with none.")


def _positive(kind: Callable) -> Callable:
    def read(text: str):
        value = kind(text)
        if not 0 < value < 10**6:
            raise argparse.ArgumentTypeError(f"must be positive; got {text}")
        return value

    return read


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="passk grade", description="Grade a folder of submitted notebooks on this machine."
    )
    add = parser.add_argument
    add("submissions", type=Path, metavar="SUBMISSIONS_DIR", help="notebooks, in folders or not")
    add("--assignment", required=True, metavar="NAME", help=f"{', '.join(assemble.assignments())}")
    add("--out", required=True, type=Path, help="the table of scores and feedback (CSV)")
    add("--seed-file", type=Path, help=f"the course seed (default: the file that {VARIABLE} names)")
    add("--jobs", type=_positive(int), default=os.cpu_count() or 1,
        help="submissions at a time (default: one a core)")  # fmt: skip
    add("--time-limit", type=_positive(float), default=40.0, metavar="SECONDS",
        help="for the notebook (40); a question gets half, all three times as much")  # fmt: skip
    add("--memory-limit", type=_positive(int), default=2048, metavar="MIB",
        help="for one submission (default 2048)")  # fmt: skip
    add("--accept-missing", action="append", default=[], choices=list(judge.PROTECTIONS),
        help="grade although this machine lacks a protection; may be repeated")  # fmt: skip
    return parser
