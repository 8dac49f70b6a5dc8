"""The people who name one of two rival counts by hand, the paper in hand, some time later.

They may name the wrong one and then the right one, at the station's gateway or at the centre, or
say different things at the two. What they cannot bring to a gateway they leave after a while.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ballotbox_gateway.core.intake import RulingResult
from ballotbox_protocol.election.identifiers import PrecinctId, ReportId
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.report import OfficerSignature
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.schedule import Schedule

_PAUSE_MS: Final = (MINUTE, 15 * MINUTE)
_TRY_AGAIN_MS: Final = 5 * MINUTE
#: So often people come back when a gateway is not there, or does not know of the dispute yet. Who
#: did so in vain brings what is left once.
_TRIES: Final = 12
#: With both of these bits in `detail` they go to the centre, where not only that sees both.
_AT_THE_CENTRE: Final = 3
#: With this bit what two gateways were told differently is left so.
_LEAVE_IT: Final = 4
_DONE: Final = frozenset({RulingResult.APPLIED, RulingResult.ALREADY})
_K = FaultKind


@dataclass(frozen=True, slots=True)
class NamingSheet:
    """A ruling that names a version, and what people know of it themselves.

    good: two officers signed it, of a version in dispute at their own station.
    """

    ruling: Ruling
    at_centre: bool = False
    good: bool = True


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two first versions of one count; above: only the centre has both."""

    right: HandCount
    wrong: HandCount
    above: bool


class Witness(Protocol):
    """Who writes down what people name."""

    def struck(self, kind: FaultKind, node: str) -> None:
        """People did this."""
        ...

    def naming_signed(self, sheet: NamingSheet) -> None:
        """People have signed a naming and are about to bring it to a gateway."""
        ...

    def named(self, gateway: GatewayNode, sheet: NamingSheet, result: RulingResult) -> None:
        """A gateway has answered a naming."""
        ...


@dataclass(frozen=True, slots=True)
class Desks:
    """Where people of one station go: to its gateway, or to the one above it."""

    name: str
    gateway: Callable[[bool], GatewayNode]


class Namers:
    """See the module."""

    def __init__(
        self,
        schedule: Schedule,
        desks: Desks,
        authority: Authority,
        chance: random.Random,
        witness: Witness,
    ) -> None:
        """`authority`: whose officers sign."""
        self._schedule = schedule
        self._desks = desks
        self._authority = authority
        self._chance = chance
        self._witness = witness
        self._planned: dict[FaultKind, int] = {}
        self._queue: list[NamingSheet] = []
        self._entered: list[NamingSheet] = []
        self._tries = 0
        self._begun = False

    @property
    def is_done(self) -> bool:
        """Tell whether everything is said, or left."""
        return not self._queue

    def plan(self, kind: FaultKind, detail: int) -> None:
        """Do something once there are rivals."""
        self._planned.setdefault(kind, detail)

    def begin(self, rivals: Sequence[Rivals]) -> None:
        """Settle what excludes each other, once."""
        if self._begun or not (rivals and self._planned):
            return
        self._begun = True
        for each in rivals:
            self._queue += _sheets(each, self._planned, self._authority)
        for kind in sorted(self._planned):
            self._witness.struck(kind, self._desks.name)
        for sheet in self._queue:
            self._witness.naming_signed(sheet)
        self._go_on()

    def look_again(self) -> None:
        """Say again what a gateway has forgotten."""
        idle = not self._queue
        self._queue[:0] = [each for each in self._entered if not self._is_there(each)]
        if idle:
            self._tries = 0
            self._go_on()

    def _is_there(self, sheet: NamingSheet) -> bool:
        ledger = self._desks.gateway(sheet.at_centre).ledger
        entries = ledger.entries(0, ledger.log_head().size)
        return any(entry.ruling == sheet.ruling.to_bytes() for entry in entries)

    def _go_on(self) -> None:
        if self._queue:
            self._schedule.after(self._chance.randrange(*_PAUSE_MS), self._bring)

    def _bring(self) -> None:
        sheet = self._queue[0]
        gateway = self._desks.gateway(sheet.at_centre)
        result = gateway.name_count(sheet.ruling.to_bytes())
        if result is not None:
            self._witness.named(gateway, sheet, result)
        self._tries += 1
        if sheet.good and result not in _DONE and self._tries < _TRIES:
            self._schedule.after(_TRY_AGAIN_MS, self._bring)
            return
        del self._queue[0]
        if result in _DONE:
            self._tries = 0
            if sheet not in self._entered:
                self._entered.append(sheet)
        self._go_on()


# What is signed


def _sheets(
    rivals: Rivals, planned: Mapping[FaultKind, int], authority: Authority
) -> Iterator[NamingSheet]:
    """Yield what people sign about two rivals, in the order in which they bring it."""

    def above(kind: FaultKind) -> bool:
        return rivals.above or _is_above(planned.get(kind, 0))

    wrong, right = (_naming(each, authority) for each in (rivals.wrong, rivals.right))
    if _K.COUNT_NAMED_FORGED in planned:
        yield from _forged(rivals, authority, planned[_K.COUNT_NAMED_FORGED])
    if _K.COUNT_NAMED_WRONG in planned:
        yield NamingSheet(wrong, above(_K.COUNT_NAMED_WRONG))
    if _K.COUNT_NAMED_APART in planned:
        # The centre is told first: it takes no second naming of its own that overrules nothing.
        yield NamingSheet(right, at_centre=True)
        yield NamingSheet(wrong, rivals.above)
        if planned[_K.COUNT_NAMED_APART] & _LEAVE_IT:
            return
    if _K.COUNT_NAMED_WRONG in planned or _K.COUNT_NAMED_APART in planned:
        right = _naming(rivals.right, authority, (wrong.id,))
        apart = _K.COUNT_NAMED_APART in planned
        yield NamingSheet(right, apart or above(_K.COUNT_NAMED))
    elif _K.COUNT_NAMED in planned:
        yield NamingSheet(right, above(_K.COUNT_NAMED))


def _naming(count: HandCount, authority: Authority, overrules: tuple[ReportId, ...] = ()) -> Ruling:
    bare = Ruling(authority.trusted.digest, RulingKind.NAME, count.id, overrules=overrules)
    return replace(bare, signatures=_consent(bare, authority))


def _consent(ruling: Ruling, authority: Authority) -> tuple[OfficerSignature, ...]:
    return authority.consent(ruling.payload(), MessageType.RULING)


def _forged(rivals: Rivals, authority: Authority, detail: int) -> Iterator[NamingSheet]:
    """Yield what no gateway may take: what one officer signed, and one thing more."""
    good = _naming(rivals.wrong, authority)
    one = good.signatures[:1]
    elsewhere = replace(rivals.wrong, precinct=PrecinctId(rivals.wrong.precinct + 1))
    forged = (
        replace(good, signatures=()),
        replace(good, signatures=one * 2),
        replace(good, signatures=_naming(rivals.right, authority).signatures),
        _naming(elsewhere, authority),
    )
    at_centre = rivals.above or _is_above(detail)
    for ruling in (replace(good, signatures=one), forged[detail // 4 % len(forged)]):
        yield NamingSheet(ruling, at_centre, good=False)


def _is_above(detail: int) -> bool:
    return detail & _AT_THE_CENTRE == _AT_THE_CENTRE
