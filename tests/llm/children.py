"""An action in a process of its own, to be killed without harm to the tests."""

import os


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
