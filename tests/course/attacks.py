"""Submissions that misbehave: what a first cell, a last cell or an answer of theirs does.

Each has what must come of it: FULL (the rest is a right solution and gets its points), NONE
(nothing of it is right), SPENT (no memory is left for the rest), or a pattern for the reason
of its zero.
"""

from dataclasses import dataclass

FULL, NONE, SPENT = "full points", "no points", "out of memory"


@dataclass(frozen=True)
class Attack:
    cell: str
    outcome: str
    wrong: bool = False  # the answers are wrong: only cheating could bring points
    last: bool = False  # the cell stands at the end
    quick: bool = False  # tried in every test run


WRONG_ANSWERS = """
import sympy as sp
def pass_from_counts(n, c, k): return 0.123
def plugin_bias(p, n, k): return 0.123
def pass_curve(rewards, ks): return 0.123
def credit(n, c, k): return 0.123
leading_bias = sp.Symbol("p")
"""

ATTACKS = {
    "loops": Attack("while True: pass", r"code cell 1: .*ran longer than", quick=True),
    "loops and ignores signals": Attack(
        "import signal\n"
        "for s in range(1, 32):\n"
        "    try: signal.signal(s, signal.SIG_IGN)\n"
        "    except OSError: pass\n"
        "while True: pass",
        r"ran longer than",
    ),
    "sleeps": Attack("import time; time.sleep(10**6)", r"ran longer than"),
    "exhausts memory at once": Attack("x = bytearray(10**12)", FULL),
    "exhausts memory bit by bit": Attack("x = []\nwhile True: x.append(bytearray(10**7))", SPENT),
    "exhausts memory in many processes": Attack(
        "import os, time\n"
        "for _ in range(20):\n"
        "    if os.fork() == 0:\n"
        "        x = bytearray(b'1') * (600 * 2**20)\n"
        "        time.sleep(10**6)\n"
        "time.sleep(10**6)",
        r"more than 1024 MiB of memory|ended it",
    ),
    "hides memory in files without a name": Attack(
        "import os\n"
        "held = []\n"
        "while True:\n"
        "    held.append(os.memfd_create('x'))\n"
        "    os.write(held[-1], b'1' * 2**20)",
        SPENT,
    ),
    "leaves the process": Attack("import os; os._exit(0)", r"ended itself", quick=True),
    "leaves by sys.exit": Attack("import sys; sys.exit(1)", FULL),
    "crashes the interpreter": Attack("import ctypes; ctypes.string_at(0)", r"ended itself"),
    "prints for ever": Attack("while True: print('x' * 10**5)", r"ran longer than"),
    "prints much": Attack("for _ in range(100): print('x' * 10**6)", FULL),
    "reads its input": Attack("input()", FULL),
    "forks without end": Attack(
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        r"ran longer than|memory|ended",
    ),
    "stays behind as a daemon": Attack(
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(86421)\n"
        "    os._exit(0)",
        FULL,
    ),
    "deletes files": Attack(
        "import os, shutil\n"
        "for place in ('/library', '/scratch', '/etc', '@TESTS@', '@ASSIGNMENTS@'):\n"
        "    shutil.rmtree(place, ignore_errors=True)\n"
        "for folder, _, files in os.walk('@TESTS@'):\n"
        "    for name in files: os.remove(os.path.join(folder, name))",
        FULL,
        quick=True,
    ),
    "fills the disk": Attack(
        "import os\n"
        "for i in range(10**6):\n"
        "    with open(f'/scratch/{i}', 'wb') as f: f.write(b'1' * 2**24)",
        FULL,
    ),
    "reads the hidden tests": Attack(
        WRONG_ANSWERS + "import os\n"
        "for place in ('/', '@TESTS@', '@ASSIGNMENTS@'):\n"
        "    for folder, folders, files in os.walk(place):\n"
        "        folders[:] = set(folders) - {'usr', '.pyenv', 'site-packages'}\n"
        "        for name in files:\n"
        "            if name in ('hidden.py', 'course_seed.txt', 'seed'):\n"
        "                found = os.path.join(folder, name)\n"
        "                from math import comb\n"
        "                def credit(n, c, k): return k * comb(n - c, k - 1) / comb(n - 1, k - 1)\n"
        "for name, value in os.environ.items():\n"
        "    if 'SEED' in name:\n"
        "        def credit(n, c, k): return k * comb(n - c, k - 1) / comb(n - 1, k - 1)",
        NONE,
        wrong=True,
        quick=True,
    ),
    "looks at the grader's memory": Attack(
        WRONG_ANSWERS + "import os\n"
        "from math import comb\n"
        "for pid in os.listdir('/proc'):\n"
        "    if pid.isdigit() and int(pid) != os.getpid():\n"
        "        open(f'/proc/{pid}/environ').read()\n"
        "        def credit(n, c, k): return k * comb(n - c, k - 1) / comb(n - 1, k - 1)",
        NONE,
        wrong=True,
    ),
    "rewrites the checker": Attack(
        WRONG_ANSWERS + "import pathlib, passk_lib.course as course\n"
        "for path in pathlib.Path(course.__file__).parent.rglob('*.py'):\n"
        "    try: path.write_text('def examine(*a): return 100')\n"
        "    except OSError: pass",
        NONE,
        wrong=True,
    ),
    "patches the checker": Attack(
        WRONG_ANSWERS + "from passk_lib.course import compare, questions, plain\n"
        "compare.same = compare._near = lambda *a, **k: True\n"
        "questions.examine = lambda *a, **k: questions.Verdict('estimators-1', 99, 7)\n"
        "questions.Wrong = type('Wrong', (Exception,), {})\n"
        "plain.write = lambda value, depth=0: ['points', 99]",
        NONE,
        wrong=True,
        quick=True,
    ),
    "patches the library": Attack(
        "import numpy as np, math, passk_lib, passk_lib.estimators as e\n"
        "e.unbiased_pass_at_k = passk_lib.unbiased_pass_at_k = lambda n, c, k: 0.123\n"
        "math.fabs = lambda x: 0\n"
        "np.allclose = np.isclose = np.all = lambda *a, **k: True",
        FULL,
    ),
    "answers with objects that equal everything": Attack(
        WRONG_ANSWERS + "class Yes(float):\n"
        "    def __eq__(self, other): return True\n"
        "    def __sub__(self, other): return 0.0\n"
        "    __rsub__ = __sub__\n"
        "    __ne__ = __lt__ = __gt__ = lambda self, other: False\n"
        "def pass_from_counts(n, c, k): return Yes()\n"
        "plugin_bias = credit = pass_curve = pass_from_counts",
        NONE,
        wrong=True,
    ),
    "answers with nan": Attack(
        WRONG_ANSWERS + "def credit(n, c, k): return float('nan')\nplugin_bias = credit",
        NONE,
        wrong=True,
    ),
    "forges its score": Attack(
        WRONG_ANSWERS + "import os, json\n"
        "for fd in range(3, 64):\n"
        "    for text in ({'points': 29, 'possible': 29}, {'value': 1.0}, {'failed': []}):\n"
        "        try: os.write(fd, json.dumps(text).encode() + b'\\n')\n"
        "        except OSError: pass\n"
        "for path in ('@TESTS@/grades.csv', '/autograder/results/results.json', 'grades.csv'):\n"
        "    try: open(path, 'w').write('submission,points\\nme,29')\n"
        "    except OSError: pass",
        NONE,
        wrong=True,
        quick=True,
    ),
    "forges replies": Attack(
        WRONG_ANSWERS + "import os, json\n"
        "for text in ({'failed': []}, *[{'value': ['function']}, {'value': 1.0}] * 50):\n"
        "    for fd in range(3, 16):\n"
        "        try: os.write(fd, json.dumps(text).encode() + b'\\n')\n"
        "        except OSError: pass",
        NONE,
        wrong=True,
    ),
    "writes noise into the channel": Attack(
        "import os\n"
        "for fd in range(3, 64):\n"
        "    try: os.write(fd, b'[[[[' * 10**6 + b'\\n')\n"
        "    except OSError: pass",
        r"wrote into the grader's channel|too large|ended",
    ),
    "closes the channel": Attack("import os\nos.closerange(0, 128)", r"ended"),
    "kills everybody": Attack(
        "import os, signal\n"
        "for pid in [-1, os.getppid(), *range(2, 5000)]:\n"
        "    try: os.kill(pid, signal.SIGKILL)\n"
        "    except OSError: pass",
        FULL,
    ),
    "uses the network": Attack(
        WRONG_ANSWERS + "import socket\n"
        "from math import comb\n"
        "socket.create_connection(('127.0.0.1', @PORT@), timeout=2)\n"
        "def credit(n, c, k): return k * comb(n - c, k - 1) / comb(n - 1, k - 1)",
        NONE,
        wrong=True,
    ),
    "becomes root again": Attack(
        WRONG_ANSWERS + "import ctypes, os, subprocess\n"
        "from math import comb\n"
        "done = ctypes.CDLL(None).unshare(0x10000000) == 0\n"
        "for act in (lambda: os.setuid(0), lambda: os.chroot('/scratch'),\n"
        "            lambda: subprocess.run(['su', '-c', 'true'], check=True)):\n"
        "    try: act(); done = True\n"
        "    except Exception: pass\n"
        "if done:\n"
        "    def credit(n, c, k): return k * comb(n - c, k - 1) / comb(n - 1, k - 1)",
        NONE,
        wrong=True,
    ),
    "raises without end": Attack(
        "class E(Exception):\n    def __str__(self):\n        raise self\nraise E",
        FULL,
    ),
}

# Question 1 misbehaves when it is asked; the other four are right and keep their points.
BAD_FIRST_ANSWERS = {
    "an answer that loops": ("while True: pass", r"ran longer than"),
    "an answer that exits": ("import os; os._exit(3)", r"ended itself with status 3"),
    "an answer of a gigabyte": ("return 'x' * 10**9", r"yours is|memory|too large|raised"),
    "an answer nested without end": (
        "x = []; x.append(x); return x",
        r"yours is|unreadable|raised",
    ),
    "an answer that recurses": ("return pass_from_counts(n, c, k)", r"RecursionError"),
    "an answer from a lying type": (
        "return type('float', (), {'__class__': float, '__float__': lambda s: 1.0})()",
        r"an object of type float",
    ),
    "an integer of a million digits": ("return 10**10**6", r"too many digits|ran longer than"),
}
