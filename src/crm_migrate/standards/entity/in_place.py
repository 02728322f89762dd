"""Values that nothing has to be done about, as most are: told by one look, which is remembered.

They are in standard form, hold no word or sign for nothing, and no value of another kind.
"""

from collections.abc import Callable, Mapping

import polars as pl

from crm_migrate.model import SemanticType
from crm_migrate.standards import company_name, email, mobile, phone

IN_PLACE: Mapping[SemanticType, Callable[[pl.Series], pl.Series]] = {
    SemanticType.COMPANY_NAME: company_name.is_settled,
    SemanticType.EMAIL: email.is_formed,
    SemanticType.MOBILE: mobile.is_usual,
    SemanticType.PHONE: phone.is_usual,
}
"""For each row whether its value is such; of the types where one look is cheap."""
