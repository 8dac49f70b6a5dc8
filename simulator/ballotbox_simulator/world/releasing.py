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
from ballotbox_protocol.election.identifiers import ElectionDigest, InvalidField, ReportId
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.publication import Publication, Status
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.first_statement import first_statement
from ballotbox_simulator.world.ledgers import Killed
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
#: A statement as it is handed in, and what the gateway must say to it.
_Trial = tuple[Publication, Reason]


def release(world: World) -> None:
    """Have the day's result released at the centre; objections go to the auditor."""
    result, intake = world.auditor.published, world.centre.intake
    if result is None or intake is None:
        return
    for words in _status_faults(world, result):
        world.auditor.object_to(Breach.LAW, "tabulation", words)
    try:
        for trial in _trials(world, result):
            for words in _tried(world, trial):
                world.auditor.object_to(Breach.LAW, world.centre.name, words)
    except (LedgerFailure, Killed) as fault:
        world.centre.fail(fault)


def _trials(world: World, result: Mapping[str, Any]) -> Iterator[_Trial]:
    authority = world.held.authority

    def signed(plain: Publication, officers: int = 2) -> Publication:
        given = authority.consent(plain.payload(), MessageType.PUBLICATION, officers)
        return replace(plain, signatures=given)

    first = _first(world, result)
    below = world.precincts[0].gateway.name
    yield signed(first, 1), Reason.RELEASERS
    yield from _tampered(signed(first))
    yield signed(replace(first, origin=below)), Reason.OTHER_LOG
    yield signed(replace(first, version=2, previous=ReportId(_OTHER))), Reason.VERSION
    yield signed(replace(first, root=_OTHER)), Reason.CHECKPOINT
    yield signed(replace(first, size=first.size + 1)), Reason.CHECKPOINT
    yield signed(first), Reason.PUBLISHED
    yield signed(first), Reason.PUBLISHED
    yield signed(replace(first, result=_OTHER)), Reason.VERSION
    again = replace(first, version=2, previous=first.id, status=Status.CERTIFIED)
    second = replace(again, program=_OTHER, release=_RELEASE + 1)
    yield signed(replace(second, previous=ReportId(_OTHER))), Reason.VERSION
    yield signed(replace(second, release=_RELEASE)), Reason.VERSION
    yield signed(replace(second, release=_RELEASE - 1)), Reason.VERSION
    yield from _tampered(signed(second))
    yield signed(second), Reason.PUBLISHED
    third = replace(second, version=3, previous=second.id)
    yield signed(replace(third, status=Status.PRELIMINARY)), Reason.VERSION
    yield signed(replace(again, version=3, previous=second.id)), Reason.VERSION


def _tampered(given: Publication) -> Iterator[_Trial]:
    """Yield what becomes of a signed statement in the hands of others."""
    yield replace(given, result=_OTHER), Reason.RELEASERS
    one, other = given.signatures
    yield replace(given, signatures=(one, one)), Reason.RELEASERS
    exchanged = replace(other, signature=one.signature)
    yield replace(given, signatures=(one, exchanged)), Reason.RELEASERS
    yield replace(given, election=ElectionDigest(_OTHER)), Reason.OTHER_ELECTION


def _first(world: World, result: Mapping[str, Any]) -> Publication:
    log = result["log"]
    root = bytes.fromhex(log["root"])
    plain = first_statement(world.authority.trusted, log["origin"], log["size"], root)
    return replace(plain, result=sha256(canonical(dict(result))).digest(), release=_RELEASE)


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
    named = Published(json.loads(file)["result"], digest)
    try:
        draft_statement(named, world.authority.trusted, Means(_NONE, _NONE, _NONE), None)
    except InvalidField:
        return True
    return False


def _tried(world: World, trial: _Trial) -> Iterator[str]:
    """Hand in a statement, and yield what the gateway does that it must not."""
    given, expected = trial
    centre = world.centre
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
