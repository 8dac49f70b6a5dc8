"""The leaf of a gateway's log: what was decided, in canonical bytes.

A leaf is [version, type, id, verdict, reason, digest of the statement behind it or null, gateway
time]. The report or ruling stands beside the leaf; the leaf commits to it by its id. One signature
over the root therefore proves each decision of a batch, not only that bytes were seen.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from ballotbox_protocol.election.identifiers import (
    DIGEST_SIZE,
    WIDE_MAX,
    ReportId,
    require,
    require_bytes,
    require_count,
)
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.shape import as_enum
from ballotbox_protocol.wire.verdict import Reason, Verdict

VERSION: Final = 1


class LeafType(IntEnum):
    """What a leaf is about: a report, officers' ruling, a log replaced, a hand count, a result."""

    REPORT = 1
    RULING = 2
    # 3 stands in frozen vectors for what no reader knows.
    REPLACEMENT = 4
    HAND_COUNT = 5
    PUBLICATION = 6


@dataclass(frozen=True, slots=True)
class Leaf:
    """One decision. `time` is the gateway's clock in Unix seconds: a claim, never an order."""

    type: LeafType
    report: ReportId
    verdict: Verdict
    reason: Reason
    statement: bytes | None
    time: int

    def __post_init__(self) -> None:
        statement, time = self.statement, self.time
        usual = statement is None and self.type is LeafType.REPORT and type(self.report) is bytes
        if (
            usual
            and len(self.report) == DIGEST_SIZE
            and type(time) is int
            and 0 <= time <= WIDE_MAX
        ):
            return
        self._require_fit()

    def _require_fit(self) -> None:
        require_bytes(self.report, DIGEST_SIZE, "leaf.report")
        if self.statement is not None:
            require_bytes(self.statement, DIGEST_SIZE, "leaf.statement")
        stated = (self.statement is not None) == (self.type is not LeafType.REPORT)
        require(stated, "leaf.statement", "stands beside every leaf but that of a report")
        require_count(self.time, "leaf.time", WIDE_MAX)


class PlainLeaf(NamedTuple):
    """A decision about a report by itself, as nearly all leaves are; the names are those of `Leaf`.

    Made by `plain_leaf` alone, whose bytes leave nothing to check.
    """

    type: LeafType
    report: ReportId
    verdict: Verdict
    reason: Reason
    statement: bytes | None
    time: int


def encode_leaf(leaf: Leaf) -> bytes:
    """Return the canonical bytes of a leaf."""
    return cbor.encode(
        [
            VERSION,
            int(leaf.type),
            leaf.report,
            int(leaf.verdict),
            int(leaf.reason),
            leaf.statement,
            leaf.time,
        ]
    )


def decode_leaf(data: bytes) -> Leaf:
    """Return the leaf that canonical bytes describe; raises CborError or InvalidField."""
    return _read(data)


#: A leaf comes with its receipt and with its batch: the last ones are known.
_KNOWN_MAX: Final = 256


#: A decision about a report by itself, as nearly all are; a time fits four bytes until 2106.
_USUAL_START: Final = b"\x87\x01\x01\x58\x20"
_REPORT_AT: Final = len(_USUAL_START)
_DECISION_AT: Final = _REPORT_AT + DIGEST_SIZE
#: A time up to here has a shorter form.
_SHORT_TIME_MAX: Final = 0xFFFF
#: What stands between the id of a report and the four bytes of the time.
_DECISIONS: Final = {
    bytes((verdict,)) + cbor.encode(int(reason)) + b"\xf6\x1a": (verdict, reason)
    for verdict in Verdict
    for reason in Reason
}


@lru_cache(_KNOWN_MAX)
def _read(data: bytes) -> Leaf:
    plain = plain_leaf(data)
    return _read_any(data) if plain is None else Leaf(*plain)


def plain_leaf(data: bytes) -> PlainLeaf | None:
    """Return what `decode_leaf` would say of a plain leaf; None for all other bytes.

    For who meets each leaf once: it takes half the time.
    """
    decision = _DECISIONS.get(data[_DECISION_AT:-4])
    time = int.from_bytes(data[-4:])
    if decision is None or data[:_REPORT_AT] != _USUAL_START or time <= _SHORT_TIME_MAX:
        return None
    verdict, reason = decision
    report = ReportId(data[_REPORT_AT:_DECISION_AT])
    return PlainLeaf(LeafType.REPORT, report, verdict, reason, None, time)


def _read_any(data: bytes) -> Leaf:
    items = cbor.decode(data)
    require(type(items) is list and len(items) == 7, "leaf", "must be an array of 7 items")
    version, kind, report, verdict, reason, statement, time = items
    numbers = all(type(number) is int for number in (version, kind, verdict, reason))
    require(numbers, "leaf", "version, type, verdict and reason must be integers")
    require(version == VERSION, "leaf.version", f"{version} is not supported, {VERSION} is")
    return Leaf(
        as_enum(kind, LeafType, "leaf.type"),
        report,
        as_enum(verdict, Verdict, "leaf.verdict"),
        as_enum(reason, Reason, "leaf.reason"),
        statement,
        time,
    )
