"""Verifiers for data sets: they read text, never execute it, and run in a process of their own.

A verifier that hangs or crashes on one completion costs that completion its verdict, not the run:
`Judge` asks a separate process, waits a bounded time, and starts another process if it must.
Run as `python -m passk_lib.llm.verifiers` this module is that process.
"""

from __future__ import annotations

import json
import re
import selectors
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction

WRONG, CORRECT, CRASHED, TIMED_OUT = 0, 1, 2, 3
LONGEST_NUMBER = 40  # digits: nobody's answer is longer, and fractions of a million digits hang


def exact(completion: str, reference: str) -> bool:
    """The whole completion is the reference, up to white space at both ends."""
    return completion.strip() == reference.strip()


def boxed(text: str) -> str | None:
    r"""The content of the last \boxed{...}, braces balanced, or None.

    >>> boxed(r"first \boxed{2}, no: \boxed{x_{12}}")
    'x_{12}'
    """
    start = text.rfind(r"\boxed{")
    if start < 0:
        return None
    depth, begin = 0, start + len(r"\boxed")
    for i in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return text[begin + 1 : i]
    return None


def _plain(answer: str) -> str:
    """An answer without what TeX writers vary: spaces, \\left, \\dfrac, a final period, $."""
    answer = re.sub(r"\\(left|right|,|!|;|:| )", "", answer).replace("$", "").rstrip(". ")
    return re.sub(r"\s+", "", answer.replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac"))


def boxed_exact(completion: str, reference: str) -> bool:
    r"""The last \boxed{...} is the reference (itself boxed or not), as strings.

    >>> boxed_exact(r"so \boxed{\dfrac{1}{2}}.", r"\frac{1}{2}"), boxed_exact("1/2", "1/2")
    (True, False)
    """
    found = boxed(completion)
    wanted = boxed(reference)
    return found is not None and _plain(found) == _plain(reference if wanted is None else wanted)


def number(completion: str, reference: str) -> bool:
    """The last number of the completion equals the reference: 1,200 is 1200.0.

    >>> number("40 and 2 make 42", "42.0"), number("42, or 41", "42")
    (True, False)
    """
    found, wanted = _last_number(completion), _last_number(reference)
    return found is not None and found == wanted


def _last_number(text: str) -> Fraction | None:
    found = re.findall(r"-?\d[\d,]*(?:\.\d+)?", text)
    if not found or len(found[-1]) > LONGEST_NUMBER:
        return None
    return Fraction(found[-1].replace(",", ""))


def math(completion: str, reference: str) -> bool:
    """Equal as mathematics, decided by the package math-verify."""
    from math_verify import parse, verify

    boxed_reference = boxed(reference)
    wanted = parse(rf"$\boxed{{{reference if boxed_reference is None else boxed_reference}}}$")
    return bool(verify(wanted, parse(completion)))


VERIFIERS: dict[str, Callable[[str, str], bool]] = {
    "exact": exact,
    "number": number,
    "boxed": boxed_exact,
    "math": math,
}


def check_verifier(name: str) -> str:
    if name not in VERIFIERS:
        raise ValueError(f"verifier = {name!r}: must be one of {', '.join(VERIFIERS)}")
    if name == "math":
        try:
            import math_verify  # noqa: F401
        except ModuleNotFoundError:
            raise ValueError(
                "verifier = 'math': needs the package math-verify; "
                "pip install 'math-verify[antlr4_13_2]', or take the verifier 'boxed'"
            ) from None
    return name


class Judge:
    """Verdicts by a verifier of that name, each within `timeout` seconds."""

    def __init__(self, verifier: str, timeout: float = 10.0, command: list[str] | None = None):
        self.verifier, self.timeout = verifier, timeout
        self.command = command or [sys.executable, "-m", "passk_lib.llm.verifiers"]
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def __call__(self, completion: str, reference: str) -> int:
        """WRONG, CORRECT, CRASHED or TIMED_OUT."""
        question = json.dumps([self.verifier, completion, reference]) + "\n"
        if self.process is None:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            # Its start (imports) is not the completion's fault: wait for its greeting.
            if not self._answer(60.0):
                self.close()
                raise ValueError(f"verifier = {self.verifier!r}: its process does not start")
        try:
            self.process.stdin.write(question.encode())
            self.process.stdin.flush()
            answer = self._answer(self.timeout)
        except BrokenPipeError:
            answer = b""
        if answer is None:
            self.close()
            return TIMED_OUT
        if not answer.strip():
            self.close()
            return CRASHED
        return int(answer)

    def _answer(self, timeout: float) -> bytes | None:
        """One line; b"" if the process died, None if time ran out."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                return None
        return self.process.stdout.readline()


def serve() -> None:
    """Answer questions, one JSON line each, until there are no more."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a verifier prints is not an answer
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        name, completion, reference = json.loads(line)
        try:
            verdict = CORRECT if VERIFIERS[name](completion, reference) else WRONG
        except Exception:
            verdict = CRASHED
        print(verdict, file=answers, flush=True)


if __name__ == "__main__":
    serve()
