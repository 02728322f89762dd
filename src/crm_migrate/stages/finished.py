"""The run that people mean when they ask about one: a finished one, the newest by default."""

from pathlib import Path

from crm_migrate.errors import NotFound
from crm_migrate.language import Text
from crm_migrate.stages.session import Session
from crm_migrate.workspace import Run


def open_finished(session: Session, name: str = "latest", stage: str = "golden") -> Run:
    """A run in which `stage` was finished, opened to read; close it (`with`).

    `name`: `latest`, a run's id, or its plan's id or path.

    Raises:
        NotFound: there is no such run, or it never came as far as `stage`.
        KeyFault: the run's key was destroyed.
    """
    known = session.workspace.run_ids()
    wanted = Path(name).name.split(".")[0].removeprefix("P")
    for run_id in reversed(known) if name == "latest" else [wanted] * (wanted in known):
        run = session.workspace.open(run_id)
        record = run.manifest.stages.get(stage)
        if record is not None and record.input_digest:
            return run
        run.close()
    raise NotFound(
        Text(f"there is no finished run '{name}'", f"没有已完成的运行“{name}”"),
        remedy=Text("make one: crm-migrate plan", "请先运行 crm-migrate plan"),
    )
