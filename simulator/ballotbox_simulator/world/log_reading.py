"""A gateway's log as the auditor reads it: leaf by leaf, with the reports they are about.

Roots are computed here a second time, apart from the product's own tree.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.receipt import Receipt, ReceiptFault
from ballotbox_protocol.wire.report import Report, decode_report
from ballotbox_simulator.world.gateway_node import GatewayNode

EMPTY_ROOT: Final = sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class ReadLog:
    """`places`: the indexes of the leaves about each report or count.

    `counts`: what stands beside the leaves about counts by hand, by index. `namings`: what stands
    beside the leaves by which officers name one.
    """

    origin: str
    raw: list[bytes]
    leaves: list[Leaf]
    reports: dict[ReportId, Report]
    places: dict[ReportId, list[int]]
    counts: dict[int, bytes] = field(default_factory=dict)
    namings: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self.raw)

    @property
    def counted(self) -> set[ReportId]:
        """The counts by hand that there are leaves about."""
        return {self.leaves[index].report for index in self.counts}

    def newest(self, report: ReportId) -> Leaf:
        """Return the last leaf that decides on a report or a count."""
        return self.leaves[self.last(report)]

    def last(self, report: ReportId) -> int:
        """Return the index of the last leaf that decides on a report or a count.

        A naming of a count says nothing of the versions: their own leaves do.
        """
        return next(at for at in reversed(self.places[report]) if at not in self.namings)

    def newest_below(self, report: ReportId, stop: int) -> Leaf | None:
        """Return the last leaf about a report among the first `stop` ones."""
        before = [
            index
            for index in self.places.get(report, ())
            if index < stop and index not in self.namings
        ]
        return self.leaves[before[-1]] if before else None

    def voices(self) -> dict[tuple[BoxId, int], list[ReportId]]:
        """Return the reports by box and sequence."""
        found: dict[tuple[BoxId, int], list[ReportId]] = {}
        for identity, report in self.reports.items():
            found.setdefault((report.box, report.sequence), []).append(identity)
        return found

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves."""
        return roots(self.raw[:size], {size})[size]

    def held_roots(self) -> dict[int, bytes]:
        """Return the roots at all sizes that reports say their boxes hold of this log."""
        own = origin_id(self.origin)
        held = (report.held for report in self.reports.values())
        return roots(self.raw, {each.size for each in held if each and each.origin == own})


def read_log(gateway: GatewayNode, signed: Mapping[ReportId, Report]) -> ReadLog:
    """Read what a gateway's ledger holds; `signed` spares decoding reports that are known."""
    log = ReadLog(gateway.name, [], [], {}, {})
    for entry in gateway.ledger.entries(0, gateway.ledger.log_head().size):
        leaf = decode_leaf(entry.leaf)
        log.places.setdefault(leaf.report, []).append(log.size)
        log.raw.append(entry.leaf)
        log.leaves.append(leaf)
        if leaf.type is LeafType.HAND_COUNT:
            log.counts[log.size - 1] = entry.ruling or b""
        elif leaf.type is LeafType.RULING and leaf.report not in log.reports:
            log.namings[log.size - 1] = entry.ruling or b""
        if leaf.report not in log.reports and entry.report is not None:
            known = signed.get(leaf.report)
            log.reports[leaf.report] = known or decode_report(cose.parse(entry.report).payload)
    return log


def roots(leaves: Sequence[bytes], sizes: Collection[int]) -> dict[int, bytes]:
    """Return the roots of the first so many leaves, as RFC 9162, 2.1.1 defines them."""
    found = {0: EMPTY_ROOT}
    whole: list[bytes] = []
    for count, leaf in enumerate(leaves, start=1):
        whole.append(sha256(b"\0" + leaf).digest())
        pairs = count
        while pairs % 2 == 0:
            right = whole.pop()
            whole[-1] = _node(whole[-1], right)
            pairs //= 2
        if count in sizes:
            root = whole[-1]
            for left in reversed(whole[:-1]):
                root = _node(left, root)
            found[count] = root
    return found


def included(leaf: bytes, index: int, path: Sequence[bytes], size: int, root: bytes) -> bool:
    """Tell whether a path proves a leaf, as RFC 9162, 2.1.3.2 has it verified."""
    at, last = index, size - 1
    node = sha256(b"\0" + leaf).digest()
    for each in path:
        if last == 0:
            return False
        if at % 2 or at == last:
            node = _node(each, node)
            while at and at % 2 == 0:
                at, last = at // 2, last // 2
        else:
            node = _node(node, each)
        at, last = at // 2, last // 2
    return last == 0 and node == root


def log_of(receipt: bytes) -> str:
    """Return which log a receipt names, "" when it is none that can be read."""
    read = Receipt.from_bytes(receipt)
    if isinstance(read, ReceiptFault):
        return ""
    return read.note.partition(b"\n")[0].decode(errors="replace")


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()
