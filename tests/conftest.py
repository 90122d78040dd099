"""Settings shared by all tests."""

import os

# Small matrices gain nothing from threads, and the tests share the machine's cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
