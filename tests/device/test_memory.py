"""Does the memory keep what it was given, and stop when it was tampered with or has rotted?"""

import pytest

from ballotbox_device.core import units
from ballotbox_device.core.delivery import REFUSED
from ballotbox_device.core.events import Requested, TurnoutDue
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.outputs import Refusal, Refused, ReportMade
from ballotbox_device.core.poll import Action
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import (
    CLEARED,
    CONTAINER,
    DOUBT,
    DROPPED,
    FED,
    PREPARED,
    RELEASE,
    RETURNED,
    VOID,
    Genesis,
    Receipted,
    Record,
    RecordType,
    SendAgain,
    answer_record,
    held_record,
    read_held,
    report_record,
    reprint_record,
    split,
    state_record,
)
from ballotbox_protocol.election.identifiers import PollState
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.report import HeldCheckpoint, IncidentCode, JournalHead, ReportKind
from ballotbox_simulator.disk import (
    LOST,
    Ailment,
    BoxDisk,
    MediumError,
    PowerCut,
    PowerPlan,
)
from tests.device.polling_place import (
    AWAY,
    HOME_1,
    PollingPlace,
    authority,
    instant,
    report_in,
    rules,
)

BOX = authority().boxes[0]
GENESIS = Genesis(authority().trusted.digest, BOX, 12, 3, rules().slots.size, 64)
HELD = HeldCheckpoint(bytes(range(16)), 2**40, bytes(range(32)))
RECORDS = [
    GENESIS.record(),
    PREPARED,
    RETURNED,
    RELEASE,
    DROPPED,
    VOID,
    CLEARED,
    FED,
    DOUBT,
    CONTAINER,
    state_record(PollState.CLOSED),
    answer_record(dropped=True),
    Receipted(HELD.origin, 7, REFUSED).record(),
    SendAgain(HELD.origin, 7).record(),
    held_record(HELD),
    reprint_record(70_000),
    report_record(ReportKind.TURNOUT, b"signed"),
]


def test_every_type_of_record_comes_back_as_it_went_in():
    assert {record.type for record in RECORDS} == set(RecordType)
    assert split(b"".join(record.to_bytes() for record in RECORDS)) == RECORDS


def test_record_bodies_come_back_as_they_went_in():
    assert Genesis.read(GENESIS.record().body) == GENESIS
    assert Receipted.read(Receipted(HELD.origin, 7, 3).record().body).answer == 3
    assert SendAgain.read(SendAgain(HELD.origin, 9).record().body) == SendAgain(HELD.origin, 9)
    assert read_held(held_record(HELD).body) == (HELD, b"")


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (b"\x63\x00\x00", 99),
        (b"\x05\x00", 5),
        (b"\x05\x00\x01", 5),
        (b"\x05", 5),
        (b"\x05\x00\x00\x06", 6),
    ],
)
def test_records_that_do_not_fill_their_unit_stop_the_box(records, code):
    with pytest.raises(MemoryFault, match=f"unknown record, of type {code}$"):
        split(records)


def journal_of(*records):
    disk = BoxDisk()
    for record in records:
        append(disk, units.frame(record.to_bytes()))
    return disk


def append(disk, data):
    """Append to the journal, on each medium, what no box has written."""
    for journal in disk.files[::2]:
        journal.append(data)


def write(disk, offset, data):
    """Write into the slots, on each medium, what no box has written."""
    for slots in disk.files[1::2]:
        slots.write(offset, data)


BEGUN = (GENESIS.record(), PREPARED)
OTHER_VERSION = Record(RecordType.GENESIS, b"\x01" + GENESIS.record().body[1:])

IMPOSSIBLE = {
    "no genesis": ((RELEASE,), "outside an election"),
    "a second genesis": ((*BEGUN, GENESIS.record()), "before the first was cleared"),
    "after clearing": ((*BEGUN, CLEARED, RELEASE), "outside an election"),
    "another format": ((OTHER_VERSION,), "format 1, this firmware writes 2"),
    "a cut genesis": ((Record(RecordType.GENESIS, b"\x01"),), "it must have"),
    "two sheets": ((*BEGUN, FED, FED), "TAKE cannot follow where a sheet is TAKEN"),
    "a passage beside a sheet": ((*BEGUN, FED, FED, RELEASE, DROPPED), "TAKE cannot follow"),
    "two releases": ((*BEGUN, FED, RELEASE, RELEASE), "RELEASE cannot follow .* is RELEASED"),
    "a release of nothing": ((*BEGUN, RELEASE), "RELEASE cannot follow .* is NONE"),
    "a return of nothing": ((*BEGUN, RETURNED), "RETURN cannot follow .* is NONE"),
    "a drop of nothing": ((*BEGUN, DROPPED), "DROP cannot follow .* is NONE"),
    "a void of nothing": ((*BEGUN, VOID), "GIVE_BACK cannot follow .* is NONE"),
    "a doubt about nothing": ((*BEGUN, DOUBT), "DOUBT cannot follow .* is NONE"),
    "an answer about nothing": ((*BEGUN, answer_record(dropped=True)), "TOLD_IN cannot follow"),
    "an answer nobody asked for": (
        (*BEGUN, FED, RELEASE, answer_record(dropped=False)),
        "TOLD_OUT cannot follow .* is RELEASED",
    ),
    "a state that is none": ((*BEGUN, Record(RecordType.STATE, b"\x09")), "wrong at byte"),
    "an empty state": ((*BEGUN, Record(RecordType.STATE)), "STATE record of the journal is empty"),
    "a release that tells more": ((*BEGUN, Record(RecordType.RELEASE, b"1")), "has a body"),
    "a report that is none": ((*BEGUN, report_record(ReportKind.TURNOUT, b"no")), "wrong at byte"),
}


@pytest.mark.parametrize(("records", "problem"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_journal_that_cannot_be_is_refused(records, problem):
    with pytest.raises(MemoryFault, match=problem):
        RecordBook(journal_of(*records).memory)


@pytest.mark.parametrize("state", [PollState.OPEN, PollState.PORTABLE])
def test_sheets_that_went_straight_in_are_replayed_as_they_were_made(state):
    disk = journal_of(*BEGUN)
    live = RecordBook(disk.memory)
    live.commit(state_record(state))
    for sheets in (1, 3, 40):
        for _ in range(sheets):
            for record in (FED, RELEASE, DROPPED):
                live.commit(record)
        live.commit(FED)
        live.commit(RETURNED)
    again, made = RecordBook(disk.memory).history, live.history
    assert (again.size, again.root(), again.sheet) == (made.size, made.root(), made.sheet)
    for name in ("presented", "accepted", "returned", "portable", "in_container", "moment"):
        assert getattr(again, name) == getattr(made, name), name
    assert made.portable == (44 if state is PollState.PORTABLE else 0)


def test_the_offsets_of_all_records_of_a_unit_are_those_of_their_bodies():
    place = used_place()
    book = RecordBook(place.disk.memory)
    kept = [book.read(report.offset, report.size) for report in book.history.reports]
    assert kept == place.kept()
    assert [report.kind for report in book.history.reports] == [
        report_in(data).kind for data in kept
    ]
    disk = journal_of(*BEGUN)
    start = len(disk.journal.read())
    closed, wrong = state_record(PollState.CLOSED), Record(RecordType.STATE, b"\x09")
    append(disk, units.frame(b"".join(each.to_bytes() for each in (closed, closed, wrong))))
    # The head of the unit, two whole records of 4 bytes, the head of the third.
    with pytest.raises(MemoryFault, match=f"wrong at byte {start + 3 + 2 * 4 + 3}:"):
        RecordBook(disk.memory)


def test_all_records_of_a_unit_are_written():
    disk = journal_of(*BEGUN)
    book = RecordBook(disk.memory)
    book.commit(FED, RETURNED, FED, RETURNED)
    assert book.history.returned == RecordBook(disk.memory).history.returned == 2


def test_every_election_that_the_memory_was_cleared_of_is_remembered():
    begun = [
        Genesis(bytes([number]) * 32, BOX, 0, 0, GENESIS.slot_size, 64).record()
        for number in range(4)
    ]
    disk = journal_of(begun[0], CLEARED, begun[1], CLEARED, begun[2], CLEARED, begun[3])
    served = RecordBook(disk.memory).history.served
    assert served == {bytes([number]) * 32 for number in range(3)}


def used_place(copies=2):
    place = PollingPlace(BoxDisk(copies))
    place.boot()
    place.act(Action.PRINT_ZERO, Action.OPEN)
    place.feed(HOME_1)
    place.feed(AWAY)
    return place


def test_each_report_commits_to_all_records_before_it():
    """The root in a report is that of the RFC 6962 tree over the records, built another way."""
    place = used_place()
    place.boot()
    place.finish()
    tree = Tree()
    heads = []
    written = b"".join(unit.records for unit in units.units(place.disk.journal.read()))
    for record in split(written):
        if record.type is RecordType.REPORT:
            heads.append(JournalHead(tree.size, tree.root()))
        tree.append(leaf_hash(record.to_bytes()))
    assert [report_in(data).journal for data in place.kept()] == heads
    assert len(heads) == 6


def test_a_report_out_of_its_chain_is_refused():
    place = used_place()
    last = report_record(ReportKind.OPEN, place.kept()[-1])
    append(place.disk, units.frame(last.to_bytes()))
    with pytest.raises(MemoryFault, match="breaks the chain"):
        place.boot()


def test_a_rotten_slot_stops_the_box():
    place = used_place(copies=1)
    slots = place.disk.slots.read()
    place.disk.slots.rot(slots.index(0xFF) + 4, 0x01)
    with pytest.raises(MemoryFault, match=r"slot [0-9]+ is damaged"):
        place.boot()


def test_a_vanished_slot_stops_the_box():
    place = used_place()
    position = place.disk.slots.read().index(0xFF)
    write(place.disk, position, bytes(place.rules.slots.size))
    with pytest.raises(MemoryFault, match="= -1"):
        place.boot()


def test_a_stuffed_slot_stops_the_box():
    place = used_place()
    size = place.rules.slots.size
    slots = place.disk.slots.read()
    empty = next(n for n in range(0, len(slots), size) if slots[n] == 0)
    write(place.disk, empty, b"\xff" + place.rules.slots.encode(AWAY)[1:])
    with pytest.raises(MemoryFault, match="= 1"):
        place.boot()


def test_two_unfinished_slots_stop_the_box():
    place = used_place()
    size = place.rules.slots.size
    slots = place.disk.slots.read()
    empty = [n for n in range(0, len(slots), size) if slots[n] == 0][:2]
    for offset in empty:
        write(place.disk, offset, place.rules.slots.encode(AWAY))
    with pytest.raises(MemoryFault, match="both unfinished"):
        place.boot()


def test_slots_without_a_journal_stop_the_box():
    place = used_place()
    for journal in place.disk.files[::2]:
        journal.truncate(0)
    with pytest.raises(MemoryFault, match="no journal"):
        place.boot()


def test_a_journal_of_which_nothing_can_be_read_is_no_torn_beginning():
    """Power can tear the first unit, which is a GENESIS; whatever is longer was a journal once."""
    genesis = len(units.frame(BEGUN[0].to_bytes()))
    for size in (1, genesis - 1, genesis):
        disk = BoxDisk()
        append(disk, b"\x07" * size)
        assert RecordBook(disk.memory).torn == size
    disk = BoxDisk()
    append(disk, b"\x07" * (genesis + 1))
    with pytest.raises(MemoryFault, match="byte 0: this is more than its first unit"):
        RecordBook(disk.memory)


def test_a_report_that_rotted_is_not_sent():
    place = used_place(copies=1)
    report = place.kept()[1]
    offset = place.disk.journal.read().index(report)
    for at in range(len(report)):
        place.disk.journal.rot(offset + at, 1 << at % 8)
        with pytest.raises(MemoryFault, match="report 1 is damaged in the journal"):
            place.device.outgoing.report(1)
        place.disk.journal.rot(offset + at, 1 << at % 8)
    assert place.device.outgoing.report(1) == report


def test_a_failed_port_makes_the_device_useless():
    place = used_place()
    place.disk.ail(Ailment.NOT_APPLIED)
    with pytest.raises(MediumError):
        place.on(TurnoutDue())
    with pytest.raises(MemoryFault, match="boot it anew"):
        place.on(TurnoutDue())


def test_no_road_writes_behind_a_unit_that_failed():
    place = used_place()
    place.disk.power_on(PowerPlan(0))
    with pytest.raises(PowerCut):
        place.receipt()
    place.disk.power_on()
    with pytest.raises(MemoryFault, match="not settled"):
        place.receipt()


def test_nothing_is_written_behind_a_clearing():
    book = RecordBook(journal_of(*BEGUN, CLEARED).memory)
    with pytest.raises(MemoryFault, match="the election was cleared"):
        book.commit(FED)


def test_a_device_works_only_once_it_was_started():
    device = PollingPlace().new_device()
    with pytest.raises(MemoryFault, match="not started"):
        device.on(TurnoutDue(), instant())


def test_a_unit_is_settled_before_the_next():
    book = RecordBook(journal_of(*BEGUN).memory)
    book.append(FED)
    with pytest.raises(MemoryFault, match="fault of the program"):
        book.append(RETURNED)


def test_nothing_is_appended_behind_a_torn_tail():
    disk = journal_of(*BEGUN)
    append(disk, b"\xb5\x00")
    book = RecordBook(disk.memory)
    assert book.torn == 2
    with pytest.raises(MemoryFault, match="fault of the program"):
        book.append(FED)
    for journal in disk.files[::2]:
        journal.sync()
    book.mend()
    assert (book.torn, book.mended) == (0, 0)
    disk.power_off(LOST)
    assert RecordBook(disk.memory).torn == 0
    book.commit(FED)
    assert RecordBook(disk.memory).history.presented == 1


# Numbers that cannot be at the opening


def test_the_poll_does_not_open_on_counters_that_are_not_zero():
    place = PollingPlace()
    place.boot()
    for record in (FED, RETURNED):
        append(place.disk, units.frame(record.to_bytes()))
    place.boot()
    made, refused = place.on(Requested(Action.PRINT_ZERO))
    incident = report_in(made.data).incident
    assert (incident.code, incident.detail) == (IncidentCode.OPENING_REFUSED, 1)
    assert isinstance(refused, Refused)
    assert refused.why is Refusal.COUNTERS_NOT_ZERO
    assert "presented" in refused.detail
    assert place.device.state is PollState.SETUP


def test_a_repair_is_reported():
    place = used_place()
    place.disk.journal.append(b"\xb5\x00")
    outputs = place.boot()
    incidents = [report_in(o.data).incident for o in outputs if isinstance(o, ReportMade)]
    assert [i and (i.code, i.detail) for i in incidents] == [
        None,
        (IncidentCode.MEMORY_REPAIRED, 8),
    ]
