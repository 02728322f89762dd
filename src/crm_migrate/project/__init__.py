"""The project's files, validated once, at the edge; every fault reported with file and line."""

from crm_migrate.project.project import (
    PROJECT_FILE,
    RULE_FILES,
    Project,
    find_project,
    load_project,
)

__all__ = ["PROJECT_FILE", "RULE_FILES", "Project", "find_project", "load_project"]
