"""What is wrong in a rules file, and where: the form that its class asks for."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crm_migrate.language import Text
from crm_migrate.project.form import form_faults

FaultAt = tuple[tuple[str | int, ...], Text, Text | None]
"""Key path in the file, what is wrong there, what to do about it."""
_B = TypeVar("_B", bound=BaseModel)


def validated(kind: type[_B], data: Any) -> tuple[_B | None, list[FaultAt]]:
    """`data` as `kind`, or every fault of its form."""
    try:
        return kind.model_validate(data), []
    except ValidationError as error:
        return None, [(at, text, None) for at, text in form_faults(error)]
