"""This process as the holder of a plan, and whether another process still holds it."""

import os
import secrets
import socket

from crm_migrate.loading.ledger.plan_lock import Holder


def this_process() -> Holder:
    """A holder named `machine/process/attempt`; a dead process of this machine is known as such.

    An earlier attempt of the same process counts as gone: it ended with an error, or the fencing
    number stops it at its next transaction. On Windows a process can't be asked without harm, so
    there a killed apply is taken over when its lease has passed.
    """
    machine = socket.gethostname()[:120].replace("/", "-")
    process = os.getpid()

    def alive(other: str) -> bool | None:
        try:
            its_machine, number, _ = other.split("/")
        except ValueError:
            return None
        if its_machine != machine:
            return None
        return False if int(number) == process else _runs(int(number))

    return Holder(f"{machine}/{process}/{secrets.token_hex(4)}", alive)


def _runs(process: int) -> bool | None:
    if os.name != "posix":
        return None
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
