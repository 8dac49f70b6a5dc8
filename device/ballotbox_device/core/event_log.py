"""The journal as a NIST election event log (SP 1500-101): one event for each record, none else.

The journal has no times, and none is made up. An event bears the time of the first signed report
that covers its record, so no time is told that a report has not told already, and between two
reports there is an order and nothing more. No event says anything about a choice: no record does.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from ballotbox_device.core.delivery import REFUSED
from ballotbox_device.core.event_meanings import TYPES, meaning_of, meanings
from ballotbox_device.core.identity import Firmware
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import (
    Genesis,
    Receipted,
    Record,
    RecordType,
    SendAgain,
    read_held,
    read_report,
    split,
)
from ballotbox_device.core.units import units
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.report import Report, decode_report
from ballotbox_protocol.wire.verdict import Verdict

Document = dict[str, Any]

MANUFACTURER: Final = "Ballotbox"
MODEL: Final = "ballotbox-device"
#: What RFC 3339 can write: the last second of the year 9999.
_TIME_MAX: Final = 253_402_300_799

_HOW_TO_READ: Final = (
    "Sequence is the order. An event happened not later than its TimeStamp, which is that of the "
    "first signed report that covers it; the box keeps no other times. Hash is the RFC 6962 leaf "
    "hash of the journal's record: those of the first n events fold to the root that a report "
    "signs for n records."
)
_UNCOVERED: Final = "no report covers it yet: not before its TimeStamp, that of the last report"


def time_text(seconds: int) -> str:
    """Return Unix seconds as RFC 3339 writes them; later than it can, its last second."""
    return datetime.fromtimestamp(min(seconds, _TIME_MAX), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def firmware_text(digest: bytes, sequence: int) -> str:
    """Return how a firmware is named in every export."""
    return f"{sequence} {digest.hex()}"


@dataclass(frozen=True, slots=True)
class _Happening:
    """A record; the report that it holds; the report that was written in one unit with it."""

    record: Record
    report: Report | None
    told_with: Report | None


def _happenings(journal: bytes) -> list[_Happening]:
    """Return what happened since the last election began, in order."""
    found: list[_Happening] = []
    for unit in units(journal):
        read = [(record, _report_in(record)) for record in split(unit.records)]
        told_with = next((report for _, report in read if report), None)
        for record, report in read:
            if record.type is RecordType.GENESIS:
                found.clear()
            found.append(_Happening(record, report, told_with))
    return found


def _report_in(record: Record) -> Report | None:
    if record.type is not RecordType.REPORT:
        return None
    _, data = read_report(record.body)
    return decode_report(cose.parse(data).payload)


def event_log(journal: bytes, generated: int) -> Document:
    """Return the event log of the last election in a journal that `RecordBook` believes.

    `generated` is the time in Unix seconds. Raises MemoryFault when the journal is not the one that
    its reports sign, or when no report is in it yet and so nothing has a time.
    """
    happenings = _happenings(journal)
    leaves = [leaf_hash(happening.record.to_bytes()) for happening in happenings]
    reports = _signed_reports(happenings, leaves)
    genesis = Genesis.read(happenings[0].record.body)
    last = reports[-1]
    device = {
        "@type": "EventLogging.Device",
        "Id": genesis.box.hex(),
        "Type": "scan-single",
        "Manufacturer": MANUFACTURER,
        "Model": MODEL,
        "Version": firmware_text(last.firmware, last.firmware_sequence),
        "HashType": "sha-256",
        "Event": list(_events(happenings, leaves, reports)),
    }
    return {
        "@type": "EventLogging.ElectionEventLog",
        "ElectionId": genesis.election.hex(),
        "GeneratedTime": time_text(generated),
        "Details": _HOW_TO_READ,
        "Device": [device],
    }


def _signed_reports(happenings: Sequence[_Happening], leaves: Sequence[bytes]) -> list[Report]:
    """Return the reports, each held against the records that it signs for."""
    tree = Tree(leaves)
    reports = []
    for index, happening in enumerate(happenings):
        report = happening.report
        if report is None:
            continue
        head = report.journal
        if head.size > index or tree.root(head.size) != head.root:
            raise MemoryFault(f"report {report.sequence} signs for another journal than this one")
        reports.append(report)
    if not reports:
        raise MemoryFault("the box has signed no report in this election yet: nothing has a time")
    return reports


def _events(
    happenings: Sequence[_Happening], leaves: Sequence[bytes], reports: Sequence[Report]
) -> Iterator[Document]:
    sizes = [report.journal.size for report in reports]
    for index, (happening, leaf) in enumerate(zip(happenings, leaves, strict=True)):
        # A report covers the records that it signs for, not those that came while officers signed.
        first = bisect_right(sizes, index)
        covering = happening.told_with or (reports[first] if first < len(reports) else None)
        details = _details(happening)
        if covering is None:
            details.append(_UNCOVERED)
        event = _event(happening, covering or reports[-1])
        event |= {"Sequence": str(index + 1), "Hash": leaf.hex()}
        if details:
            event["Details"] = "; ".join(details)
        yield event


def _event(happening: _Happening, timed_by: Report) -> Document:
    meaning = meaning_of(happening.record, happening.report)
    event = {
        "@type": "EventLogging.Event",
        "Id": meaning.id,
        "Type": meaning.type.value,
        "TimeStamp": time_text(timed_by.clock.time),
        "Disposition": meaning.disposition.value,
        "Severity": meaning.severity.value,
    }
    if happening.report is not None and happening.report.signatures:
        officers = [each.key_id.hex() for each in happening.report.signatures]
        event["UserId"] = " ".join(officers)
    return event


def _details(happening: _Happening) -> list[str]:
    if happening.report is not None:
        return _of_report(happening.report)
    tell = _DETAILS.get(happening.record.type)
    return [tell(happening.record.body)] if tell else []


def _of_report(report: Report) -> list[str]:
    """Return what a report adds to its kind. Its votes stay in the report."""
    told = [f"report {report.sequence}", f"boot {report.boot}"]
    if report.incident is not None:
        told.append(f"detail {report.incident.detail}")
    if report.new_key is not None:
        told.append(f"key {report.new_key.key.hex()}")
    head = report.journal
    told.append(f"signs for the first {head.size} events with root {head.root.hex()}")
    told.append(f"clock {report.clock.quality.name.lower()}")
    return told


def _of_receipt(body: bytes) -> str:
    receipt = Receipted.read(body)
    said = "refusal" if receipt.answer == REFUSED else Verdict(receipt.answer).name.lower()
    return f"report {receipt.sequence} at log {receipt.origin.hex()}: {said}"


def _of_checkpoint(body: bytes) -> str:
    held, _ = read_held(body)
    return f"log {held.origin.hex()} has {held.size} leaves"


def _of_resend(body: bytes) -> str:
    again = SendAgain.read(body)
    return f"from report {again.sequence} on, for log {again.origin.hex()}"


#: The record types that tell more than their meaning.
_DETAILS: Final[Mapping[RecordType, Callable[[bytes], str]]] = MappingProxyType(
    {
        RecordType.ANSWER: lambda _: "by the word of a person who looked",
        RecordType.RECEIPTED: _of_receipt,
        RecordType.HELD: _of_checkpoint,
        RecordType.RESEND: _of_resend,
        RecordType.REPRINT: lambda body: f"report {int.from_bytes(body)}",
    }
)


def event_documentation(firmware: Firmware, generated: int) -> Document:
    """Return what the event logs of a firmware mean; `generated` is the time in Unix seconds."""
    return {
        "@type": "EventLogging.ElectionEventLogDocumentation",
        "DeviceManufacturer": MANUFACTURER,
        "DeviceModel": MODEL,
        "DeviceVersion": firmware_text(firmware.digest, firmware.sequence),
        "GeneratedDate": time_text(generated)[:10],
        "EventIdDescription": [
            {
                "@type": "EventLogging.EventIdDescription",
                "Id": meaning.id,
                "Description": meaning.description,
            }
            for meaning in meanings()
        ],
        "EventTypeDescription": [
            {
                "@type": "EventLogging.EventTypeDescription",
                "Type": kind.value,
                "Description": description,
            }
            for kind, description in TYPES.items()
        ],
    }
