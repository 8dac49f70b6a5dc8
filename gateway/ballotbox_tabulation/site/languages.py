"""The languages of the pages: their catalogues, and how each writes numbers, shares and times.

The words of the templates are English and are the keys of the catalogues. A catalogue is a file
`catalogues/CODE.po`, read as it is: who mends a word runs nothing. Its first lines say whether a
native speaker has read it; until then every page of the language says so itself.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from ballotbox_protocol.election.conservation import MEANING, Law
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_tabulation.core.result_status import LAST_DATE
from ballotbox_tabulation.core.wording import count_reason_in_words, reason_in_words

if TYPE_CHECKING:
    from babel.messages import Catalog

#: The language of the templates, then those that have a catalogue.
ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "ky", "ru")
_NAMES: Final = {"en": "English", "ky": "Кыргызча", "ru": "Русский"}
#: Stands in the comment at the head of a catalogue until somebody writes who has read it.
_NOBODY: Final = "Read by a native speaker: nobody"
_UNREAD: Final = "This translation has not yet been read by a native speaker."
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_LAW_WORDS: Final = "it breaks the law that"
_LAW_CODES: Final = {300 + law: MEANING[law] for law in Law}


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the pages; `note` says in it that no native speaker has read it, or ""."""

    code: str
    translations: NullTranslations
    note: str
    group: str
    decimal: str

    @property
    def name(self) -> str:
        """The language's own name."""
        return _NAMES[self.code]

    @property
    def note_in_english(self) -> str:
        """The same note for a reader of English."""
        return f"({_UNREAD})"

    @property
    def gettext(self) -> Callable[[str], str]:
        """Returns words of the pages in this language; those it does not have, as they are."""
        return self.translations.gettext

    def number(self, value: int) -> str:
        """Return a whole number with its thousands apart."""
        return f"{value:,}".replace(",", self.group)

    def signed(self, value: int) -> str:
        """Return a difference with its sign."""
        return f"{value:+,}".replace(",", self.group).replace("-", "−")

    def value(self, value: int | str | None) -> str:
        """Return what a cell holds: a number, the word that stands in its place, or a dash."""
        if value is None:
            return "–"
        return self.gettext(value) if isinstance(value, str) else self.number(value)

    def percent(self, text: str) -> str:
        """Return a share of two decimals as the result has it; no digit changes."""
        space = "" if self.code == ENGLISH else _NO_BREAK
        return f"{text.replace('.', self.decimal)}{space}%"

    def plain_percent(self, text: str) -> str:
        """Return a threshold as its rules write it, without zeros that say nothing."""
        return self.percent(f"{Decimal(text).normalize():f}")

    def base(self, name: str) -> str:
        """Return what shares are of."""
        return self.gettext(name)

    def day(self, iso: str) -> str:
        """Return a day as people write it."""
        from babel.dates import format_date

        return format_date(date.fromisoformat(iso), "long", locale=self.code)

    def moment(self, seconds: int) -> str:
        """Return a time in UTC; one that no calendar has, as its bare number."""
        if seconds > LAST_DATE:
            return str(seconds)
        told = datetime.fromtimestamp(seconds, UTC)
        return f"{self.day(told.date().isoformat())}, {told:%H:%M:%S} UTC"

    def time_on(self, seconds: int, day: str) -> str:
        """Return a time in UTC to the minute, with its day when that is another than `day`."""
        if seconds <= LAST_DATE:
            told = datetime.fromtimestamp(seconds, UTC)
            if told.date().isoformat() == day:
                return f"{told:%H:%M} UTC"
        return self.moment(seconds)

    def reason(self, code: int) -> str:
        """Return why a report was decided as it was."""
        law = _LAW_CODES.get(code)
        if law is not None:
            return f"{self.gettext(_LAW_WORDS)} {law}"
        return self.gettext(reason_in_words(Reason(code)))

    def count_reason(self, code: int) -> str:
        """Return why a count by hand was decided as it was."""
        return self.gettext(count_reason_in_words(Reason(code)))


@cache
def language(code: str) -> Language:
    """Return one of LANGUAGES."""
    from babel.numbers import get_decimal_symbol, get_group_symbol

    translations, note = NullTranslations(), ""
    if code != ENGLISH:
        catalogue = catalogue_of(code)
        translations = _compiled(catalogue)
        if _NOBODY in catalogue.header_comment:
            note = translations.gettext(_UNREAD)
    return Language(code, translations, note, get_group_symbol(code), get_decimal_symbol(code))


def catalogue_of(code: str) -> "Catalog":
    """Return the catalogue of a language, as its file has it."""
    from babel.messages.pofile import read_po

    path = files("ballotbox_tabulation") / "catalogues" / f"{code}.po"
    return read_po(io.BytesIO(path.read_bytes()), locale=code, abort_invalid=True)


def _compiled(catalogue: "Catalog") -> GNUTranslations:
    from babel.messages.mofile import write_mo

    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
