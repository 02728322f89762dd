"""Files that only their owner may read, replaced as a whole or not at all, and locks on them."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm_migrate.errors import KeyFault
from crm_migrate.language import Text

TEMPORARY_SUFFIX = ".tmp"
_OTHERS = 0o077


class Locked(Exception):
    """Another process holds the lock."""


def private_folder(folder: Path) -> Path:
    """The folder, made with mode 0700 (with its parents) when it does not exist."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":  # mkdir's mode is cut by the umask; say it again
            folder.chmod(0o700)
    return folder


def create_private(path: Path) -> int:
    """A descriptor of a new, empty file of mode 0600, open for writing."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def write_private(path: Path, data: bytes) -> None:
    """Replace the file's content durably: temporary file, fsync, rename, fsync of the folder.

    Where the system can (Linux), the temporary file has no name until all is written: a process
    that is killed leaves nothing behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        descriptor, nameless = _temporary(temporary)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if nameless:
                temporary.unlink(missing_ok=True)  # of a process of this number long ago
                # Only linkat follows the link in /proc; a descriptor makes Python call it.
                os.link(
                    f"/proc/self/fd/{file.fileno()}", temporary, src_dir_fd=file.fileno(),
                    follow_symlinks=True,
                )  # fmt: skip
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _temporary(path: Path) -> tuple[int, bool]:
    """A descriptor of a new file for writing, and whether it has no name yet."""
    kind = getattr(os, "O_TMPFILE", 0)
    if kind and Path("/proc/self/fd").is_dir():
        try:
            return os.open(path.parent, os.O_WRONLY | kind, 0o600), True
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                raise
    return create_private(path), False


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable (a no-op where folders cannot be opened, as on Windows)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_private(path: Path) -> None:
    """Refuse a secret file that the group or others may read (POSIX only; Windows has ACLs).

    Raises:
        KeyFault: the mode gives rights to others.
    """
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise KeyFault(
            Text("the key file may be read by other users", "密钥文件可被其他用户读取"),
            where=str(path),
            remedy=Text(f"run: chmod 600 {path}", f"请执行：chmod 600 {path}"),
        )


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock on `path` (an empty file beside what it guards).

    The system frees it when the process dies, so nothing stale is ever left.

    Raises:
        Locked: another process holds it and `wait` is false.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, wait=wait)
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _lock(descriptor: int, *, wait: bool) -> None:
        import msvcrt

        try:  # LK_LOCK retries for ten seconds, then raises
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise Locked from error

else:

    def _lock(descriptor: int, *, wait: bool) -> None:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise Locked from error
