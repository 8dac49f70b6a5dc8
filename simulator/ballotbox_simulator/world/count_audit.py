"""Counts by hand, held against what people did: each where it was receipted, none for more or less.

What a version must be follows from the versions that stand in one log and from the sheets that were
signed; neither the law's own language nor the product's placing is asked.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from ballotbox_gateway.core.intake import CountOutcome
from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.election.law.binding import Column
from ballotbox_protocol.election.law.law import Mark, Value
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf
from ballotbox_protocol.wire.receipt import Receipt
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world.count_naming_audit import SignedNamings, named_by, namings_in
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.hand_counting import Sheet
from ballotbox_simulator.world.log_reading import ReadLog
from ballotbox_tabulation.core.match_columns import align
from ballotbox_tabulation.core.matching import Match
from ballotbox_tabulation.core.station_count import Source, StationCount

#: Where a count belongs: precinct and contest.
Place = tuple[int, int]
_IN_ORDER: Final = frozenset({Reason.IN_ORDER, Reason.GAP_CLOSED})
_BY_NAME: Final = _IN_ORDER | {Reason.NAMED}
#: What waits is not told anew that it waits for something else.
_WAITS: Final = frozenset({Reason.GAP_BEFORE, Reason.BOX_DISPUTED})


@dataclass(slots=True)
class SignedCounts:
    """All that people signed and entered: `answered` where, by the name of the gateway."""

    by_id: dict[ReportId, list[Sheet]] = field(default_factory=dict)
    answered: dict[str, list[Sheet]] = field(default_factory=lambda: defaultdict(list))
    namings: SignedNamings = field(default_factory=SignedNamings)

    def sign(self, sheet: Sheet) -> None:
        """Take what was signed; the same numbers in other hands are one version."""
        self.by_id.setdefault(sheet.count.id, []).append(sheet)

    def answer(self, gateway: GatewayNode, sheet: Sheet, outcome: CountOutcome) -> Iterator[str]:
        """Take what was answered, and yield what is wrong with it."""
        if outcome.row is None:
            yield f"a count that officers signed is turned away: {outcome.reason.name}"
            return
        self.answered[gateway.name].append(sheet)
        receipt = Receipt.from_bytes(outcome.receipt)
        if not isinstance(receipt, Receipt):
            yield "a count is answered without a receipt"
            return
        if next(iter(gateway.ledger.leaves(receipt.index)), None) != receipt.leaf:
            yield f"a count is receipted as leaf {receipt.index}, which is not stored"
        leaf = decode_leaf(receipt.leaf)
        known = [sha256(each.data).digest() for each in self.by_id[sheet.count.id]]
        if (leaf.type, leaf.report) != (LeafType.HAND_COUNT, sheet.count.id):
            yield f"a count has a receipt for something else, leaf {receipt.index}"
        elif leaf.statement not in known:
            yield f"a count has a receipt for bytes that nobody signed, leaf {receipt.index}"

    def missing(self, log: ReadLog) -> Iterator[str]:
        """Yield what a gateway answered and its log has not, or not as two officers signed it."""
        for sheet in self.answered.get(log.origin, ()):
            there = [log.counts.get(at) for at in log.places.get(sheet.count.id, ())]
            signed = [each.data for each in self.by_id[sheet.count.id] if each.by_two]
            if not there:
                yield f"{_named(sheet.count)} was answered, and is not in the log"
            elif sheet.by_two and not set(there) & set(signed):
                yield f"{_named(sheet.count)} stands there without its second officer"

    def at_centre(self) -> set[Place]:
        """Return the places of which something was entered or named at the centre alone."""
        sheets = (sheet for same in self.by_id.values() for sheet in same)
        found = {_place(sheet.count) for sheet in sheets if sheet.at_centre}
        named = (each.ruling.report for each in self.namings.signed if each.at_centre and each.good)
        return found | {_place(self.by_id[own][0].count) for own in named}


def decided(gateway: GatewayNode) -> Counter[Reason]:
    """Return how many leaves about counts a gateway has for each reason."""
    leaves = map(decode_leaf, gateway.ledger.leaves(0))
    decided: Counter[Reason] = Counter()
    counts: set[ReportId] = set()
    for leaf in leaves:
        if leaf.type is LeafType.HAND_COUNT:
            counts.add(leaf.report)
        elif leaf.type is not LeafType.RULING or leaf.report not in counts:
            continue
        decided[leaf.reason] += 1
    return decided


# What each version is


@dataclass(frozen=True, slots=True)
class _Version:
    sheet: Sheet
    by_two: bool

    @property
    def count(self) -> HandCount:
        return self.sheet.count


_Versions = Mapping[ReportId, _Version]


def faults_of_counts(log: ReadLog, signed: SignedCounts) -> Iterator[str]:
    """Yield what a log says of counts that does not follow from what people did."""
    yield from signed.namings.faults(log)
    versions: dict[ReportId, _Version] = {}
    last: dict[ReportId, Leaf] = {}
    for index in sorted(log.counts.keys() | log.namings.keys()):
        if index in log.namings:
            # A naming has all judged anew, and would hide what was wrong before.
            yield from _misjudged(last, versions, named_by(namings_in(log, index)))
            continue
        data = log.counts[index]
        leaf = log.leaves[index]
        own = leaf.report
        same = [each for each in signed.by_id.get(own, ()) if each.data == data]
        if not same or leaf.statement != sha256(data).digest():
            yield f"leaf {index} is about a count that nobody signed like this"
            continue
        before = last.get(own)
        if before and (before.verdict, before.statement) == (leaf.verdict, leaf.statement):
            yield f"leaf {index} decides what was decided of {_named(same[0].count)}"
        by_two = same[0].by_two or (own in versions and versions[own].by_two)
        versions[own], last[own] = _Version(same[0], by_two), leaf
        named = named_by(namings_in(log, index))
        standing = _standing(own, versions, named)
        if leaf.verdict is Verdict.ACCEPTED and standing[0] is not leaf.verdict:
            yield f"leaf {index} accepts {_named(same[0].count)}"
    yield from _misjudged(last, versions, named_by(namings_in(log)))


def _misjudged(
    last: Mapping[ReportId, Leaf], versions: _Versions, named: Collection[ReportId]
) -> Iterator[str]:
    """Yield the versions of which the newest leaf says what does not follow."""
    for own, leaf in last.items():
        verdict, reasons = _standing(own, versions, named)
        if leaf.verdict is not verdict or leaf.reason not in reasons:
            must = f"{verdict.name} for {min(reasons).name}"
            told = f"{leaf.verdict.name} for {leaf.reason.name}"
            yield f"{_named(versions[own].count)} is {told}, and by what people did {must}"


def _standing(
    own: ReportId, versions: _Versions, named: Collection[ReportId]
) -> tuple[Verdict, frozenset[Reason]]:
    """Return what a version must be among those that there are, and those that are named."""
    each = versions[own]
    fault = _fault(each)
    if fault is not None:
        return Verdict.QUARANTINED, frozenset({fault})
    if _has_rival(each.count, versions, named):
        return Verdict.EVIDENCE, frozenset({Reason.SAME_SEQUENCE})
    before = each.count.corrects
    while before is not None:
        earlier = versions.get(before)
        if earlier is None or not earlier.by_two:
            return Verdict.HELD, _WAITS
        if _has_rival(earlier.count, versions, named):
            return Verdict.HELD, _WAITS
        before = earlier.count.corrects
    return Verdict.ACCEPTED, _BY_NAME if own in named else _IN_ORDER


def _fault(version: _Version) -> Reason | None:
    if not version.by_two:
        return Reason.OFFICERS
    if not version.sheet.law_known:
        return Reason.LAW_UNKNOWN
    return Reason.RELATION if _is_contradictory(version.sheet) else None


def _is_contradictory(sheet: Sheet) -> bool:
    """Tell whether numbers that are there cannot all be true, by the law in these words."""
    ballots, invalid, unused = (value for _, value in sheet.count.lines)
    ((_, votes),) = sheet.count.options
    pair = _numbers(ballots, invalid)
    if pair is not None and pair[1] > pair[0]:
        return True
    numbers = _numbers(ballots, invalid, unused, *votes)
    if numbers is None:
        return False
    valid = sheet.found.allowed * (numbers[0] - numbers[1])
    return valid != sum(numbers[2:])


def _numbers(*values: Value) -> list[int] | None:
    """Return values as numbers, None when a word stands for one of them."""
    found = [value for value in values if not isinstance(value, Mark)]
    return found if len(found) == len(values) else None


def _has_rival(count: HandCount, versions: _Versions, named: Collection[ReportId]) -> bool:
    """Tell whether another version may stand in its place, and not this one alone is named."""
    rivals = [
        each.count.id
        for each in versions.values()
        if each.by_two
        and _place(each.count) == _place(count)
        and each.count.corrects == count.corrects
    ]
    return len(rivals) > 1 and [own for own in rivals if own in named] != [count.id]


def _place(count: HandCount) -> Place:
    return count.precinct, count.contest


def _named(count: HandCount) -> str:
    return f"version {count.version} of precinct {count.precinct}, contest {count.contest}"


# What is in force


def in_force(log: ReadLog, signed: SignedCounts) -> dict[Place, ReportId]:
    """Return the newest accepted version of each place, none where any evidence is not settled."""
    found: dict[Place, ReportId] = {}
    disputed: set[Place] = set()
    there = {own: signed.by_id[own][0].count for own in log.counted & signed.by_id.keys()}
    lost = _lost(there, named_by(namings_in(log)))
    for own, count in there.items():
        verdict = log.newest(own).verdict
        if verdict is Verdict.EVIDENCE:
            disputed |= set() if own in lost else {_place(count)}
        elif verdict is Verdict.ACCEPTED:
            rival = found.get(_place(count))
            if rival is None or signed.by_id[rival][0].count.version < count.version:
                found[_place(count)] = own
    return {place: own for place, own in found.items() if place not in disputed}


def _lost(there: Mapping[ReportId, HandCount], named: AbstractSet[ReportId]) -> set[ReportId]:
    """Return the versions of which a rival, and only that, is named, and those that follow one."""
    lost = {
        own
        for own, count in there.items()
        for rivals in [[each for each in named & there.keys() if _excludes(there[each], count)]]
        if len(rivals) == 1 and own not in rivals
    }
    for _ in there:
        lost |= {own for own, count in there.items() if count.corrects in lost}
    return lost


def _excludes(one: HandCount, other: HandCount) -> bool:
    return (_place(one), one.corrects) == (_place(other), other.corrects)


def unlike_above(lower: ReadLog, upper: ReadLog, signed: SignedCounts) -> Iterator[str]:
    """Yield the places of a log that went upward of which another version is in force there."""
    here, there = in_force(lower, signed), in_force(upper, signed)
    places = {_place(signed.by_id[own][0].count) for own in lower.counted & signed.by_id.keys()}
    for place in sorted(places - signed.at_centre()):
        if here.get(place) != there.get(place):
            yield f"precinct {place[0]}, contest {place[1]}: another count is in force above"


# What is published


def misshown(result: Mapping[str, Any], log: ReadLog, signed: SignedCounts) -> Iterator[str]:
    """Yield where a published result lists counts otherwise than people signed them."""
    force = set(in_force(log, signed).values())
    shown = {each["id"]: each for area in result["precincts"] for each in _listed(area)}
    for own in log.counted & signed.by_id.keys():
        count, leaf = signed.by_id[own][0].count, log.newest(own)
        each = shown.pop(own.hex(), None)
        if each is None:
            yield f"{_named(count)} is not listed"
            continue
        told = each["verdict"], each["reason_code"], each["in_force"], each["leaves"]
        if told != (leaf.verdict.name.lower(), leaf.reason, own in force, log.places[own]):
            yield f"{_named(count)} is listed as {each['verdict']}, {each['reason']}"
        if [*each["lines"].values(), *each["options"].get("votes", ())] != _words(count.values):
            yield f"{_named(count)} is listed with other numbers than were signed"
    if shown:
        yield f"{len(shown)} counts are listed that nobody signed"


def _listed(area: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    listed: Sequence[Mapping[str, Any]] = area.get("counted_by_hand", ())
    return listed


def _words(values: Sequence[Value]) -> list[int | str]:
    return [value.value if isinstance(value, Mark) else value for value in values]


def unseen_differences(
    result: Mapping[str, Any], log: ReadLog, signed: SignedCounts
) -> Iterator[str]:
    """Yield the counts in force that do not differ from their boxes just where people erred.

    Both stand in the result, side by side: no sum of the count can show two options swapped. What
    is asked is whether the match of sources names them.
    """
    for area in result["precincts"]:
        for each in _listed(area):
            own = ReportId(bytes.fromhex(each["id"]))
            if not each["in_force"] or own not in log.counted & signed.by_id.keys():
                continue
            sheet = signed.by_id[own][0]
            boxes = _votes_of_boxes(area, sheet.count.contest)
            # With a box missing, or with a sheet that a person spoke falsely of, more differs.
            if boxes != list(sheet.found.votes):
                continue
            seen = _matched(boxes, list(map(_value, each["options"]["votes"])))
            written = sheet.count.options[0][1]
            if seen != [at for at, votes in enumerate(written) if votes != sheet.found.votes[at]]:
                yield f"{_named(sheet.count)} differs from its boxes in options {seen}"


def _matched(boxes: Sequence[Value], by_hand: Sequence[Value]) -> list[int]:
    """Return the options in which the tabulation's own match sees the two differ."""
    columns = tuple(Column("votes", str(option)) for option in range(len(boxes)))
    match = Match(align({Source.BOX: columns, Source.HAND: columns}))
    for source, values in ((Source.BOX, boxes), (Source.HAND, by_hand)):
        match.add(StationCount("station", source, values))
    compared = match.columns.compared
    return [
        int(compared[each.column].column.option) for each in match.compare("station").differences
    ]


def _votes_of_boxes(area: Mapping[str, Any], contest: int) -> list[int] | None:
    if area["contests"] is None:
        return None
    shown = area["contests"][contest]
    return shown["votes"] if "votes" in shown else [each["votes"] for each in shown["options"]]


def _value(shown: int | str) -> Value:
    return Mark(shown) if isinstance(shown, str) else shown
