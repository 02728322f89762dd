"""The runs under a state folder; one process at a time may write there."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from crm_migrate.errors import NotFound, WorkspaceFault
from crm_migrate.language import Text
from crm_migrate.trust.keyring import Keyring
from crm_migrate.trust.private_files import TEMPORARY_SUFFIX, Locked, locked, private_folder
from crm_migrate.workspace.manifest import MANIFEST, Manifest, load_manifest
from crm_migrate.workspace.run import Run, checked

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present time in UTC."""
    return datetime.now(UTC)


def new_run_id(now: datetime) -> str:
    """An id for a run that sorts by time, such as `20250301T093000-5f2c`."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


class Workspace:
    """The runs under a state folder."""

    def __init__(self, root: Path, keyring: Keyring, clock: Clock = utc_now) -> None:
        self.root = root
        self._keyring = keyring
        self._clock = clock

    def run_ids(self) -> list[str]:
        """The runs that stand in the workspace, oldest first by name."""
        runs = self.root / "runs"
        return sorted(p.parent.name for p in runs.glob(f"*/{MANIFEST}"))

    def begin(self, run: str | None = None) -> Run:
        """A run to write: a new one, or the one of that id, resumed. Close it (`with`).

        Only one process may write in a workspace at a time. What a killed process left half
        written in the run is removed.

        Raises:
            WorkspaceFault: another process is at work here.
            KeyFault: the run's key was destroyed.
            IntegrityFault: its manifest was changed.
        """
        run = checked(run or new_run_id(self._clock()))
        folder = private_folder(self.root / "runs" / run)
        with ExitStack() as stack:
            stack.enter_context(self.lock())
            known = (folder / MANIFEST).exists()
            key = self._keyring.run_key(run, create=not known)
            manifest = load_manifest(folder, run, key) if known else self._new_manifest(run)
            for leftover in folder.rglob(f"*{TEMPORARY_SUFFIX}"):
                leftover.unlink()
            begun = Run(folder, key, manifest, lock=stack.pop_all())
        if not known:
            begun.save()
        return begun

    def open(self, run: str) -> Run:
        """A run to read.

        Raises:
            NotFound: there is no such run.
            KeyFault: its key was destroyed.
            IntegrityFault: its manifest was changed.
        """
        folder = self.root / "runs" / checked(run)
        if not (folder / MANIFEST).exists():
            raise NotFound(
                Text(f"there is no run {run}", f"没有运行 {run}"),
                where=str(self.root),
                remedy=Text(
                    "list the runs with `crm-migrate runs`", "请用 `crm-migrate runs` 查看"
                ),
            )
        key = self._keyring.run_key(run)
        return Run(folder, key, load_manifest(folder, run, key), lock=None)

    def destroy(self, run: str) -> None:
        """Shred a run: its key first, then its files.

        Raises:
            WorkspaceFault: another process is at work here.
        """
        folder = self.root / "runs" / checked(run)
        with self.lock():
            self._keyring.destroy_run_key(run)
            if folder.exists():
                shutil.rmtree(folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the workspace for writing.

        Raises:
            WorkspaceFault: another process holds it.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(private_folder(self.root) / ".lock", wait=False))
            except Locked:
                raise WorkspaceFault(
                    Text("another run is at work", "另一个运行正在进行"),
                    where=str(self.root),
                    remedy=Text("wait until it has ended, then try again", "请等其结束后重试"),
                ) from None
            yield

    def _new_manifest(self, run: str) -> Manifest:
        return Manifest(run, f"{self._clock().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
