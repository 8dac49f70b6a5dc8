"""Changes of a register as a person orders them, word by word, and the register they make."""

from dataclasses import dataclass

from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import (
    BOX_ID_SIZE,
    DIGEST_SIZE,
    BoxId,
    InvalidField,
    PrecinctId,
    PublicKey,
)
from ballotbox_protocol.election.register import KEY_SIZE, ClosedAs, Closure, Register, origin_id
from ballotbox_protocol.election.register_changes import (
    close_box,
    common_firmware,
    enrol_box,
    enrol_gateway,
    next_version,
    rotate_key,
)


@dataclass(frozen=True)
class Orders:
    """What is asked, as it was typed; ends come before new keys, so that a lost key can be both."""

    enrol: tuple[tuple[str, str, str], ...] = ()
    gateway: tuple[tuple[str, str], ...] = ()
    rotate: tuple[tuple[str, str], ...] = ()
    close: tuple[tuple[str, str], ...] = ()
    positions: tuple[tuple[str, int], ...] = ()
    from_start: bool = False
    firmware: tuple[str, ...] = ()


def changed(before: Register, orders: Orders) -> Register:
    """Return the next version of a register with what is ordered; raises Problem."""
    if not (orders.enrol or orders.gateway or orders.rotate or orders.close):
        remedy = "Give --enrol, --gateway, --rotate or --close"
        raise Problem("register change", "nothing is to be changed", remedy)
    try:
        return _changed(next_version(before), orders)
    except InvalidField as error:
        where = f"--{error.field}" if error.field in ORDERED else error.field
        raise Problem(where, error.problem, "Nothing was written") from error


ORDERED = ("enrol", "rotate", "close", "firmware")


def _changed(register: Register, orders: Orders) -> Register:
    for box, reason in orders.close:
        register = close_box(register, _box(box), _closure(register, reason, orders))
    for box, key in orders.rotate:
        register = rotate_key(register, _box(box), _key(key))
    for origin, key in orders.gateway:
        register = enrol_gateway(register, origin, _key(key))
    for box, key, precinct in orders.enrol:
        allowed = _firmware(register, orders)
        register = enrol_box(register, _box(box), _key(key), _precinct(precinct), allowed)
    return register


def _firmware(register: Register, orders: Orders) -> tuple[bytes, ...]:
    if not orders.firmware:
        return common_firmware(register)
    return tuple(_digits(each, DIGEST_SIZE, "--firmware") for each in orders.firmware)


def _closure(register: Register, reason: str, orders: Orders) -> Closure:
    kinds = {kind.name.lower(): kind for kind in ClosedAs}
    if reason not in kinds:
        raise Problem("--close", f"there is no end {reason!r}", f"Use one of {', '.join(kinds)}")
    if bool(orders.positions) == orders.from_start:
        remedy = (
            "Give --from for each log that its reports went to, or --from-start if nothing that "
            "it ever said shall count"
        )
        raise Problem("--from", "an end needs a place in the logs, one way or the other", remedy)
    known = {gateway.origin for gateway in register.gateways}
    for origin, _ in orders.positions:
        if origin not in known:
            remedy = f"Use one of {', '.join(sorted(known))}"
            raise Problem("--from", f"no gateway has the log {origin!r}", remedy)
    return Closure(kinds[reason], tuple((origin_id(name), at) for name, at in orders.positions))


def _box(text: str) -> BoxId:
    return BoxId(_digits(text, BOX_ID_SIZE, "box"))


def _key(text: str) -> PublicKey:
    return PublicKey(_digits(text, KEY_SIZE, "key"))


def _precinct(text: str) -> PrecinctId:
    if not text.isdecimal():
        raise Problem("--enrol", f"{text!r} is no number of a precinct", "Write it in digits")
    return PrecinctId(int(text))


def _digits(text: str, size: int, what: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != size:
        remedy = f"It has {2 * size} hexadecimal digits; copy it again"
        raise Problem(what, f"{text!r} is none", remedy)
    return data
