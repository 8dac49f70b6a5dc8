"""What is wrong at a gateway and what to do about it, in the words of the screen in the room.

A pure function of what was read. The words say nothing that came from a peer, so nobody outside can
write on the screen; `ballotbox-gateway status` has the details.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from ballotbox_gateway.service.reasons import in_words, to_do
from ballotbox_gateway.service.said import Said
from ballotbox_gateway.service.times import clock
from ballotbox_protocol.wire.verdict import Reason

_ID_DIGITS: Final = 16
_MINUTE_S: Final = 60
_LAW_CODES: Final = 300
#: From so long before its end on a certificate is a matter of the room.
_CERTIFICATE_S: Final = 12 * 3_600

STATUS: Final = Said("`ballotbox-gateway status` on this machine tells more.")
#: What breaks any of the laws of counting.
_CONTRADICTS: Final = Said("its numbers contradict each other")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that needs a person. urgent: reports do not count, or do not move, because of it.

    figure: what makes it a new alarm when it changes, for instance how often it happened.
    """

    kind: str
    subject: str
    urgent: bool
    what: Said
    do: Said
    figure: str = ""

    @property
    def id(self) -> str:
        """Names this alarm as long as nothing about it changes."""
        text = f"{self.kind}\0{self.subject}\0{self.figure}"
        return sha256(text.encode()).hexdigest()[:_ID_DIGITS]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is normal may last, in minutes. silent_min: 0 for ever."""

    stalled_min: int = 10
    silent_min: int = 0


def alarms_of(seen: Mapping[str, Any], patience: Patience, now: int) -> list[Alarm]:
    """Return what is wrong in what was read at `now` (Unix seconds), the urgent first."""
    boxes = [(box, box_name(box, alone=is_alone(seen))) for box in seen["boxes"]]
    found = (
        *_of_the_gateway(seen),
        *_of_certificates(seen, now),
        *_of_passing_on(seen, patience, now),
        *(alarm for box, name in boxes for alarm in _of_a_box(box, name)),
        *(_silence(box, name) for box, name in boxes if _silent(box, patience, now)),
        *_of_precincts(seen),
        *_of_what_was_turned_away(seen),
    )
    return sorted(found, key=lambda alarm: not alarm.urgent)


def is_alone(seen: Mapping[str, Any]) -> bool:
    """Tell whether all boxes are of one precinct, which then need not be named with each."""
    return len({box["precinct"] for box in seen["boxes"]}) == 1


def box_name(box: Mapping[str, Any], *, alone: bool) -> Said:
    """Return what people call a box."""
    if alone:
        return Said("Box {number}", {"number": box["number"]})
    gaps = {"precinct": box["precinct"], "number": box["number"]}
    return Said("Precinct {precinct}, box {number}", gaps)


def _of_the_gateway(seen: Mapping[str, Any]) -> Iterator[Alarm]:
    if seen["convicted"]:
        what = Said("This gateway signed another record than the one it has.")
        do = Said("Stop this gateway and keep its disk. Call whoever looks after it.")
        yield Alarm("convicted", "", urgent=True, what=what, do=do)
    for each in seen["forked_below"]:
        what = Said("A gateway below signed two different records: {origin}", {"origin": each})
        do = Said("Stop that gateway and keep its disk. Call whoever looks after it.")
        yield Alarm("forked", each, urgent=True, what=what, do=do)
    yield from _of_what_holds(seen)
    for road in seen["roads_down"]:
        what = Said("No connection: {road}", {"road": road})
        do = Said("Check cable and power. The boxes keep everything and send it again.")
        yield Alarm("road", road, urgent=True, what=what, do=do)
    if seen["broker_remarks"]:
        what = Said("Somebody may be using this gateway's name at the broker.")
        yield Alarm("broker", "", urgent=True, what=what, do=STATUS, figure=seen["broker_remarks"])
    for sender in seen["over_quota"]:
        what = Said("Sends more than anybody may have stored: {sender}", {"sender": sender})
        do = Said("Examine it. Nothing that was confirmed is touched.")
        yield Alarm("quota", sender, urgent=True, what=what, do=do)
    if seen["copy_trouble"]:
        what = Said("The second copy is not being written.")
        do = Said("Check the disk of the copy. The first one is whole, and boxes are served.")
        yield Alarm("copy", "", urgent=False, what=what, do=do)


def _of_certificates(seen: Mapping[str, Any], now: int) -> Iterator[Alarm]:
    for each in seen["certificates"]:
        left = each["ends"] - now
        if left > _CERTIFICATE_S:
            continue
        gaps = {"time": clock(each["ends"]), "what": each["table"]}
        what = Said("A certificate of this gateway ends at {time}: {what}.", gaps)
        if left <= 0:
            what = Said("A certificate of this gateway has ended: {what}.", gaps)
        do = Said(
            "Call the technician: it is renewed while all goes on. The boxes keep everything."
        )
        figure = "ended" if left <= 0 else str(each["ends"])
        table = each["table"]
        yield Alarm("certificate", table, urgent=left <= 0, what=what, do=do, figure=figure)


def _of_what_holds(seen: Mapping[str, Any]) -> Iterator[Alarm]:
    """Yield why nothing is taken in now."""
    if seen["disk_full"]:
        what = Said("The disk is full: no report is taken in.")
        do = Said("Free some space on this machine. The boxes keep everything and send it again.")
        yield Alarm("disk", "", urgent=True, what=what, do=do)
    if seen["read_only"]:
        what = Said("The disk cannot be written: no report is taken in.")
        do = Said("Call the technician. The boxes keep everything and send it again.")
        yield Alarm("read_only", "", urgent=True, what=what, do=do)
    if seen["signer_away"]:
        what = Said("The gateway's key cannot be used: no report is taken in.")
        do = Said("Put the token back, or call the technician. The boxes keep everything.")
        yield Alarm("signer", "", urgent=True, what=what, do=do)
    if seen["database_away"]:
        what = Said("The database does not answer: no report is taken in.")
        do = Said("Call the technician. The boxes keep everything and send it again.")
        yield Alarm("database", "", urgent=True, what=what, do=do)
    if seen["register_behind"]:
        what = Said("This process has an older register than the others: it takes nothing in.")
        do = Said("Give it the newest register. The boxes keep everything and send it again.")
        yield Alarm("register", "", urgent=True, what=what, do=do)


def _of_passing_on(seen: Mapping[str, Any], patience: Patience, now: int) -> Iterator[Alarm]:
    backlog = seen["backlog"]
    if backlog is None or now - backlog["since"] < patience.stalled_min * _MINUTE_S:
        return
    what = Said("Reports are not being passed on to the gateway above.")
    do = Said(
        "Check the network of this machine. Nothing is lost: all is kept and passed on later."
    )
    yield Alarm("stalled", "", urgent=True, what=what, do=do, figure=str(backlog["since"]))


def _of_a_box(box: Mapping[str, Any], said: Said) -> Iterator[Alarm]:
    name = {"box": said}
    if box["disputed"]:
        what = Said("{box}: two of its reports claim the same place.", name)
        do = Said("Two officers name the true one.")
        yield Alarm("disputed", box["id"], urgent=True, what=what, do=do)
    for reason in dict.fromkeys(box["aside"]):
        count = box["aside"].count(reason)
        why = {"reason": reason_said(Reason[reason])}
        what = Said("{box}: a report does not count: {reason}.", name | why)
        subject = f"{box['id']} {reason}"
        do = Said(to_do(Reason[reason]))
        yield Alarm("aside", subject, urgent=True, what=what, do=do, figure=str(count))
    if box["held"]:
        gaps = name | {"number": box["awaited"]}
        what = Said("{box}: report {number} is missing, and later ones wait for it.", gaps)
        do = Said("Leave the box switched on and connected: it is asked for what is missing.")
        yield Alarm("held", box["id"], urgent=False, what=what, do=do, figure=str(box["awaited"]))


def _silence(box: Mapping[str, Any], name: Said) -> Alarm:
    what = Said("{box}: it is open and has said nothing for a long time.", {"box": name})
    do = Said("Look at the box: is it switched on, and is its cable in?")
    figure = str(box["last"]["came"])
    return Alarm("silent", box["id"], urgent=True, what=what, do=do, figure=figure)


def _silent(box: Mapping[str, Any], patience: Patience, now: int) -> bool:
    due = patience.silent_min and box["state"] == "open" and box["last"] and not box["held"]
    return bool(due) and now - box["last"]["came"] >= patience.silent_min * _MINUTE_S


def _of_precincts(seen: Mapping[str, Any]) -> Iterator[Alarm]:
    for each in seen["over_registered"]:
        what = Said(
            "Precinct {precinct}: {ballots} ballots, {registered} voters on the list.", each
        )
        do = Said("Two officers find out why, and write it down. Every ballot is counted.")
        subject, figure = str(each["precinct"]), str(each["ballots"])
        yield Alarm("voters", subject, urgent=False, what=what, do=do, figure=figure)


def _of_what_was_turned_away(seen: Mapping[str, Any]) -> Iterator[Alarm]:
    for name, count in seen["turned_away"].items():
        reason = Reason[name]
        gaps = {"count": count, "reason": reason_said(reason)}
        what = Said("Turned away, {count} in all: {reason}.", gaps)
        do = Said(to_do(reason))
        yield Alarm("turned away", name, urgent=False, what=what, do=do, figure=str(count))


def reason_said(reason: Reason) -> Said:
    """Return what a reason means; a broken law has a name that is no use in a room."""
    return _CONTRADICTS if reason >= _LAW_CODES else Said(in_words(reason))
