"""A rehearsal election on disk: everything a gateway needs to be tried out, made from one seed."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from ballotbox_device.host.firmware import running_firmware
from ballotbox_device.host.state import create_state
from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_simulator.authority import Authority, Plan, make_authority, with_register

_PRECINCT: Final = 0
_PORT_MAX: Final = 65_535
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_PASSPHRASE: Final = "rehearsal"
BOXES_MAX: Final = 1_000
_SETTINGS: Final = """\
root = "{root}"
election_file = "election.cose"
register_file = "register.cose"
origin = "{origin}"
key_file = "gateway.key"
ledger_file = "ledger.sqlite"

[mqtt]
host = "{host}"
port = {port}
"""


def write_trial(directory: Path, boxes: int, broker: str, seed: int = 1) -> list[Path]:
    """Write election, register, keys, settings and boxes into a new directory; return its entries.

    The gateway's key is unprotected, and the officers' passphrase lies beside their keys: an
    official election has neither. Raises InvalidField naming what is wrong, OSError or a Problem
    when the directory cannot be written; then there is none.
    """
    require(1 <= boxes <= BOXES_MAX, "--boxes", f"must be 1 to {BOXES_MAX}")
    host, port = _address(broker)
    plan = Plan(seed, boxes)
    authority = _of_real_boxes(make_authority(plan))
    origin = plan.origins[_PRECINCT]
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise InvalidField(str(directory), "exists already: name a new directory") from None
    with _whole_or_none(directory):
        authority.write(directory)
        write_key(directory / "gateway.key", authority.gateway_keys[origin], None)
        for number, key in enumerate(authority.officer_keys, 1):
            write_key(directory / f"officer-{number}.key", key, _PASSPHRASE)
        (directory / "officer.passphrase").write_text(f"{_PASSPHRASE}\n")
        for number, box in enumerate(authority.boxes, 1):
            create_state(directory / f"box-{number}", box, authority.box_keys[box])
        settings = _SETTINGS.format(root=authority.root, origin=origin, host=host, port=port)
        (directory / "gateway.toml").write_text(settings)
        (directory / "root.txt").write_text(f"{authority.root}\n")
    return sorted(directory.iterdir())


def _of_real_boxes(authority: Authority) -> Authority:
    """Return the authority with a register for boxes that run as `ballotbox-device`."""
    register = authority.trusted.register
    firmware = (running_firmware().digest,)
    boxes = tuple(replace(entry, firmware=firmware) for entry in register.boxes)
    return with_register(authority, replace(register, boxes=boxes))


def _address(broker: str) -> tuple[str, int]:
    host, _, port = broker.rpartition(":")
    fits = bool(_HOST.fullmatch(host)) and port.isdecimal() and 0 < int(port) <= _PORT_MAX
    require(fits, f"--broker {broker}", "must be written HOST:PORT, as 127.0.0.1:1883")
    return host.strip("[]"), int(port)


@contextmanager
def _whole_or_none(directory: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
