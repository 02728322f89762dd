"""What is wrong in a rules file, and where: the form that its class asks for."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crm_migrate.language import Text

FaultAt = tuple[tuple[str | int, ...], Text, Text | None]
"""Key path in the file, what is wrong there, what to do about it."""
_B = TypeVar("_B", bound=BaseModel)


def validated(kind: type[_B], data: Any) -> tuple[_B | None, list[FaultAt]]:
    """`data` as `kind`, or every fault of its form."""
    try:
        return kind.model_validate(data), []
    except ValidationError as error:
        found: list[FaultAt] = []
        for item in error.errors(include_url=False, include_input=False):
            name = ".".join(str(p) for p in item["loc"])
            text = item["msg"].removeprefix("Value error, ")
            found.append((tuple(item["loc"]), Text(f"{name}: {text}", f"{name}:{text}"), None))
        return None, found
