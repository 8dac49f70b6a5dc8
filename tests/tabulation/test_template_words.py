"""Are words put in when a template is compiled what gettext would have put in when it is filled?"""

from gettext import NullTranslations
from typing import Any

import pytest
from jinja2 import Environment, UndefinedError

from ballotbox_tabulation.site.contest_view import Contests
from ballotbox_tabulation.site.pages import Pages
from ballotbox_tabulation.site.site import Site
from ballotbox_tabulation.site.station_view import Stations
from ballotbox_tabulation.templating import translated_templates
from tests.tabulation.site_material import HOSTILE, result_of_the_day, site_of

WORDS = {
    "Ballots": "Бюллетени <b>& 100 %%</b>",
    "of %(all)s": "всего %(all)s, %(all)s!",
    "name": "имя",
}


class Russian(NullTranslations):
    """A catalogue in memory."""

    def gettext(self, message: str) -> str:
        """Return the words for `message`, or itself."""
        return WORDS.get(message, message)


def plain() -> Environment:
    """The environment of jinja alone, which asks for words as it fills a template."""
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.install_gettext_translations(Russian(), newstyle=True)  # type: ignore[attr-defined]
    return environment


TEMPLATES = {
    "a word": '{{ _("Ballots") }}',
    "a word that is not translated": '{{ _("Untold <i>") }}',
    "a word in an attribute": "<i title=\"{{ _('Ballots') }}\">",
    "a choice of words": '{{ _("Ballots") if told else _("name") }}',
    "words in a list": '{% for each in [_("Ballots"), name] %}{{ each }}{% endfor %}',
    "a sentence": "{% trans all=name %}of {{ all }}{% endtrans %}",
    "a sentence around a filter": "{% trans all=(name | upper) %}of {{ all }}{% endtrans %}",
    "a sentence around a loop": (
        "{% for each in (1, 2) %}{% trans all=each %}of {{ all }}{% endtrans %}{% endfor %}"
    ),
    "a sentence without a value": "{% trans %}Ballots{% endtrans %}",
    "words that only the page knows": "{{ _(key) }}",
    "words within words": "{{ _(_('name')) }}",
    "another function": "{{ name.upper() }}",
    "a macro that is given the words": (
        "{% macro told(_) %}{{ _('Ballots') }}{% endmacro %}{{ told(_) }}"
    ),
}


@pytest.mark.parametrize("source", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("told", [True, False])
def test_a_template_says_the_same(source: str, told: bool) -> None:
    given: dict[str, Any] = {"told": told, "name": HOSTILE, "key": "name"}
    wanted = plain().from_string(source).render(given)
    assert translated_templates(Russian()).from_string(source).render(given) == wanted


def test_what_is_missing_in_a_sentence_is_still_an_error() -> None:
    source = translated_templates(Russian()).from_string(TEMPLATES["a sentence"])
    with pytest.raises(UndefinedError):
        source.render()


@pytest.mark.parametrize("code", ["en", "ky", "ru"])
def test_a_station_in_its_shell_is_the_station_of_its_whole_template(code: str) -> None:
    result = result_of_the_day()
    site: Site = site_of(result)
    stations = Stations(result)
    pages = Pages(site, code, stations, Contests(result))
    template = pages._environment.get_template("site/station.html")
    whole: list[str] = []

    class Filled:
        def page(self, name: str, told: dict[str, Any]) -> bytes:
            place = {"page": name, "home": "../../", "root": "../../../"}
            whole.append(template.render(pages._shared | place | told))
            return b""

    shown = [data.decode() for name, data in pages.all() if "/station/" in name]
    pages._shell = lambda *_: Filled()  # type: ignore[assignment,method-assign,return-value]
    assert [data for name, data in pages.all() if "/station/" in name] == [b""] * len(shown)
    assert shown == whole
    assert len(shown) == len(stations.precincts)
