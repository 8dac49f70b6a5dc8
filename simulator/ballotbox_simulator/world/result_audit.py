"""The published result, held against the log that it is made of and against itself."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.leaf import Leaf
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.world.log_reading import ReadLog

_NOT_COUNTED: Final = frozenset({"held", "quarantined", "missing", "unused"})


def states_of(result: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return in which lists of the result each box stands."""
    states: dict[str, list[str]] = {}
    for state, boxes in result["boxes"].items():
        for box in boxes:
            states.setdefault(box["box"], []).append(state)
    return states


def wrong_states(
    log: ReadLog, states: Mapping[str, list[str]], expected: Mapping[BoxId, Any]
) -> Iterator[tuple[BoxId, str]]:
    """Yield the boxes that the result lists otherwise than the log says, or not exactly once."""
    may = _states_by_log(log)
    for box in expected.keys() | may.keys():
        shown = states.get(box.hex(), [])
        if len(shown) != 1:
            yield box, f"is listed {len(shown)} times"
            continue
        wanted = may.get(box) or {"missing" if box in expected else "unused"}
        if shown[0] not in wanted:
            yield (
                box,
                f"is listed as {shown[0]}, but by the log it is {' or '.join(sorted(wanted))}",
            )


def _states_by_log(log: ReadLog) -> dict[BoxId, frozenset[str]]:
    """Return what each box of which the log has a dispute or a final may be listed as."""
    disputed: dict[BoxId, set[int]] = {}
    named: dict[BoxId, set[int]] = {}
    finals: dict[BoxId, list[Leaf]] = {}
    for identity, report in log.reports.items():
        leaf = log.newest(identity)
        if leaf.verdict is Verdict.EVIDENCE:
            disputed.setdefault(report.box, set()).add(report.sequence)
        if leaf.reason is Reason.NAMED:
            named.setdefault(report.box, set()).add(report.sequence)
        if report.kind is ReportKind.FINAL:
            finals.setdefault(report.box, []).append(leaf)
    return {
        box: _state(
            finals.get(box, []),
            disputed=bool(disputed.get(box, set()) - named.get(box, set())),
            named=box in named,
        )
        for box in disputed.keys() | finals.keys()
    }


def _state(finals: list[Leaf], *, disputed: bool, named: bool) -> frozenset[str]:
    if disputed:
        return frozenset({"disputed"})
    verdicts = {leaf.verdict for leaf in finals}
    if Verdict.ACCEPTED in verdicts:
        return frozenset({"counted"})
    if named or not finals:
        # A final that was built on a report that officers did not name shows nothing.
        return _NOT_COUNTED
    worst = "quarantined" if Verdict.QUARANTINED in verdicts else "held"
    return frozenset({worst})


def wrong_sums(result: Mapping[str, Any]) -> Iterator[str]:
    """Laws G4 and G6: yield the areas that are not the sum of the boxes that are counted there."""
    counted = result["boxes"]["counted"]
    for area in (result["nation"], *result["precincts"]):
        number = area.get("number")
        inside = [box for box in counted if number is None or box["precinct"] == number]
        name = "the nation" if number is None else f"precinct {number}"
        if area["boxes_counted"] != len(inside):
            yield f"G6: {name} counts {area['boxes_counted']} boxes, but {len(inside)} are listed"
        elif (area["contests"] is None) != (not inside):
            yield f"G6: {name} shows numbers although no box is counted, or none although one is"
        elif inside and _sums_of(inside) != _shown(area):
            yield f"G4: {name} is not the sum of its boxes"


def _sums_of(boxes: list[Mapping[str, Any]]) -> list[list[int]]:
    columns = [[contest["votes"] for contest in box["counts"][0]["contests"]] for box in boxes]
    accepted = sum(box["counts"][0]["counters"]["accepted"] for box in boxes)
    contests = [
        [sum(votes) for votes in zip(*rows, strict=True)] for rows in zip(*columns, strict=True)
    ]
    return [[accepted], *contests]


def _shown(area: Mapping[str, Any]) -> list[list[int]]:
    contests = [
        each["votes"] if "votes" in each else [option["votes"] for option in each["options"]]
        for each in area["contests"]
    ]
    return [[area["counters"]["accepted"]], *contests]
