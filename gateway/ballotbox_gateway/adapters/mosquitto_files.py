"""The files of a mosquitto that lets each client do what it must, and no more.

There are two kinds of broker: that of the boxes, and that over which gateways below deliver. A
client is who its certificate says: the common name takes the place of user name and client id, so
that nobody can come under another's name or throw it out. Where clients have passwords instead, the
user name takes that place. Each has its own lines; a `%u` pattern would let in whoever is let in.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ballotbox_gateway.adapters.mqtt_client import session_name
from ballotbox_gateway.adapters.upward_topics import (
    PACKET_MAX,
    WINDOW,
    stem_upward,
    topic_back,
    topic_upward,
)
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.wire.message import MESSAGE_MAX, sharded_topic_of, topic_of
from ballotbox_protocol.wire.trust import Trusted

CONFIG_NAME: Final = "mosquitto.conf"
ACL_NAME: Final = "acl"
#: What a common name may have in X.509 (ub-common-name of RFC 5280).
COMMON_NAME_MAX: Final = 64
_NAME: Final = re.compile(r"[0-9A-Za-z._/-]+")
_OURS: Final = "# Made by `ballotbox-gateway broker-config`"
#: Messages kept for an absent gateway: what does not fit the boxes send again.
_QUEUE_MIN: Final = 10_000
_QUEUE_PER_BOX: Final = 64
_PACKET_OF_BOX: Final = MESSAGE_MAX + 4_095
#: A gateway below has one request under way, and may send it again.
_QUEUE_PER_GATEWAY: Final = 2
#: What the largest of them may take of the broker's memory and disk, in bytes.
_QUEUE_BYTES_MAX: Final = 2**30


class Session(NamedTuple):
    """What the broker carries for one election.

    name: by which it knows this gateway. grants: lines of the access list, by whose they are.
    others: names of this gateway's other processes. below: it is that of the gateways below.
    """

    settings: Mqtt
    name: str
    grants: Mapping[str, Sequence[str]]
    packet_max: int
    window: int
    others: Sequence[str] = ()
    below: bool = False


class Place(NamedTuple):
    """Where a broker finds its files. passwords: None where clients show certificates."""

    certificates: Path
    state: Path
    passwords: Path | None = None


def session_of(
    settings: Mqtt, origin: str, trusted: Trusted, others: Sequence[str] = (), *, passwords: bool
) -> Session:
    """Return what the boxes' broker carries; raises Problem when a name will not do."""
    name = _named(settings, "mqtt", session_name(settings, origin), passwords=passwords)
    every = f"bbx/1/{trusted.digest[:8].hex()}/+"
    for each in others:
        _require_name("--process", each)
    reads = f"topic read {every}/up", f"topic read {every}/up/+"
    grants = {each: [*reads, f"topic write {every}/down"] for each in (name, *others)}
    for box in sorted(trusted.register.entries_of):
        up, down = (topic_of(trusted.digest, box, way) for way in ("up", "down"))
        sharded = sharded_topic_of(trusted.digest, box)
        _require_another("mqtt", box.hex(), grants)
        grants[box.hex()] = [f"topic write {up}", f"topic write {sharded}", f"topic read {down}"]
    return Session(settings, name, grants, _PACKET_OF_BOX, settings.receive_maximum, others)


def session_above(settings: Mqtt, origin: str, trusted: Trusted, *, passwords: bool) -> Session:
    """Return what the broker of the gateways below carries; raises Problem as above."""
    name = _named(settings, "below", origin, passwords=passwords)
    every = f"{stem_upward(trusted.digest)}/+"
    grants = {name: [f"topic read {every}/up", f"topic write {every}/down"]}
    for lower in sorted(trusted.register.gateway_keys.keys() - {origin}):
        if len(lower) > COMMON_NAME_MAX and not passwords:
            what = f"is longer than the {COMMON_NAME_MAX} characters of a common name"
            raise Problem(lower, what, "Give --passwords a file, and the gateways user names")
        _require_another("below", lower, grants)
        topic = topic_upward(trusted.digest, lower)
        grants[lower] = [f"topic write {topic}", f"topic read {topic_back(topic)}"]
    window = min(WINDOW, settings.receive_maximum)
    return Session(settings, name, grants, PACKET_MAX, window, below=True)


def _named(settings: Mqtt, table: str, otherwise: str, *, passwords: bool) -> str:
    """Return the name by which the broker knows this gateway."""
    field, name = "client_id", otherwise
    if passwords:
        field, name = "username", settings.username or ""
        if not name:
            what = "is missing, and the broker is to ask for passwords"
            remedy = f"Set {table}.username and {table}.password_file"
            raise Problem(f"{table}.username", what, remedy)
    _require_name(f"{table}.{field}", name)
    return name


def _require_name(field: str, name: str) -> None:
    if _NAME.fullmatch(name) is None:
        what = "holds more than letters, digits, dots, lines, dashes and strokes"
        raise Problem(field, what, "Use those alone")


def _require_another(table: str, client: str, taken: Collection[str]) -> None:
    """One name for two clients would give each the other's rights and end its connections."""
    if client in taken:
        what = "is the name of another client at the broker, and this gateway's too"
        raise Problem(f"{table}: {client}", what, "Give this gateway a name of its own there")


def write_broker_files(folder: Path, sessions: Sequence[Session], place: Place) -> int:
    """Write configuration and access list and return how many clients beside us are in it.

    Raises Problem rather than replace a foreign file.
    """
    folder = folder.absolute()
    grants = _joined(sessions)
    clients = len(grants) - len(_ours(sessions))
    files = {
        ACL_NAME: _acl(grants),
        CONFIG_NAME: _config(sessions[0], clients, folder / ACL_NAME, place),
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
    return clients


def _ours(sessions: Sequence[Session]) -> dict[str, None]:
    """Return the names of this gateway's processes, in order and each once."""
    return dict.fromkeys(name for each in sessions for name in (each.name, *each.others))


def _joined(sessions: Sequence[Session]) -> dict[str, list[str]]:
    """Return the lines of every client, this gateway's first, of all elections together."""
    ours = _ours(sessions)
    found: dict[str, list[str]] = {name: [] for name in ours}
    for each in sessions:
        for name in (each.name, *each.others):
            found[name].extend(each.grants[name])
    others: dict[str, list[str]] = {}
    for each in sessions:
        for name in each.grants.keys() - {each.name, *each.others}:
            _require_another("elections side by side", name, ours)
            others.setdefault(name, []).extend(each.grants[name])
    return found | dict(sorted(others.items()))


def _acl(grants: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield "# Write it anew and send mosquitto a SIGHUP when the register has changed."
    for name, lines in grants.items():
        yield from ("", f"user {name}", *lines)


def _config(session: Session, clients: int, acl: Path, place: Place) -> tuple[str, ...]:
    return (
        "# In place of Debian's file. Nothing rests on this broker: all is sent again.",
        f"listener {session.settings.port}",
        *_who_is_who(place),
        "tls_version tlsv1.3",
        "use_username_as_clientid true",
        "allow_anonymous false",
        f"acl_file {acl}",
        "# A retained message would outlive its sender's rights.",
        "retain_available false",
        "# message_size_limit would acknowledge what it drops.",
        f"max_packet_size {session.packet_max}",
        f"max_inflight_messages {session.window}",
        *_queue(session, clients),
        "persistence true",
        f"persistence_location {place.state}/",
        "autosave_interval 1",
        "persistent_client_expiration 14d",
        "set_tcp_nodelay true",
        "log_type error",
        "log_type warning",
        "log_type notice",
    )


def _queue(session: Session, clients: int) -> tuple[str, ...]:
    """Return what waits at most for a client that is absent, and what room that may take."""
    if not session.below:
        return (f"max_queued_messages {max(_QUEUE_MIN, clients * _QUEUE_PER_BOX)}",)
    many = _QUEUE_PER_GATEWAY * max(1, clients)
    most = min(many * session.packet_max, _QUEUE_BYTES_MAX)
    return f"max_queued_messages {many}", f"max_queued_bytes {most}"


def _who_is_who(place: Place) -> tuple[str, ...]:
    folder = place.certificates
    own = (f"certfile {folder / 'broker.pem'}", f"keyfile {folder / 'broker.key'}")
    if place.passwords is not None:
        return (*own, f"password_file {place.passwords}")
    trusted = (f"cafile {folder / 'ca.pem'}", "require_certificate true")
    return (*own, *trusted, "use_identity_as_username true")


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
