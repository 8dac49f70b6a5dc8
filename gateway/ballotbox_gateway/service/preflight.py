"""Everything a gateway needs, tried one by one before the day: each with one line of outcome."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from ballotbox_gateway.adapters.control_socket import is_answering
from ballotbox_gateway.adapters.law_files import load_laws
from ballotbox_gateway.adapters.mqtt_probe import broker_trouble, shows_certificate
from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.adapters.serial_line import lasting_name, open_line
from ballotbox_gateway.adapters.serial_words import port_trouble
from ballotbox_gateway.adapters.system_clock import is_kept
from ballotbox_gateway.adapters.trust_files import load_identity, load_trusted
from ballotbox_gateway.config import Config
from ballotbox_gateway.config_pages import Metrics, Page, Screen
from ballotbox_gateway.config_roads import Http, Mqtt, SerialPort, Upstream
from ballotbox_gateway.core.intake import Identity
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.apart import require_apart
from ballotbox_gateway.service.certificates import (
    CLOCK_REMEDY,
    REMEDY,
    OwnCertificate,
    own_certificates,
    trouble_of,
)
from ballotbox_gateway.service.opening import size_of_whole
from ballotbox_gateway.service.times import long_span, minute
from ballotbox_gateway.service.upward_roads import upward_road
from ballotbox_protocol.wire.fingerprint import fingerprint
from ballotbox_protocol.wire.trust import Trusted

#: An official day of a precinct fits into a few MiB; this leaves room for everything else's logs.
_DISK_FREE_MIN: Final = 256 * 2**20
#: What nobody but owner and group may do with a secret.
_OTHERS: Final = stat.S_IRWXO
#: Files come from other machines, whose clocks may be so much ahead of a right one.
_CLOCKS_APART_S: Final = 3_600


class Finding(NamedTuple):
    """One line: whether it is well, and what was found, with the remedy where it is not."""

    well: bool
    line: str


def _well(line: str) -> Finding:
    return Finding(well=True, line=line)


def _ill(line: str) -> Finding:
    return Finding(well=False, line=line)


def preflight(config: Config, beside: Sequence[Config] = ()) -> Iterator[Finding]:
    """Yield one finding for each thing that the gateway needs.

    beside: the other elections of the same settings.
    """
    try:
        trusted = load_trusted(config)
    except Problem as problem:
        yield _ill(str(problem))
        return
    election, version = trusted.election, trusted.register.version
    mode = election.mode.name.lower()
    yield _well(f"election: {election.name} ({mode})")
    yield _well(f"fingerprint: {fingerprint(config.root, trusted.digest)}, as on the poster")
    yield _well(f"register: version {version}, {len(trusted.register.expected)} boxes")
    if config.laws:
        yield _found(partial(_laws, config))
    if beside:
        yield _found(partial(_apart, config, trusted, beside))
    try:
        identity = load_identity(config, trusted)
    except Problem as problem:
        yield _ill(str(problem))
        return
    yield _well(f"key: {config.pkcs11 or config.key_file} is the register's for {config.origin}")
    yield from _open_secrets(config)
    yield from _surroundings(config, trusted, identity)


def _open_secrets(config: Config) -> Iterator[Finding]:
    """Yield what opens this gateway's doors and stands open to everybody on this machine."""
    tables = (config.mqtt, config.below, config.upstream)
    passwords = [table.password_file for table in tables if table is not None]
    keys = [own.key for own in own_certificates(config)]
    for path in filter(None, (config.key_file, config.passphrase_file, *passwords, *keys)):
        try:
            found = _state_of(path)
        except Problem as problem:
            yield _ill(str(problem))
            continue
        mode = found.st_mode if found is not None else 0
        if mode & _OTHERS:
            what = f"{path}: everybody on this machine may read it (mode {stat.S_IMODE(mode):04o})"
            yield _ill(f"{what}. Make it private: chmod 600 {path}")


def _state_of(path: Path) -> os.stat_result | None:
    """Return what the system says of a file, None of none; raises Problem where it may not."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        remedy = "Give this user the right to its folder, or correct the setting"
        raise Problem(str(path), (error.strerror or str(error)).lower(), remedy) from error


def _laws(config: Config) -> str:
    names = (law.name for law in load_laws(config.laws).values())
    return f"laws of counts by hand: {', '.join(names)}"


def _surroundings(config: Config, trusted: Trusted, identity: Identity) -> Iterator[Finding]:
    running = is_answering(config.control)
    if running:
        yield _well(f"the gateway is running; ledger and ports are its own: {config.control}")
    else:
        yield _found(partial(_ledger, config, trusted, identity))
        for line in config.serial:
            yield _found(partial(_serial, line))
        if config.http is not None:
            yield _found(partial(_http, config.http))
        for door in (config.page, config.screen, config.metrics):
            if door is not None and door.port is not None:
                yield _found(partial(_door, door))
    yield from _certificates(config)
    yield _found(partial(_clock, config))
    yield _found(partial(_disk, config))
    if config.second_copy is not None:
        yield _found(partial(_second_copy, config, config.second_copy, identity))
    if config.mqtt is not None:
        yield _broker(config, config.mqtt, trusted, running=running)
    if config.below is not None:
        yield _broker(config, config.below, trusted, running=running, below=True)
    if config.upstream is not None:
        yield _upstream(config, config.upstream, trusted, running=running)


def _found(look: Callable[[], str]) -> Finding:
    try:
        return _well(look())
    except Problem as problem:
        return _ill(str(problem))


def _apart(config: Config, trusted: Trusted, beside: Sequence[Config]) -> str:
    require_apart([trusted, *map(load_trusted, beside)], config)
    names = ", ".join(str(each.name) for each in beside)
    return f"elections: nothing of {config.name} can be taken for {names}"


def _ledger(config: Config, trusted: Trusted, identity: Identity) -> str:
    size = size_of_whole(config, trusted, identity)
    return f"ledger: {config.ledger} holds {size} leaves, and their tree is as signed"


def _broker(
    config: Config, settings: Mqtt, trusted: Trusted, *, running: bool, below: bool = False
) -> Finding:
    whose = "gateways below, " if below else ""
    broker = f"{whose}MQTT broker {settings.host}:{settings.port}"
    if running and shows_certificate(settings):
        return _well(f"{broker}: the running gateway has our name there; ask `status`")
    trouble = broker_trouble(settings, config.origin, trusted.digest, below=below)
    return _ill(f"{broker} {trouble}") if trouble else _well(f"{broker}: lets us read and answer")


def _second_copy(config: Config, directory: Path, identity: Identity) -> str:
    head = SecondCopy(directory, identity.origin, identity.key.public).head()
    held = f"{head.size} leaves" if head else "nothing yet"
    found = f"second copy: {directory} holds {held}"
    existing = _existing(directory)
    if not os.access(existing, os.W_OK):
        raise Problem(str(existing), "cannot be written", "Make it writable, or mount that disk")
    if existing.stat().st_dev == _existing(config.folder.absolute()).stat().st_dev:
        return f"{found}; on the disk of the ledger, so that one fault may take both"
    return found


def _existing(folder: Path) -> Path:
    while _state_of(folder) is None:
        folder = folder.absolute().parent
    return folder


def _clock(config: Config) -> str:
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    ours = (config.ledger_file, config.register_file)
    states = [(path, _state_of(path)) for path in ours if path is not None]
    written = [(state.st_mtime, path) for path, state in states if state is not None]
    changed, newest = max(written, default=(0.0, None))
    if changed > now + _CLOCKS_APART_S:
        remedy = "Set the clock: timedatectl set-time, or connect a time service"
        raise Problem("clock", f"shows {shown}, but {newest} was written later", remedy)
    if is_kept() is False:
        return f"clock: {shown}; no time service keeps it: compare it with a watch"
    return f"clock: {shown}"


def _disk(config: Config) -> str:
    folder = _existing(config.folder.absolute())
    free = shutil.disk_usage(folder).free
    if free < _DISK_FREE_MIN:
        what = f"only {free // 2**20} MiB are free"
        remedy = f"Free some space: {_DISK_FREE_MIN // 2**20} MiB at least"
        raise Problem(f"disk of {folder}", what, remedy)
    return f"disk: {free // 2**20} MiB free in {folder}"


def _serial(settings: SerialPort) -> str:
    try:
        open_line(settings).close()
    except (OSError, ValueError) as error:
        what, _, remedy = port_trouble(settings.port, error).partition(". ")
        raise Problem(f"serial port {settings.port}", what, remedy) from error
    lasting = lasting_name(settings.port)
    advice = f"; better name it {lasting}, which stays when cables move" if lasting else ""
    return f"serial port {settings.port}: opens at {settings.baud} baud{advice}"


def _http(settings: Http) -> str:
    from ballotbox_gateway.adapters.http_questions import listening_socket
    from ballotbox_gateway.adapters.http_tls import listening_context

    listening_context(settings)
    listening_socket(settings).close()
    return f"http: {settings.host}:{settings.port} is free"


def _door(settings: Page | Screen | Metrics) -> str:
    from ballotbox_gateway.adapters.http_questions import listening_socket

    listening_socket(settings).close()
    return f"{type(settings).__name__.lower()}: {settings.host}:{settings.port} is free"


def _certificates(config: Config) -> Iterator[Finding]:
    for own in own_certificates(config):
        yield _found(partial(_certificate, own))


def _certificate(own: OwnCertificate) -> str:
    from ballotbox_gateway.adapters.http_tls import examined, life_of, origins_named

    where, table = str(own.file), own.table
    try:
        says = examined(own.file, own.key, as_client=own.as_client)
    except OSError as error:
        remedy = f"Have it made anew, or correct {table}.certificate_file and {table}.key_file"
        raise Problem(where, f"does not work: {error}", remedy) from error
    if own.origin is not None and own.origin not in origins_named(says):
        remedy = f"Have it made with the common name, or the URI bbx:, and {own.origin}"
        what = f"does not name {own.origin}, so the upper gateway refuses us"
        raise Problem(where, what, remedy)
    now, (begins, ends) = int(time.time()), life_of(says, own.file)
    if begins > now:
        raise Problem(where, f"is good only from {minute(begins)} on", CLOCK_REMEDY)
    if trouble := trouble_of(table, own.file, ends, now):
        raise Problem(table, trouble, REMEDY)
    return f"{table}: {own.file} is good until {minute(ends)}, for {long_span(ends - now)}"


def _upstream(config: Config, settings: Upstream, trusted: Trusted, *, running: bool) -> Finding:
    if running and settings.over_mqtt:
        # A second session under the same name would throw the running one out.
        return _well(f"upper gateway {settings.url}: the running gateway's own; see `status`")
    try:
        way = upward_road(config, settings, trusted.digest)
    except Problem as problem:
        return _ill(str(problem))
    fault = way.reachable()
    way.close()
    if fault is not None:
        return _ill(f"upper gateway {settings.url}: {fault.problem}. {fault.fix}")
    return _well(f"upper gateway {settings.url}: answers")
