"""The end of a day: logs, levels, result and memories are held against each other.

Here stands what excuses a contradiction; the checks themselves know of no faults.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from ballotbox_simulator.world.auditor import Auditor, Breach
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.count_audit import (
    faults_of_counts,
    misshown,
    unlike_above,
    unseen_differences,
)
from ballotbox_simulator.world.count_naming_audit import unheard_above
from ballotbox_simulator.world.exposure_audit import never_convicted, wrongly_convicted
from ballotbox_simulator.world.faults import FaultKind
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.level_audit import (
    broken_upper_receipts,
    milder_above,
    missing_reports,
    taken_of,
    wrong_proofs,
)
from ballotbox_simulator.world.log_audit import faults_of, stale_rows
from ballotbox_simulator.world.log_reading import ReadLog, read_log
from ballotbox_simulator.world.places import PrecinctNodes
from ballotbox_simulator.world.replacement_audit import uncalled, unnamed, unsaid, unsaid_above
from ballotbox_simulator.world.result_audit import states_of, wrong_states, wrong_sums
from ballotbox_simulator.world.slot_audit import slots_in_order
from ballotbox_simulator.world.world import World

#: So many objections of one sort at one node; what follows would say the same.
_SAID_MAX: Final = 3

Logs = Mapping[str, ReadLog]


def reconcile(world: World, result: Mapping[str, Any] | None) -> None:
    """Object to whatever does not hold together."""
    logs = {gateway.name: read_log(gateway, world.auditor.signed) for gateway in world.gateways}
    for gateway in world.gateways:
        log = logs[gateway.name]
        _object(world.auditor, Breach.LAW, gateway.name, faults_of(log))
        _object(world.auditor, Breach.LAW, gateway.name, stale_rows(log, gateway))
        _hold_counts(world.auditor, log)
        _hold_convictions(world, gateway, log)
        closed = sum(len(precinct.closed) for precinct in world.precincts)
        _object(world.auditor, Breach.LAW, gateway.name, uncalled(log, closed))
    for precinct in world.precincts:
        _hold_levels(world, precinct, logs)
        _hold_closed(world, precinct, result)
        for box in precinct.boxes:
            _hold_arrival(world, box, logs)
            _hold_slots(world.auditor, box)
    if result is not None:
        _hold_result(world, logs[world.centre.name], result)


def _object(auditor: Auditor, breach: Breach, node: str, found: Iterable[str]) -> None:
    for words in islice(found, _SAID_MAX):
        auditor.object_to(breach, node, words)


def _hold_counts(auditor: Auditor, log: ReadLog) -> None:
    _object(auditor, Breach.LAW, log.origin, faults_of_counts(log, auditor.by_hand))
    _object(auditor, Breach.LOST, log.origin, auditor.by_hand.missing(log))
    if not auditor.was_rolled_back(log.origin):
        _object(auditor, Breach.LOST, log.origin, auditor.by_hand.namings.missing(log))


def _hold_convictions(world: World, gateway: GatewayNode, log: ReadLog) -> None:
    key = world.authority.trusted.register.gateway_keys[gateway.name]
    auditor = world.auditor
    notes = auditor.handed_over.to(gateway)
    found = [
        *wrongly_convicted(log, gateway, key),
        *never_convicted(log, gateway, key, notes),
    ]
    _object(auditor, Breach.LAW, gateway.name, found)


def _hold_levels(world: World, precinct: PrecinctNodes, logs: Logs) -> None:
    auditor, gateway, centre = world.auditor, precinct.gateway, world.centre
    log, above = logs[gateway.name], logs[centre.name]
    size, root = taken_of(centre.ledger, gateway.name) or (0, log.root(0))
    same = size <= log.size and log.root(size) == root
    if same:
        found = milder_above(log, above, size)
        _object(auditor, Breach.LAW, centre.name, found)
    key = world.authority.trusted.register.gateway_keys[gateway.name]
    forgot = auditor.was_rolled_back(gateway.name)
    found = wrong_proofs(precinct.uplink.refused, gateway.name, key, forgot=forgot)
    _object(auditor, Breach.LAW, centre.name, found)
    complete = same and size == log.size
    if complete:
        _object(auditor, Breach.LAW, centre.name, unlike_above(log, above, auditor.by_hand))
        _object(auditor, Breach.LOST, centre.name, unheard_above(log, above))
    # A gateway that was made to forget has another log than was taken in, and must know it.
    told = forgot and precinct.uplink.trouble
    if world.delivered(precinct) and not complete and not told:
        words = f"says that all {log.size} leaves are delivered, but {size} others are above"
        auditor.object_to(Breach.RECEIPT, gateway.name, words)
    # A centre that was put back may have receipted leaves that it then lost.
    if not auditor.was_rolled_back(centre.name):
        if not same and gateway.ledger.delivered(centre.name) >= size:
            words = f"has receipts for its first {size} leaves, but others are above"
            auditor.object_to(Breach.RECEIPT, gateway.name, words)
        found = broken_upper_receipts(gateway, log, above)
        _object(auditor, Breach.RECEIPT, gateway.name, found)


def _hold_closed(world: World, precinct: PrecinctNodes, result: Mapping[str, Any] | None) -> None:
    auditor, opened, centre = world.auditor, precinct.gateway, world.centre
    for closed in precinct.closed:
        _object(auditor, Breach.NOT_NAMED, opened.name, unsaid(closed, opened))
        if world.delivered(precinct):
            _object(auditor, Breach.NOT_NAMED, centre.name, unsaid_above(closed, opened, centre))
        if result is not None:
            _object(auditor, Breach.NOT_NAMED, "tabulation", unnamed(closed, opened, result))


def _hold_arrival(world: World, box: BoxNode, logs: Logs) -> None:
    auditor = world.auditor
    # What a box forgot it may have said to nobody; what a gateway forgot nobody may have heard of.
    forgot = FaultKind.BOX_RESTORED in auditor.blows.at.get(box.name, ()) or any(
        auditor.was_rolled_back(name) for name in logs
    )
    if box.device is None or forgot or not world.box_settled(box):
        return
    ledgers = [gateway.ledger for gateway in world.gateways]
    if box.kit.rules.trusted.digest != world.authority.trusted.digest:
        # Nobody asks a box of another election again for what was refused.
        ledgers += [gateway.ledger for nodes in world.precincts for gateway in nodes.gateways]
    found = missing_reports(auditor.signed_by[box.name], logs.values(), ledgers)
    _object(auditor, Breach.LOST, box.name, found)


def _hold_slots(auditor: Auditor, box: BoxNode) -> None:
    if slots_in_order(box.disk.slots.read(), box.kit.rules.slots.size):
        auditor.object_to(Breach.SECRECY, box.name, "sheets lie in the slots as they came")


def _hold_result(world: World, log: ReadLog, result: Mapping[str, Any]) -> None:
    auditor, expected = world.auditor, world.authority.trusted.register.expected
    wrong = wrong_states(log, states_of(result), expected)
    for box, words in islice(wrong, _SAID_MAX):
        auditor.object_to(Breach.NOT_NAMED, f"box {box.hex()}", words)
    _object(auditor, Breach.WRONG_VOTES, "tabulation", wrong_sums(result))
    _object(auditor, Breach.NOT_NAMED, "tabulation", misshown(result, log, auditor.by_hand))
    unseen = unseen_differences(result, log, auditor.by_hand)
    _object(auditor, Breach.NOT_NAMED, "tabulation", unseen)
