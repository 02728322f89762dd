"""The one tree of exceptions: program and input faults that stop a command.

Faults of single rows are data (`records.FINDING_COLUMNS`) and are never raised. A message
says what was found and what was expected, `where` names the place, `remedy` says what to
do; none of them ever carries a value of a sensitive field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from crm_migrate.language import Language, Text


class CrmMigrateError(Exception):
    """Base of every error that a command reports without a traceback."""

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: Text, *, where: str | None = None, remedy: Text | None = None
    ) -> None:
        super().__init__(message.en)
        self.message = message
        self.where = where
        self.remedy = remedy

    def describe(self, language: Language) -> dict[str, str | None]:
        """The error as the `{"code","message","where","remedy"}` object that scripts read."""
        return {
            "code": self.code,
            "message": self.message.in_language(language),
            "where": self.where,
            "remedy": self.remedy.in_language(language) if self.remedy else None,
        }


class UsageFault(CrmMigrateError):
    """A command was called with arguments that do not fit together."""

    code = "usage"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a project file: `where` is `file:line`."""

    where: str
    message: Text
    remedy: Text | None = None


class ProjectFault(CrmMigrateError):
    """The project's own files are faulty; every fault found is listed in `faults`."""

    code = "project"
    exit_code = 2

    def __init__(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        count = len(faults)
        message = Text(f"{count} fault(s) in the project's files", f"项目文件中有 {count} 处错误")
        super().__init__(message, where=first.where, remedy=first.remedy)
        self.faults = tuple(faults)

    def describe(self, language: Language) -> dict[str, str | None]:
        """The error object; its message lists every fault with file and line."""
        lines = [f"{f.where}: {f.message.in_language(language)}" for f in self.faults]
        return super().describe(language) | {
            "message": self.message.in_language(language) + "\n" + "\n".join(lines)
        }


class SourceFault(CrmMigrateError):
    """A source file or source database cannot be read as what it claims to be."""

    code = "source"


class TargetFault(CrmMigrateError):
    """The target system cannot be reached, read or written."""

    code = "target"


class KeyFault(CrmMigrateError):
    """A key or passphrase is missing, wrong, or readable by others."""

    code = "key"


class IntegrityFault(CrmMigrateError):
    """Something that is protected against change was changed: a stage table, a plan, a journal."""

    code = "integrity"


class PlanRefused(CrmMigrateError):
    """A plan may not go on: altered, unapproved, used, expired, drifted or blocked."""

    code = "refused"


class WorkspaceFault(CrmMigrateError):
    """The workspace cannot be written or read: disk full, no rights, another run at work."""

    code = "workspace"


class NotFound(CrmMigrateError):
    """A run, plan, customer or report that was asked for does not exist."""

    code = "not-found"
