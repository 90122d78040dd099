"""A directory that a long computation can be killed in at any moment.

One file a stage, written whole or not at all; a manifest with settings and hashes; parts of an
unfinished stage, from which it goes on.  Without a folder everything stays in memory.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import platform
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import numpy as np

MANIFEST = "manifest.json"
FORMAT = 1


def write_whole(path: Path, data: bytes | Callable[[BinaryIO], object]) -> None:
    """The file is there with all of `data`, or as it was before.

    data: what is in the file, or what writes it there.
    """
    try:
        _write_whole(path, data)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(
            f"{path}: cannot be written: {error.strerror}; make some room, and the same command "
            "goes on"
        ) from None


def _write_whole(path: Path, data: bytes | Callable[[BinaryIO], object]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            data(file) if callable(data) else file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def check_folder(name: str, folder: str) -> Path:
    """The folder, which can be written to or made; nothing is left there.

    Raises ValueError, beginning with `name`, for a file, a path below one, and where writing is not
    allowed.
    """
    problem = f"{name} = {folder!r}"
    if not folder:
        raise ValueError(f"{problem}: is empty; give a folder")
    there = Path(folder).absolute()
    try:
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            what = "is a file" if there == Path(folder).absolute() else f"{there} is a file"
            raise ValueError(f"{problem}: {what}; give a folder")
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ValueError(
            f"{problem}: cannot be written: {error.strerror}; give a folder that can"
        ) from None
    return Path(folder)


def check_file(name: str, file: str) -> Path:
    """The file, in a folder that is there and can be written to; ValueError otherwise."""
    path = Path(file)
    if not file or path.is_dir():
        raise ValueError(f"{name} = {file!r}: is {'a folder' if file else 'empty'}; give a file")
    parent = path.absolute().parent
    if not parent.is_dir():
        raise ValueError(f"{name} = {file!r}: there is no folder {str(path.parent)!r}")
    try:
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise ValueError(f"{name} = {file!r}: cannot be written: {error.strerror}") from None
    return path


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays as the bytes of an .npz file: the same arrays, the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
            # A fixed date: the file's hash speaks of its content alone.
            entry = zipfile.ZipInfo(f"{name}.npy")
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, 1)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _write_stream(arrays: Iterable[tuple[str, np.ndarray]], file: BinaryIO) -> None:
    """Named arrays as an .npz file, one in memory at a time."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)


def _read_stream(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            yield name, archive[name]


def _is_sound(path: Path) -> bool:
    """An .npz file that is there with every checksum right."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (FileNotFoundError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return False


def versions() -> dict[str, str]:
    packages = ("numpy", "torch", "transformers", "tokenizers", "safetensors")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


class Store:
    """Stages of one computation: `finished`, `load` and `finish` a stage, `part` and `keep` parts.

    Opening a folder made with other settings raises ValueError naming every difference, and so
    does reading a stage whose file is missing, truncated or altered.
    """

    def __init__(self, folder: str | Path | None, settings: dict, facts: dict | None = None):
        self.folder = None if folder is None else Path(folder)
        self._memory: dict[str, dict[str, np.ndarray]] = {}
        settings = json.loads(json.dumps(settings))
        self.manifest = {
            "format": FORMAT,
            "settings": settings,
            "versions": versions(),
            **(facts or {}),
            "stages": {},
        }
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / MANIFEST
        if path.exists():
            for cut in self.folder.rglob(".*.npz.*"):  # writes that an earlier run died in
                cut.unlink()
            found = read_manifest(self.folder)
            refuse_difference(self.folder, found["settings"], settings)
            self.manifest = found
        else:
            if any(not name.name.startswith(".") for name in self.folder.iterdir()):
                raise ValueError(
                    f"folder = {str(self.folder)!r}: is not empty and has no {MANIFEST}; "
                    "give a new folder, or one that this command made"
                )
            self._write_manifest()

    def _write_manifest(self) -> None:
        text = json.dumps(self.manifest, indent=1, sort_keys=True)
        write_whole(self.folder / MANIFEST, text.encode())

    def finished(self, stage: str) -> bool:
        return stage in self.manifest["stages"]

    def load(self, stage: str) -> dict[str, np.ndarray]:
        if self.folder is None:
            return self._memory[stage]
        return read_stage(self.folder, self.manifest, stage)

    def finish(
        self, stage: str, arrays: dict[str, np.ndarray], seconds: float, write: bool = True
    ) -> None:
        """The stage is done.  Of several processes one writes; all of them have the arrays."""
        entry = {"seconds": round(seconds, 3)}
        self.manifest["stages"][stage] = entry
        if self.folder is None:
            self._memory[stage] = arrays
            return
        data = pack(arrays)
        entry |= {
            "file": f"{stage}.npz",
            "sha256": hashlib.sha256(data).hexdigest(),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        if write:
            write_whole(self.folder / entry["file"], data)
            self._write_manifest()
            shutil.rmtree(self._parts(stage), ignore_errors=True)

    def go_on(self, other_versions: bool = False) -> None:
        """To be called before something is computed: what is there came from these versions.

        Raises ValueError naming every difference, unless `other_versions` are accepted; then the
        manifest lists the versions of both.
        """
        found, here = self.manifest["versions"], versions()
        if found == here or self.folder is None:
            return
        later = self.manifest.get("later_versions", [])
        if not other_versions and here not in later:
            raise ValueError(
                f"folder = {str(self.folder)!r}: was begun with other library versions: "
                f"{differences(found, here)}; numbers may differ in their last digits and tokens "
                "where two nearly tie.  Install those versions, take a new folder, or accept the "
                "mixture with --other-versions (from Python: other_versions=True)"
            )
        if here not in later:
            self.manifest["later_versions"] = [*later, here]
            self._write_manifest()

    def refresh(self) -> None:
        """Read what another process has written."""
        if self.folder is not None:
            self.manifest = read_manifest(self.folder)

    def _parts(self, stage: str) -> Path:
        return self.folder / f"{stage}.parts"

    def part(self, stage: str, key: str) -> dict[str, np.ndarray] | None:
        """A part kept by an earlier run, or None.  A damaged one counts as none."""
        found = self.stream(stage, key)
        return None if found is None else dict(found)

    def stream(self, stage: str, key: str) -> Iterator[tuple[str, np.ndarray]] | None:
        """The same, one array in memory at a time: for sums as large as the model."""
        if self.folder is None or not _is_sound(path := self._parts(stage) / f"{key}.npz"):
            return None
        return _read_stream(path)

    def keep(
        self,
        stage: str,
        key: str,
        arrays: Mapping[str, np.ndarray] | Iterable[tuple[str, np.ndarray]],
    ) -> None:
        """Arrays by name, or pairs of a name and an array, of which one is in memory at a time."""
        if self.folder is not None:
            self._parts(stage).mkdir(exist_ok=True)  # by whichever process is first
            pairs = arrays.items() if isinstance(arrays, Mapping) else arrays
            write_whole(self._parts(stage) / f"{key}.npz", partial(_write_stream, pairs))

    def drop(self, stage: str, key: str) -> None:
        """A part that is no longer needed; nothing happens if there is none."""
        if self.folder is not None:
            (self._parts(stage) / f"{key}.npz").unlink(missing_ok=True)


class Pace:
    """How often a running sum is kept: every `seconds`, and never more than a tenth of the time."""

    def __init__(self, seconds: float):
        self.seconds, self.last = seconds, time.monotonic()

    def keep(self, save: Callable[[], None]) -> None:
        """Calls `save` if it is time."""
        start = time.monotonic()
        if start - self.last < self.seconds:
            return
        save()
        self.last = time.monotonic()
        if self.seconds > 0:
            self.seconds = max(self.seconds, 9 * (self.last - start))


def read_manifest(folder: Path) -> dict:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"folder = {str(folder)!r}: has no {MANIFEST}") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(f"{folder / MANIFEST}: is damaged; delete the folder") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"{folder / MANIFEST}: is not a manifest of format {FORMAT}")
    return manifest


def differences(found: dict, wanted: dict) -> str:
    """Every entry in which the two differ, empty where they do not.

    >>> differences({"model": "B", "n": 32}, {"model": "B", "n": 16})
    'n = 32 there, 16 here'
    """
    return "; ".join(
        f"{name} = {found.get(name)!r} there, {wanted.get(name)!r} here"
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name) != wanted.get(name)
    )


def refuse_difference(folder: Path, found: dict, wanted: dict) -> None:
    if text := differences(found, wanted):
        raise ValueError(f"folder = {str(folder)!r}: was made with other settings: {text}")


def read_stage(folder: Path, manifest: dict, stage: str) -> dict[str, np.ndarray]:
    """A finished stage's arrays, its hash checked."""
    entry = manifest["stages"].get(stage)
    if entry is None:
        raise ValueError(f"folder = {str(folder)!r}: stage {stage!r} is not finished")
    path = folder / entry["file"]
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(
            f"{path}: is missing though the manifest lists it; put it back, or take a new folder"
        ) from None
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ValueError(
            f"{path}: was truncated or altered: its hash is not the manifest's; put back a copy, "
            "or take a new folder"
        )
    return unpack(data)
