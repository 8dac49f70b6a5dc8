"""A rehearsal election on disk: everything a gateway needs to be tried out, made from one seed."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_simulator.authority import Plan, make_authority

_PRECINCT: Final = 0
_PORT_MAX: Final = 65_535
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
BOXES_MAX: Final = 10_000
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
    """Write election, register, keys and settings into a new directory and return the files.

    The keys are unprotected, which an official election never takes. Raises InvalidField naming
    what is wrong, OSError when the directory cannot be written; then there is none.
    """
    require(1 <= boxes <= BOXES_MAX, "--boxes", f"must be 1 to {BOXES_MAX}")
    host, port = _address(broker)
    plan = Plan(seed, boxes)
    authority = make_authority(plan)
    origin = plan.origins[_PRECINCT]
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise InvalidField(str(directory), "exists already: name a new directory") from None
    with _whole_or_none(directory):
        authority.write(directory)
        write_key(directory / "gateway.key", authority.gateway_keys[origin], None)
        for number, key in enumerate(authority.officer_keys, 1):
            write_key(directory / f"officer-{number}.key", key, None)
        settings = _SETTINGS.format(root=authority.root, origin=origin, host=host, port=port)
        (directory / "gateway.toml").write_text(settings)
        (directory / "root.txt").write_text(f"{authority.root}\n")
    return sorted(directory.iterdir())


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
