"""The poll as tables: which action leads from which state to which, and what it takes.

Everything that decides about a transition stands here; an absent cell is a refusal. The diagram in
device/POLL.md is generated from these tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire.report import ReportKind


class Action(IntEnum):
    """What people at the polling place can ask of the poll."""

    PRINT_ZERO = 1
    OPEN = 2
    PAUSE = 3
    RESUME = 4
    CLOSE = 5
    REOPEN = 6
    ADMIT_PORTABLE = 7
    END_PORTABLE = 8
    FINISH = 9
    SEAL = 10


@dataclass(frozen=True, slots=True)
class Transition:
    """Where an action leads, the report that tells it, and the role of two officers, if any."""

    target: PollState
    report: ReportKind | None = None
    officers: Role | None = None


TRANSITIONS: Final[Mapping[tuple[PollState, Action], Transition]] = MappingProxyType(
    {
        (PollState.SETUP, Action.PRINT_ZERO): Transition(PollState.ZERO, ReportKind.ZERO),
        (PollState.ZERO, Action.OPEN): Transition(PollState.OPEN, ReportKind.OPEN, Role.POLL),
        (PollState.OPEN, Action.PAUSE): Transition(PollState.PAUSED),
        (PollState.PAUSED, Action.RESUME): Transition(PollState.OPEN),
        (PollState.OPEN, Action.CLOSE): Transition(PollState.CLOSED, ReportKind.CLOSE, Role.POLL),
        (PollState.PAUSED, Action.CLOSE): Transition(PollState.CLOSED, ReportKind.CLOSE, Role.POLL),
        (PollState.CLOSED, Action.REOPEN): Transition(
            PollState.OPEN, ReportKind.OPEN, Role.ELEVATED
        ),
        (PollState.CLOSED, Action.ADMIT_PORTABLE): Transition(PollState.PORTABLE),
        (PollState.PORTABLE, Action.END_PORTABLE): Transition(PollState.CLOSED),
        (PollState.CLOSED, Action.FINISH): Transition(PollState.FINAL, ReportKind.FINAL),
        (PollState.FINAL, Action.SEAL): Transition(PollState.SEALED),
    }
)


class Intake(IntEnum):
    """Which sheets a state takes in."""

    NONE = 0
    VOTERS = 1
    PORTABLE = 2


#: A state that is not named takes in nothing.
INTAKE: Final[Mapping[PollState, Intake]] = MappingProxyType(
    {PollState.OPEN: Intake.VOTERS, PollState.PORTABLE: Intake.PORTABLE}
)

_COUNTING: Final = frozenset(
    {PollState.OPEN, PollState.PAUSED, PollState.CLOSED, PollState.PORTABLE}
)
_COUNTED: Final = frozenset({PollState.FINAL, PollState.SEALED})
#: The states in which a report that changes no state may be made; boot and incident in all.
REPORTABLE: Final[Mapping[ReportKind, frozenset[PollState]]] = MappingProxyType(
    {
        ReportKind.TURNOUT: _COUNTING,
        ReportKind.CORRECTION: _COUNTED,
        ReportKind.KEY_ROTATION: frozenset(PollState),
    }
)


#: The role of the two officers who sign such a report. A rotation takes no more than an opening,
#: because the key it names stands in the register already.
SIGNED_BY: Final[Mapping[ReportKind, Role]] = MappingProxyType(
    {ReportKind.CORRECTION: Role.ELEVATED, ReportKind.KEY_ROTATION: Role.POLL}
)


def allowed(state: PollState) -> tuple[Action, ...]:
    """Return the actions that lead on from `state`."""
    return tuple(action for action in Action if (state, action) in TRANSITIONS)
