import os

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test waits for a network

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread_each():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def model_b():
    """The shipped model B and its tokenizer; tests do not change it."""
    from passk_lib.llm.models import load

    return load("B")
