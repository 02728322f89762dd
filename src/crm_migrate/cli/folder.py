"""Which project a command works on."""

from pathlib import Path

import click


def project_folder(ctx: click.Context) -> Path:
    """The project folder: `-C DIR`, else here or the nearest above that has crm-migrate.yaml.

    Raises:
        ProjectFault: there is none.
    """
    from crm_migrate.project import find_project

    return find_project(Path(ctx.find_root().obj or "."))
