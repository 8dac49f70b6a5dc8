"""The SQLite file: opened alone, on a disk that keeps its word, or not used at all."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from ballotbox_gateway.core.intake import Outcome
from ballotbox_gateway.core.ports import Batch, DiskFull, LedgerFailure, ReadOnly, Tally
from ballotbox_gateway.ledger import connection, sqlite
from ballotbox_gateway.ledger.sqlite import SqliteLedger, create, open_ledger
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway.scripted import NOW, ScriptedBox, arrivals, authority, binding, intake
from tests.gateway.sick_disk import Disk, sick_disk

K = ReportKind
GIVEN = authority()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger"
    create(path, binding(GIVEN.trusted))
    return path


@pytest.fixture
def disk() -> Iterator[Disk]:
    with sick_disk() as disk:
        yield disk


@pytest.fixture
def opened(path: Path, request: pytest.FixtureRequest) -> Iterator[SqliteLedger]:
    """The ledger at `path`; a disk made sick by the test is well again when it is closed."""
    disk = request.getfixturevalue("disk") if "disk" in request.fixturenames else Disk()
    ledger = open_ledger(path)
    yield ledger
    disk.room = disk.syncs = None
    ledger.close()


def test_creation_never_touches_what_is_there(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create(path, binding(GIVEN.trusted))
    assert path.read_bytes() == before


@pytest.mark.parametrize("room", [0, 1, 4_096, 9_000, 20_000, 40_000])
def test_creation_on_a_full_disk_leaves_nothing_and_may_be_tried_again(
    tmp_path: Path, disk: Disk, room: int
) -> None:
    path = tmp_path / "ledger"
    disk.room = room
    with pytest.raises(DiskFull, match="the disk is full"):
        create(path, binding(GIVEN.trusted))
    assert list(tmp_path.iterdir()) == []
    disk.room = None
    create(path, binding(GIVEN.trusted))
    open_ledger(path).close()


def test_creation_on_a_disk_that_does_not_sync_leaves_nothing(tmp_path: Path, disk: Disk) -> None:
    disk.syncs = 1
    with pytest.raises(LedgerFailure):
        create(tmp_path / "ledger", binding(GIVEN.trusted))
    assert list(tmp_path.iterdir()) == []


def test_opening_never_creates(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ballotbox-gateway init"):
        open_ledger(tmp_path / "ledger")
    assert list(tmp_path.iterdir()) == []


def test_ledger_is_open_in_one_process_at_a_time(path: Path) -> None:
    ledger = open_ledger(path)
    with pytest.raises(LedgerFailure, match="another process has this ledger open"):
        open_ledger(path)
    program = (
        "import sys, apsw\nc = apsw.Connection(sys.argv[1])\nc.execute('select 1 from leaves')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )
    assert "BusyError" in done.stderr
    ledger.close()
    open_ledger(path).close()


@pytest.mark.parametrize("content", [b"", b"hello world", b"SQLite format 3\x00" + bytes(4000)])
def test_what_is_no_ledger_is_not_opened(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(content)
    with pytest.raises(LedgerFailure, match=r"is no ledger|cannot be opened as a ledger"):
        open_ledger(path)


def test_ledger_of_another_format_is_not_opened(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE binding SET format = 1")
    connection.close()
    with pytest.raises(LedgerFailure, match="has format 1"):
        open_ledger(path)


def test_every_pragma_is_set_and_read_back(
    opened: SqliteLedger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {name: opened._connection.pragma(name) for name, _ in connection.PRAGMAS}
    assert found == dict(connection.PRAGMAS)
    assert (found["journal_mode"], found["synchronous"]) == ("wal", 2)
    opened.close()
    monkeypatch.setattr(connection, "PRAGMAS", (("page_size", 1_000_000),))
    with pytest.raises(LedgerFailure, match="use a local file system"):
        open_ledger(path)


def test_full_disk_says_nothing_and_loses_nothing(
    opened: SqliteLedger, path: Path, disk: Disk
) -> None:
    messages = ScriptedBox(GIVEN).day(40)
    gateway = intake(GIVEN, opened)
    first = gateway.admit(arrivals(*messages[:2]), NOW).answers
    disk.room = 10_000
    with pytest.raises(DiskFull):
        gateway.admit(arrivals(*messages), NOW)
    assert opened.log_head().size == 2
    again = gateway.admit(arrivals(*messages[:2]), NOW).answers
    assert [each.message for each in again] == [each.message for each in first]
    disk.room = None
    answers = gateway.admit(arrivals(*messages), NOW).answers
    assert [each.outcome for each in answers[2:]] == [Outcome.ACCEPTED] * (len(messages) - 2)
    assert opened.counts()[Tally.UNAUTHENTIC, Reason.DISK] == len(messages)
    opened.close()
    with closing(open_ledger(path)) as ledger:
        later = intake(GIVEN, ledger).admit(arrivals(*messages), NOW).answers
    assert [each.message for each in later] == [each.message for each in answers]


def test_a_disk_that_is_read_only_for_a_while_is_waited_for(
    opened: SqliteLedger, disk: Disk
) -> None:
    messages = ScriptedBox(GIVEN).day(3)
    gateway = intake(GIVEN, opened)
    gateway.admit(arrivals(*messages[:2]), NOW)
    disk.read_only = True
    with pytest.raises(ReadOnly, match="the disk is read-only now"):
        gateway.admit(arrivals(*messages), NOW)
    assert opened.sick is None
    assert opened.log_head().size == 2
    disk.read_only = False
    answers = gateway.admit(arrivals(*messages), NOW).answers
    assert [each.outcome for each in answers[2:]] == [Outcome.ACCEPTED] * (len(messages) - 2)


def test_disk_full_at_any_byte_is_all_or_nothing(opened: SqliteLedger, disk: Disk) -> None:
    """The room runs out a little later each time, until the batch fits."""
    messages = ScriptedBox(GIVEN).day(10)
    gateway = intake(GIVEN, opened)
    for room in range(0, 200_000, 3_000):
        disk.room = room
        try:
            answers = gateway.admit(arrivals(*messages), NOW).answers
        except DiskFull:
            assert opened.log_head().size == 0
            continue
        break
    assert {each.outcome for each in answers} == {Outcome.ACCEPTED}
    assert opened.log_head().size == len(messages)
    assert room > 3_000


def test_page_limit_is_a_full_disk_too(opened: SqliteLedger) -> None:
    pages = opened._connection.pragma("page_count")
    opened._connection.pragma("max_page_count", pages + 3)
    gateway = intake(GIVEN, opened)
    messages = ScriptedBox(GIVEN).day(60)
    with pytest.raises(DiskFull):
        gateway.admit(arrivals(*messages), NOW)
    opened._connection.pragma("max_page_count", 1_000_000)
    assert gateway.admit(arrivals(*messages), NOW).answers[-1].outcome is Outcome.ACCEPTED


def test_failed_sync_ends_the_use_of_the_file(opened: SqliteLedger, path: Path, disk: Disk) -> None:
    box = ScriptedBox(GIVEN)
    gateway = intake(GIVEN, opened)
    gateway.admit(arrivals(box.report(K.BOOT)), NOW)
    disk.syncs = 0
    message = box.report(K.ZERO)
    with pytest.raises(LedgerFailure, match=r"the sync failed|disk I/O error") as raised:
        gateway.admit(arrivals(message), NOW)
    assert not isinstance(raised.value, DiskFull)
    disk.syncs = None
    for ask in (lambda: gateway.admit(arrivals(message), NOW), opened.log_head):
        with pytest.raises(LedgerFailure, match="start again"):
            ask()
    opened.close()
    with closing(open_ledger(path)) as ledger:
        answer = intake(GIVEN, ledger).admit(arrivals(*box.said), NOW).answers[1]
        assert answer.outcome in (Outcome.ACCEPTED, Outcome.DUPLICATE)
        assert len(list(ledger.leaves(0))) == 2


def test_wal_is_emptied_into_the_file_now_and_then(
    opened: SqliteLedger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 30)
    box, size = ScriptedBox(GIVEN), path.stat().st_size
    gateway = intake(GIVEN, opened)
    gateway.admit(arrivals(*box.open_poll()), NOW)
    for _ in range(40):
        gateway.admit(arrivals(box.report(K.TURNOUT)), NOW)
    wal = path.with_name("ledger-wal").stat().st_size
    assert wal < 2 * 30 * 4_200
    assert path.stat().st_size > size


@pytest.mark.parametrize("full", [True, False])
def test_commit_stands_when_only_the_emptying_of_the_wal_failed(
    opened: SqliteLedger, path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    box = ScriptedBox(GIVEN)
    gateway = intake(GIVEN, opened)
    gateway.admit(arrivals(box.report(K.BOOT)), NOW)
    empty = opened._empty_wal

    def fails() -> None:
        if full:
            disk.room = 0
        else:
            disk.syncs = 0
        empty()

    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 1)
    monkeypatch.setattr(opened, "_empty_wal", fails)
    message = box.report(K.ZERO)
    if full:
        assert gateway.admit(arrivals(message), NOW).answers[0].outcome is Outcome.ACCEPTED
    else:
        # Applied, but the disk is sick: nothing may be said, and the process must stop.
        with pytest.raises(LedgerFailure):
            gateway.admit(arrivals(message), NOW)
    disk.room = disk.syncs = None
    opened.close()
    with closing(open_ledger(path)) as ledger:
        again = intake(GIVEN, ledger).admit(arrivals(message), NOW).answers[0]
    assert again.outcome is Outcome.DUPLICATE


def test_byte_that_rotted_in_a_leaf_stops_the_start(opened: SqliteLedger, path: Path) -> None:
    intake(GIVEN, opened).admit(arrivals(*ScriptedBox(GIVEN).day()), NOW)
    opened.close()
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("UPDATE leaves SET leaf = x'00' WHERE position = 3")
    with (
        closing(open_ledger(path)) as ledger,
        pytest.raises(LedgerFailure, match="damaged or was tampered with"),
    ):
        intake(GIVEN, ledger)


def test_checking_the_file_takes_room_only_while_it_lasts(opened: SqliteLedger) -> None:
    before = opened._connection.pragma("cache_size")
    opened.require_whole()
    assert opened._connection.pragma("cache_size") == before


def test_empty_batch_is_a_commit_like_any_other(opened: SqliteLedger) -> None:
    opened.commit(Batch(), opened.log_head())
    assert opened.log_head().size == 0
