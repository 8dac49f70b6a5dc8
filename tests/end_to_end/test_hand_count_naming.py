"""Can people see all counts by hand that are set aside, and settle what excludes each other?"""

import re
import shlex
from base64 import b64encode
from contextlib import closing

import pytest

from ballotbox_gateway.adapters.control_socket import ControlClient
from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.ledger.sqlite import open_ledger
from ballotbox_gateway.service import counts_aside
from ballotbox_gateway.service.count_standings import CountStandings
from ballotbox_protocol.wire.hand_count_naming import Naming
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.statements import decode_ruling
from tests.end_to_end.counting_station import SERIAL
from tests.gateway.scripted import corrected, counted
from tests.house_law import TEXT


@pytest.fixture
def officers(tmp_path, election):
    """The command line's words for two officers without passphrases."""
    words = []
    for number in range(2):
        key = tmp_path / f"officer{number}.key"
        write_key(key, election.officer_keys[number], None)
        words += ["--officer-key", str(key)]
    return words


@pytest.fixture
def running(gateway):
    """A running gateway that knows the house law."""
    (gateway.folder / "house.toml").write_text(TEXT)
    gateway.configure('laws = ["house.toml"]', SERIAL)
    gateway.init()
    gateway.start()
    return gateway


def give(gateway, *counts):
    with ControlClient(gateway.folder / "state" / "control.socket") as client:
        for count in counts:
            text = b64encode(count.to_bytes()).decode()
            answer = client.ask({"ask": "count", "count": text})
            assert answer["stored"], answer


def said(gateway, *words, code=0):
    done = gateway.command("hand-count", *words)
    assert done.exit_code == code, (done.output, done.stderr)
    return done.stdout if code == 0 else done.stderr


def forked(election):
    """Two first versions, and what follows one of them."""
    first = counted(election)
    rival = counted(election, lines=(("1", 104), ("1a", 4)))
    return first, rival, corrected(election, rival, lines=first.lines)


def line(count, verdict, why):
    what = f"precinct {count.precinct} contest {count.contest} version {count.version}"
    return f"{count.id.hex()[:16]}  {what}: {verdict}, {why}\n"


def test_what_is_set_aside_is_listed_over_all_stations(running, election):
    assert said(running, "show") == "set aside 0\n"
    first, rival, after = forked(election)
    precinct = election.trusted.election.precincts[1].number
    wrong = counted(election, precinct=precinct, lines=(("1", 106), ("1a", 5)))
    fine = counted(election, precinct=election.trusted.election.precincts[2].number)
    give(running, first, rival, after, wrong, fine)
    dispute = "another version stands in the same place"
    assert said(running, "show") == (
        line(first, "evidence", dispute)
        + line(rival, "evidence", dispute)
        + line(after, "held", "a version before it has a rival")
        + line(wrong, "quarantined", "breaks a relation of its law that blocks")
        + "set aside 4: 2 evidence, 1 held, 1 quarantined\n"
    )
    assert running.stop() == 0
    assert said(running, "show").endswith("set aside 4: 2 evidence, 1 held, 1 quarantined\n")
    told = said(running, "show", "--contest", "1", code=1)
    assert told == "Error: --contest: is of one precinct. Give PRECINCT as well, or leave it out\n"


def test_more_than_a_screen_is_counted(running, election, monkeypatch):
    monkeypatch.setattr(counts_aside, "SHOWN_MAX", 1)
    first, rival, _ = forked(election)
    give(running, first, rival)
    running.stop()
    told = said(running, "show").splitlines()
    more = "1 more: `hand-count show PRECINCT` has those of a station"
    assert told[1:] == [f"set aside 2: 2 evidence; {more}"]
    done = running.command("hand-count", "name", rival.id.hex(), "--officer-key", "no.key")
    assert "--officer-key: 1 given, two are needed" in done.stderr


def test_two_officers_name_the_one_that_stands(running, election, officers):
    first, rival, after = forked(election)
    give(running, first, rival, after)
    done = running.command("hand-count", "name", rival.id.hex()[:12], *officers)
    assert done.exit_code == 0, done.stderr
    dispute = "another version stands in the same place"
    assert done.stderr == line(rival, "evidence", dispute)
    assert done.stdout == "the ruling is in force and stands in the log\n"
    shown = said(running, "show", "1")
    assert "accepted: named by two officers as the true one\n" in shown
    assert shown.count("in force") == 1
    lost = line(first, "evidence", f"{dispute}; another one was named")
    assert said(running, "show") == f"{lost}set aside 1: 1 evidence\n"
    assert running.stop() == 0
    told = said(running, "name", rival.id.hex(), *officers, code=1)
    assert "is no count that is set aside. `ballotbox-gateway hand-count show` lists them" in told
    told = said(running, "name", "abc", *officers, code=1)
    assert told == "Error: abc: is too short for a report id. Give 8 digits or more\n"


def test_a_naming_is_overruled_by_the_next_one(running, election, officers):
    first, rival, after = forked(election)
    give(running, first, rival, after)
    said(running, "name", rival.id.hex(), *officers)
    done = running.command("hand-count", "name", first.id.hex(), *officers)
    assert done.exit_code == 0, done.stderr
    dispute = "another version stands in the same place"
    asked = line(first, "evidence", f"{dispute}; another one was named")
    assert done.stderr == f"{asked}overrules that {rival.id.hex()[:16]} was named\n"
    assert said(running, "show") == (
        line(rival, "evidence", f"{dispute}; another one was named")
        + line(after, "held", "a version before it has a rival; another one was named")
        + "set aside 2: 1 evidence, 1 held\n"
    )
    told = said(running, "show", "1")
    assert told.count("in force") == 1
    assert f"evidence: {dispute}; another one was named\n" in told


def test_more_namings_than_one_ruling_can_overrule_take_several(
    running, election, officers, monkeypatch
):
    first, rival, after = forked(election)
    give(running, first, rival, after)
    said(running, "name", rival.id.hex(), *officers)
    running.stop()
    hold = CountStandings.rivals_named
    unheard = [Naming(bytes([n]) * 32, rival.id) for n in range(34)]
    monkeypatch.setattr(
        CountStandings, "rivals_named", lambda found, own: hold(found, own) + unheard
    )
    done = running.command("hand-count", "name", first.id.hex(), *officers)
    assert done.exit_code == 0, done.stderr
    assert len(done.stderr.splitlines()[1:]) == 35
    assert done.stdout == "the ruling is in force and stands in the log\n"
    with closing(open_ledger(running.ledger)) as ledger:
        entries = ledger.entries(0, ledger.log_head().size)
    given = [each.ruling for each in entries if decode_leaf(each.leaf).type is LeafType.RULING]
    assert [len(decode_ruling(each).overrules) for each in given] == [0, 32, 3]


def test_what_was_settled_can_be_corrected_again(running, election, officers):
    give(running, *forked(election)[:2])
    running.stop()
    said(running, "form", "1", "--contest", "1", "-o", "count.toml")
    path = running.folder / "count.toml"
    values = iter(("104", "4", "60", "30", "10", "0"))
    path.write_text(re.sub(r'= ""', lambda _: f"= {next(values)}", path.read_text()))
    words = ("enter", str(path), "--reason", "counted again", *officers)
    assert "has versions that exclude each other" in said(running, *words, code=1)
    said(running, "name", forked(election)[0].id.hex(), *officers)
    assert said(running, *words).startswith("version  2\n")


def test_the_manual_shows_what_is_printed(running, repository, election, tmp_path, officers):
    """The commands of its part on rivals, with what it shows of their output."""
    manual = (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    section = manual.partition("## Versions of a count that exclude each other")[2].partition(
        "\n## "
    )[0]
    (block,) = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    give(running, *forked(election)[:2])
    for number, key in enumerate(("anara.key", "bakyt.key")):
        (running.folder / key).write_bytes((tmp_path / f"officer{number}.key").read_bytes())
    made = ""
    for shown in block.replace("\\\n", "").split("$ ")[1:]:
        command = shown.splitlines()[0]
        words = [
            str(running.folder / word) if word.endswith(".key") else word
            for word in shlex.split(command)[1:]
        ]
        done = running.command(*words)
        assert done.exit_code == 0, done.stderr
        made += f"$ {command}\n{done.stderr}{done.stdout}"
    assert made == block.replace("\\\n", "")
