"""What a flood may cost: room up to its sender's quota, and nobody else's turn.

A sender runs dry where a flood was laid in its name and so much of it is stored, and nowhere else.
What a gateway takes in meanwhile of honest boxes is decided at once. Samples of what nobody vouches
for stay few.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from ballotbox_gateway.core.correspondence import Letter
from ballotbox_gateway.core.ports import Entry
from ballotbox_gateway.core.quota import Allowance
from ballotbox_protocol.election.identifiers import BoxId, ReportId
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.gateway_node import ASIDE_MAY, BOX_MAY, GatewayNode

#: A gateway that has not got the newer register cannot decide what rests on it.
BEHIND: Final = frozenset({FaultKind.REGISTER_RENEWED, FaultKind.KEY_ROTATED})
#: Written down here apart from the product: the room that a row takes beside its bytes, the samples
#: of one road in a minute.
_ROW: Final = 1_024
_SAMPLES: Final = 16
_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600
#: A bucket that was looked at often has lost a byte each time.
_SLACK: Final = 1_024
_SAID_MAX: Final = 3


class FloodAudit:
    """Knows honest reports by their bytes as `sent`; each method returns objections in words."""

    def __init__(self, sent: Mapping[bytes, BoxId]) -> None:
        #: The gateways before which a flood was laid.
        self.laid_at: set[str] = set()
        #: The boxes in whose name one was laid.
        self.in_name_of: set[BoxId] = set()
        #: The gateways at which a sender ran dry that had cause to.
        self.dry_at: set[str] = set()
        self._sent = sent
        self._opened: set[str] = set()
        #: Who ran dry with cause, and where: a box that is heard anew says its whole day at once.
        self._dry: set[tuple[str, bytes]] = set()

    def laid(self, gateway: GatewayNode, box: BoxId | None = None) -> None:
        """Note a flood before a gateway, by somebody who has this box's key."""
        self.laid_at.add(gateway.name)
        if box is not None:
            self.in_name_of.add(box)

    def opened(self, gateway: GatewayNode) -> None:
        """Note a log in a closed one's place, to which boxes send a whole day at once."""
        self._opened.add(gateway.name)

    def ran_dry(
        self, gateway: GatewayNode, who: bytes, allowance: Allowance, *, talkative: bool
    ) -> str:
        """Take that nothing new of a sender is taken any more.

        talkative: the box itself may have so much to say.
        """
        if allowance is ASIDE_MAY:
            return f"{who.decode()} may bring no more statements, and nobody planted any"
        if allowance is not BOX_MAY:
            stored = _size(gateway.ledger.entries(0, gateway.ledger.log_head().size))
        elif not (talkative or who in self.in_name_of or gateway.name in self._opened):
            return f"box {who.hex()[-4:]} is over its quota, and nobody flooded in its name"
        else:
            stored = _used(gateway, BoxId(who))
        # What is kept as a refusal was charged as well, at a time that nobody noted.
        stored += sum(
            _ROW + len(each.data) + len(each.answer) for each in gateway.ledger.refusals()
        )
        if stored < allowance.burst - _SLACK:
            return f"{who.hex()[-4:]} is over its quota with {stored} of {allowance.burst} bytes"
        self.dry_at.add(gateway.name)
        self._dry.add((gateway.name, bytes(who)))
        return ""

    def undecided(self, gateway: GatewayNode, letters: Sequence[Letter]) -> Iterator[str]:
        """Yield the honest reports that were settled with the road and are not stored."""
        if gateway.name not in self.laid_at:
            return
        for letter in letters:
            box, road = self._sent.get(letter.data), letter.route.road
            honest = box is not None and box not in self.in_name_of
            if not honest or road.box not in (None, box) or (gateway.name, box) in self._dry:
                continue
            identity = ReportId(cose.statement_id(cose.parse(letter.data[1:]).statement))
            if gateway.ledger.report(identity) is None and not gateway.ledger.refusal(identity):
                yield f"a report of an honest box is turned away: {identity.hex()[:16]}"

    def unbounded(self, gateway: GatewayNode) -> Iterator[str]:
        """Yield the minutes of which more samples were kept than one road may leave."""
        kept = Counter((each.road, each.time // _MINUTE_S) for each in gateway.ledger.unauthentic())
        lives = max(1, gateway.life)
        over = (road for (road, _), count in kept.items() if count > _SAMPLES * lives)
        yield from (f"keeps too many samples of {road}" for road in islice(over, _SAID_MAX))


def _size(entries: Sequence[Entry]) -> int:
    parts = (part for entry in entries for part in (entry.leaf, entry.report, entry.ruling))
    # Each delivery brought a checkpoint, and took room for itself.
    notes = {entry.note for entry in entries if entry.note is not None}
    rows = len(entries) + len(notes)
    return _ROW * rows + sum(map(len, filter(None, (*parts, *notes))))


def _used(gateway: GatewayNode, box: BoxId) -> int:
    """Return what a bucket that was never emptied by a restart lacks now, from the log alone."""
    rows = sorted(gateway.ledger.reports_of(box, 0, None), key=lambda row: row.first)
    used, since = 0, 0
    for row in rows:
        (entry,) = gateway.ledger.entries(row.first, row.first + 1)
        at = decode_leaf(entry.leaf).time
        used, since = _refilled(used, since, at) + len(row.data) + _ROW, at
    return _refilled(used, since, gateway.clock.unix())


def _refilled(used: int, since: int, now: int) -> int:
    gained = max(0, now - since) * BOX_MAY.per_hour // _HOUR_S
    return max(0, used - gained)
