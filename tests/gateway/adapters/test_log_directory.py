"""Is the exported log what the checkpoint signs, whole at every moment, and never mixed up?"""

from pathlib import Path

import pytest

from ballotbox_gateway.adapters.log_directory import LoggedEntry, require_own, write_log
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.checkpoint import Checkpoint, sign_checkpoint
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.merkle import EMPTY_ROOT, Tree, leaf_hash
from ballotbox_protocol.wire.tiles import (
    attachments_path,
    decode_attachments,
    decode_entries,
    entries_path,
)

KEY = PrivateKey.from_seed(bytes(32))


def entry(n):
    return LoggedEntry(b"leaf %d" % n, b"report %d" % n, None, b"note" if n % 2 else None)


def note_of(entries, origin="some.log"):
    tree = Tree()
    tree.extend([leaf_hash(each.leaf) for each in entries])
    return sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), KEY.public, KEY.sign)


def told(folder, note, entries):
    with pytest.raises(Problem) as caught:
        write_log(folder, note, entries)
    return str(caught.value)


def test_leaves_reports_and_checkpoint_are_there_again(tmp_path):
    entries = [entry(n) for n in range(300)]
    folder = tmp_path / "log"
    files = write_log(folder, note_of(entries), entries)
    assert (folder / "checkpoint").read_bytes() == note_of(entries)
    first = (folder / entries_path(0)).read_bytes()
    assert decode_entries(first, 256) == tuple(each.leaf for each in entries[:256])
    last = (folder / attachments_path(1, 44)).read_bytes()
    assert decode_attachments(last, 44) == tuple(
        cbor.encode([each.report, each.ruling, each.note]) for each in entries[256:]
    )
    assert files == sum(path.is_file() for path in folder.rglob("*"))


def test_an_export_grows_in_place(tmp_path):
    entries = [entry(n) for n in range(300)]
    write_log(tmp_path, note_of(entries[:10]), entries[:10])
    write_log(tmp_path, note_of(entries), entries)
    write_log(tmp_path, note_of(entries), entries)
    assert (tmp_path / "checkpoint").read_bytes() == note_of(entries)


def test_an_export_that_was_cut_short_goes_on(tmp_path, monkeypatch):
    """Cut before each sync in turn, as by a full disk, and once more with room."""
    entries = [entry(n) for n in range(300)]
    whole = tmp_path / "whole"
    files = write_log(whole, note_of(entries), entries)
    for cut in range(files):
        folder = tmp_path / str(cut)
        left = iter([True] * cut)

        def full(_descriptor, left=left):
            if not next(left, False):
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            assert "no space left on device" in told(folder, note_of(entries), entries)
        assert not (folder / "checkpoint").exists()
        assert write_log(folder, note_of(entries), entries) == files
        assert _content(folder) == _content(whole)


def test_another_log_that_was_cut_short_is_left_alone(tmp_path):
    entries = [entry(n) for n in range(5)]
    write_log(tmp_path, note_of(entries, "other.log"), entries)
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.partial")
    before = _content(tmp_path)
    assert "holds the log of other.log" in told(tmp_path, note_of(entries), entries)
    assert _content(tmp_path) == before


def _content(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_what_else_is_in_the_directory_is_never_written_over(tmp_path):
    entries = [entry(n) for n in range(5)]
    (tmp_path / "letter.txt").write_text("dear")
    empty = "Choose an empty directory"
    assert told(tmp_path, note_of(entries), entries) == (
        f"{tmp_path}: is not empty and holds no exported log. {empty}"
    )
    other = tmp_path / "other"
    write_log(other, note_of(entries, "other.log"), entries)
    assert told(other, note_of(entries), entries) == (
        f"{other}: holds the log of other.log. {empty}"
    )
    longer = tmp_path / "longer"
    write_log(longer, note_of(entries), entries)
    assert told(longer, note_of(entries[:3]), entries[:3]) == (
        f"{longer}: holds a longer log (5 leaves, not 3). Find out why this ledger is behind it"
    )
    (tmp_path / "file").write_text("x")
    assert "cannot be written: not a directory" in told(tmp_path / "file", note_of([]), [])


@pytest.mark.parametrize(
    "entries", [[entry(0)], [entry(0), entry(2)], [entry(n) for n in range(3)]]
)
def test_entries_that_the_checkpoint_does_not_sign_are_not_written(tmp_path, entries):
    with pytest.raises(ValueError, match="not those that the checkpoint signs for"):
        write_log(tmp_path / "log", note_of([entry(0), entry(1)]), entries)
    assert not (tmp_path / "log").exists()
    with pytest.raises(ValueError, match="the checkpoint is none"):
        write_log(tmp_path / "log", b"nonsense", entries)


def test_a_directory_that_goes_while_it_is_looked_at_is_one_that_is_not_there(
    tmp_path, monkeypatch
):
    """Whatever was seen of it before, the next call may find it gone."""
    seen = tmp_path / "log"
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path == seen or exists(path))
    require_own(seen, Checkpoint("some.log", 0, EMPTY_ROOT))
    monkeypatch.undo()
    seen.write_text("in the way")
    with pytest.raises(Problem, match="not a directory"):
        require_own(seen, Checkpoint("some.log", 0, EMPTY_ROOT))


def test_the_checkpoint_comes_last(tmp_path, monkeypatch):
    from ballotbox_gateway.adapters import log_directory

    written = []
    real = log_directory.write_file
    monkeypatch.setattr(
        log_directory,
        "write_file",
        lambda path, data: (written.append(path.name), real(path, data)),
    )
    write_log(tmp_path / "log", note_of([entry(0)]), [entry(0)])
    assert written[-1] == "checkpoint"
    assert written.count("checkpoint") == 1
