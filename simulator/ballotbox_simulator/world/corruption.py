"""What a road makes of what it carries when it changes something of it."""

import json
import random
from collections.abc import Mapping
from typing import Any

#: The characters that may take another's place: those that can be printed.
_PRINTED = (0x20, 0x7F)


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one of them changed."""
    at = chance.randrange(len(data))
    return data[:at] + bytes((data[at] ^ (1 + chance.randrange(255)),)) + data[at + 1 :]


def garbled(value: Mapping[str, Any], chance: random.Random) -> object:
    """Return what is read of a JSON text of which one character became another.

    A text that is no JSON any more is returned as the text that it is.
    """
    text = json.dumps(value)
    at = chance.randrange(len(text))
    text = text[:at] + chr(chance.randrange(*_PRINTED)) + text[at + 1 :]
    try:
        return json.loads(text)
    except ValueError:
        return text
