"""The state directory: everything one box keeps. Made once by `init`, never by anything else.

journal    what happened, without choices       box.id          who the box is; written last
slots      choices, without order               keys/           its private keys
second/    both once more, on a second medium   register.seen   highest register version seen
lock       held by the process that is the box
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_device.host.files import create_file, sync_directory
from ballotbox_device.host.keys import KEYS, load_key, store_key, stored_keys
from ballotbox_device.host.problem import Problem, reason_of
from ballotbox_protocol.election.identifiers import BOX_ID_SIZE, BoxId
from ballotbox_protocol.wire.keyfile import PrivateKey

_BOX_ID: Final = "box.id"
_LOCK: Final = "lock"
_SECOND: Final = "second"
_PRIVATE_DIRECTORY: Final = 0o700


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """Where the parts of one box's memory lie."""

    path: Path
    box: BoxId

    @property
    def journal(self) -> Path:
        """The journal file."""
        return self.path / "journal"

    @property
    def slots(self) -> Path:
        """The slots file."""
        return self.path / "slots"

    @property
    def media(self) -> tuple[tuple[Path, Path], ...]:
        """Journal and slots on each medium; one made without a second copy has one."""
        first = (self.journal, self.slots)
        second = self.path / _SECOND
        return (
            (first, (second / "journal", second / "slots"))
            if second.is_symlink() or second.exists()
            else (first,)
        )

    @property
    def keys(self) -> Path:
        """The folder of the box's private keys."""
        return self.path / KEYS

    @property
    def register_seen(self) -> Path:
        """The file that remembers the highest register version."""
        return self.path / "register.seen"


def create_state(
    path: Path, box: BoxId, key: PrivateKey, second: Path | None = None
) -> StateDirectory:
    """Make the memory of a new box; raises Problem when anything is there already.

    second: a new directory for the second copy, on a medium of its own; without one it lies beside
    the first, which saves it from rot but not from a medium that dies.
    """
    state = StateDirectory(path, box)
    if second is not None:
        _require_apart(path, second)
    try:
        if second is not None:
            _make_empty(second, "Give --second a new directory on the other medium")
        look = "or look at this one: ballotbox-device status"
        _make_empty(path, f"Give --state a new directory, {look}")
        state.keys.mkdir(mode=_PRIVATE_DIRECTORY)
        store_key(state.keys, key)
        _make_second(path / _SECOND, second)
        for name in (*(file for medium in state.media for file in medium), path / _LOCK):
            create_file(name)
        if second is not None:
            sync_directory(second.parent)
        # Commit point: from here on there is a box; without its id the rest is none.
        create_file(path / _BOX_ID, f"{box.hex()}\n".encode())
        sync_directory(path.parent)
    except OSError as error:
        remedy = "Choose a directory you may write to, on a disk with room"
        raise Problem(error.filename or str(path), reason_of(error), remedy) from error
    return state


def _require_apart(path: Path, second: Path) -> None:
    one, other = path.resolve(), second.resolve()
    if one == other or one in other.parents or other in one.parents:
        remedy = "Give a directory on a medium of its own, or leave --second out"
        raise Problem(f"--second {second}", f"lies with --state {path} in one directory", remedy)


def empty_copy(state: StateDirectory, path: Path) -> StateDirectory:
    """Make a box with the id and keys of another and an empty memory, for a test; raises Problem.

    The two number their reports alike: whoever heard both would convict the box.
    """
    keys = [load_key(state.keys / key.hex()) for key in stored_keys(state.keys)]
    if not keys:
        remedy = "Restore the state directory from where it was copied"
        raise Problem(str(state.keys), "holds no key of the box", remedy)
    copy = create_state(path, state.box, keys[0])
    for key in keys[1:]:
        store_key(copy.keys, key)
    return copy


def _make_empty(path: Path, remedy: str) -> None:
    path.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    if any(path.iterdir()):
        what = "is not empty, and a box's memory is never written over"
        raise Problem(str(path), what, remedy)


def _make_second(place: Path, second: Path | None) -> None:
    if second is None:
        place.mkdir(mode=_PRIVATE_DIRECTORY)
    else:
        place.symlink_to(second.resolve(), target_is_directory=True)


def open_state(path: Path) -> StateDirectory:
    """Return the parts of a box's memory; raises Problem when there is no box."""
    try:
        digits = (path / _BOX_ID).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        remedy = f"Make one: ballotbox-device init --state {path}"
        if path.is_dir() and any(path.iterdir()):
            remedy = "If `init` was interrupted here, remove the directory and run it again"
        raise Problem(str(path), "holds no box", remedy) from None
    except NotADirectoryError:
        remedy = "Give --state the directory that `init` made"
        raise Problem(str(path), "is no directory", remedy) from None
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Run as the user whom the box belongs to"
        raise Problem(str(path / _BOX_ID), str(error), remedy) from error
    remedy = "Restore the file from where the state directory was copied"
    return StateDirectory(path, parse_box(digits, str(path / _BOX_ID), remedy))


def parse_box(digits: str, where: str, remedy: str) -> BoxId:
    """Return the box id that hexadecimal digits spell; raises Problem naming `where`."""
    try:
        box = bytes.fromhex(digits)
    except ValueError:
        box = b""
    if len(box) != BOX_ID_SIZE:
        raise Problem(where, f"a box id has {2 * BOX_ID_SIZE} hexadecimal digits", remedy)
    return BoxId(box)


@contextmanager
def sole_use(state: StateDirectory) -> Iterator[None]:
    """Be the only process that is this box; raises Problem when another is.

    Two would number their reports alike, and each would overwrite what the other has counted. The
    system lets go of the lock when a process ends, however it ends.
    """
    path = state.path / _LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        remedy = "Run as the user whom the box belongs to"
        raise Problem(str(path), reason_of(error), remedy) from error
    try:
        _take(descriptor, state)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, state: StateDirectory) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        raise Problem(
            str(state.path),
            f"process {holder} is running this box, and a box runs once",
            "Stop that process first; ballotbox-device status looks on without disturbing it",
        ) from None
