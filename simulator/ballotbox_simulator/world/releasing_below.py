"""The end of a day: officers release the result of a precinct's log, and lose the right to at once.

Its gateway took the statement in while they had it; at the centre a newer register speaks against
it. That may not stop what comes after, and with the right register both stand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from ballotbox_gateway.core.intake import Intake
from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_gateway.core.upward import UpwardBatch, UpwardReply
from ballotbox_protocol.election.identifiers import PrecinctId, ReportId
from ballotbox_protocol.election.register import Officer
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.publication import Publication
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.first_statement import first_statement
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.ledgers import Killed
from ballotbox_simulator.world.world import World

#: Whatever a gateway may send had refilled by then.
_LATER_S: Final = 24 * 3_600
_LEAVES: Final = 512
#: One day in so many: two registers are made for it.
_DAYS: Final = 4
_SET_ASIDE: Final = (Verdict.QUARANTINED, Reason.RELEASERS)
_RELEASED: Final = (Verdict.ACCEPTED, Reason.PUBLISHED)


class _Ended(Exception):
    """The ledger of a gateway failed it, or its process was killed."""

    def __init__(self, gateway: GatewayNode, fault: LedgerFailure | Killed) -> None:
        super().__init__(gateway.name)
        self.gateway = gateway
        self.fault = fault


@contextmanager
def _at(gateway: GatewayNode) -> Iterator[None]:
    """Say of what a ledger does inside whose it is."""
    try:
        yield
    except (LedgerFailure, Killed) as fault:
        raise _Ended(gateway, fault) from fault


def release_below(world: World) -> None:
    """Have results of a precinct's log released, on some days; objections go to the auditor."""
    lower, centre = world.precincts[0].gateway, world.centre
    if world.day.seed % _DAYS != 1:
        return
    if lower.intake is None or centre.intake is None or not _is_above(lower, centre):
        return
    try:
        for words in _released(world, lower, lower.intake, centre.intake):
            world.auditor.object_to(Breach.LAW, centre.name, words)
    except _Ended as ended:
        ended.gateway.fail(ended.fault)


def _is_above(lower: GatewayNode, centre: GatewayNode) -> bool:
    """Tell whether the centre has all of a log: what was made to forget has another one."""
    taken = centre.ledger.lower_log(lower.name)
    last = lower.ledger.checkpoint_at(lower.ledger.log_head().size)
    return taken is not None and last is not None and taken.note == last.note


def _released(world: World, lower: GatewayNode, below: Intake, above: Intake) -> Iterator[str]:
    first = _so_far(world, lower)
    _take_rights(world, above, precinct=PrecinctId(world.precincts[0].number))
    yield from _carried(world, lower, below, first)
    yield from _stands(world.centre, first, _SET_ASIDE)
    _take_rights(world, above, precinct=None)
    second = replace(_so_far(world, lower), version=2, previous=first.id)
    yield from _carried(world, lower, below, second)
    for each in (first, second):
        yield from _stands(world.centre, each, _RELEASED)


def _so_far(world: World, lower: GatewayNode) -> Publication:
    head = lower.ledger.log_head()
    return first_statement(world.authority.trusted, lower.name, head.size, head.root)


def _take_rights(world: World, above: Intake, precinct: PrecinctId | None) -> None:
    """Give the centre a newer register, whose officers release in one precinct, or again in all."""
    newest = world.authority.trusted.register
    version = newest.version + 1 + (precinct is None)
    officers = tuple(_of(each, precinct) for each in newest.officers)
    register = replace(newest, version=version, officers=officers)
    with _at(world.centre):
        above.replace_register(with_register(world.authority, register).trusted)


def _of(officer: Officer, precinct: PrecinctId | None) -> Officer:
    return officer if precinct is None else replace(officer, precinct=precinct)


def _carried(world: World, lower: GatewayNode, below: Intake, plain: Publication) -> Iterator[str]:
    """Have a statement taken in by the gateway of its log, and carry that log up to its end."""
    centre = world.centre
    signatures = world.held.authority.consent(plain.payload(), MessageType.PUBLICATION)
    given = replace(plain, signatures=signatures)
    with _at(lower):
        outcome = below.publish(given.to_bytes(), lower.clock.unix())
    if outcome.reason is not Reason.PUBLISHED:
        yield f"{lower.name} refuses publication {given.version} of its log: {outcome.reason.name}"
    now = centre.clock.unix() + given.version * _LATER_S
    while (batch := _waiting(lower, below, centre.name)) is not None:
        with _at(centre):
            reply = None if centre.intake is None else centre.intake.admit_from_below(batch, now)
        if not isinstance(reply, UpwardReply):
            yield f"a publication stops the log of {lower.name}: {reply}"
            return
        with _at(lower):
            fault = below.upward_receipted(batch, reply, centre.name, lower.clock.unix())
        if fault is not None:
            yield f"{lower.name} does not believe the receipts of {centre.name}: {fault.problem}"
            return


def _waiting(lower: GatewayNode, below: Intake, upper: str) -> UpwardBatch | None:
    with _at(lower):
        return below.next_upward(upper, _LEAVES)


def _stands(
    centre: GatewayNode, given: Publication, expected: tuple[Verdict, Reason]
) -> Iterator[str]:
    """Yield what the newest leaf about a statement says, unless it is what is expected."""
    row = centre.ledger.report(ReportId(given.id))
    if row is None:
        yield f"publication {given.version} of {given.origin} has no leaf"
        return
    (entry,) = centre.ledger.entries(row.newest, row.newest + 1)
    leaf = decode_leaf(entry.leaf)
    if (leaf.verdict, leaf.reason) != expected:
        said, wanted = leaf.reason.name, expected[1].name
        yield f"publication {given.version} of {given.origin}: {said}, but it must be {wanted}"
