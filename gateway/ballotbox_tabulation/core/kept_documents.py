"""Documents of a result, one for each box or precinct: made once, kept as canonical text."""

import json
from array import array
from typing import Any, Final

from ballotbox_tabulation.core.document_list import DocumentList
from ballotbox_tabulation.core.shelf import Shelf

_read: Final = json.JSONDecoder().raw_decode


class KeptDocuments:
    """Takes documents as canonical JSON, and gives them back as a list of a result."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._places = array("q")

    def add(self, text: str) -> None:
        """Keep a document as the next of the list."""
        self._places.append(self._shelf.put(text.encode()))

    def listed(self) -> DocumentList:
        """Return the documents kept so far."""
        return DocumentList(self._document, self._places, self._text)

    def _document(self, place: int) -> Any:  # noqa: ANN401 - whatever JSON can hold
        return _read(self._text(place))[0]

    def _text(self, place: int) -> str:
        return self._shelf.take(place).decode()
