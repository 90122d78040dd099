"""An action in a process of its own, to be killed without harm to the tests."""

import io
import os
import signal
from pathlib import Path


def in_a_child(action) -> int:
    """Runs `action` in a forked process; its exit status, negative for the signal it died of."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def die_writing(path: Path, data) -> None:
    """What `storage.write_whole` leaves behind where the process is killed in its middle."""
    content = io.BytesIO()
    data(content) if callable(data) else content.write(data)
    (path.parent / f".{path.name}.cut").write_bytes(content.getvalue()[: content.tell() // 2])
    os.kill(os.getpid(), signal.SIGKILL)
