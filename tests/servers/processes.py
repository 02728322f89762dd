"""What a server of the tests needs as a process: a port, a user that is not root, an end."""

import contextlib
import ctypes
import pwd
import signal
import socket
from typing import Any

_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_user(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of subprocess that hand root's rights over to an account."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def die_with_parent(by: signal.Signals) -> None:
    """A test process that is killed leaves no server behind (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)
