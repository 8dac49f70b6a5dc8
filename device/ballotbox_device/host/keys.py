"""The box's own private keys: one file each, named by the public key, in the state directory.

A key file holds the raw seed in hexadecimal and is readable by its owner alone. It has no
passphrase: after a power cut the box must boot and count by itself, with nobody there to type one,
and a passphrase stored beside the key would protect nothing. Whoever reads the state directory can
sign as this box; on real hardware the seed belongs into a secure element.
"""

import secrets
import stat
from pathlib import Path
from typing import Final

from ballotbox_device.host.files import create_file
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_protocol.election.identifiers import BoxId, PublicKey
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.wire.keyfile import SEED_SIZE, PrivateKey

KEYS: Final = "keys"


def new_key() -> PrivateKey:
    """Return a key of the system's randomness; it is nowhere stored yet."""
    return PrivateKey.from_seed(secrets.token_bytes(SEED_SIZE))


def store_key(folder: Path, key: PrivateKey) -> None:
    """Store a key, durably; raises OSError."""
    create_file(folder / key.public.hex(), f"{key.seed.hex()}\n".encode())


def load_key(path: Path) -> PrivateKey:
    """Return the key in a file; raises Problem when it cannot be, or must not be, used."""
    try:
        mode = path.stat().st_mode
        digits = path.read_text(encoding="ascii").strip()
    except OSError as error:
        remedy = "Without its key the box cannot sign: restore the state directory"
        raise Problem(str(path), reason_of(error), remedy) from error
    except UnicodeDecodeError:
        digits = ""
    if stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
        remedy = f"If nobody can have read it: chmod 600 {path}; otherwise make a new box"
        raise Problem(str(path), "others than the owner may use this private key", remedy)
    seed = bytes.fromhex(digits) if len(digits) == 2 * SEED_SIZE and _is_hex(digits) else b""
    key = PrivateKey.from_seed(seed) if seed else None
    if key is None or key.public.hex() != path.name:
        remedy = "Restore the file from where the state directory was copied"
        raise Problem(str(path), "does not hold the key it is named by", remedy)
    return key


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdef" for digit in digits)


def stored_keys(folder: Path) -> tuple[PublicKey, ...]:
    """Return the public keys that files are named by, in a fixed order."""
    names = sorted(path.name for path in folder.iterdir())
    size = 2 * SEED_SIZE
    return tuple(
        PublicKey(bytes.fromhex(name)) for name in names if len(name) == size and _is_hex(name)
    )


def choose_key(
    folder: Path, register: Register, box: BoxId, rotated_to: PublicKey | None
) -> PrivateKey:
    """Return the key the box signs with; raises Problem when it has none that is registered.

    `rotated_to` is what the journal's last key rotation named. Without one, and once the register
    has closed that one, it is the stored key of the lowest epoch, from there on, that the register
    has not closed: a later one waits for its rotation.
    """
    entries = register.entries_of.get(box, ())
    if rotated_to is not None:
        at = next((e for e in entries if e.key == rotated_to), None)
        if at is None or at.closed is None:
            return load_key(folder / rotated_to.hex())
        entries = tuple(entry for entry in entries if entry.epoch >= at.epoch)
    stored = set(stored_keys(folder))
    mine = [entry for entry in entries if entry.key in stored]
    if not mine:
        held = ", ".join(sorted(key.hex() for key in stored)) or "none"
        raise Problem(
            "--register",
            f"version {register.version} does not give box {box.hex()} a key that it holds "
            f"(it holds {held})",
            "Add the box as `ballotbox-device status` prints it, or give the register it is in",
        )
    entry = next((entry for entry in mine if entry.closed is None), mine[-1])
    return load_key(folder / entry.key.hex())


def next_key(folder: Path, register: Register, box: BoxId, epoch: int) -> PrivateKey:
    """Return the stored key that the register lists for `epoch` of the box; raises Problem."""
    stored = set(stored_keys(folder))
    for entry in register.entries_of.get(box, ()):
        if entry.epoch == epoch and entry.key in stored:
            return load_key(folder / entry.key.hex())
    raise Problem(
        "key",
        f"version {register.version} of the register lists no key of epoch {epoch} that is here",
        "Make one with `ballotbox-device new-key`, have it registered, run with that register",
    )
