"""Strict deterministic CBOR: the subset of RFC 8949 that Ballotbox puts on a wire.

Integers in the int64 range, byte strings, NFC UTF-8 text, arrays, maps whose keys are the integers
0..23 in rising order, and null. Definite lengths and shortest forms only (RFC 8949 section 4.2.1);
no floats, booleans, tags, bignums, duplicate keys or trailing bytes. Map keys stop at 23 because
below that bytewise order and length-first order agree, so no two readers can differ on it.

Invariant: whatever `decode` accepts, `encode` gives back byte for byte.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

INT_MIN: Final = -(1 << 63)
INT_MAX: Final = (1 << 63) - 1
KEY_MAX: Final = 23
NULL: Final = 0xF6

_UINT, _NINT, _BYTES, _TEXT, _ARRAY, _MAP = range(6)


class CborError(ValueError):
    """The bytes or the value are outside the profile; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that a decoder enforces before it allocates: bytes, nesting depth, items in all."""

    size: int
    depth: int
    items: int


#: A report with 33 vote lines is about 450 bytes; 16 KiB leaves room for 2,000 options.
REPORT_LIMITS: Final = Limits(size=16 * 1024, depth=8, items=4_096)
#: A national definition or register: 15,000 boxes at about 100 bytes and 8 items each.
DOCUMENT_LIMITS: Final = Limits(size=16 * 1024 * 1024, depth=8, items=1_000_000)


def encode(value: Any) -> bytes:
    """Return the one encoding of `value` in the profile.

    Raises CborError for a value outside it (float, bool, text not in NFC, key not 0..23, …).
    """
    out = bytearray()
    _encode_into(out, value)
    return bytes(out)


def _encode_into(out: bytearray, value: Any) -> None:
    kind = type(value)
    if kind is int:
        _encode_int(out, value)
    elif kind is bytes:
        _encode_head(out, _BYTES, len(value))
        out += value
    elif kind is list or kind is tuple:
        _encode_head(out, _ARRAY, len(value))
        for item in value:
            _encode_into(out, item)
    elif kind is dict:
        _encode_map(out, value)
    elif kind is str:
        _encode_text(out, value)
    elif value is None:
        out.append(NULL)
    elif isinstance(value, int) and not isinstance(value, bool):
        _encode_int(out, int(value))
    else:
        raise CborError(f"a {kind.__name__} has no encoding in this profile")


def _encode_int(out: bytearray, value: int) -> None:
    if not INT_MIN <= value <= INT_MAX:
        raise CborError(f"integer {value} is outside int64")
    if value >= 0:
        _encode_head(out, _UINT, value)
    else:
        _encode_head(out, _NINT, -1 - value)


def _encode_text(out: bytearray, value: str) -> None:
    if not unicodedata.is_normalized("NFC", value):
        raise CborError("text is not in Unicode normal form C")
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        raise CborError("text has a lone surrogate") from None
    _encode_head(out, _TEXT, len(raw))
    out += raw


def _encode_map(out: bytearray, value: dict[int, Any]) -> None:
    _encode_head(out, _MAP, len(value))
    previous = -1
    for key, item in value.items():
        if isinstance(key, bool) or not isinstance(key, int) or not 0 <= key <= KEY_MAX:
            raise CborError(f"map key {key!r} is not an integer from 0 to {KEY_MAX}")
        if key <= previous:
            raise CborError(f"map key {key} does not follow {previous}")
        previous = key
        out.append(key)
        _encode_into(out, item)


def _encode_head(out: bytearray, major: int, argument: int) -> None:
    base = major << 5
    if argument < 24:
        out.append(base | argument)
    elif argument < 0x100:
        out.append(base | 24)
        out.append(argument)
    elif argument < 0x10000:
        out.append(base | 25)
        out += argument.to_bytes(2)
    elif argument < 0x100000000:
        out.append(base | 26)
        out += argument.to_bytes(4)
    else:
        out.append(base | 27)
        out += argument.to_bytes(8)


def decode(data: bytes, limits: Limits = REPORT_LIMITS) -> Any:
    """Return the value that `data` encodes, all of it.

    Raises CborError when the bytes leave the profile or the limits; never another exception.
    """
    if len(data) > limits.size:
        raise CborError(f"{len(data)} bytes, at most {limits.size} are allowed")
    decoder = _Decoder(data, limits)
    value = decoder.item(limits.depth)
    if decoder.position != len(data):
        raise CborError(f"{len(data) - decoder.position} bytes after the end of the value")
    return value


class _Decoder:
    """One pass over one buffer; `position` is the next unread byte."""

    __slots__ = ("_data", "_end", "_items_left", "position")

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._end = len(data)
        self._items_left = limits.items
        self.position = 0

    def item(self, depth: int) -> Any:
        major, argument = self._head()
        if major == _UINT:
            return argument
        if major == _BYTES:
            return self._take(argument)
        if major == _ARRAY:
            return self._array(argument, depth)
        if major == _MAP:
            return self._map(argument, depth)
        if major == _TEXT:
            return self._text(argument)
        if major == _NINT:
            return -1 - argument
        return None

    def _head(self) -> tuple[int, int]:
        position = self.position
        if position >= self._end:
            raise CborError(f"the value ends early, at byte {position}")
        initial = self._data[position]
        major, info = initial >> 5, initial & 0x1F
        if info < 24 and major < 6:
            self.position = position + 1
            return major, info
        if initial == NULL:
            self.position = position + 1
            return 7, 0
        if major >= 6:
            raise CborError(f"byte {position}: tags, floats, booleans and simple values are refused")
        return major, self._long_argument(major, info)

    def _long_argument(self, major: int, info: int) -> int:
        if info > 27:
            raise CborError(f"byte {self.position}: indefinite or reserved length")
        width = 1 << (info - 24)
        start = self.position + 1
        if start + width > self._end:
            raise CborError(f"the value ends early, at byte {self._end}")
        argument = int.from_bytes(self._data[start : start + width])
        if argument < (24 if width == 1 else 1 << (4 * width)):
            raise CborError(f"byte {self.position}: not the shortest form")
        if argument > INT_MAX:
            raise CborError(f"byte {self.position}: integer outside int64")
        self.position = start + width
        return argument

    def _take(self, length: int) -> bytes:
        start = self.position
        stop = start + length
        if stop > self._end:
            raise CborError(f"byte {start}: string of {length} bytes runs past the end")
        self.position = stop
        return self._data[start:stop]

    def _text(self, length: int) -> str:
        start = self.position
        try:
            text = self._take(length).decode()
        except UnicodeDecodeError:
            raise CborError(f"byte {start}: text is not UTF-8") from None
        if not unicodedata.is_normalized("NFC", text):
            raise CborError(f"byte {start}: text is not in Unicode normal form C")
        return text

    def _spend(self, items: int, depth: int) -> None:
        if depth == 0:
            raise CborError(f"byte {self.position}: nested too deeply")
        if items > self._items_left or items > self._end - self.position:
            raise CborError(f"byte {self.position}: {items} items are too many")
        self._items_left -= items

    def _array(self, length: int, depth: int) -> list[Any]:
        self._spend(length, depth)
        data, end = self._data, self._end
        items: list[Any] = []
        append = items.append
        for _ in range(length):
            # Short counts are nearly all of a final's body: read them without a call.
            position = self.position
            if position < end:
                initial = data[position]
                if initial < 24:
                    append(initial)
                    self.position = position + 1
                    continue
                if initial == 24 and position + 1 < end and data[position + 1] >= 24:
                    append(data[position + 1])
                    self.position = position + 2
                    continue
                if initial == 25 and position + 2 < end and data[position + 1]:
                    append(data[position + 1] << 8 | data[position + 2])
                    self.position = position + 3
                    continue
            append(self.item(depth - 1))
        return items

    def _map(self, length: int, depth: int) -> dict[int, Any]:
        self._spend(2 * length, depth)
        entries: dict[int, Any] = {}
        previous = -1
        for _ in range(length):
            start = self.position
            if start >= self._end:
                raise CborError(f"the value ends early, at byte {start}")
            key = self._data[start]
            if key > KEY_MAX:
                raise CborError(f"byte {start}: map key is not an integer from 0 to {KEY_MAX}")
            if key <= previous:
                raise CborError(f"byte {start}: map key {key} does not follow {previous}")
            previous = key
            self.position = start + 1
            entries[key] = self.item(depth - 1)
        return entries
