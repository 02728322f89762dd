"""Parts of pages: the templates beside this package, and fragments that are put into them."""

from functools import cache
from importlib.resources import files

from markupsafe import Markup

from crm_migrate.plan.show.html import page_environment


@cache
def part(name: str) -> str:
    """The text of a file under `reports/templates/`."""
    return (files("crm_migrate") / "reports" / "templates" / name).read_text("utf-8")


def rendered(template: str, **values: object) -> Markup:
    """A template's text filled in; values are escaped."""
    return Markup(page_environment().from_string(template).render(**values))  # noqa: S704
