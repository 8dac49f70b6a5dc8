"""What is answered over the control socket, as JSON with names that stay."""

from collections import Counter
from typing import Any

from ballotbox_device.core.outputs import ConsentNeeded, Output, PrintCopy, ReportMade
from ballotbox_device.host.held_box import HeldBox
from ballotbox_device.host.panel_output import Said, say
from ballotbox_device.machine.mechanism import Mechanism
from ballotbox_device.machine.transport import Container
from ballotbox_protocol.election.definition import Election
from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.report import decode_report

Answer = dict[str, Any]


def said(output: Output) -> Said:
    """Return what the firmware said; of a report only which one: `report` has the rest."""
    told = say(output)
    if isinstance(output, ReportMade | PrintCopy):
        return {name: told[name] for name in ("says", "kind", "sequence", "copy") if name in told}
    if isinstance(output, ConsentNeeded):
        return {"says": told["says"], "role": told["role"]}
    return told


def panel(held: HeldBox) -> Answer:
    """Return what stands on the front of the box."""
    front = held.mechanism.front()
    return {
        "power": front.power,
        "state": front.state,
        "screen": list(front.screen),
        "lights": front.lights,
        "warnings": list(front.warnings),
        "buttons": list(front.buttons),
        "question": front.question.value if front.question else None,
        "role": front.role,
        "battery": front.battery,
        "accepted": front.accepted,
        "lifetime": front.lifetime,
        "reports": held.mechanism.device.outgoing.count if held.mechanism.device else 0,
    }


def report(held: HeldBox, sequence: int) -> Answer:
    """Return one kept report: its signed bytes and what they say; raises InvalidField."""
    device = held.mechanism.device
    if device is None:
        raise InvalidField("power", "the box is off: give it power first")
    count = device.outgoing.count
    require(0 <= sequence < count, "sequence", f"must be below {count}: so many reports there are")
    data = device.outgoing.report(sequence)
    body = decode_report(cose.parse(data).payload)
    told = say(ReportMade(body.kind, sequence, data))
    del told["says"]
    cose_bytes = told.pop("data")
    return told | {
        "box": body.box.hex(),
        "precinct": body.precinct,
        "boot": body.boot,
        "previous": body.previous.hex(),
        "debug": body.debug,
        "signatures": len(body.signatures),
        "cose": cose_bytes,
    }


def tapes(box: Mechanism) -> Answer:
    """Return the tapes that came out of the printer, line by line."""
    printer = box.printer
    return {
        "tapes": [list(tape) for tape in printer.tapes],
        "waiting": len(printer.waiting),
        "torn": printer.torn,
        "lines_left": printer.lines_left,
    }


def paper(box: Mechanism, election: Election) -> Answer:
    """Return where the sheets physically are, by style and sheet; never what is marked on them."""
    transport = box.transport
    return {
        "container": _held(transport.container, election),
        "put_away": [_held(each, election) for each in transport.put_away],
        "fallen": transport.fallen,
        "under_way": transport.under_way is not None,
        "has_fallen": transport.under_way is not None and transport.has_fallen,
        "in_hand": transport.returned is not None,
        "stuck": len(transport.stuck),
    }


def _held(container: Container, election: Election) -> Answer:
    counted = Counter((sheet.style, sheet.sheet) for sheet in container.sheets)
    sheets = {f"{election.styles[s].code}/{n}": many for (s, n), many in sorted(counted.items())}
    return {"sheets": sheets, "strays": container.strays}


def delivery(held: HeldBox) -> Answer:
    """Return how far the reports have come."""
    return {"unanswered": held.unanswered, "road": held.trouble}
