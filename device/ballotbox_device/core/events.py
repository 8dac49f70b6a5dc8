"""What can happen to a box. The host turns switches, sensors and people into these."""

from dataclasses import dataclass

from ballotbox_device.core.poll import Action
from ballotbox_device.core.scan import Scan
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.signals import Signal
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.report import OfficerSignature


@dataclass(frozen=True, slots=True)
class SheetInserted:
    """The scanner has taken a sheet in: what it measured, or what a reader made of that.

    confirmed: the voter insists although warned.
    """

    sheet: Sheet | Scan
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class VoterDecided:
    """The voter, warned about the sheet that is held, insists or wants it back."""

    insists: bool


@dataclass(frozen=True, slots=True)
class DropSensed:
    """The sensor saw the released sheet fall into the box."""


@dataclass(frozen=True, slots=True)
class DropFailed:
    """The released sheet did not fall and is on its way back to the voter."""


@dataclass(frozen=True, slots=True)
class DropUncertain:
    """The sensor cannot tell whether the released sheet fell."""


@dataclass(frozen=True, slots=True)
class DropJoined:
    """More than one sheet went past the sensor: one that nobody has read fell with it."""


@dataclass(frozen=True, slots=True)
class DropAnswered:
    """A person looked; `dropped`: the sheet is in the box."""

    dropped: bool


@dataclass(frozen=True, slots=True)
class Sensed:
    """A switch or a part of the box has changed."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class ContainerChanged:
    """The container of sheets was sealed and put away, and an empty one stands in its place."""


@dataclass(frozen=True, slots=True)
class Requested:
    """People ask for a step of the poll."""

    action: Action


@dataclass(frozen=True, slots=True)
class TurnoutDue:
    """It is time for an interim turnout report."""


@dataclass(frozen=True, slots=True)
class CorrectionRequested:
    """After a count by hand: the row of votes that shall stand in place of the final's."""

    votes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RotationRequested:
    """The box shall sign with `key` from now on; the host has stored it safely already."""

    key: PrivateKey


@dataclass(frozen=True, slots=True)
class Consented:
    """Officers' signatures over the payload of the last ConsentNeeded."""

    signatures: tuple[OfficerSignature, ...]


@dataclass(frozen=True, slots=True)
class ReprintRequested:
    """Someone wants report `sequence` on paper once more."""

    sequence: int


@dataclass(frozen=True, slots=True)
class ClearingRequested:
    """The election is over for this box: its reports and slots shall go."""


Event = (
    SheetInserted
    | VoterDecided
    | DropSensed
    | DropFailed
    | DropUncertain
    | DropJoined
    | DropAnswered
    | Sensed
    | ContainerChanged
    | Requested
    | TurnoutDue
    | CorrectionRequested
    | RotationRequested
    | Consented
    | ReprintRequested
    | ClearingRequested
)
