"""Strict deterministic CBOR: the subset of RFC 8949 that Ballotbox puts on a wire.

Integers in the int64 range, byte strings, NFC UTF-8 text, arrays, maps whose keys are the integers
0..23 in rising order, and null. Definite lengths and shortest forms only (RFC 8949 section 4.2.1);
no floats, booleans, tags, bignums, duplicate keys or trailing bytes. Map keys stop at 23 because
below that bytewise order and length-first order agree, so no two readers can differ on it.

Invariant: whatever `decode` accepts, `encode` gives back byte for byte.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

INT_MIN: Final = -(1 << 63)
INT_MAX: Final = (1 << 63) - 1
KEY_MAX: Final = 23
NULL: Final = 0xF6

#: A decoded value: its shape is the reader's to check.
Value: TypeAlias = Any

_UINT, _NINT, _BYTES, _TEXT, _ARRAY, _MAP = range(6)
#: Additional information (RFC 8949 section 3): the argument follows in 1, 2 or 8 bytes.
_ONE_BYTE: Final = 24
_TWO_BYTES: Final = 25
_EIGHT_BYTES: Final = 27
#: The initial byte of a byte string of 24 to 255 bytes.
_SHORT_STRING: Final = _BYTES << 5 | _ONE_BYTE
#: The initial byte of an empty array; the next 23 are those of longer ones.
_SHORT_ARRAY: Final = _ARRAY << 5


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
#: A national definition or register: 200,000 precincts at about 6 items and 60 bytes each, or
#: 100,000 boxes at 8 items and 130 bytes.
DOCUMENT_LIMITS: Final = Limits(size=16 * 1024 * 1024, depth=8, items=2_000_000)


def encode(value: Value) -> bytes:
    """Return the one encoding of `value` in the profile.

    Raises CborError for a value outside it (float, bool, text not in NFC, key not 0..23, …).
    """
    out = bytearray()
    _encode_into(out, value)
    return bytes(out)


def _encode_into(out: bytearray, value: Value) -> None:
    kind = type(value)
    if kind is int:
        if 0 <= value < _ONE_BYTE:
            out.append(value)
        else:
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


def _encode_map(out: bytearray, value: dict[Any, Value]) -> None:
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


def decode(data: bytes, limits: Limits = REPORT_LIMITS) -> Value:
    """Return the value that `data` encodes, all of it.

    Raises CborError when the bytes leave the profile or the limits; never another exception.
    """
    if len(data) > limits.size:
        raise CborError(f"{len(data)} bytes, at most {limits.size} are allowed")
    if not data:
        raise CborError("the value ends early, at byte 0")
    decoder = _Decoder(data, limits)
    value = decoder.values(1, limits.depth)[0]
    if decoder.position != len(data):
        raise CborError(f"{len(data) - decoder.position} bytes after the end of the value")
    return value


class _Decoder:
    """One pass over one buffer; `position` is the next unread byte."""

    __slots__ = ("_data", "_items_left", "position")

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._items_left = limits.items + 1  # The outermost value is not an item of anything.
        self.position = 0

    def values(self, count: int, depth: int) -> list[Value]:
        """Read the next `count` values, which may open `depth` more levels.

        Small integers, short strings and short arrays are nearly all of a report: they are read in
        the loop, and everything else by its head.
        """
        data = self._data
        position = self.position
        self._spend(count, depth)
        values: list[Value] = []
        append = values.append
        try:
            for _ in range(count):
                initial = data[position]
                if initial < _ONE_BYTE:
                    append(initial)
                    position += 1
                elif initial == _ONE_BYTE and data[position + 1] >= _ONE_BYTE:
                    append(data[position + 1])
                    position += 2
                elif initial == _TWO_BYTES and data[position + 1]:
                    append(data[position + 1] << 8 | data[position + 2])
                    position += 3
                elif initial == _SHORT_STRING and data[position + 1] >= _ONE_BYTE:
                    start = position + 2
                    position = start + data[position + 1]
                    append(data[start:position])
                elif _SHORT_ARRAY <= initial < _SHORT_ARRAY + _ONE_BYTE:
                    self.position = position + 1
                    append(self.values(initial - _SHORT_ARRAY, depth - 1))
                    position = self.position
                else:
                    self.position = position
                    append(self._by_head(initial, depth))
                    position = self.position
        except IndexError:
            position = len(data) + 1
        # A slice does not complain when the bytes run out, so every way past the end ends here.
        if position > len(data):
            raise CborError(f"the value ends early, at byte {len(data)}")
        self.position = position
        return values

    def _spend(self, count: int, depth: int) -> None:
        if depth < 0:
            raise CborError(f"byte {self.position}: nested too deeply")
        # Each value takes at least a byte: nothing is allocated for values that cannot be there.
        if count > self._items_left or count > len(self._data) - self.position:
            raise CborError(f"byte {self.position}: {count} items are too many")
        self._items_left -= count

    def _by_head(self, initial: int, depth: int) -> Value:
        major = initial >> 5
        if major > _MAP:
            return self._null(initial)
        argument = self._argument(initial & 0x1F)
        if major == _UINT:
            return argument
        if major == _NINT:
            return -1 - argument
        if major == _BYTES:
            return self._string(argument)
        if major == _TEXT:
            return self._text(argument)
        if major == _ARRAY:
            return self.values(argument, depth - 1)
        return self._map(argument, depth)

    def _null(self, initial: int) -> None:
        if initial != NULL:
            problem = "tags, floats, booleans and simple values are refused"
            raise CborError(f"byte {self.position}: {problem}")
        self.position += 1

    def _argument(self, info: int) -> int:
        start = self.position + 1
        if info < _ONE_BYTE:
            self.position = start
            return info
        if info > _EIGHT_BYTES:
            raise CborError(f"byte {self.position}: indefinite or reserved length")
        width = 1 << (info - _ONE_BYTE)
        stop = start + width
        if stop > len(self._data):
            raise CborError(f"the value ends early, at byte {len(self._data)}")
        argument = int.from_bytes(self._data[start:stop])
        if argument < (_ONE_BYTE if width == 1 else 1 << (4 * width)):
            raise CborError(f"byte {self.position}: not the shortest form")
        if argument > INT_MAX:
            raise CborError(f"byte {self.position}: integer outside int64")
        self.position = stop
        return argument

    def _string(self, length: int) -> bytes:
        start = self.position
        stop = start + length
        if stop > len(self._data):
            raise CborError(f"byte {start}: string of {length} bytes runs past the end")
        self.position = stop
        return self._data[start:stop]

    def _text(self, length: int) -> str:
        start = self.position
        try:
            text = self._string(length).decode()
        except UnicodeDecodeError:
            raise CborError(f"byte {start}: text is not UTF-8") from None
        if not unicodedata.is_normalized("NFC", text):
            raise CborError(f"byte {start}: text is not in Unicode normal form C")
        return text

    def _map(self, length: int, depth: int) -> dict[int, Value]:
        start = self.position
        flat = self.values(2 * length, depth - 1)
        keys = flat[::2]
        previous = -1
        for key in keys:
            if type(key) is not int or not previous < key <= KEY_MAX:
                self._refuse_key(start, key, previous)
            previous = key
        return dict(zip(keys, flat[1::2], strict=True))

    def _refuse_key(self, start: int, key: Value, previous: int) -> NoReturn:
        if type(key) is not int or not 0 <= key <= KEY_MAX:
            problem = f"has a key that is not an integer from 0 to {KEY_MAX}"
            raise CborError(f"byte {start}: the map {problem}")
        raise CborError(f"byte {start}: map key {key} does not follow {previous}")
