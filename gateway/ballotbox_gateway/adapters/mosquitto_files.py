"""The files of a mosquitto that lets each box and this gateway do what they must, and no more.

A client is who its certificate says: the common name takes the place of user name and client id, so
that nobody can come under another's name or throw it out. Each box of the register has its own
lines; a `%u` pattern would let in whoever holds any certificate of the authority.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ballotbox_gateway.adapters.mqtt_client import session_name
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import BoxId, ElectionDigest
from ballotbox_protocol.wire.message import MESSAGE_MAX, sharded_topic_of, topic_of
from ballotbox_protocol.wire.trust import Trusted

CONFIG_NAME: Final = "mosquitto.conf"
ACL_NAME: Final = "acl"
_NAME: Final = re.compile(r"[0-9A-Za-z._-]+")
_OURS: Final = "# Made by `ballotbox-gateway broker-config`"
#: Messages kept for an absent gateway: what does not fit the boxes send again.
_QUEUE_MIN: Final = 10_000
_QUEUE_PER_BOX: Final = 64
_PACKET_MAX: Final = MESSAGE_MAX + 4_095


class Session(NamedTuple):
    """What the broker carries for one election: this gateway's client id, and the boxes'.

    others: the client ids of the other processes of this gateway.
    """

    settings: Mqtt
    name: str
    trusted: Trusted
    others: Sequence[str] = ()


def session_of(
    settings: Mqtt, origin: str, trusted: Trusted, others: Sequence[str] = ()
) -> Session:
    """Return what the broker carries for one election; raises Problem when a name will not do."""
    gateway = session_name(settings, origin)
    for name in (gateway, *others):
        if _NAME.fullmatch(name) is None:
            what = "holds more than letters, digits, dots, lines and dashes"
            raise Problem("mqtt.client_id", what, "Leave it out, or use those alone")
    return Session(settings, gateway, trusted, others)


def write_broker_files(
    folder: Path, sessions: Sequence[Session], certificates: Path, state: Path
) -> int:
    """Write configuration and access list and return how many boxes are in it.

    Raises Problem rather than replace a foreign file.
    """
    folder = folder.absolute()
    settings, boxes = sessions[0].settings, _boxes(sessions)
    files = {
        ACL_NAME: _acl(sessions, boxes),
        CONFIG_NAME: _config(settings, len(boxes), folder / ACL_NAME, certificates, state),
    }
    for name in files:
        _require_own(folder / name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, lines in files.items():
            _replace(folder / name, "\n".join((_OURS, *lines)) + "\n")
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise Problem(str(folder), words, "Choose another directory") from error
    return len(boxes)


def _boxes(sessions: Sequence[Session]) -> dict[BoxId, list[ElectionDigest]]:
    """Return every box of a register, in order, with the elections that list it."""
    found: dict[BoxId, list[ElectionDigest]] = {}
    for each in sessions:
        for box in each.trusted.register.entries_of:
            found.setdefault(box, []).append(each.trusted.digest)
    return dict(sorted(found.items()))


def _acl(
    sessions: Sequence[Session], boxes: Mapping[BoxId, Sequence[ElectionDigest]]
) -> Iterator[str]:
    yield "# Write it anew and send mosquitto a SIGHUP when the register has changed."
    for each in sessions:
        every = f"bbx/1/{each.trusted.digest[:8].hex()}/+"
        reads = f"topic read {every}/up", f"topic read {every}/up/+"
        for name in (each.name, *each.others):
            yield from ("", f"user {name}", *reads, f"topic write {every}/down")
    for box, elections in boxes.items():
        yield from ("", f"user {box.hex()}")
        for election in elections:
            up, down = (topic_of(election, box, way) for way in ("up", "down"))
            sharded = sharded_topic_of(election, box)
            yield from (f"topic write {up}", f"topic write {sharded}", f"topic read {down}")


def _config(
    settings: Mqtt, boxes: int, acl: Path, certificates: Path, state: Path
) -> tuple[str, ...]:
    return (
        "# In place of Debian's file. Nothing rests on this broker: boxes send again.",
        f"listener {settings.port}",
        f"cafile {certificates / 'ca.pem'}",
        f"certfile {certificates / 'broker.pem'}",
        f"keyfile {certificates / 'broker.key'}",
        "tls_version tlsv1.3",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        "allow_anonymous false",
        f"acl_file {acl}",
        "# A retained message would outlive its sender's rights.",
        "retain_available false",
        "# message_size_limit would acknowledge what it drops.",
        f"max_packet_size {_PACKET_MAX}",
        f"max_inflight_messages {settings.receive_maximum}",
        f"max_queued_messages {max(_QUEUE_MIN, boxes * _QUEUE_PER_BOX)}",
        "persistence true",
        f"persistence_location {state}/",
        "autosave_interval 1",
        "persistent_client_expiration 14d",
        "set_tcp_nodelay true",
        "log_type error",
        "log_type warning",
        "log_type notice",
    )


def _require_own(path: Path) -> None:
    try:
        with path.open("rb") as found:
            ours = found.read(len(_OURS)) == _OURS.encode()
    except FileNotFoundError:
        return
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise Problem(str(path), words, "Choose another directory") from error
    if not ours:
        raise Problem(str(path), "was not made by this command", "Choose another directory")


def _replace(path: Path, text: str) -> None:
    staged = path.with_name(f"{path.name}.new")
    staged.write_text(text, encoding="ascii")
    staged.replace(path)
