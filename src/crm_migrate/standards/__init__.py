"""The field standards: one module per semantic type, called alike (see `contract.Standard`).

The types stand on what works on columns, whatever they hold (`columns`), on the tables (`data`),
and on what cells hold (`places`, `reading`). Above them stand the rules of a project (`rules`) and
whole records (`entity`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, assert_never, cast

from crm_migrate.model import SemanticType

if TYPE_CHECKING:
    from crm_migrate.standards.contract import Standard


def standard(type_: SemanticType) -> "Standard":
    """The standard of a semantic type; its module is imported at the first call."""
    return cast("Standard", import_module(f"crm_migrate.standards.{module_name(type_)}"))


def module_name(type_: SemanticType) -> str:
    """The module that standardizes values of this type.

    >>> module_name(SemanticType.OWNER)
    'text'
    """
    match type_:
        case (
            SemanticType.TEXT
            | SemanticType.OWNER
            | SemanticType.DEPARTMENT
            | SemanticType.REFERENCE
        ):
            return "text"  # one line of text: nothing to know beyond blanks and invisible marks
        case (
            SemanticType.FREE_TEXT
            | SemanticType.CODE
            | SemanticType.COMPANY_NAME
            | SemanticType.PERSON_NAME
            | SemanticType.TITLE
            | SemanticType.USCC
            | SemanticType.ORGANISATION_CODE
            | SemanticType.REGISTRATION_NUMBER
            | SemanticType.TAX_NUMBER
            | SemanticType.ID_NUMBER
            | SemanticType.TRAVEL_DOCUMENT
            | SemanticType.BANK_CARD
            | SemanticType.BANK_ACCOUNT
            | SemanticType.MOBILE
            | SemanticType.PHONE
            | SemanticType.EMAIL
            | SemanticType.WEBSITE
            | SemanticType.WECHAT
            | SemanticType.QQ
            | SemanticType.INDUSTRY
            | SemanticType.ADDRESS
            | SemanticType.DATE
            | SemanticType.AMOUNT
            | SemanticType.INTEGER
            | SemanticType.PERCENTAGE
            | SemanticType.BOOLEAN
            | SemanticType.VOCABULARY
            | SemanticType.TAGS
        ):
            return str(type_)
    assert_never(type_)
