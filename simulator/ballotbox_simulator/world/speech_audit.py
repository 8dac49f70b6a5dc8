"""What gateways say to boxes, held against their ledgers at the moment it is said.

A receipt is for a leaf that is committed, and goes where its box was heard. A challenge is given to
one connection, again only until it is answered, and answered once.
"""

from collections.abc import Iterable, Mapping

from ballotbox_gateway.core.outcome import HelloOutcome, HelloResult, Road
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.message import Message, MessageKind, parse_message
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.report import Report, decode_report
from ballotbox_simulator.world.gateway_node import GatewayNode

#: A road of one life of a gateway: with the process its connections end.
_Way = tuple[str, int, Road]


class SpeechAudit:
    """Knows `signed` reports by id and by their bytes; each method returns objections in words."""

    def __init__(self, signed: Mapping[ReportId, Report], sent: Mapping[bytes, BoxId]) -> None:
        self._known = [(signed, sent)]
        self._challenges: set[bytes] = set()
        self._unanswered: dict[_Way, bytes] = {}
        #: The boxes that were heard on each serial line, and what came there that nobody told of.
        self._on_line: dict[_Way, set[BoxId]] = {}
        self._untold: dict[_Way, list[bytes]] = {}

    def listen_for(self, signed: Mapping[ReportId, Report], sent: Mapping[bytes, BoxId]) -> None:
        """Know the reports of another election at the same gateways as well."""
        self._known.append((signed, sent))

    def heard(self, gateway: GatewayNode, data: bytes, road: Road) -> None:
        """Note whose report came by a line."""
        way = _way(gateway, road)
        told = {sent[data] for _, sent in self._known if data in sent}
        if told:
            self._on_line.setdefault(way, set()).update(told)
        else:
            self._untold.setdefault(way, []).append(data)

    def greeted(self, gateway: GatewayNode, road: Road, outcome: HelloOutcome) -> str:
        """Take what came of a hello."""
        way = _way(gateway, road)
        if way not in self._unanswered:
            return "a challenge is answered that was not given, or was answered before"
        if outcome.result is HelloResult.FRESH and outcome.box is not None:
            self._on_line.setdefault(way, set()).add(outcome.box)
            del self._unanswered[way]
        return ""

    def said(self, gateway: GatewayNode, message: Message, road: Road) -> str:
        """Take what a gateway is about to say by a road."""
        match message.kind:
            case MessageKind.RECEIPT:
                return self._receipted(gateway, message.payload, road)
            case MessageKind.CHALLENGE:
                return self._challenged(message.payload, _way(gateway, road))
            case _:
                return ""

    def _challenged(self, challenge: bytes, way: _Way) -> str:
        known = challenge in self._challenges and self._unanswered.get(way) != challenge
        self._unanswered[way] = challenge
        self._challenges.add(challenge)
        return "a challenge is given twice" if known else ""

    def _receipted(self, gateway: GatewayNode, data: bytes, road: Road) -> str:
        receipt = Receipt.from_bytes(data)
        if not isinstance(receipt, Receipt):
            return "a receipt is said that is none"
        if not receipt.note.startswith(gateway.name.encode() + b"\n"):
            return "a receipt is said under the name of another log"
        entries = gateway.ledger.entries(receipt.index, receipt.index + 1)
        if not entries or entries[0].leaf != receipt.leaf:
            return f"leaf {receipt.index} is receipted and not committed"
        identity = decode_leaf(receipt.leaf).report
        report = next(filter(None, (signed.get(identity) for signed, _ in self._known)), None)
        if report is None:
            return ""
        if report.box in self._there(gateway, road):
            return ""
        return f"a receipt for box {report.box.hex()[-4:]} goes to another"

    def _there(self, gateway: GatewayNode, road: Road) -> Iterable[BoxId]:
        """Return the boxes that are known to be at the end of a road."""
        if road.box is not None:
            return (road.box,)
        way = _way(gateway, road)
        there = self._on_line.setdefault(way, set())
        # A box restored to an older memory sends what it signed as power failed, told to nobody.
        for data in self._untold.pop(way, ()):
            there |= _admitted_from(gateway, data)
        return there


def _admitted_from(gateway: GatewayNode, data: bytes) -> set[BoxId]:
    """Return whose report it is that a gateway has admitted with these bytes, if it is one."""
    message = parse_message(data)
    if message is None or message.kind is not MessageKind.REPORT:
        return set()
    try:
        envelope = cose.parse(message.payload)
    except cose.EnvelopeError:
        return set()
    row = gateway.ledger.report(ReportId(cose.statement_id(envelope.statement)))
    return set() if row is None else {decode_report(envelope.payload).box}


def _way(gateway: GatewayNode, road: Road) -> _Way:
    # A line is the process's, whichever of its elections is spoken of; a topic is one election's.
    name = gateway.process.name if road.box is None else gateway.name
    return name, gateway.life, road
