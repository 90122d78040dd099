"""One submission, judged: the student's code in a confined process, the checks in this one.

The checks ask the student's process for values through a pipe, as in "use weight(0.3, 4)", and
compare what comes back here.  Hidden numbers leave this process one call at a time; expected values
and scores never do.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from passk_lib.course import plain, questions

PACKAGE = Path(__file__).resolve().parents[1]
LARGEST_REPLY = 20_000_000
LARGEST_NOTEBOOK = 5_000_000
SCRATCH = 64 * 2**20
PROCESSES = 32
POLL = 0.2
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/ssl/openssl.cnf",
          "/etc/fonts", "/etc/localtime")  # fmt: skip

NAMESPACES, SECOND_USER = "namespaces", "second-user"
PROTECTIONS = {
    NAMESPACES: "submissions see the machine's files and processes and reach its network",
    SECOND_USER: "submissions run under your own user id",
}


@dataclass(frozen=True)
class Limits:
    """What one submission may use. seconds: for the notebook; a question gets half of it, all
    together three times as much. memory: bytes, of all its processes together.
    """

    seconds: float = 40.0
    memory: int = 2 * 2**30
    without: frozenset[str] = frozenset()

    @property
    def question(self) -> float:
        return self.seconds / 2

    @property
    def whole(self) -> float:
        return 3 * self.seconds


class Gone(questions.Ended):
    """The student's process ended, or was ended; the text says why."""


@dataclass
class Judged:
    """The verdicts on one submission; `problem` says what kept it from running to its end."""

    verdicts: list[questions.Verdict] = field(default_factory=list)
    problem: str = ""

    @property
    def points(self) -> float:
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def possible(self) -> float:
        return sum(verdict.possible for verdict in self.verdicts)


# --- The confined process -------------------------------------------------------------------------


def confined(limits: Limits, folder: str, program: list[str]) -> list[str]:
    """The command that runs `program` (Python arguments) within the limits."""
    root = os.geteuid() == 0
    namespaces = NAMESPACES not in limits.without
    second = root and SECOND_USER not in limits.without
    scratch = "/scratch" if namespaces else folder
    python = [sys.prefix, sys.base_prefix, sysconfig.get_path("purelib")]
    settings = {
        "command": [sys.executable, "-B", "-s", *program],
        "root": folder,
        "visible": _outermost([*SYSTEM, *python]),
        "library": str(PACKAGE),
        "environment": {
            "HOME": scratch,
            "TMPDIR": scratch,
            "MPLCONFIGDIR": scratch,
            "MPLBACKEND": "Agg",
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "PYTHONSAFEPATH": "1",
        },
        # Each process a user of its own: the limit on processes counts by user.
        "user": 2_000_000_000 + os.getpid() if second else None,
        "namespaces": namespaces,
        "memory": limits.memory,
        "seconds": int(limits.whole),
        "scratch": SCRATCH,
        "processes": PROCESSES if namespaces or second else None,
    }
    script = str(Path(__file__).with_name("confine.py"))
    return [sys.executable, "-I", "-S", script, json.dumps(settings)]


def _outermost(paths: list[str]) -> list[str]:
    """The paths without those that lie inside another one; links are followed outside `/`."""
    whole = {p if Path(p).parent == Path("/") else os.path.realpath(p) for p in paths} | {
        p for p in paths if os.path.isdir(p)
    }
    return sorted(p for p in whole if not any(p != q and p.startswith(q + "/") for q in whole))


def missing_protections() -> list[str]:
    """The names of PROTECTIONS that this machine cannot give."""
    if not sys.platform.startswith("linux"):
        return list(PROTECTIONS)
    missing = [] if os.geteuid() == 0 else [SECOND_USER]
    with tempfile.TemporaryDirectory() as folder:
        command = confined(Limits(seconds=10), folder, ["-c", "pass"])
        try:
            done = subprocess.run(command, capture_output=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            return [NAMESPACES, *missing]
    return missing if done.returncode == 0 else [NAMESPACES, *missing]


class Student:
    """The student's process: started, asked, ended; `Gone` with the reason when it is no more."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.deadline = time.monotonic() + limits.whole
        self._process: subprocess.Popen | None = None
        self._unread = b""
        self.cell: int | None = None

    def start(self, cells: list[str]) -> list:
        """Run the notebook's cells; returns those that raised, as [index, [kinds, text]]."""
        self.end()
        self._folder = tempfile.mkdtemp(prefix="passk-grade-")
        worker, library = str(PACKAGE / "course/worker.py"), str(PACKAGE.parent)
        if NAMESPACES not in self.limits.without:
            worker, library = "/library/passk_lib/course/worker.py", "/library"
        elif os.geteuid() == 0:
            os.chmod(self._folder, 0o777)
        self._unread, self.cell = b"", None
        self._process = subprocess.Popen(
            confined(self.limits, self._folder, [worker, library]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True, cwd="/", env={},
        )  # fmt: skip
        os.set_blocking(self._process.stdin.fileno(), False)
        seconds = self.limits.seconds
        reply = self._ask(["run", cells], time.monotonic() + seconds, f"{seconds:g} s")
        return [entry for entry in reply["failed"] if isinstance(entry, list)]

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def get(self, name: str):
        """The variable `name` of the notebook: plain data, a `RemoteAnswer`, or None."""
        reply = self._ask(["get", name])
        if "missing" in reply:
            raise KeyError(name)
        value = _read(reply["value"])
        if isinstance(value, plain.Function):
            return RemoteAnswer(self, name, value.empty)
        return value

    def use(self, name: str, arguments: tuple):
        reply = self._ask(["use", name, plain.write(list(arguments))])
        if "raised" in reply:
            kinds, text = reply["raised"]
            raise questions.Raised([str(kind)[:80] for kind in kinds[:20]], str(text)[:300])
        return _read(reply["value"])

    def allow(self, seconds: float) -> None:
        """From now on `get` and `use` together may take so long."""
        self.allowed = seconds
        self.question_ends = time.monotonic() + seconds

    def end(self) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            try:
                stream.close()
            except OSError:  # what was not sent cannot be any more
                pass
        self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- the conversation

    def _ask(self, request: list, until: float | None = None, allowed: str = "") -> dict:
        if until is None:
            until, allowed = self.question_ends, f"{self.allowed:g} s for one question"
        if self.deadline < until:
            until, allowed = self.deadline, f"{self.limits.whole:g} s for the whole submission"
        pending = json.dumps(request).encode() + b"\n"
        while True:
            try:
                pending = self._send(pending)
                line = self._line()
            except (BrokenPipeError, EOFError):
                raise Gone(self._why()) from None
            if line is not None:
                reply = self._reply(line)
                if set(reply) == {"cell"}:
                    self.cell = reply["cell"] if isinstance(reply["cell"], int) else None
                    continue
                return reply
            if time.monotonic() > until:
                self._stop(f"it ran longer than {allowed}")
            self._check_memory()

    def _send(self, pending: bytes) -> bytes:
        while pending:
            try:
                pending = pending[os.write(self._process.stdin.fileno(), pending) :]
            except BlockingIOError:
                return pending
        return pending

    def _line(self) -> bytes | None:
        """The next line, or None if there is none yet after a short wait."""
        if b"\n" not in self._unread:
            ready, _, _ = select.select([self._process.stdout], [], [], POLL)
            if not ready:
                return None
            received = os.read(self._process.stdout.fileno(), 1 << 20)
            if not received:
                raise EOFError
            self._unread += received
            if len(self._unread) > LARGEST_REPLY:
                self._stop("its answer is too large")
            if b"\n" not in self._unread:
                return None
        line, self._unread = self._unread.split(b"\n", 1)
        return line

    def _reply(self, line: bytes) -> dict:
        try:
            reply = json.loads(line)
            if set(reply) in ({"cell"}, {"failed"}, {"value"}, {"missing"}, {"raised"}):
                return reply
        except (ValueError, TypeError, RecursionError):
            pass
        return self._stop("it wrote into the grader's channel")

    def _stop(self, reason: str):
        self.end()
        raise Gone(reason)

    def _why(self) -> str:
        """Why the process ended by itself."""
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            status = None
        self.end()
        if status in (256 - signal.SIGXCPU, 256 - signal.SIGKILL, -signal.SIGXCPU, -signal.SIGKILL):
            return "the system ended it: too much processor time or memory"
        if status in (None, 0):
            return "it ended itself"
        return f"it ended itself with status {status}"

    def _check_memory(self) -> None:
        used = memory_of(self._process.pid)
        if used > self.limits.memory:
            self._stop(f"it used more than {self.limits.memory / 2**20:.0f} MiB of memory")


def _read(data):
    try:
        return plain.read(data)
    except (ValueError, RecursionError, MemoryError):
        return plain.Other("unreadable")


def memory_of(process: int) -> int:
    """Resident bytes of a process and all its descendants."""
    page, parents, sizes = os.sysconf("SC_PAGE_SIZE"), {}, {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                stat = Path(entry.path, "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)], sizes[int(entry.name)] = int(stat[1]), int(stat[21])
    family, found = {process}, True
    while found:
        found = {pid for pid, parent in parents.items() if parent in family} - family
        family |= found
    return page * sum(sizes.get(pid, 0) for pid in family)


class RemoteAnswer(questions.Answer):
    """A student's function in the student's process."""

    def __init__(self, student: Student, name: str, empty: bool = False):
        self._student, self._name, self.empty = student, name, empty

    def __call__(self, *arguments):
        self.last = self._student.use(self._name, arguments)
        return self.last


# --- Judging --------------------------------------------------------------------------------------


def code_cells(path: Path) -> list[str]:
    """The sources of a notebook's code cells. ValueError for what is no notebook."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        text = file.read(LARGEST_NOTEBOOK + 1)
    if len(text) > LARGEST_NOTEBOOK:
        raise ValueError(f"the file is larger than {LARGEST_NOTEBOOK / 1e6:g} MB")
    try:
        cells = json.loads(text)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return ["".join(source) for source in sources]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("the file is no notebook") from None


def judge(assignment, path: Path, seed: str, limits: Limits) -> Judged:
    """Grade the submission at `path`."""
    try:
        cells = code_cells(path)
    except (ValueError, OSError) as error:
        return zero(assignment, f"not run: {error}")
    student = Student(limits)
    try:
        return _judge(assignment, cells, student, seed)
    finally:
        student.end()


def _judge(assignment, cells: list[str], student: Student, seed: str) -> Judged:
    try:
        failed = student.start(cells)
    except Gone as gone:
        where = f"code cell {student.cell + 1}" if student.cell is not None else "it"
        return zero(assignment, f"the notebook did not finish: {where}: {gone}")
    judged = Judged()
    for question in assignment.questions.values():
        try:
            if not student.running:  # the question before ended it; this one has its own chance
                student.start(cells)
            verdict = _verdict(assignment, question, student, seed)
        except Gone as gone:
            verdict = _no_points(assignment, question, f"no points: {gone}.")
        judged.verdicts.append(verdict)
    for entry in failed[:3]:
        index, (kinds, text) = entry
        judged.problem += f"code cell {index + 1} raised {kinds[0]}: {text} "
    judged.problem = judged.problem.strip()[:1000]
    return judged


def _verdict(assignment, question, student: Student, seed: str) -> questions.Verdict:
    student.allow(student.limits.question)
    try:
        answers = [student.get(name) for name in question.answers]
    except KeyError as missing:
        text = f"there is no {missing.args[0]} in the notebook."
        return _no_points(assignment, question, text)
    verdict = questions.Verdict(question.name)
    for part in assignment.parts_of(question.name):
        its_seed = seed if part.hidden else questions.PUBLIC_SEED
        one = questions.examine(question, answers, [part], its_seed)
        verdict.points += one.points
        verdict.possible += one.possible
        verdict.feedback += [text for text in one.feedback if text not in verdict.feedback]
    return verdict


def _no_points(assignment, question, reason: str) -> questions.Verdict:
    possible = sum(part.points for part in assignment.parts_of(question.name))
    return questions.Verdict(question.name, 0.0, possible, [reason])


def zero(assignment, reason: str) -> Judged:
    verdicts = [_no_points(assignment, q, reason) for q in assignment.questions.values()]
    return Judged(verdicts, reason)
