"""What breaks each law: counters that cannot be, and votes."""

from ballotbox_protocol.wire.report import (
    ReportKind,
)
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway.causes import K, produces
from tests.gateway.scene import Scene

#: Per law about counters: after which report, in a report of which kind, which counters.
_COUNTERS: dict[Reason, tuple[ReportKind, ReportKind, dict[str, int]]] = {
    Reason.LAW_PRESENTED: (K.TURNOUT, K.TURNOUT, {"presented": 99}),
    Reason.LAW_BOX_COUNTER: (K.TURNOUT, K.TURNOUT, {"box": 9}),
    Reason.LAW_PENDING: (K.TURNOUT, K.TURNOUT, {"presented": 12, "pending": 2}),
    Reason.LAW_PORTABLE: (K.TURNOUT, K.TURNOUT, {"portable": 11}),
    Reason.LAW_BALLOTS: (K.TURNOUT, K.TURNOUT, {"ballots": 11}),
    Reason.LAW_LIFETIME: (K.TURNOUT, K.TURNOUT, {"lifetime": 111}),
    Reason.LAW_ZERO: (K.BOOT, K.ZERO, {"presented": 1, "returned": 1}),
    Reason.LAW_SETTLED: (K.CLOSE, K.FINAL, {"presented": 11, "pending": 1}),
    Reason.LAW_CLOSED: (
        K.CLOSE,
        K.INCIDENT,
        {"presented": 11, "accepted": 11, "box": 11, "ballots": 11, "lifetime": 111},
    ),
    Reason.LAW_MONOTONE: (K.TURNOUT, K.TURNOUT, {"ballots": 9}),
    Reason.LAW_FROZEN: (K.FINAL, K.INCIDENT, {"presented": 11, "returned": 1}),
    Reason.LAW_CORRECTION: (K.FINAL, K.CORRECTION, {"presented": 11, "returned": 1}),
}

#: Per law about votes: contest and (offset from its start, count) that break a lawful final.
#: Contest 0 is a party list of five options, the first four with five candidates each; contest 2
#: allows three votes. Every ballot marked the first option.
_VOTES: dict[Reason, tuple[int, tuple[tuple[int, int], ...]]] = {
    Reason.LAW_SLOTS: (0, ((4, 11),)),
    Reason.LAW_BLANK: (0, ((1, 1),)),
    Reason.LAW_OVERVOTES: (2, ((2, 19), (3, 1))),
    Reason.LAW_PREFERENCES: (0, ((9, 11),)),
    Reason.LAW_CARRIED: (1, ((0, 11), (4, 11))),
    Reason.LAW_COVERED: (0, ((0, 9), (4, 9))),
    Reason.LAW_OPTION: (2, ((2, 19), (4, 11))),
    Reason.LAW_MARKED: (2, ((2, 30), (4, 0))),
}


def _break_counters(reason: Reason) -> Reason:
    last, kind, changes = _COUNTERS[reason]
    scene = Scene().until(last)
    corrects = {"corrects": scene.box.last_id} if kind is K.CORRECTION else {}
    return scene.send(kind, counters=scene.counters(**changes), **corrects).reason


def _break_votes(reason: Reason) -> Reason:
    contest, edits = _VOTES[reason]
    scene = Scene().until(K.CLOSE)
    places = [(scene.place(contest, offset), count) for offset, count in edits]
    return scene.send(K.FINAL, votes=scene.votes(*places)).reason


for _reason in _COUNTERS:
    produces(_reason)(lambda reason=_reason: _break_counters(reason))
for _reason in _VOTES:
    produces(_reason)(lambda reason=_reason: _break_votes(reason))
