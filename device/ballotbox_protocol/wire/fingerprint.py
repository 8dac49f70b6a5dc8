"""The fingerprint of an election, short enough for a poster: four groups of six characters.

23 characters carry the first 115 bits of a SHA-256 over root and definition, the last one checks
the others: every wrong character and every two that are swapped are told. To make another election
with a given fingerprint takes about 2^115 tries; for its author to prepare two that share one takes
about 2^57. So people compare fingerprints, and programs the whole root and digest.
"""

from hashlib import sha256
from typing import Final

from ballotbox_protocol.election.identifiers import ElectionDigest, InvalidField, require
from ballotbox_protocol.wire import cbor

#: Crockford's base 32: no I, L, O and U.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS: Final = 4
GROUP_SIZE: Final = 6
BITS: Final = 5 * (GROUPS * GROUP_SIZE - 1)
_SIZE: Final = GROUPS * GROUP_SIZE
#: As they may be read aloud or typed.
_READ_AS: Final = str.maketrans("OILoil", "011011")
#: x^5 + x^2 + 1, of which x is a root of order 31: more than there are characters.
_FIELD: Final = 0x25


def fingerprint(root: str, digest: ElectionDigest) -> str:
    """Return the fingerprint of the election with this digest under this root, as it is written."""
    whole = int.from_bytes(sha256(cbor.encode(["bbx-fingerprint", root, digest])).digest())
    number = whole >> (256 - BITS)
    values = [number >> shift & 31 for shift in range(BITS - 5, -1, -5)]
    return _grouped("".join(ALPHABET[each] for each in (*values, _check(values))))


def read_fingerprint(text: str) -> str:
    """Return a typed fingerprint as it is written; raises InvalidField when it was mistyped."""
    typed = "".join(text.replace("-", " ").split()).translate(_READ_AS).upper()
    problem = f"must have {_SIZE} characters, has {len(typed)}"
    require(len(typed) == _SIZE, "fingerprint", problem)
    for each in typed:
        require(each in ALPHABET, "fingerprint", f"has no character {each!r}: read it again")
    *values, check = map(ALPHABET.index, typed)
    if _check(values) != check:
        raise InvalidField("fingerprint", "was mistyped: a character is wrong or two are swapped")
    return _grouped(typed)


def _grouped(characters: str) -> str:
    return " ".join(characters[at : at + GROUP_SIZE] for at in range(0, _SIZE, GROUP_SIZE))


def _check(values: list[int]) -> int:
    check = 0
    for value in values:
        check = _doubled(check) ^ value
    return _doubled(check)


def _doubled(value: int) -> int:
    return value << 1 ^ (_FIELD if value & 16 else 0)
