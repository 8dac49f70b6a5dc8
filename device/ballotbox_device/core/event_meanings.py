"""What each record of the journal is called in an event log, and how it is explained: tables.

A new record type, incident, report kind or poll state needs one entry here; the tests miss it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ballotbox_device.core.delivery import REFUSED
from ballotbox_device.core.records import Receipted, Record, RecordType
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.report import IncidentCode, Report, ReportKind
from ballotbox_protocol.wire.verdict import Verdict


class EventType(StrEnum):
    """What an event is about."""

    MEMORY = "memory"
    POLL = "poll"
    SHEET = "sheet"
    REPORT = "report"
    INCIDENT = "incident"
    DELIVERY = "delivery"


#: Explains each type in the documentation.
TYPES: Final[Mapping[EventType, str]] = MappingProxyType(
    {
        EventType.MEMORY: "The memory of the box: an election begins in it or is cleared from it",
        EventType.POLL: "The poll went into another state",
        EventType.SHEET: "A sheet of paper; not its choices, style, or why it went back",
        EventType.REPORT: "The box signed a report, or printed a copy of one",
        EventType.INCIDENT: "Something went wrong, and the box signed a report that says so",
        EventType.DELIVERY: "A log answered for a report, or asked for reports again",
    }
)


class Disposition(StrEnum):
    """How it went, in the words of NIST SP 1500-101."""

    SUCCESS = "success"
    FAILURE = "failure"
    NOT_APPLICABLE = "na"


class Severity(StrEnum):
    """How much attention an event wants."""

    INFORMATION = "information"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The id of an event, what it is about, and the sentence that explains it."""

    id: str
    type: EventType
    description: str
    disposition: Disposition = Disposition.SUCCESS
    severity: Severity = Severity.INFORMATION


def _failed(name: str, kind: EventType, description: str, *, error: bool = False) -> Meaning:
    severity = Severity.ERROR if error else Severity.WARNING
    return Meaning(name, kind, description, Disposition.FAILURE, severity)


def _noted(name: str, kind: EventType, description: str) -> Meaning:
    return Meaning(name, kind, description, Disposition.NOT_APPLICABLE, Severity.WARNING)


_ACCEPTED: Final = Meaning(
    "sheet-accepted", EventType.SHEET, "The sheet fell into the box and is counted"
)
_NOT_DROPPED: Final = _failed(
    "sheet-not-dropped", EventType.SHEET, "The sheet did not fall and went back"
)

OF_STATE: Final[Mapping[int, Meaning]] = MappingProxyType(
    {
        PollState.SETUP: Meaning("poll-setup", EventType.POLL, "The poll is being set up"),
        PollState.ZERO: Meaning("poll-zero", EventType.POLL, "All counters were reported zero"),
        PollState.OPEN: Meaning("poll-open", EventType.POLL, "The poll is open"),
        PollState.PAUSED: Meaning("poll-paused", EventType.POLL, "The poll is paused"),
        PollState.CLOSED: Meaning("poll-closed", EventType.POLL, "The poll is closed"),
        PollState.PORTABLE: Meaning(
            "poll-portable", EventType.POLL, "Sheets from portable boxes are fed"
        ),
        PollState.FINAL: Meaning("poll-final", EventType.POLL, "The votes are counted and frozen"),
        PollState.SEALED: Meaning("poll-sealed", EventType.POLL, "The poll is over"),
    }
)

#: All kinds but INCIDENT, whose code decides.
OF_REPORT: Final[Mapping[int, Meaning]] = MappingProxyType(
    {
        ReportKind.BOOT: Meaning("report-boot", EventType.REPORT, "The box started"),
        ReportKind.ZERO: Meaning("report-zero", EventType.REPORT, "Zero report"),
        ReportKind.OPEN: Meaning(
            "report-open", EventType.REPORT, "Two officers opened or reopened the poll"
        ),
        ReportKind.TURNOUT: Meaning("report-turnout", EventType.REPORT, "Interim turnout"),
        ReportKind.CLOSE: Meaning("report-close", EventType.REPORT, "Two officers closed the poll"),
        ReportKind.FINAL: Meaning("report-final", EventType.REPORT, "The final, with the votes"),
        ReportKind.KEY_ROTATION: Meaning(
            "report-key-rotation", EventType.REPORT, "Two officers had the box change its key"
        ),
        ReportKind.CORRECTION: _noted(
            "report-correction", EventType.REPORT, "Two officers corrected the votes of the final"
        ),
    }
)

OF_INCIDENT: Final[Mapping[IncidentCode, Meaning]] = MappingProxyType(
    {
        IncidentCode.DROP_UNCERTAIN: _failed(
            "incident-drop-uncertain", EventType.INCIDENT, "It is uncertain whether a sheet fell"
        ),
        IncidentCode.DROP_SETTLED: _noted(
            "incident-drop-settled", EventType.INCIDENT, "A person said whether the sheet fell"
        ),
        IncidentCode.SHEET_JAMMED: _failed(
            "incident-sheet-jammed", EventType.INCIDENT, "A sheet did not fall and was given back"
        ),
        IncidentCode.OPENING_REFUSED: _failed(
            "incident-opening-refused",
            EventType.INCIDENT,
            "The zero report was refused: a counter was not zero",
            error=True,
        ),
        IncidentCode.MEMORY_REPAIRED: _noted(
            "incident-memory-repaired", EventType.INCIDENT, "A power cut was repaired at boot"
        ),
        IncidentCode.SHEETS_RETURNED: _noted(
            "incident-sheets-returned", EventType.INCIDENT, "Sheets were given back together"
        ),
        IncidentCode.COVER_OPENED: _failed(
            "incident-cover-opened", EventType.INCIDENT, "The cover was opened"
        ),
        IncidentCode.SEAL_BROKEN: _failed(
            "incident-seal-broken", EventType.INCIDENT, "A seal was broken", error=True
        ),
        IncidentCode.MAINS_LOST: _noted(
            "incident-mains-lost", EventType.INCIDENT, "The box went over to its battery"
        ),
        IncidentCode.BATTERY_LOW: _failed(
            "incident-battery-low", EventType.INCIDENT, "The battery is nearly empty"
        ),
        IncidentCode.PRINTER_FAILED: _failed(
            "incident-printer-failed", EventType.INCIDENT, "The printer has no paper, or it jammed"
        ),
        IncidentCode.SCANNER_DIRTY: _failed(
            "incident-scanner-dirty", EventType.INCIDENT, "The scanner must be cleaned"
        ),
        IncidentCode.CONTAINER_NEARLY_FULL: _noted(
            "incident-container-nearly-full", EventType.INCIDENT, "The container is nearly full"
        ),
        IncidentCode.CONTAINER_FULL: _failed(
            "incident-container-full", EventType.INCIDENT, "The container is full"
        ),
        IncidentCode.CONTAINER_CHANGED: _noted(
            "incident-container-changed", EventType.INCIDENT, "The container was changed"
        ),
        IncidentCode.CLOCK_STEPPED: _noted(
            "incident-clock-stepped", EventType.INCIDENT, "The clock was set"
        ),
        IncidentCode.SHEETS_JOINED: _failed(
            "incident-sheets-joined", EventType.INCIDENT, "More than one sheet fell at once"
        ),
        IncidentCode.COUNTERS_FULL: _failed(
            "incident-counters-full", EventType.INCIDENT, "The counters of the box are full"
        ),
    }
)

_OF_RECEIPT: Final[Mapping[int, Meaning]] = MappingProxyType(
    {
        Verdict.ACCEPTED: Meaning(
            "receipt-accepted", EventType.DELIVERY, "A log has accepted a report"
        ),
        Verdict.HELD: _noted("receipt-held", EventType.DELIVERY, "A log holds a report for later"),
        Verdict.QUARANTINED: _noted(
            "receipt-quarantined",
            EventType.DELIVERY,
            "A log keeps a report apart until people rule",
        ),
        Verdict.EVIDENCE: _noted(
            "receipt-evidence", EventType.DELIVERY, "A log keeps a report as evidence, uncounted"
        ),
        REFUSED: _failed(
            "receipt-refused", EventType.DELIVERY, "A log has refused a report", error=True
        ),
    }
)

_OF_ANSWER: Final[Mapping[int, Meaning]] = MappingProxyType({0: _NOT_DROPPED, 1: _ACCEPTED})

#: Every record type: one meaning, or one for each value of the byte that decides.
OF_RECORD: Final[Mapping[RecordType, Meaning | Mapping[int, Meaning]]] = MappingProxyType(
    {
        RecordType.GENESIS: Meaning(
            "election-begun", EventType.MEMORY, "An election begins in this memory"
        ),
        RecordType.PREPARED: Meaning(
            "memory-prepared", EventType.MEMORY, "The place for the sheets is allocated and empty"
        ),
        RecordType.STATE: OF_STATE,
        RecordType.FED: Meaning("sheet-taken-in", EventType.SHEET, "A sheet was taken in"),
        RecordType.DOUBT: _noted(
            "sheet-in-doubt", EventType.SHEET, "A person was asked whether the sheet fell"
        ),
        RecordType.CONTAINER: Meaning(
            "container-changed", EventType.SHEET, "An empty container was put in place"
        ),
        RecordType.RETURNED: Meaning("sheet-returned", EventType.SHEET, "A sheet went back"),
        RecordType.RELEASE: Meaning(
            "sheet-released", EventType.SHEET, "A sheet is about to be let fall"
        ),
        RecordType.DROPPED: _ACCEPTED,
        RecordType.VOID: _NOT_DROPPED,
        RecordType.ANSWER: _OF_ANSWER,
        RecordType.REPORT: OF_REPORT,
        RecordType.RECEIPTED: _OF_RECEIPT,
        RecordType.HELD: Meaning(
            "checkpoint-verified", EventType.DELIVERY, "The newest checkpoint of a log was verified"
        ),
        RecordType.RESEND: _noted(
            "sent-again", EventType.DELIVERY, "A log asked for a report and all later ones again"
        ),
        RecordType.REPRINT: Meaning(
            "report-reprinted", EventType.REPORT, "A copy of a report was printed"
        ),
        RecordType.CLEARED: Meaning(
            "election-cleared",
            EventType.MEMORY,
            "Two officers cleared the election from this memory",
        ),
    }
)


def meaning_of(record: Record, report: Report | None) -> Meaning:
    """Return what a record tells; `report` is the one that a REPORT record holds."""
    if report is not None and report.incident is not None:
        return OF_INCIDENT[report.incident.code]
    entry = OF_RECORD[record.type]
    if isinstance(entry, Meaning):
        return entry
    if record.type is RecordType.RECEIPTED:
        return entry[Receipted.read(record.body).answer]
    return entry[record.body[0]]


def meanings() -> Iterator[Meaning]:
    """Yield every meaning there is, each once."""
    told = dict.fromkeys(OF_INCIDENT.values())
    for entry in OF_RECORD.values():
        told |= dict.fromkeys([entry] if isinstance(entry, Meaning) else entry.values())
    yield from told
