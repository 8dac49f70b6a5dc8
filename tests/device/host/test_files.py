"""Do the files of a box say so when the medium fails, and never go on after it?"""

import errno
import os
import stat

import pytest

from ballotbox_device.core.units import UNIT_MAX
from ballotbox_device.host import files
from ballotbox_device.host.files import (
    JournalFile,
    SlotsFile,
    create_file,
    open_memory,
    replace_file,
)


@pytest.fixture
def path(tmp_path):
    create_file(tmp_path / "memory")
    return tmp_path / "memory"


def failing(code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    return fail


ON_JOURNAL = {
    "append": lambda journal: journal.append(b"x"),
    "truncate": lambda journal: journal.truncate(0),
    "sync": lambda journal: journal.sync(),
    "read": lambda journal: journal.read(),
    "read_at": lambda journal: journal.read_at(0, 1),
}
FAILURES = [
    ("pwrite", "append"),
    ("fdatasync", "sync"),
    ("ftruncate", "truncate"),
    ("pread", "read"),
]


@pytest.mark.parametrize(("call", "operation"), FAILURES)
@pytest.mark.parametrize("later", ON_JOURNAL)
def test_after_one_failure_a_file_does_nothing_more(path, monkeypatch, call, operation, later):
    with JournalFile(path) as journal:
        journal.append(b"before")
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing(errno.ENOSPC))
            with pytest.raises(OSError, match="No space left") as caught:
                ON_JOURNAL[operation](journal)
        assert caught.value.filename == str(path)
        with pytest.raises(OSError, match="failed before"):
            ON_JOURNAL[later](journal)
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_slots_that_fail_do_nothing_more(path, monkeypatch, call):
    with SlotsFile(path) as slots:
        slots.extend(4)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing(errno.EIO))
            with pytest.raises(OSError, match="Input/output"):
                write_and_sync(slots)
        with pytest.raises(OSError, match="failed before"):
            slots.write(1, b"b")
    assert path.read_bytes()[1:] == bytes(3)


def write_and_sync(slots):
    slots.write(0, b"a")
    slots.sync()


def test_a_write_that_the_system_takes_in_parts_is_finished(path, monkeypatch):
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: whole(fd, bytes(data[:3]), at))
    with JournalFile(path) as journal:
        journal.append(b"0123456789")
        assert journal.read() == b"0123456789"


def test_a_sync_reaches_the_medium_of_this_file(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fdatasync", lambda fd: synced.append(os.fstat(fd).st_ino))
    with JournalFile(path) as journal:
        journal.append(b"x")
        assert synced == []
        journal.sync()
    assert synced == [path.stat().st_ino]


def test_what_was_read_at_boot_is_written_and_synced_once_more(tmp_path, monkeypatch):
    """A process that died of a failed sync may have left bytes in the cache alone."""
    journal, slots, second = (tmp_path / name for name in ("journal", "slots", "second"))
    content = os.urandom(3 * UNIT_MAX)
    create_file(journal, content)
    create_file(slots, b"slots")
    create_file(second, b"slots")
    create_file(tmp_path / "copy")
    written = []
    write, sync = os.pwrite, os.fdatasync

    def noted_write(fd, data, at):
        written.append((os.fstat(fd).st_ino, at, bytes(data)))
        return write(fd, data, at)

    def noted_sync(fd):
        written.append((os.fstat(fd).st_ino, "sync"))
        sync(fd)

    monkeypatch.setattr(os, "pwrite", noted_write)
    monkeypatch.setattr(os, "fdatasync", noted_sync)
    with open_memory([(journal, slots), (tmp_path / "copy", second)]) as memory:
        assert [each.journal.read() for each in memory.media] == [content, b""]
        assert [each.slots.read() for each in memory.media] == [b"slots", b"slots"]
    places = (journal, slots, tmp_path / "copy", second)
    of_journal, of_slots, of_copy, of_second = (each.stat().st_ino for each in places)
    tail = len(content) - 2 * UNIT_MAX
    assert written == [
        (of_journal, tail, content[tail:]),
        (of_journal, "sync"),
        (of_slots, 0, b"slots"),
        (of_slots, "sync"),
        (of_copy, "sync"),
        (of_second, 0, b"slots"),
        (of_second, "sync"),
    ]


def test_slots_are_allocated_and_no_hole(path):
    size = 1 << 20
    with SlotsFile(path) as slots:
        slots.extend(size)
        slots.sync()
    assert path.stat().st_blocks * 512 >= size


def test_a_new_file_is_private_and_its_name_is_synced(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    create_file(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert synced == [(tmp_path / "new").stat().st_ino, tmp_path.stat().st_ino]


def test_a_file_that_exists_is_never_created_over(path):
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        create_file(path, b"other")
    assert path.read_bytes() == b"precious"


def test_a_replacement_is_whole_or_absent(path, monkeypatch):
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(files, "sync_directory", failing(errno.EIO))
        with pytest.raises(OSError, match="Input/output"):
            replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert sorted(each.name for each in path.parent.iterdir()) == ["memory"]


def test_a_reader_cannot_write(path):
    path.write_bytes(b"held")
    with JournalFile(path, read_only=True) as journal:
        assert journal.read() == b"held"
        with pytest.raises(OSError, match="Bad file descriptor"):
            journal.append(b"more")
    assert path.read_bytes() == b"held"
