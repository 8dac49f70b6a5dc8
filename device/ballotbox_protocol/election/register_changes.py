"""What an authority changes in a register: each change gives the next version, nothing is lost.

A new key of a box is its next epoch, and an end is a position of a log: what was reported before
stays as it was decided.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ballotbox_protocol.election.identifiers import (
    BoxId,
    InvalidField,
    PrecinctId,
    PublicKey,
    require,
)
from ballotbox_protocol.election.register import (
    BoxEntry,
    Closure,
    GatewayEntry,
    Officer,
    Register,
)


def next_version(register: Register) -> Register:
    """Return the same register as its next version."""
    return replace(register, version=register.version + 1)


def enrol_box(
    register: Register,
    box: BoxId,
    key: PublicKey,
    precinct: PrecinctId,
    firmware: tuple[bytes, ...],
) -> Register:
    """Return the register with a box that it did not know; raises InvalidField (`enrol`)."""
    known = box in register.entries_of
    require(not known, "enrol", f"box {box.hex()} is in the register: give it a new key instead")
    entry = BoxEntry(box, key, 0, precinct, firmware)
    return replace(register, boxes=(*register.boxes, entry))


def rotate_key(register: Register, box: BoxId, key: PublicKey) -> Register:
    """Return the register with the box's next epoch; raises InvalidField (`rotate`).

    The epoch before stays open: the box itself ends it, by a report that both keys sign.
    """
    last = _last(register, box, "rotate")
    entry = BoxEntry(box, key, last.epoch + 1, last.precinct, last.firmware)
    return replace(register, boxes=(*register.boxes, entry))


def close_box(register: Register, box: BoxId, closure: Closure) -> Register:
    """Return the register with all open entries of the box closed; raises InvalidField (`close`).

    What it reported at the closure's positions and after them no longer counts by itself.
    """
    _last(register, box, "close")
    is_open = any(entry.closed is None for entry in register.entries_of[box])
    require(is_open, "close", f"box {box.hex()} is closed already")
    for origin, _ in closure.positions:
        known = origin in register.origin_by_id
        require(known, "close", f"no gateway has the log {origin.hex()}")
    boxes = (
        replace(entry, closed=closure) if entry.box == box and entry.closed is None else entry
        for entry in register.boxes
    )
    return replace(register, boxes=tuple(boxes))


def replace_lost_key(register: Register, box: BoxId, key: PublicKey, closure: Closure) -> Register:
    """Return the register where a box goes on with a new key, and its old one is closed.

    For a key that is lost or known to others, so that the box cannot sign its end itself. Raises
    InvalidField (`close` or `rotate`).
    """
    return rotate_key(close_box(register, box, closure), box, key)


def enrol_gateway(register: Register, origin: str, key: PublicKey) -> Register:
    """Return the register with one more gateway; raises InvalidField."""
    return replace(register, gateways=(*register.gateways, GatewayEntry(origin, key)))


def enrol_officer(register: Register, officer: Officer) -> Register:
    """Return the register with one more officer; raises InvalidField."""
    return replace(register, officers=(*register.officers, officer))


def common_firmware(register: Register) -> tuple[bytes, ...]:
    """Return what every box may run; raises InvalidField (`firmware`) where boxes differ."""
    lists = {entry.firmware for entry in register.boxes}
    require(len(lists) == 1, "firmware", "is not the same for all boxes: name it")
    return lists.pop()


def reopened(before: Register, after: Register) -> BoxId | None:
    """Return a box of which the later register takes an end back or puts it off."""
    ends = {(e.box, e.epoch): e.closed for e in before.boxes if e.closed is not None}
    kept = (e for e in after.boxes if (e.box, e.epoch) in ends)
    return next((e.box for e in kept if ends[e.box, e.epoch].undone_by(e.closed)), None)


def first_lost(before: Register, after: Register) -> BoxId | None:
    """Return a box of which an entry is missing in the later register or has another key."""
    kept = {(e.box, e.epoch, e.key) for e in after.boxes}
    return next((e.box for e in before.boxes if (e.box, e.epoch, e.key) not in kept), None)


def require_later(used: Register, offered: Register) -> None:
    """Raise InvalidField where a register was made from another one than that in use.

    Another content under the same version, an entry lost, an end undone or put off: two officers
    signed what others, or they themselves, did not know of.
    """
    if offered.version == used.version and offered != used:
        problem = f"version {used.version} is not the version {used.version} in use"
        raise InvalidField("register", f"{problem}: have the next version made, from that one")
    lost = first_lost(used, offered)
    if lost is not None:
        problem = f"version {offered.version} has lost an entry of box {lost.hex()}"
        raise InvalidField("register", f"{problem}: entries are closed, never deleted")
    box = reopened(used, offered)
    if box is not None:
        problem = f"version {offered.version} undoes the end of box {box.hex()}, which version"
        remedy = "have it made from the version in use"
        raise InvalidField("register", f"{problem} {used.version} closed: {remedy}")


def changes(before: Register, after: Register) -> list[str]:
    """Return what the later register says and the earlier does not, a line each, for people."""
    old = {(e.box, e.epoch): e for e in before.boxes}
    lines = [
        line
        for entry in after.boxes
        for line in _told(old.pop((entry.box, entry.epoch), None), entry, after)
    ]
    lines += [f"box {box.hex()} epoch {epoch}: is missing" for box, epoch in old]
    lines += _of_gateways(before.gateway_keys, after.gateway_keys)
    return lines + _of_officers(before.officer_by_key, after.officer_by_key)


def _told(before: BoxEntry | None, after: BoxEntry, register: Register) -> Iterator[str]:
    name = f"box {after.box.hex()} epoch {after.epoch}"
    if before is None:
        yield f"{name}: added, key {_short(after.key)}, precinct {after.precinct}"
    elif before.key != after.key:
        yield f"{name}: has another key, {_short(after.key)}"
    if before is not None and before.precinct != after.precinct:
        yield f"{name}: is in precinct {after.precinct}, was in {before.precinct}"
    if before is not None and before.firmware != after.firmware:
        yield f"{name}: may run firmware {', '.join(map(_short, after.firmware))}"
    if after.closed != (before and before.closed):
        yield f"{name}: {_end(after.closed, register)}"


def _of_gateways(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    lines = [
        f"gateway {origin}: {'has another' if origin in before else 'added,'} key {_short(key)}"
        for origin, key in after.items()
        if before.get(origin) != key
    ]
    return lines + [f"gateway {origin}: removed" for origin in before if origin not in after]


def _of_officers(
    before: Mapping[PublicKey, Officer], after: Mapping[PublicKey, Officer]
) -> list[str]:
    lines = [
        f"officer {_short(key)}: {'is now' if key in before else 'added,'} {office(officer)}"
        for key, officer in after.items()
        if before.get(key) != officer
    ]
    return lines + [f"officer {_short(key)}: removed" for key in before if key not in after]


def office(officer: Officer) -> str:
    """Return what an officer may sign, and where, for people."""
    roles = ", ".join(role.name.lower() for role in officer.roles if role.name)
    where = "all precincts" if officer.precinct is None else f"precinct {officer.precinct}"
    return f"{roles or 'nothing'} in {where}"


def _short(value: bytes) -> str:
    return f"{value.hex()[:16]}…"


def _end(closed: Closure | None, register: Register) -> str:
    if closed is None:
        return "is open again"
    names = register.origin_by_id
    places = [f"leaf {at} of {names.get(log, log.hex())}" for log, at in closed.positions]
    return f"closed as {closed.reason.name.lower()} from {', '.join(places) or 'the start'} on"


def _last(register: Register, box: BoxId, field: str) -> BoxEntry:
    known = box in register.entries_of
    require(known, field, f"box {box.hex()} is not in the register: enrol it first")
    return register.entries_of[box][-1]
