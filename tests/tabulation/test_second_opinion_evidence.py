"""Is what lies under the second computation asked about, and are its troubles told from errors?"""

import sqlite3
from dataclasses import replace

import pytest

from ballotbox_protocol.wire.leaf import decode_leaf, encode_leaf
from ballotbox_tabulation.core.gates import Gate
from ballotbox_tabulation.core.log import OpenedLog
from ballotbox_tabulation.second.loading import Loader
from ballotbox_tabulation.second_opinion import NotWorkedOut, second_opinion
from tests.tabulation.counted_twice import opened, result_of
from tests.tabulation.long_night import long_night


@pytest.fixture(scope="module")
def night():
    return long_night()


def _other_report(log):
    """What stands beside one leaf is put beside another one."""
    log.attachments[3], log.attachments[4] = log.attachments[4], log.attachments[3]


def _other_leaf(log):
    log.leaves[3] = log.leaves[4]


def _later_time(log):
    """A leaf that decides the same, at another time."""
    log.leaves[3] = encode_leaf(replace(decode_leaf(log.leaves[3]), time=1))


@pytest.mark.parametrize(
    ("edit", "evidence_"),
    [
        (_other_report, "leaf 3: the report beside it is another than the one it decided about"),
        (_other_leaf, "leaf 3: the report beside it is another"),
        (_later_time, "its leaves do not lead to the root that its gateway signed"),
    ],
)
def test_a_row_changed_under_the_log_is_found_by_its_hash(edit, evidence_):
    log = long_night()
    result, signed = result_of(log), opened(log).checkpoint
    edit(log)
    edited = OpenedLog(signed, log.files().get, log.authority.trusted)
    (gate,) = second_opinion(edited, result)
    assert gate.gate is Gate.SECOND
    assert evidence_ in gate.where


@pytest.mark.parametrize("name", ["tile/entries/000.p/", "reports/000.p/"])
@pytest.mark.parametrize("data", [None, b"no bundle"])
def test_a_file_that_is_gone_or_damaged_refuses(night, name, data):
    log = opened(night)

    def read(path):
        return data if path.startswith(name) else log.read(path)

    (gate,) = second_opinion(OpenedLog(log.checkpoint, read, log.trusted), result_of(night))
    assert name in gate.where


def _without_room(database):
    database.execute("PRAGMA max_page_count = 1")


def _failing(monkeypatch, fail):
    """What SQLite itself says, in the middle of the second computation."""

    def load(self, read, checkpoint, plain=Loader.load):
        fail(self._database)
        plain(self, read, checkpoint)

    monkeypatch.setattr(Loader, "load", load)


def test_a_disk_without_room_says_nothing_of_the_result(night, monkeypatch):
    _failing(monkeypatch, _without_room)
    with pytest.raises(NotWorkedOut, match="the second computation stopped: database or disk is"):
        second_opinion(opened(night), result_of(night))


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR"])
def test_a_temporary_file_that_went_bad_says_nothing_of_the_result(night, monkeypatch, name):
    def rotten(_database):
        error = sqlite3.DatabaseError("the file is malformed")
        error.sqlite_errorcode = getattr(sqlite3, name)
        raise error

    _failing(monkeypatch, rotten)
    with pytest.raises(NotWorkedOut, match="the file is malformed"):
        second_opinion(opened(night), result_of(night))


def test_a_sum_that_no_number_holds_refuses(night, monkeypatch):
    def overflowing(database):
        database.execute(
            "SELECT SUM(it) FROM (SELECT 9223372036854775807 it UNION ALL SELECT 1)"
        ).fetchall()

    _failing(monkeypatch, overflowing)
    (gate,) = second_opinion(opened(night), result_of(night))
    assert "integer overflow" in gate.where
