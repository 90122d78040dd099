"""Which version of a model or of data numbers were computed with.

On the hub a version is a commit.  Files on this machine have a hash of their names and contents.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

MODEL_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "adapter_config.json",
)
TOKENIZER_FILES = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*",
    "additional_chat_templates/*",
)
_COMMIT = re.compile(r"@([0-9a-f]{40})/")


def hub_commit(repository: str, revision: str = "") -> str:
    """The commit that a branch, tag or commit of a hub repository stands for; without one, the
    newest.  Offline it is the one that the cache knows by that name.

    Raises OSError where the repository or the revision is not there.
    """
    from transformers.utils import cached_file

    path = cached_file(repository, "config.json", revision=revision or "main")
    return Path(path).parent.name  # the client's cache: .../snapshots/COMMIT/config.json


def commit_in(urls: Iterable[str]) -> str:
    """The one commit that hub addresses name, "" where they name none or several.

    >>> commit_in([f"hf://datasets/openai/gsm8k@{'0f' * 20}/main/test.parquet"])
    '0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f'
    >>> commit_in(["data/test.parquet"])
    ''
    """
    commits = {commit for url in urls for commit in _COMMIT.findall(url)}
    return commits.pop() if len(commits) == 1 else ""


def hash_of(parts: Iterable[bytes]) -> str:
    """A short hash of texts or file contents, each with its length: no two lists run together.

    >>> hash_of([b"ab", b"c"]) == hash_of([b"a", b"bc"])
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return f"sha256:{digest.hexdigest()[:16]}"


def hash_of_files(folder: Path, patterns: Iterable[str]) -> str:
    """A short hash of the files in a folder that fit any pattern: their names and contents."""

    def described():
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            if path.is_file():
                yield path.relative_to(folder).as_posix().encode()
                with path.open("rb") as file:  # weights may be larger than the memory
                    yield hashlib.file_digest(file, "sha256").digest()

    return hash_of(described())
