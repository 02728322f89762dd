"""Runs the command line in this process and kills it hard (SIGKILL) on the way.

    python killed.py PATTERN NUMBER DELAY -- ARGUMENTS…

Counts the files that are opened for writing or, written without a name, get one, and the databases
that are opened, whose path matches PATTERN (a regular expression; a file without a name has its
folder's path); DELAY milliseconds after the one with NUMBER (from 1), the process
kills itself. So the place depends on what was done, not on how fast the machine is; the delay lets
it die within what follows. With NUMBER 0 nothing is killed, and the count is the last line on
standard error.
"""

import os
import re
import signal
import sys
import threading
import time


class Killer:
    """An audit hook (PEP 578) that counts, and kills at its number."""

    def __init__(self, pattern: str, number: int, delay: float) -> None:
        self.count = 0
        self._pattern = re.compile(pattern)
        self._number = number
        self._delay = delay

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
            if not writes and not (isinstance(mode, str) and set(mode) & set("wax+")):
                return
        elif event == "sqlite3.connect":
            (path,) = arguments
        elif event == "os.link":
            path = arguments[1]
        else:
            return
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        if self._pattern.search(text):
            self.count += 1
            if self.count == self._number:
                threading.Thread(target=self._kill, daemon=True).start()

    def _kill(self) -> None:
        time.sleep(self._delay / 1000)
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Install the hook, then hand over to the command line."""
    pattern, number, delay, dashes, *arguments = sys.argv[1:]
    assert dashes == "--"
    killer = Killer(pattern, int(number), float(delay))
    sys.argv = ["crm-migrate", *arguments]
    from crm_migrate.cli.app import main as command_line

    sys.addaudithook(killer)
    try:
        command_line()
    finally:
        sys.stderr.write(f"\n{killer.count}\n")


if __name__ == "__main__":
    main()
