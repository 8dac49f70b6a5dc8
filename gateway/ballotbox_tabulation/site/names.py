"""Stations in the order of their names: whoever knows the name alone finds the page without a form.

Numbers within names are in the order of numbers. Letters that Kyrgyz and Russian have, and code
points put elsewhere, stand where a reader of either looks for them.
"""

import re
from array import array
from collections.abc import Sequence
from typing import Final

from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.publication import Document

#: The letters io, ng, oe and ue of Cyrillic, each behind the one that it follows in the alphabet.
_FOLLOWS: Final = {
    "\u0451": "\u0435",
    "\u04a3": "\u043d",
    "\u04e9": "\u043e",
    "\u04af": "\u0443",
}
_AFTER: Final = str.maketrans({each: f"{before}\uffff" for each, before in _FOLLOWS.items()})
_NUMBER: Final = re.compile(r"\d+")
_DIGITS: Final = 12
#: What names begin with before their first letter or number.
_BEFORE: Final = re.compile(r"^[\W_]+")


def in_order_of_names(precincts: Sequence[Document]) -> DocumentList:
    """Return stations by name, those of one name by number; each is made when it is asked for."""
    named = ((_key(each["name"]), each["number"], at) for at, each in enumerate(precincts))
    return DocumentList(precincts.__getitem__, array("q", [at for _, _, at in sorted(named)]))


def initial(name: str) -> str:
    """Return the letter under which a name is looked for; numbers are all under one sign."""
    first = _BEFORE.sub("", name)[:1].upper()
    return "0–9" if first.isdecimal() else first or "–"


def _key(name: str) -> tuple[bool, str]:
    plain = _BEFORE.sub("", name).casefold().translate(_AFTER)
    padded = _NUMBER.sub(lambda found: found[0].zfill(_DIGITS), plain)
    return not padded[:1].isdecimal(), padded
