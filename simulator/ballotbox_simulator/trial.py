"""A rehearsal election on disk: everything a gateway needs to be tried out, made from one seed."""

from pathlib import Path
from typing import Final

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_simulator.authority import Plan, make_authority

_PRECINCT: Final = 0
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


def write_trial(directory: Path, boxes: int, broker: tuple[str, int], seed: int = 1) -> list[Path]:
    """Write election, register, keys and settings into a new directory and return the files.

    The keys are unprotected, which an official election never takes. Raises FileExistsError when
    the directory exists, OSError when it cannot be written.
    """
    directory.mkdir(parents=True)
    plan = Plan(seed, boxes)
    authority = make_authority(plan)
    authority.write(directory)
    origin = plan.origins[_PRECINCT]
    write_key(directory / "gateway.key", authority.gateway_keys[origin], None)
    for number, key in enumerate(authority.officer_keys, 1):
        write_key(directory / f"officer-{number}.key", key, None)
    host, port = broker
    settings = _SETTINGS.format(root=authority.root, origin=origin, host=host, port=port)
    (directory / "gateway.toml").write_text(settings)
    (directory / "root.txt").write_text(f"{authority.root}\n")
    return sorted(directory.iterdir())
