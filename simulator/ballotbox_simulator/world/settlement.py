"""The end of a day: the log is tabulated, and the auditor holds everything against the sheets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ballotbox_gateway.adapters.log_directory import LoggedEntry, log_files
from ballotbox_protocol.election.definition import Contest, Election
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.workload import Truth, truth_of
from ballotbox_simulator.world.auditor import Auditor, Breach
from ballotbox_simulator.world.box_node import BoxNode
from ballotbox_simulator.world.causes import SILENCING, unexplained
from ballotbox_simulator.world.copy_audit import copies_differ
from ballotbox_simulator.world.count_audit import decided
from ballotbox_simulator.world.counter_audit import untold
from ballotbox_simulator.world.decision_audit import rules_of, wrong_decisions
from ballotbox_simulator.world.faults import FaultClass, FaultKind, weakest
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.ledgers import SimulatedLedger
from ballotbox_simulator.world.places import PrecinctNodes
from ballotbox_simulator.world.reconciliation import reconcile
from ballotbox_simulator.world.register_audit import undone
from ballotbox_simulator.world.rulings import NAMABLE
from ballotbox_simulator.world.world import World
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Published, conclude
from ballotbox_tabulation.core.rules.decisions import decide
from ballotbox_tabulation.second_opinion import second_opinion

_PROGRAM: Final = "simulation"


@dataclass(slots=True)
class Balance:
    """Sheets of the boxes that no declared fault excuses: fed, tabulated, lost and doubled."""

    fed: int = 0
    tabulated: int = 0
    lost: int = 0
    doubled: int = 0

    def add(self, other: "Balance") -> None:
        """Add another day's."""
        self.fed += other.fed
        self.tabulated += other.tabulated
        self.lost += other.lost
        self.doubled += other.doubled


def settle(world: World) -> Balance:
    """Tabulate the centre's log and audit the whole day; findings go to the world's auditor."""
    balance = Balance()
    published = world.auditor.published = _publish(world)
    counted = {} if published is None else _counted(published)
    world.auditor.blows.unheard |= _unheard(world)
    for precinct in world.precincts:
        _audit_delivery(world, precinct)
        for box in precinct.boxes:
            _audit_box(world, precinct, box, counted, balance)
    for gateway in world.gateways:
        _audit_gateway(world, gateway)
    if published is not None:
        _audit_counts(world, published)
        _audit_decisions(world, published)
    reconcile(world, published)
    return balance


def _publish(world: World) -> Mapping[str, Any] | None:
    """Return the result of the centre's log, or None when none may be published."""
    ledger = world.centre.ledger
    if ledger.log_head().size == 0:
        # An empty log has no result, and no box can be named in it as missing.
        forgotten = world.auditor.was_rolled_back
        if any(
            p.gateway.ledger.log_head().size
            for p in world.precincts
            if not forgotten(p.gateway.name)
        ):
            words = "the log is empty, but those below are not"
            world.auditor.object_to(Breach.NOT_PUBLISHED, world.centre.name, words)
        return None
    result = publish_log(ledger, world.authority)
    if isinstance(result, str):
        world.auditor.object_to(Breach.NOT_PUBLISHED, world.centre.name, result)
        return None
    world.transcript.note("tabulation", "publishes", result["log"]["root"])
    return result


def publish_log(ledger: SimulatedLedger, authority: Authority) -> Mapping[str, Any] | str:
    """Export a log and tabulate it; returns the result, or in words why none may be published."""
    checkpoint = ledger.checkpoint_at(ledger.log_head().size)
    if checkpoint is None:
        return "the log has no checkpoint"
    entries = (
        LoggedEntry(each.leaf, each.report, each.ruling, each.note)
        for each in ledger.entries(0, checkpoint.size)
    )
    files = dict(log_files(checkpoint.note, entries))
    log = open_log(files.get, authority.trusted)
    if isinstance(log, Fault):
        return str(log)
    rules = rules_of(authority.trusted.election)
    second, decided_by = partial(second_opinion, rules=rules.file), partial(decide, rules=rules)
    concluded = conclude(log, read_leaves(log), authority.root, _PROGRAM, second, decided_by)
    if isinstance(concluded, Published):
        return concluded.result
    return "; ".join(str(each) for each in (*concluded.faults, *concluded.gates)[:3])


def _counted(result: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    return {box["box"]: box["counts"] for box in result["boxes"]["counted"]}


# Boxes


def _audit_box(
    world: World,
    precinct: PrecinctNodes,
    box: BoxNode,
    counted: Mapping[str, Sequence[Mapping[str, Any]]],
    balance: Balance,
) -> None:
    auditor = world.auditor
    leaves = auditor.blows.weakest_at(box.name, *_gateways_before(world, precinct))
    counts = counted.get(box.kit.identity.box.hex(), ())
    truth = truth_of(box.container, world.held.authority.trusted.election)
    told = sum(count["counters"]["accepted"] for count in counts)
    _audit_liveness(world, box)
    differ = copies_differ(box, auditor.blows.at.get(box.name, set()))
    # Of one that broke for good nobody is sent to look what lies in it.
    if box.mouth.unread and FaultKind.BOX_BROKEN not in auditor.blows.at.get(box.name, ()):
        words = f"{box.mouth.unread} sheets in the container were never read"
        auditor.object_to(Breach.LAW, box.name, words)
    for words in filter(None, (differ, _untold(auditor.elsewhere.get(box.name, auditor), box))):
        auditor.object_to(Breach.LAW, box.name, words)
    ruled = world.day.rulings and _only_voices(world, precinct, box)
    excused = leaves is FaultClass.UNDETECTABLE or (
        leaves is FaultClass.NAMED and not counts and not ruled
    )
    if excused:
        world.transcript.note(box.name, "is excused", f"{leaves.name} {truth.taken} {told}")
        return
    balance.fed += truth.taken
    balance.tabulated += told
    balance.lost += max(0, truth.taken - told)
    balance.doubled += max(0, told - truth.taken)
    if told < truth.taken:
        auditor.object_to(Breach.LOST, box.name, f"{truth.taken} sheets fell, {told} tabulated")
    elif told > truth.taken:
        auditor.object_to(Breach.DOUBLED, box.name, f"{truth.taken} sheets fell, {told} tabulated")
    elif not counts:
        auditor.object_to(Breach.NOT_NAMED, box.name, f"is not counted, {_why_not(box)}")
    for count in counts:
        for words in differences(truth, count, world.held.authority.trusted.election):
            auditor.object_to(Breach.WRONG_VOTES, box.name, words)


def _untold(auditor: Auditor, box: BoxNode) -> str:
    """Return what is wrong with what a running box said of full counters, or nothing."""
    if box.device is None or auditor.paper_may_differ(box):
        return ""
    ids = auditor.signed_by[box.name]
    return untold(box, (auditor.signed[each] for each in ids if each in auditor.signed))


def _gateways_before(world: World, precinct: PrecinctNodes) -> set[str]:
    """Return the gateways that a precinct's boxes may have reported to."""
    swapped = FaultKind.CABLES_SWAPPED in world.auditor.blows.struck
    before = world.precincts if swapped else [precinct]
    return {gateway.name for each in before for gateway in each.gateways}


def _only_voices(world: World, precinct: PrecinctNodes, box: BoxNode) -> bool:
    """Tell whether nothing worse struck a box than another voice, which officers can settle."""
    struck = world.auditor.blows.at
    nodes = {box.name, *_gateways_before(world, precinct)}
    kinds = frozenset().union(*(struck.get(node, set()) for node in nodes))
    return weakest(kinds - NAMABLE) < FaultClass.NAMED


def _why_not(box: BoxNode) -> str:
    return f"and its firmware says: {box.stopped or 'nothing'}"


def _unheard(world: World) -> set[str]:
    """Return the boxes that forgot what is in no log."""
    ledgers = [gateway.ledger for gateway in world.gateways]

    def is_heard(reports: Sequence[ReportId]) -> bool:
        return any(ledger.report(each) is not None for each in reports for ledger in ledgers)

    forgotten = world.auditor.blows.forgotten.items()
    return {box for box, times in forgotten if not all(map(is_heard, times))}


def _audit_liveness(world: World, box: BoxNode) -> None:
    struck = world.auditor.blows.at.get(box.name, set())
    excused = not box.stopped or struck & SILENCING.keys()
    if not (world.box_settled(box) and excused):
        device = box.device
        state = "off" if device is None else device.state.name
        words = f"is not settled in time: {state}, {box.stopped or 'running'}"
        world.auditor.object_to(Breach.LIVENESS, box.name, words)


def differences(truth: Truth, count: Mapping[str, Any], election: Election) -> list[str]:
    """Return where a box's published row differs from the sheets in it."""
    found = []
    counters = count["counters"]
    for name, value in (("portable", truth.portable), ("ballots", truth.first_sheets)):
        if counters[name] != value:
            found.append(f"{name} {counters[name]}, but {value} in the box")
    for index, contest in enumerate(election.contests):
        expected = _expected(truth, index, contest)
        told = count["contests"][index]
        found += [
            f"{contest.name}: {name} {told[name]}, but {value} in the box"
            for name, value in expected.items()
            if told[name] != value
        ]
    return found


def _expected(truth: Truth, index: int, contest: Contest) -> dict[str, Any]:
    """Law D1, from the sheets alone: what each line of a contest must say."""
    part = truth.contests.get(index)
    allowed = contest.votes_allowed
    if part is None:
        votes = [0] * len(contest.options)
        preferences = [[0] * option.preferences for option in contest.options]
        return {"ballots": 0, "blank": 0, "overvotes": 0, "undervotes": 0, "votes": votes,
                "preferences": preferences}  # fmt: skip
    votes = [part.marks[option] for option in range(len(contest.options))]
    overvotes = part.overvoted * allowed
    return {
        "ballots": part.ballots,
        "blank": part.blank,
        "overvotes": overvotes,
        "undervotes": part.ballots * allowed - sum(votes) - overvotes,
        "votes": votes,
        "preferences": [
            [part.preferences[place, candidate] for candidate in range(option.preferences)]
            for place, option in enumerate(contest.options)
        ],
    }


# Gateways


def _audit_delivery(world: World, precinct: PrecinctNodes) -> None:
    """What was made to forget cannot go on delivering; but then it must say why."""
    auditor, gateway, trouble = world.auditor, precinct.gateway, precinct.uplink.trouble
    excused = trouble and auditor.was_rolled_back(gateway.name)
    if not excused and not world.delivered(precinct):
        words = f"its log is not delivered in time: {trouble or 'no reason given'}"
        auditor.object_to(Breach.LIVENESS, gateway.name, words)
    if precinct.tellers is not None and not precinct.tellers.is_done:
        words = "what its people count by hand is not entered in time"
        auditor.object_to(Breach.LIVENESS, gateway.name, words)


def _audit_gateway(world: World, gateway: GatewayNode) -> None:
    auditor = world.auditor
    if not auditor.was_rolled_back(gateway.name):
        auditor.verify_receipts(gateway.name, list(gateway.ledger.leaves(0)))
    struck = frozenset(auditor.blows.struck)
    counts: Counter[Reason] = Counter()
    for (_, reason), count in gateway.ledger.counts().items():
        counts[reason] += count
    if auditor.by_hand.by_id:
        # `count_audit` holds each of these against what people did.
        counts -= decided(gateway)
    seen = {Reason.RATE} if gateway.name in auditor.floods.dry_at else set()
    for words in undone(world.ended, gateway):
        auditor.object_to(Breach.LAW, gateway.name, words)
    for words in auditor.floods.unbounded(gateway):
        auditor.object_to(Breach.LAW, gateway.name, words)
    for reason in unexplained(counts.keys() - seen, struck):
        words = f"{counts[reason]} times {reason.name}, which nothing that happened explains"
        auditor.object_to(Breach.UNEXPLAINED, gateway.name, words)
    refused = {reason.name: count for reason, count in sorted(counts.items())}
    world.transcript.note(gateway.name, "decided", refused)


def _audit_counts(world: World, result: Mapping[str, Any]) -> None:
    """Law G1: one final of each box that is counted."""
    for counts in _counted(result).values():
        if len(counts) != 1:
            words = f"{len(counts)} finals of one box"
            world.auditor.object_to(Breach.DOUBLED, "tabulation", words)


def _audit_decisions(world: World, result: Mapping[str, Any]) -> None:
    """Hold what the tabulation makes of the votes by rules against a count of the audit's own."""
    rules = rules_of(world.authority.trusted.election)
    for words in wrong_decisions(result, result["decisions"], rules):
        world.auditor.object_to(Breach.LAW, "tabulation", words)
