"""The languages of the screen: catalogues of its English words, and how each writes numbers.

A catalogue is `catalogues/CODE.toml`, read as it is: who mends a word runs nothing. Its `read_by`
names the native speaker who has read it; until then the screen itself says that nobody has.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ballotbox_gateway.service.said import Gap, Said

#: The language of the words themselves, then those that have a catalogue.
LANGUAGES: Final = ("en", "ky", "ru")
_NAMES: Final = {"en": "English", "ky": "Кыргызча", "ru": "Русский"}
UNREAD: Final = Said("This translation has not yet been read by a native speaker.")
#: From here on hours are told and no minutes.
_MINUTES_MAX: Final = 120
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Language:
    """One language; `words` is empty for English. unread: no native speaker has read it."""

    code: str
    words: Mapping[str, str]
    unread: bool

    @property
    def name(self) -> str:
        """The language's own name."""
        return _NAMES[self.code]

    def say(self, said: Said | str) -> str:
        """Return words in this language, with their gaps filled."""
        if isinstance(said, str):
            return self.words.get(said, said)
        gaps = {name: self._fill(gap) for name, gap in said.gaps.items()}
        words = self.words.get(said.words, said.words)
        return words.format(**gaps) if gaps else words

    def _fill(self, gap: Gap) -> str:
        if isinstance(gap, Said):
            return self.say(gap)
        return gap if isinstance(gap, str) else self.number(gap)

    def number(self, value: int) -> str:
        """Return a whole number with its thousands apart."""
        return f"{value:,}".replace(",", "," if self.code == "en" else _NO_BREAK)

    def span(self, seconds: int) -> str:
        """Return how long something has lasted, as exactly as a room needs it."""
        minutes = max(0, seconds) // 60
        if minutes < _MINUTES_MAX:
            return self.say(Said("{minutes} min", {"minutes": minutes}))
        return self.say(Said("{hours} h", {"hours": minutes // 60}))

    def ago(self, seconds: int) -> str:
        """Return how long something is ago, as exactly as a room needs it."""
        if seconds < 60:
            return self.say(Said("just now"))
        return self.say(Said("{span} ago", {"span": self.span(seconds)}))


@cache
def language(code: str) -> Language:
    """Return one of LANGUAGES."""
    if code == LANGUAGES[0]:
        return Language(code, {}, unread=False)
    catalogue = catalogue_of(code)
    return Language(code, catalogue["words"], unread=not catalogue["read_by"])


def catalogue_of(code: str) -> dict[str, Any]:
    """Return the catalogue of a language, as its file has it."""
    path = files("ballotbox_gateway") / "catalogues" / f"{code}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def chosen(*wishes: str | None) -> Language:
    """Return the first language that is wished for and known, English when there is none.

    A wish is a code, or a list of them as a browser sends it.
    """
    for wish in wishes:
        for part in (wish or "").split(","):
            code = part.strip()[:2].lower()
            if code in LANGUAGES:
                return language(code)
    return language(LANGUAGES[0])
