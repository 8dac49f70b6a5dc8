"""Is the end of a certificate told days, hours and minutes before, once each, and at the end?"""

import datetime as dt
import logging

import pytest

from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.service.certificates import (
    CLOCK_REMEDY,
    MARKS_S,
    REMEDY,
    CertificateWatch,
    trouble_of,
)
from tests.certificates import CertificateAuthority
from tests.gateway.adapters.test_config import FIELDS

END = dt.datetime(2026, 6, 14, 18, tzinfo=dt.UTC)
ENDS = int(END.timestamp())
HOUR, DAY = 3_600, 86_400


class Stage:
    """A gateway's settings with a certificate that ends at 18:00, and a clock."""

    def __init__(self, folder, now):
        self.folder, self.now = folder, now
        self.authority = CertificateAuthority(folder)
        self.issue(END)
        lines = [f"{name} = {value}" for name, value in FIELDS.items()]
        table = '[mqtt]\nhost = "127.0.0.1"\n[mqtt.tls]\ncertificate_file = "gateway.pem"\n'
        path = folder / "gateway.toml"
        path.write_text("\n".join([*lines, table + 'key_file = "gateway.key"\n']))
        self.watch = CertificateWatch(load_installation(path).one(None), lambda: self.now)

    def issue(self, until):
        self.authority.issue("gateway", until=until)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path, ENDS - 20 * DAY)


def test_each_mark_is_told_once_and_the_watch_wakes_at_it(stage, caplog):
    caplog.set_level(logging.WARNING)
    assert stage.watch.tell() == 60
    assert caplog.records == []
    told = []
    for left in (14 * DAY, 13 * DAY, DAY, HOUR, 90, 40, 0, -600):
        stage.now = ENDS - left
        wait = stage.watch.tell()
        assert wait == (left if 0 < left < 60 else 60)
        told.append([(each.levelname, each.getMessage()) for each in caplog.records])
        caplog.clear()
    file = f"{stage.folder}/gateway.pem"
    before = "certificate of mqtt.tls: " + file + " ends at 2026-06-14 18:00 UTC, in {}. " + REMEDY
    after = f"{file} ended at 2026-06-14 18:00 UTC, 0 s ago: the broker takes no new connection"
    assert told == [
        [("WARNING", before.format("14 days"))],
        [],
        [("WARNING", before.format("24 h 0 min"))],
        [("WARNING", before.format("1 h 0 min"))],
        [],
        [],
        [("ERROR", f"certificate of mqtt.tls: {after} of ours. {REMEDY}")],
        [],
    ]


def test_one_that_ends_while_nobody_could_be_told_is_told_of_at_the_start(stage, caplog):
    stage.now = ENDS + 2 * HOUR
    stage.watch.tell()
    (line,) = caplog.messages
    assert "ended at 2026-06-14 18:00 UTC, 2 h 0 min ago" in line


def test_the_next_mark_is_never_slept_through(stage):
    stage.now = ENDS - HOUR - 1.5
    assert stage.watch.tell() == 1.5


def test_a_new_certificate_is_known_when_it_is_read_and_a_bad_one_is_not(stage, caplog):
    stage.now = ENDS - HOUR
    stage.watch.tell()
    stage.issue(END + dt.timedelta(days=300))
    (told,) = stage.watch.status()
    assert told["trouble"], "what is in use is the former, until somebody reloads"
    stage.watch.read("http")
    (still,) = stage.watch.status()
    assert still == told, "another road took its own into use"
    stage.watch.read("mqtt.tls")
    (told,) = stage.watch.status()
    assert (told["ends"], told["trouble"], told["remedy"]) == (ENDS + 300 * DAY, "", "")
    (stage.folder / "gateway.key").write_text("no key")
    stage.watch.read("mqtt.tls")
    assert stage.watch.status() == [told]
    caplog.clear()
    stage.watch.tell()
    assert caplog.records == []


def test_a_clock_that_was_wrong_once_eats_no_mark(stage, caplog):
    stage.now = ENDS + DAY
    stage.watch.tell()
    stage.now = ENDS - 2 * DAY
    stage.watch.tell()
    caplog.clear()
    for left in (DAY, HOUR, 0):
        stage.now = ENDS - left
        stage.watch.tell()
        stage.watch.tell()
    assert [each.levelname for each in caplog.records] == ["WARNING", "WARNING", "ERROR"]


def test_one_that_is_not_good_yet_is_a_trouble_once_and_then_none(stage, caplog):
    stage.now = 1_500_000_000
    for _ in range(2):
        stage.watch.tell()
    words = f"{stage.folder}/gateway.pem is good only from 2020-01-01 00:00 UTC on"
    assert caplog.messages == [f"certificate of mqtt.tls: {words}. {CLOCK_REMEDY}"]
    (told,) = stage.watch.status()
    assert (told["trouble"], told["remedy"]) == (words, CLOCK_REMEDY)
    stage.now = ENDS - 20 * DAY
    stage.watch.tell()
    assert len(caplog.messages) == 1
    assert stage.watch.status()[0]["trouble"] == ""


def test_of_a_whole_chain_the_first_end_counts(stage):
    stage.authority = CertificateAuthority(stage.folder, until=END - dt.timedelta(days=30))
    stage.issue(END)
    own = stage.folder / "gateway.pem"
    own.write_bytes(own.read_bytes() + stage.authority.ca.read_bytes())
    stage.watch.read("mqtt.tls")
    (told,) = stage.watch.status()
    assert told["ends"] == ENDS - 30 * DAY


def test_what_is_far_away_is_no_trouble(tmp_path):
    first = MARKS_S[0]
    assert trouble_of("http", tmp_path, ENDS, ENDS - first - 1) == ""
    assert trouble_of("http", tmp_path, ENDS, ENDS - first).endswith("UTC, in 14 days")
    ended = trouble_of("http", tmp_path, ENDS, ENDS + 5 * DAY)
    assert ended.endswith("UTC, 5 days ago: gateways below cannot connect any more")
