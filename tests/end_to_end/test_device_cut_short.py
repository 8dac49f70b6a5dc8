"""Is every sheet counted once by a box that is killed at any line, or whose disk takes no more?"""

import os
from contextlib import suppress
from itertools import islice

import pytest

from ballotbox_protocol.election.tally import Layout
from tests.device.host.box_process import Place, find, make_place, run_command, sheets
from tests.device.host.small_gateway import SmallGateway

NOWHERE = ("--serial", "no-such-port")


@pytest.fixture
def place(tmp_path):
    return make_place(tmp_path / "place")


class Killed(Exception):
    """The box was killed where the plan says."""


class KilledDay:
    """A poll day whose box is killed before and after the answer to every single line.

    `in_box` is where the paper really is; what the box says is compared with it.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.in_box: list[dict] = []
        self.presented = 0
        self.kills = 0
        self.asked = 0
        self._killed_at: set[tuple] = set()
        self._step = 0
        self._box = None
        self._ready: dict = {}

    def boot(self) -> bool:
        """Start the box; tell whether it asks about a sheet."""
        self._box = self.place.run(*NOWHERE)
        said = self._box.until_ready()
        self._ready = said[-1]
        return find(said, "ask_dropped") is not None

    def exchange(self, **line) -> list[dict]:
        """Send one line and read its answer, if the box is left alive."""
        self._box.send(**line)
        self._kill_once("sent", line["do"])
        said = self._box.until_ready()
        self._kill_once("answered", line["do"])
        self._ready = said[-1]
        return said

    def _kill_once(self, *point: str) -> None:
        where = (self._step, *point)
        if where not in self._killed_at:
            self._killed_at.add(where)
            self.kills += 1
            self._box.kill()
            raise Killed

    def survive(self, step) -> None:
        """Take one step, however often the box is killed in it."""
        self._step += 1
        attempt = Attempt(step)
        while True:
            try:
                attempt.go_on(self)
            except Killed:
                if self.boot():
                    self.asked += 1
                    self._box.do(do="answer", dropped=attempt.has_fallen)
                    self._ready = self._box.lines[-1]
                    attempt.was_asked = True
            else:
                return

    @property
    def state(self) -> str:
        return self._ready["state"]

    @property
    def accepted(self) -> int:
        return self._ready["accepted"]

    def consent(self, said) -> None:
        while needed := find(said, "consent_needed"):
            signatures = self.place.authority.consent(bytes.fromhex(needed["payload"]))
            tokens = [f"{each.key_id.hex()}:{each.signature.hex()}" for each in signatures]
            said = self.exchange(do="consent", signatures=tokens)

    def end(self) -> None:
        self._box.kill()


class Attempt:
    """One step across the lives of the box; `has_fallen`: its sheet lies in the box."""

    def __init__(self, step) -> None:
        self._step = step
        self.has_fallen = False
        self.was_asked = False

    def go_on(self, day: KilledDay) -> None:
        if isinstance(self._step, dict):
            self._feed(day)
        else:
            word, target = self._step
            if day.state != target:
                day.consent(day.exchange(do=word))
            assert day.state == target

    def _feed(self, day: KilledDay) -> None:
        if not self.has_fallen:
            self._insert(day)
        if self.has_fallen and day.accepted < len(day.in_box):
            # It fell while nobody could tell the box; had that been lost, it would have asked.
            assert not self.was_asked
            day.exchange(do="dropped")
        assert day.accepted == len(day.in_box)

    def _insert(self, day: KilledDay) -> None:
        day._box.send(do="insert", **self._step)
        day._kill_once("sent", "insert")
        said = day._box.until_ready()
        if find(said, "drop_sheet"):
            self.has_fallen = True
            day.in_box.append(self._step)
        day._ready = said[-1]
        day._kill_once("answered", "insert")


FIRST, SECOND, AWAY = islice(sheets(), 3)
KILLED_DAY = (
    ("print_zero", "zero"),
    ("open", "open"),
    FIRST,
    SECOND,
    FIRST | {"readable": False},
    ("pause", "paused"),
    ("resume", "open"),
    FIRST,
    ("close", "closed"),
    ("admit_portable", "portable"),
    AWAY | {"portable": True},
    ("end_portable", "closed"),
    ("finish", "final"),
)


@pytest.mark.accept
def test_killed_between_any_two_lines_every_sheet_is_counted_once(place):
    day = KilledDay(place)
    assert not day.boot()
    for step in KILLED_DAY:
        day.survive(step)
    day.end()
    assert day.kills >= 2 * len(KILLED_DAY)
    assert day.asked >= 4
    told = place.status()
    assert told["state"] == "final"
    assert told["boots"] == day.kills + 1
    assert told["counters"]["accepted"] == len(day.in_box) == 4
    assert told["counters"]["portable"] == 1
    assert told["counters"]["pending"] == 0
    assert told["slots"]["counted"] == 4
    votes = final_of(place).votes
    assert votes is not None
    assert [span_votes(place, votes, contest) for contest in range(3)] == [
        (2, 1, 0, 0, 0),
        (0, 2, 0, 0),
        (1, 0, 1, 0, 0, 0, 0),
    ]


def final_of(place: Place):
    folder = place.folder / "usb"
    assert run_command("reports", "--state", place.state, "--out", folder).returncode == 0
    gateway = SmallGateway(place.authority, answers=False)
    for path in sorted(folder.iterdir()):
        gateway.take(b"\x01" + path.read_bytes())
    bodies = gateway.bodies()
    assert [body.sequence for body in bodies] == list(range(len(bodies)))
    return next(body for body in bodies if body.kind.name == "FINAL")


def span_votes(place: Place, votes, contest: int):
    return Layout.of(place.authority.trusted.election).read(votes, contest).votes


def feed_until_it_stops(box) -> tuple[int, bool]:
    """Feed sheets until the box stops: how many it has accepted, and whether one more fell."""
    accepted = 0
    while True:
        fell = False
        try:
            said = box.do(do="insert", **FIRST)
            fell = find(said, "drop_sheet") is not None
            said = box.do(do="dropped")
            accepted = find(said, "sheet_accepted")["accepted"]
        except (EOFError, BrokenPipeError):
            return accepted, fell


def assert_nothing_lost(place: Place, accepted: int, *, fell: bool) -> None:
    """Boot the box on a disk with room: it has what it said, and asks about what it could not."""
    with place.run(*NOWHERE) as box:
        said = box.until_ready()
        if find(said, "ask_dropped"):
            said = box.do(do="answer", dropped=fell)
        assert said[-1]["accepted"] == accepted + fell
        box.act("close", "finish")
    assert final_of(place).counters.accepted == accepted + fell


def test_a_disk_that_takes_no_more_stops_the_box_and_loses_nothing(place):
    """The limit on a file's size stands for a full disk, where none can be mounted."""
    with place.run(*NOWHERE) as box:
        box.until_ready()
        box.act("print_zero", "open")
    limit = (place.state / "journal").stat().st_size + 2_000
    with place.run(*NOWHERE, file_size=limit) as box:
        box.until_ready()
        accepted, fell = feed_until_it_stops(box)
        assert box.wait() == 1
        told = box.complained
    assert accepted > 10
    assert f"The box stopped: {place.state / 'journal'}: File too large" in told
    assert "Nothing that was reported as accepted is lost" in told
    assert "ballotbox-device run" in told
    assert len(told.splitlines()) <= 4
    assert_nothing_lost(place, accepted, fell=fell)


def test_a_full_disk_stops_the_box_and_loses_nothing(tmp_path, full_disk):
    place = make_place(tmp_path / "place", full_disk / "box")
    with place.run(*NOWHERE) as box:
        box.until_ready()
        box.act("print_zero", "open")
        filler = fill(full_disk)
        accepted, fell = feed_until_it_stops(box)
        assert box.wait() == 1
        assert "No space left on device" in box.complained
    with place.run(*NOWHERE) as box:
        with pytest.raises(EOFError, match="No space left on device"):
            box.until_ready()
        assert box.wait() == 1
    filler.unlink()
    assert_nothing_lost(place, accepted, fell=fell)


@pytest.fixture
def full_disk(tmp_path):
    """A file system of 256 KiB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.system(f"mount -t tmpfs -o size=256k none {disk} 2>/dev/null") != 0:
        pytest.skip("no small file system may be mounted here")
    yield disk
    os.system(f"umount {disk}")


def fill(disk):
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4_096)):
            continue
    return filler
