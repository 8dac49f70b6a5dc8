"""The election that is rehearsed, with the keys of its boxes: grown from a seed, or of a folder.

Only an election whose root has signed the mode `rehearsal` is run: whatever a plan says, boxes
of another one are never made.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_device.core.identity import Firmware
from ballotbox_device.host.firmware import running_firmware
from ballotbox_device.host.keys import load_key, stored_keys
from ballotbox_device.host.state import StateDirectory, open_state
from ballotbox_gateway.adapters.key_files import passphrase_from_file, read_key
from ballotbox_gateway.adapters.trust_files import trusted_from
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import BoxId, InvalidField, Mode
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.trust import RootKey, Trusted, parse_root
from ballotbox_simulator.authority import (
    FIRMWARE,
    FIRMWARE_SEQUENCE,
    Authority,
    Plan,
    make_authority,
    seeded_key,
)
from ballotbox_simulator.world.elections import with_ballots
from ballotbox_simulator.world.plan import Ballots

GATEWAY: Final = "rehearsal.example/gateway"
CENTRE: Final = "rehearsal.example/centre"
_NAME: Final = "Rehearsal of an election night"
_MAKE_ONE: Final = "Make one to rehearse with `ballotbox-sim election`"
_NOBODY: Final = seeded_key(0, "nobody")


@dataclass(frozen=True)
class Fleet:
    """An election with the keys of its boxes, in order, and the firmware of its register."""

    authority: Authority
    boxes: tuple[BoxId, ...]
    firmware: Firmware


def grown_fleet(
    seed: int, ballots: str, boxes: int, sheets: int, origins: tuple[str, ...]
) -> Fleet:
    """Return a fleet of `boxes` grown from a seed; equal arguments give equal bytes.

    sheets: the most that one box is fed; twice as many voters are registered at each.
    """
    plan = Plan(seed, boxes, origins, registered=2 * sheets, name=_NAME)
    authority = make_authority(with_ballots(plan, Ballots(ballots)))
    require_rehearsal(authority.trusted, f"election.seed {seed}")
    return Fleet(authority, authority.boxes, Firmware(FIRMWARE, FIRMWARE_SEQUENCE))


def fleet_in(folder: Path, boxes: int) -> Fleet:
    """Return the fleet of a folder that `ballotbox-sim election` has made.

    Raises Problem when the election is no rehearsal, or when the folder has fewer boxes.
    """
    root = _root_in(folder)
    trusted = trusted_from(root, folder / "election.cose", folder / "register.cose")
    require_rehearsal(trusted, str(folder))
    states = [open_state(folder / f"box-{number}") for number in range(1, boxes + 1)]
    authority = Authority(
        trusted=trusted,
        root=root,
        definition=(folder / "election.cose").read_bytes(),
        register=(folder / "register.cose").read_bytes(),
        box_keys={state.box: _key_of(state) for state in states},
        gateway_keys={},
        officer_keys=_officers_in(folder),
        # The keys of the office's authority are not here, and nothing signs with them.
        root_key=_NOBODY,
        register_key=_NOBODY,
    )
    return Fleet(authority, tuple(state.box for state in states), running_firmware())


def require_rehearsal(trusted: Trusted, where: str) -> None:
    """Refuse every election whose signed mode is another one; raises Problem."""
    mode = trusted.election.mode
    if mode is not Mode.REHEARSAL:
        what = f"holds an election signed as {mode.name.lower()}, which is never rehearsed"
        raise Problem(where, what, _MAKE_ONE)


def _root_in(folder: Path) -> RootKey:
    path = folder / "root.txt"
    try:
        root = parse_root(path.read_text(encoding="ascii").strip())
    except InvalidField as error:
        raise Problem(str(path), error.problem, _MAKE_ONE) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(str(path), "cannot be read", _MAKE_ONE) from error
    if not isinstance(root, RootKey):
        raise Problem(str(path), "is a root that several hold", _MAKE_ONE)
    return root


def _key_of(state: StateDirectory) -> PrivateKey:
    (first, *_) = stored_keys(state.keys)
    return load_key(state.keys / first.hex())


def _officers_in(folder: Path) -> tuple[PrivateKey, ...]:
    passphrase = passphrase_from_file(folder / "officer.passphrase")
    paths = (folder / f"officer-{number}.key" for number in (1, 2))
    return tuple(read_key(path, passphrase, Mode.REHEARSAL) for path in paths)
