"""How pages are made of templates: every value is escaped, and a missing one is an error."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template


def template_of(name: str, filters: Mapping[str, Callable[..., Any]] | None = None) -> "Template":
    """Return a template of this package; `filters` are those that it has beside `number`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ballotbox_tabulation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": "{:,}".format, **(filters or {})}
    return environment.get_template(name)
