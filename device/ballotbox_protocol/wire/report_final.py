"""A final, read and checked in strict form in one pass over its bytes.

Every number of a total comes from such a body, so a log has one for each box. `plain_final` holds
it against every rule of `decode_report`; what does not keep them all is for `decode_report` to
read, or to refuse in words.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.identifiers import (
    COUNT_MAX,
    BoxId,
    ElectionDigest,
    OriginId,
    PollState,
    PrecinctId,
    ReportId,
)
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.report_parts import (
    ClockQuality,
    HeldCheckpoint,
    OfficerSignature,
)
from ballotbox_protocol.wire.report_plain import (
    COUNT,
    DIGEST,
    SIGNATURES,
    WIDE,
    number_of,
    one_of,
)


class PlainFinal(NamedTuple):
    """What a reader of a log asks of a final; the names are those of `Report`."""

    election: ElectionDigest
    precinct: PrecinctId
    box: BoxId
    epoch: int
    sequence: int
    counters: Counters
    votes: tuple[int, ...]
    firmware: bytes
    debug: bool
    held: HeldCheckpoint | None
    kind: ReportKind = ReportKind.FINAL
    corrects: ReportId | None = None
    signatures: tuple[OfficerSignature, ...] = ()


_BEFORE: Final = re.compile(
    b"".join(
        (
            rb"\xb1\x00\x01\x01" + one_of((ReportKind.FINAL,)) + rb"\x02\x58\x20(.{32})",
            rb"\x03(" + COUNT + rb")\x04\x50(.{16})",
            rb"\x05(" + COUNT + rb")\x06" + COUNT + rb"\x07(" + COUNT + rb")",
            rb"\x08" + DIGEST + rb"\x09\x82" + WIDE + DIGEST,
            rb"\x0a\xa8(" + b"".join(bytes((key,)) + COUNT for key in range(8)) + b")",
            rb"\x0b(?:([\x81-\x97])|\x98([\x18-\xff])|\x99(?!\x00)(..))",  # how many votes
        )
    ),
    re.DOTALL,
)
_AFTER: Final = re.compile(
    b"".join(
        (
            rb"\x0c\x82\x58\x20(.{32})" + COUNT,
            rb"\x0d\x82" + one_of(PollState) + rb"([\x00\x01])",
            rb"\x0e\x83" + WIDE + one_of(ClockQuality) + WIDE,
            rb"\x13(?:\xf6|\x83\x50(.{16})(" + WIDE + rb")\x58\x20(.{32}))",  # held
            SIGNATURES,
        )
    ),
    re.DOTALL,
)
#: As many votes as a report has room for beside all its other items.
_VOTES_MAX: Final = cbor.REPORT_LIMITS.items - 96
_ONE, _TWO, _FOUR = 0x18, 0x19, 0x1A
_SMALL: Final = bytes(range(_ONE))
_SMALL_COUNTERS: Final = 16
_COUNTER: Final = re.compile(rb"[\x00-\x07](" + COUNT + b")", re.DOTALL)


def plain_final(body: bytes) -> PlainFinal | None:
    """Return what `decode_report` would say of a final; None for all other bytes.

    A final that officers signed, which none needs, is left to `decode_report`.
    """
    before = _BEFORE.match(body)
    if before is None or len(body) > cbor.REPORT_LIMITS.size:
        return None
    election, precinct, box, epoch, sequence, counters, few, some, many = before.groups()
    count = few[0] & 0x1F if few is not None else int.from_bytes(some or many)
    votes, end = _votes(body, before.end(), count)
    after = _AFTER.fullmatch(body, end)
    if after is None or count > _VOTES_MAX:
        return None
    firmware, debug, origin, size, root, signers, _ = after.groups()
    if signers is not None:
        return None
    held = None if origin is None else HeldCheckpoint(OriginId(origin), number_of(size), root)
    return PlainFinal(
        ElectionDigest(election),
        PrecinctId(number_of(precinct)),
        BoxId(box),
        number_of(epoch),
        number_of(sequence),
        Counters(*_counts(counters)),
        votes,
        firmware,
        debug == b"\x01",
        held,
    )


def _counts(counters: bytes) -> Iterable[int]:
    """Return the numbers of a map whose eight keys are 0 to 7."""
    # Small counts are bytes themselves, each after its key.
    if len(counters) == _SMALL_COUNTERS:
        return counters[1::2]
    return map(number_of, _COUNTER.findall(counters))


def _votes(body: bytes, at: int, count: int) -> tuple[tuple[int, ...], int]:
    """Return so many counts in their shortest form, and where they end.

    When there are fewer, they end with the body, where no report does.
    """
    # Where few votes fell a row is small numbers alone, each its own byte.
    small = body[at : at + count]
    if not small.strip(_SMALL):
        return tuple(small), at + count
    votes: list[int] = []
    add, end = votes.append, len(body)
    for _ in range(count):
        if at + 5 > end:
            break
        first = body[at]
        if first < _ONE:
            add(first)
            at += 1
        elif first == _ONE and body[at + 1] >= _ONE:
            add(body[at + 1])
            at += 2
        elif first == _TWO and body[at + 1]:
            add(body[at + 1] << 8 | body[at + 2])
            at += 3
        elif first == _FOUR and 0xFFFF < (value := int.from_bytes(body[at + 1 : at + 5])) <= (
            COUNT_MAX
        ):
            add(value)
            at += 5
        else:
            break
    return tuple(votes), at if len(votes) == count else end
