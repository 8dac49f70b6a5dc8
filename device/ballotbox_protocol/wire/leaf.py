"""The leaf of a gateway's log: what was decided, in canonical bytes.

A leaf is [version, type, id, verdict, reason, digest of the statement behind it or null, gateway
time]. The report or ruling stands beside the leaf; the leaf commits to it by its id. One signature
over the root therefore proves each decision of a batch, not only that bytes were seen.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

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
        require_bytes(self.report, DIGEST_SIZE, "leaf.report")
        if self.statement is not None:
            require_bytes(self.statement, DIGEST_SIZE, "leaf.statement")
        stated = (self.statement is not None) == (self.type is not LeafType.REPORT)
        require(stated, "leaf.statement", "stands beside every leaf but that of a report")
        require_count(self.time, "leaf.time", WIDE_MAX)


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


@lru_cache(_KNOWN_MAX)
def _read(data: bytes) -> Leaf:
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
