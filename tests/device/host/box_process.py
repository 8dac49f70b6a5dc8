"""A real `ballotbox-device run`, its officers, and everything it needs on disk."""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from click.testing import CliRunner

from ballotbox_device.cli import main
from ballotbox_device.host.firmware import running_firmware
from ballotbox_protocol.election.definition import BallotStyle
from ballotbox_protocol.election.identifiers import PrecinctId, PublicKey
from ballotbox_protocol.election.register import BoxEntry
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_simulator.authority import (
    COUNCIL,
    DISTRICT,
    PARTY_LIST,
    Authority,
    Plan,
    box_id,
    make_authority,
    with_register,
)

#: How long a line may take on a machine that does much else; nothing is measured by it.
PATIENCE_S = 120
BOX = box_id(1)

Said = dict[str, Any]

#: A box is started dozens of times: its modules are compiled once, not at every start.
_COMPILED = tempfile.TemporaryDirectory(prefix="ballotbox-compiled-")
atexit.register(_COMPILED.cleanup)
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
} | {"PYTHONPYCACHEPREFIX": _COMPILED.name}


def command(*arguments: object) -> list[str]:
    """The command as a person types it, of the interpreter that runs the tests."""
    return [str(Path(sys.executable).parent / "ballotbox-device"), *map(str, arguments)]


def run_command(*arguments: object) -> "Done":
    """Run a command that ends by itself; in this process, which saves the start of another."""
    result = CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)
    return Done(result.exit_code, result.stdout, result.stderr)


class Done(NamedTuple):
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Place:
    """A polling place on disk: one box that was made with `init`, and its election."""

    folder: Path
    authority: Authority

    @property
    def state(self) -> Path:
        return self.folder / "box"

    def options(self, *road: object) -> list[object]:
        return [
            *("--state", self.state),
            *("--election", self.folder / "election.cose"),
            *("--register", self.folder / "register.cose"),
            *("--root", self.authority.root),
            *road,
        ]

    def run(self, *road: object, file_size: int | None = None) -> "BoxProcess":
        """Start the box; `file_size` is the largest file that the system lets it write."""
        arguments = command("run", *self.options(*road))
        if file_size is not None:
            arguments = ["prlimit", f"--fsize={file_size}", *arguments]
        return BoxProcess(arguments, self.authority)

    def status(self) -> Said:
        done = run_command("status", "--state", self.state, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def make_place(
    folder: Path, state: Path | None = None, second: Path | None = None, **changes: Any
) -> Place:
    """Make a box with `init` and an election whose register lists it."""
    folder.mkdir(parents=True, exist_ok=True)
    box = state or folder / "box"
    more = ["--second", second] if second else []
    made = run_command("init", "--state", box, "--box", BOX.hex(), *more)
    assert made.returncode == 0, made.stderr
    if box != folder / "box":
        (folder / "box").symlink_to(box)
    styles = (BallotStyle("HOME", ((0, 1), (2,))), BallotStyle("AWAY", ((0,),)))
    contests = (PARTY_LIST, DISTRICT, COUNCIL)
    plan = Plan(3, 1, registered=30, contests=contests, styles=styles)
    authority = with_box(make_authority(replace(plan, **changes)), box)
    authority.write(folder)
    return Place(folder, authority)


def make_voted_place(folder: Path) -> Place:
    """Make a place whose poll was opened and took one sheet."""
    place = make_place(folder)
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero", "open")
        box.feed(**next(sheets()))
    return place


def with_box(authority: Authority, state: Path) -> Authority:
    """The authority after it listed the box that `init` made."""
    (name,) = (path.name for path in (state / "keys").iterdir())
    key = PublicKey(bytes.fromhex(name))
    register = authority.trusted.register
    entry = BoxEntry(BOX, key, 1, PrecinctId(1), (running_firmware().digest,))
    return with_register(authority, replace(register, version=2, boxes=(entry,)))


class BoxProcess:
    """One life of the box; `lines` is all it has said."""

    def __init__(self, arguments: list[str], authority: Authority) -> None:
        self._authority = authority
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_ENVIRONMENT,
        )
        self._whole: deque[bytes] = deque()
        self._partial = b""
        self.lines: list[Said] = []
        #: What an ended box had written on standard error.
        self.complained = ""

    @property
    def output(self) -> int:
        """The descriptor to wait on for more lines."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    @property
    def pid(self) -> int:
        return self._process.pid

    def hear(self) -> Said:
        """The next line that the box says; EOFError with its complaint when it has ended."""
        while not self._whole:
            ready, _, _ = select.select([self.output], [], [], PATIENCE_S)
            if not ready:
                pytest.fail(f"the box says nothing more; it said {self.lines}")
            data = os.read(self.output, 65_536)
            if not data:
                self.wait()
                raise EOFError(self.complained)
            *whole, self._partial = (self._partial + data).split(b"\n")
            self._whole += whole
        self.lines.append(json.loads(self._whole.popleft()))
        return self.lines[-1]

    @property
    def has_more(self) -> bool:
        """Whether `hear` has a line without waiting for the box."""
        return bool(self._whole)

    def until_ready(self) -> list[Said]:
        """What the box says up to its next `ready`."""
        return self.until("ready")

    def until(self, says: str) -> list[Said]:
        said = [self.hear()]
        while said[-1]["says"] != says:
            said.append(self.hear())
        return said

    def send(self, **line: Any) -> None:
        self.send_bytes(json.dumps(line).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def do(self, **line: Any) -> list[Said]:
        """Send one line and return the answer."""
        self.send(**line)
        return self.until_ready()

    def consent(self, asked: list[Said]) -> list[Said]:
        """Have two officers sign what the box asked for, again if it asks again."""
        while needed := find(asked, "consent_needed"):
            asked = self.do(do="consent", signatures=tokens(self._authority, needed))
        return asked

    def act(self, *words: str) -> list[Said]:
        said: list[Said] = []
        for word in words:
            said += self.consent(self.do(do=word))
        return said

    def feed(self, **sheet: Any) -> list[Said]:
        """Feed a sheet that drops as it should, unless the box gives it back."""
        said = self.do(do="insert", **sheet)
        return said + self.do(do="dropped") if find(said, "drop_sheet") else said

    def end_of_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def deaf(self) -> None:
        """Stop listening to the box."""
        assert self._process.stdout is not None
        self._process.stdout.close()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """The exit code of a box that ends by itself."""
        code = self._process.wait(timeout=PATIENCE_S)
        errors = self._process.stderr
        if errors is not None and not errors.closed:
            self.complained = errors.read().decode()
        for pipe in (self._process.stdin, self._process.stdout, errors):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def run_with(place, **changes):
    options = dict(zip(*[iter(place.options("--serial", "no-such-port"))] * 2, strict=True))
    options |= {f"--{name}": value for name, value in changes.items()}
    return run_command("run", *(each for pair in options.items() for each in pair))


def assert_stopped(done, *said, lines=1):
    assert done.returncode == 1, done
    assert done.stdout == "", done
    for words in said:
        assert words in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == lines, done.stderr


def find(said: list[Said], says: str) -> Said | None:
    return next((line for line in said if line["says"] == says), None)


def tokens(authority: Authority, needed: Said) -> list[str]:
    """Two officers' signatures, as `ballotbox-device consent` prints them."""
    message_type = MessageType[needed["type"].upper()]
    signatures = authority.consent(bytes.fromhex(needed["payload"]), message_type)
    return [f"{each.key_id.hex()}:{each.signature.hex()}" for each in signatures]


def sheets() -> Iterator[dict[str, Any]]:
    """Sheets a box takes when it is open, for ever."""
    while True:
        yield {"style": "HOME", "sheet": 0, "marks": [[0], [1]]}
        yield {"style": "HOME", "sheet": 1, "marks": [[0, 2]]}
        yield {"style": "AWAY", "sheet": 0, "marks": [[1]]}
