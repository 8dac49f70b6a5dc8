"""Do `events` and `cvr` write what they should, once, and say in words what stands in their way?"""

import json
from datetime import datetime
from shutil import copytree

import pytest

from ballotbox_device.core.records import Record, RecordType, split
from ballotbox_device.core.units import UNIT_HEAD_SIZE, frame, units
from ballotbox_device.host import exports
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.merkle import Frontier
from ballotbox_protocol.wire.report import ReportKind, decode_report
from ballotbox_simulator.authority import Plan, make_authority
from tests.device.host.box_process import (
    BOX,
    find,
    make_place,
    run_command,
    sheets,
    tokens,
    with_box,
)
from tests.device.nist_schemas import EVENTS, VOTES, checker
from tests.small_disk import fill

SHEETS = 7


def feed(box, count):
    more = sheets()
    for _ in range(count):
        assert find(box.feed(**next(more)), "sheet_accepted")


@pytest.fixture(scope="module")
def open_place(tmp_path_factory):
    """A place whose poll is open, with one sheet in the box."""
    place = make_place(tmp_path_factory.mktemp("open") / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero", "open")
        feed(box, 1)
    return place


@pytest.fixture(scope="module")
def final_place(tmp_path_factory):
    """A place whose poll is over: killed with a sheet under way, started again, counted."""
    place = make_place(tmp_path_factory.mktemp("final") / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero", "open")
        feed(box, 3)
        assert find(box.do(do="insert", **next(sheets())), "drop_sheet")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        assert find(box.do(do="answer", dropped=True), "sheet_accepted")
        feed(box, 3)
        box.act("turnout", "close", "finish", "seal")
    return place


def export_events(place, out):
    return run_command("events", "--state", place.state, "--out", out)


def export_votes(place, out, **changes):
    options = dict(zip(*[iter(place.options())] * 2, strict=True))
    options |= {f"--{name}": value for name, value in changes.items()}
    return run_command("cvr", *(each for pair in options.items() for each in pair), "--out", out)


def read(done, out):
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}\n"
    return json.loads(out.read_text(encoding="utf-8"))


def assert_stopped(done, out, *said, lines=1):
    assert done.returncode == 1, done
    assert done.stdout == ""
    for words in said:
        assert words in done.stderr
    assert len(done.stderr.splitlines()) == lines, done.stderr
    assert not out.exists()
    assert not out.with_name(out.name + ".new").exists()


# Events


def test_the_log_of_a_day_is_complete_and_its_hashes_fold_to_what_the_reports_sign(
    final_place, tmp_path
):
    (device,) = read(export_events(final_place, tmp_path / "e.json"), tmp_path / "e.json")["Device"]
    events = device["Event"]
    assert device["Id"] == BOX.hex()
    assert sum(event["Id"] == "sheet-accepted" for event in events) == SHEETS
    assert [event["Sequence"] for event in events] == [str(n + 1) for n in range(len(events))]
    usb = tmp_path / "usb"
    assert run_command("reports", "--state", final_place.state, "--out", usb).returncode == 0
    for path in sorted(usb.iterdir()):
        head = decode_report(cose.parse(path.read_bytes()).payload).journal
        frontier = Frontier()
        for event in events[: head.size]:
            frontier.append(bytes.fromhex(event["Hash"]))
        assert frontier.root() == head.root


def test_the_log_can_be_had_at_any_time_of_the_day(open_place, tmp_path):
    out = tmp_path / "e.json"
    log = read(export_events(open_place, out), out)
    assert log["ElectionId"] == open_place.authority.trusted.digest.hex()
    assert datetime.fromisoformat(log["GeneratedTime"]).utcoffset().total_seconds() == 0
    assert log["Device"][0]["Event"][-1]["Id"] == "sheet-accepted"


def test_events_and_votes_are_as_the_schemas_say(shared, open_place, final_place, tmp_path):
    for number, place in enumerate((open_place, final_place)):
        out = tmp_path / f"{number}.json"
        checker(shared, EVENTS).validate(read(export_events(place, out), out))
    votes = tmp_path / "votes.json"
    checker(shared, VOTES).validate(read(export_votes(final_place, votes), votes))


def test_the_documentation_is_of_the_running_firmware(final_place, tmp_path):
    out, log = tmp_path / "d.json", tmp_path / "e.json"
    explained = read(run_command("events", "--documentation", "--out", out), out)
    (device,) = read(export_events(final_place, log), log)["Device"]
    assert explained["DeviceVersion"] == device["Version"]
    ids = {each["Id"] for each in explained["EventIdDescription"]}
    assert {event["Id"] for event in device["Event"]} <= ids


@pytest.mark.parametrize("both", [True, False])
def test_a_log_or_its_documentation_but_one_of_them(open_place, tmp_path, both):
    chosen = ("--documentation", "--state", open_place.state) if both else ()
    done = run_command("events", *chosen, "--out", tmp_path / "e.json")
    assert done.returncode == 2
    assert "exactly one of --state DIR and --documentation" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_box_that_has_signed_nothing_has_no_log(tmp_path):
    place = make_place(tmp_path / "place")
    out = tmp_path / "e.json"
    run = f"ballotbox-device run --state {place.state}"
    assert_stopped(export_events(place, out), out, "has signed no report yet", run)
    assert_stopped(export_votes(place, out), out, "serves no election yet", run)


# Cast vote records


def test_there_is_a_record_for_each_sheet_and_nothing_else_changes(final_place, tmp_path):
    before = {path: path.read_bytes() for path in final_place.state.rglob("*") if path.is_file()}
    out = tmp_path / "v.json"
    report = read(export_votes(final_place, out), out)
    assert len(report["CVR"]) == SHEETS
    assert report["ReportType"] == ["originating-device-export"]
    assert report["ReportingDevice"][0]["SerialNumber"] == BOX.hex()
    after = {path: path.read_bytes() for path in final_place.state.rglob("*") if path.is_file()}
    assert after == before


def test_before_the_final_no_record_is_written(open_place, tmp_path):
    out = tmp_path / "v.json"
    assert_stopped(
        export_votes(open_place, out),
        out,
        "the poll is open, and no votes leave a box before its final",
        f"(close, finish) at the panel of: ballotbox-device run --state {open_place.state}",
    )


def test_the_refusal_is_the_one_that_the_page_shows(open_place, tmp_path, repository):
    done = export_votes(open_place, tmp_path / "v.json")
    shown = done.stderr.replace(str(open_place.state), "box")
    assert shown in (repository / "docs" / "device.md").read_text(encoding="utf-8")


def test_another_election_and_another_register_are_named(final_place, tmp_path):
    out = tmp_path / "v.json"
    vested = with_box(make_authority(Plan(99, 1, name="Another")), final_place.state)
    vested.write(tmp_path)
    files = {"election": tmp_path / "election.cose", "register": tmp_path / "register.cose"}
    done = export_votes(final_place, out, root=vested.root, **files)
    assert_stopped(done, out, "--election: is election", "the box served", "was run with")
    done = export_votes(final_place, out, register=tmp_path / "register.cose")
    assert_stopped(done, out, "--register", "newest register")


def test_a_final_of_a_key_that_the_register_does_not_know_is_named(
    final_place, tmp_path, monkeypatch
):
    establish = exports.establish_from

    def without_boxes(*arguments):
        trusted = establish(*arguments)
        trusted.__dict__["reporters"] = {}
        return trusted

    monkeypatch.setattr(exports, "establish_from", without_boxes)
    out = tmp_path / "v.json"
    done = export_votes(final_place, out)
    assert_stopped(done, out, "--register: version 2 does not list the key that signed the final")


def copy_of(place, folder):
    """The memory of a place, to be damaged."""
    return copytree(place.state, folder / "box")


def _write_both(state, name, content):
    """Both copies tell the same: what is wrong then is no rot."""
    for folder in (state, state / "second"):
        (folder / name).write_bytes(content)


def test_a_sheet_less_is_refused_loudly(final_place, tmp_path):
    state, out = copy_of(final_place, tmp_path), tmp_path / "v.json"
    slots = bytearray((state / "slots").read_bytes())
    size = len(slots) // final_place.status()["slots"]["all"]
    at = next(n for n in range(0, len(slots), size) if slots[n])
    slots[at : at + size] = bytes(size)
    _write_both(state, "slots", slots)
    done = export_votes(final_place, out, state=state)
    assert_stopped(done, out, "there are 6 sheets in the slots, the final accepted 7", lines=2)


def test_another_choice_is_refused_loudly(final_place, tmp_path):
    """Two slots are made alike: as many sheets as before, other votes."""
    state, out = copy_of(final_place, tmp_path), tmp_path / "v.json"
    slots = bytearray((state / "slots").read_bytes())
    size = len(slots) // final_place.status()["slots"]["all"]
    one, *others = [n for n in range(0, len(slots), size) if slots[n]]
    first = slots[one : one + size]
    other = next(n for n in others if slots[n : n + size] != first)
    slots[other : other + size] = first
    _write_both(state, "slots", slots)
    done = export_votes(final_place, out, state=state)
    assert_stopped(done, out, "do not add up to the votes of the final", lines=2)


def test_a_final_that_the_key_has_not_signed_is_refused_loudly(final_place, tmp_path):
    """One bit of its signature is turned, and the check sum of its unit made right again."""
    state, out = copy_of(final_place, tmp_path), tmp_path / "v.json"
    journal = (state / "journal").read_bytes()
    head = bytes((RecordType.REPORT,))
    final = next(
        unit
        for unit in units(journal)
        if unit.records[:1] == head and unit.records[3] == ReportKind.FINAL
    )
    report, *rest = split(final.records)
    turned = Record(report.type, report.body[:-1] + bytes((report.body[-1] ^ 1,)))
    unit = frame(b"".join(each.to_bytes() for each in (turned, *rest)))
    at = final.offset - UNIT_HEAD_SIZE
    _write_both(state, "journal", journal[:at] + unit + journal[at + len(unit) :])
    done = export_votes(final_place, out, state=state)
    assert_stopped(done, out, "is not what the box's key has signed", lines=2)


def test_after_the_clearing_the_log_is_there_and_the_sheets_are_not(tmp_path):
    place = make_place(tmp_path / "place")
    with place.run("--serial", "no-such-port") as box:
        box.until_ready()
        box.act("print_zero", "open", "close", "finish", "seal")
        clearing = find(box.do(do="clear"), "consent_needed")
        box.send(do="consent", signatures=tokens(place.authority, clearing))
        box.until("cleared")
        assert box.wait() == 0
    out, log = tmp_path / "v.json", tmp_path / "e.json"
    assert_stopped(export_votes(place, out), out, "the election was cleared from this memory")
    (device,) = read(export_events(place, log), log)["Device"]
    assert device["Event"][-1]["Id"] == "election-cleared"


# Files


@pytest.mark.parametrize("export", [export_events, export_votes])
def test_nothing_is_written_over(final_place, tmp_path, export):
    out = tmp_path / "there.json"
    out.write_text("kept")
    done = export(final_place, out)
    assert done.returncode == 1
    assert f"--out {out}: is there already" in done.stderr
    assert "another name" in done.stderr
    assert out.read_text() == "kept"


@pytest.mark.parametrize("export", [export_events, export_votes])
def test_where_nothing_can_be_written_is_named(final_place, tmp_path, export):
    out = tmp_path / "no-such-folder" / "e.json"
    assert_stopped(export(final_place, out), out, f"--out {out}: No such file or directory. Give")


def test_on_a_full_disk_no_half_file_is_left(final_place, small_disk):
    fill(small_disk)
    out = small_disk / "v.json"
    assert_stopped(export_votes(final_place, out), out, "No space left on device", "with room")


def test_a_journal_that_was_changed_is_refused_loudly(open_place, tmp_path):
    """A record is taken out of the middle: every unit is good, the roots are not."""
    state, out = copy_of(open_place, tmp_path), tmp_path / "e.json"
    journal = (state / "journal").read_bytes()
    whole = list(units(journal))
    prepared, boot = (unit.offset - UNIT_HEAD_SIZE for unit in whole[1:3])
    _write_both(state, "journal", journal[:prepared] + journal[boot:])
    done = run_command("events", "--state", state, "--out", out)
    assert_stopped(done, out, "report 0 signs for another journal", lines=2)
