"""The end of a day: two officers release what was tabulated, after others tried what they may not.

What a gateway must say to each statement is known here from how the statement was made; its log is
read by the auditor's own arithmetic.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from ballotbox_gateway.core.ports import LedgerFailure
from ballotbox_protocol.election.identifiers import InvalidField, ReportId
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.publication import Publication, Status
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.log_reading import roots
from ballotbox_simulator.world.world import World
from ballotbox_tabulation.core.outcome import Published
from ballotbox_tabulation.core.publication import canonical, publish
from ballotbox_tabulation.core.statement import Means, draft_statement

_NONE: Final = bytes(32)
_OTHER: Final = bytes([1]) * 32
#: The release of rules and program that the day's officers gave first.
_RELEASE: Final = 2
#: Where a box stands that may still come to count.
_WAITING: Final = ("missing", "held", "quarantined", "disputed")
#: A statement, how many officers sign it, and what the gateway must say to it.
_Trial = tuple[Publication, int, Reason]


def release(world: World) -> None:
    """Have the day's result released at the centre; objections go to the auditor."""
    result, intake = world.auditor.published, world.centre.intake
    if result is None or intake is None:
        return
    authority = world.held.authority
    for words in _status_faults(world, result):
        world.auditor.object_to(Breach.LAW, "tabulation", words)
    try:
        for trial in _trials(world, result):
            for words in _tried(world, authority, trial):
                world.auditor.object_to(Breach.LAW, world.centre.name, words)
    except LedgerFailure as fault:
        world.centre.fail(fault)


def _trials(world: World, result: Mapping[str, Any]) -> Iterator[_Trial]:
    first = _statement(world, result)
    below = world.precincts[0].gateway.name
    yield first, 1, Reason.RELEASERS
    yield replace(first, origin=below), 2, Reason.OTHER_LOG
    yield replace(first, version=2, previous=ReportId(_OTHER)), 2, Reason.VERSION
    yield replace(first, root=_OTHER), 2, Reason.CHECKPOINT
    yield replace(first, size=first.size + 1), 2, Reason.CHECKPOINT
    yield first, 2, Reason.PUBLISHED
    yield first, 2, Reason.PUBLISHED
    yield replace(first, result=_OTHER), 2, Reason.VERSION
    again = replace(first, version=2, previous=first.id, status=Status.CERTIFIED)
    second = replace(again, program=_OTHER, release=_RELEASE + 1)
    yield replace(second, previous=ReportId(_OTHER)), 2, Reason.VERSION
    yield replace(second, release=_RELEASE), 2, Reason.VERSION
    yield replace(second, release=_RELEASE - 1), 2, Reason.VERSION
    yield second, 2, Reason.PUBLISHED
    third = replace(second, version=3, previous=second.id)
    yield replace(third, status=Status.PRELIMINARY), 2, Reason.VERSION
    yield replace(again, version=3, previous=second.id), 2, Reason.VERSION


def _statement(world: World, result: Mapping[str, Any]) -> Publication:
    trusted, log = world.authority.trusted, result["log"]
    return Publication(
        election=trusted.digest,
        mode=trusted.election.mode,
        status=Status.PRELIMINARY,
        version=1,
        previous=None,
        rules=_NONE,
        program=_NONE,
        configuration=_NONE,
        origin=log["origin"],
        size=log["size"],
        root=bytes.fromhex(log["root"]),
        result=sha256(canonical(dict(result))).digest(),
        release=_RELEASE,
    )


def _status_faults(world: World, result: Mapping[str, Any]) -> Iterator[str]:
    """Have the result called certified, and yield whether the tabulation lets what it must not."""
    counted = {box["box"] for box in result["boxes"]["counted"]}
    register = world.authority.trusted.register
    missing = [box.hex() for box in register.expected if box.hex() not in counted]
    waiting = [state for state in _WAITING if result["boxes"][state]]
    refused = _refuses_certified(world, result)
    if missing and not refused:
        yield f"may be called certified, though {len(missing)} boxes are not counted"
    elif counted and not missing and not waiting and refused:
        yield "may not be called certified, though every box is counted"


def _refuses_certified(world: World, result: Mapping[str, Any]) -> bool:
    digest, file = publish({**result, "status": Status.CERTIFIED.name.lower()})
    named = Published(json.loads(file)["result"], digest, file)
    try:
        draft_statement(named, world.authority.trusted, Means(_NONE, _NONE, _NONE), None)
    except InvalidField:
        return True
    return False


def _tried(world: World, authority: Authority, trial: _Trial) -> Iterator[str]:
    """Hand in a statement, and yield what the gateway does that it must not."""
    plain, officers, expected = trial
    centre = world.centre
    signatures = authority.consent(plain.payload(), MessageType.PUBLICATION, officers)
    given = replace(plain, signatures=signatures)
    known, before = centre.ledger.report(given.id), centre.ledger.log_head().size
    if centre.intake is None:
        return
    outcome = centre.intake.publish(given.to_bytes(), centre.clock.unix())
    more = centre.ledger.log_head().size - before
    what = f"publication version {given.version}, {given.status.name}"
    if outcome.reason is not expected:
        yield f"{what}: {outcome.reason.name}, but it must be {expected.name}"
    grown = expected is Reason.PUBLISHED and known is None
    if more != grown:
        yield f"{what}: {more} leaves, but {int(grown)} must come of it"
    elif grown:
        yield from _leaf_faults(list(centre.ledger.leaves(0)), given)


def _leaf_faults(leaves: list[bytes], given: Publication) -> Iterator[str]:
    leaf = decode_leaf(leaves[-1])
    stated = leaf.type, leaf.report, leaf.statement
    if stated != (LeafType.PUBLICATION, given.id, sha256(given.to_bytes()).digest()):
        yield f"the leaf of publication {given.version} does not commit to it"
    if roots(leaves[: given.size], {given.size})[given.size] != given.root:
        yield f"publication {given.version} is of another log than the one it stands in"
