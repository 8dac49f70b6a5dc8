"""How pages are made of templates: every value is escaped, and a missing one is an error."""

from collections.abc import Callable, Mapping
from gettext import NullTranslations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def template_of(name: str, filters: Mapping[str, Callable[..., Any]] | None = None) -> "Template":
    """Return a template of this package; `filters` are those that it has beside `number`."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, **_settings())
    environment.filters |= {"number": "{:,}".format, **(filters or {})}
    return environment.get_template(name)


def translated_templates(translations: NullTranslations) -> "Environment":
    """Return the templates of this package with the words of one language."""
    from ballotbox_tabulation.template_words import WordsInPlace

    environment = WordsInPlace(translations, **_settings())
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        translations, newstyle=True
    )
    return environment


def _settings() -> dict[str, Any]:
    from jinja2 import PackageLoader, StrictUndefined

    return {
        "loader": PackageLoader("ballotbox_tabulation"),
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
