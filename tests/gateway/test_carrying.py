"""Is a stick taken in once and whole, and are its receipts stored, whatever is on it?"""

import json
from dataclasses import replace

import pytest

from ballotbox_gateway.core import carrying
from ballotbox_gateway.core.carrying import misdirected, pack, take_back, take_in
from ballotbox_gateway.core.ports import DiskFull
from ballotbox_gateway.core.stick import (
    MANIFEST_NAME,
    STANDING_NAME,
    Listed,
    Manifest,
    Returned,
    Stretch,
    folder_name,
    listed,
    standing_from_bytes,
)
from ballotbox_gateway.core.upward import UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.wire.report import ReportKind
from tests.gateway.below import Levels
from tests.gateway.failing import FailingLedger, Fault
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, intake

ELECTION = "00" * 32


class Person:
    """Somebody with a stick between the precinct and the centre."""

    def __init__(self) -> None:
        self.levels = Levels()
        self.lower = self.levels.lower
        self.lower.admit(*self.levels.box.day())
        self.stick: dict[str, bytes] = {}

    def backlog(self, upper):
        return self.lower.intake.outbox.backlog(upper)

    def stretch(self, first, stop):
        return self.lower.intake.outbox.stretch(first, stop)

    def take_back(self, upper, first, reply):
        return self.lower.intake.outbox.take_back(upper, first, reply, NOW)

    def conflict(self, conflict, upper):
        return self.lower.intake.outbox.conflict(conflict, upper)

    @property
    def manifest(self):
        return Manifest.from_bytes(self.stick[MANIFEST_NAME])

    def export(self):
        self.stick = dict(pack(self, ORIGIN, CENTRE, ELECTION))

    def carry(self, admit=None):
        key = self.levels.given.trusted.register.gateway_keys[self.manifest.origin]
        admit = admit or self.levels.take
        taken = []
        for each in take_in(self.manifest, self.stick.get, key, admit):
            taken.append(each)
            self.stick |= dict(each.files)
        return taken

    def bring_back(self):
        return list(take_back(self.manifest, self.stick, self.stick.get, self))

    @property
    def delivered(self):
        return self.lower.ledger.delivered(CENTRE)

    @property
    def above(self):
        return self.levels.centre.ledger.log_head().size


@pytest.fixture(params=[3, 4_096], ids=["several files", "one file"])
def person(request, monkeypatch):
    monkeypatch.setattr(carrying, "ENTRIES_MAX", request.param)
    return Person()


@pytest.fixture
def several(monkeypatch):
    monkeypatch.setattr(carrying, "ENTRIES_MAX", 3)
    return Person()


def test_there_and_back_moves_the_cursor_with_the_receipts_alone(person):
    person.export()
    assert person.delivered == 0
    taken = person.carry()
    assert [each.fault for each in taken] == [None] * len(taken)
    assert (person.above, person.delivered) == (7, 0)
    assert person.bring_back() == []
    assert person.delivered == 7
    assert all(person.lower.ledger.upper_receipt(CENTRE, at) for at in range(7))
    person.export()
    assert person.stick == {}


def test_receipts_that_only_memory_holds_are_not_stored_and_bring_the_person_back(person):
    ledger = FailingLedger(person.lower.ledger)
    person.lower.intake = intake(person.levels.given, ledger)
    person.export()
    person.carry()
    ledger.fault = Fault.DISK_FULL
    with pytest.raises(DiskFull):
        person.bring_back()
    assert person.delivered == 0
    assert person.bring_back() == []
    assert person.delivered == 7


def test_a_stick_that_comes_twice_is_answered_the_same_and_changes_nothing(person):
    person.export()
    person.carry()
    root = person.levels.centre.ledger.log_head()
    before = dict(person.stick)
    taken = person.carry()
    assert person.levels.centre.ledger.log_head() == root
    assert all(each.fault is None for each in taken)
    # What ends where the centre stands has its receipts; what ends before it, is told where.
    receipts = {name: data for name, data in person.stick.items() if name != STANDING_NAME}
    assert receipts == {name: data for name, data in before.items() if name != STANDING_NAME}
    assert person.bring_back() == person.bring_back() == []
    assert person.delivered == 7


def test_what_another_road_has_brought_is_not_taken_twice_and_has_its_receipts(person):
    person.export()
    batch = person.lower.intake.next_upward(CENTRE, 2)
    person.levels.take(batch)  # and its reply is lost
    assert all(each.fault is None for each in person.carry())
    assert person.above == 7
    assert person.bring_back() == []
    assert person.delivered == 7


def test_receipts_of_what_another_road_has_receipted_meanwhile_are_stored_from_there_on(person):
    person.export()
    person.carry()
    batch = person.lower.intake.next_upward(CENTRE, 100)
    reply = person.levels.take(batch)
    first = replace(reply, receipts=reply.receipts[:2])
    part = person.lower.intake.outbox.stretch(0, 2).batch
    assert person.lower.intake.upward_receipted(part, first, CENTRE, NOW) is None
    assert person.bring_back() == []
    assert person.delivered == 7


def test_an_old_stick_takes_nothing_and_says_how_far_the_centre_is(several):
    several.export()
    old = several.stick
    several.lower.send(ReportKind.INCIDENT)
    several.export()
    several.carry()
    several.stick = old
    taken = several.carry()
    assert [(each.returned, each.fault, each.expected) for each in taken] == [(None, None, 8)] * 3
    assert several.above == 8
    assert several.bring_back() == []


def harmed(person, name, data):
    person.stick[name] = data
    return person.carry()[-1].fault


def names(person):
    return [each.name for each in person.manifest.files]


def test_half_a_stick_is_taken_up_to_its_fault_and_the_rest_comes_with_the_next(several):
    several.export()
    second = names(several)[1]
    whole = several.stick[second]
    fault = harmed(several, second, whole[:-1])
    assert (fault.field, fault.problem) == (
        second, f"is cut short: {len(whole) - 1} of {len(whole)} bytes",
    )  # fmt: skip
    assert several.above == 3
    assert several.bring_back() == []
    assert several.delivered == 3
    changed = bytearray(whole)
    changed[50] ^= 1
    assert harmed(several, second, bytes(changed)).problem == "was changed on its way"
    assert harmed(several, second, whole + b" ").problem == "was changed on its way"
    del several.stick[second]
    assert "is missing: the stick was copied in part" in several.carry()[-1].fault.problem
    several.export()
    assert several.carry()[-1].fault is None
    assert (several.above, several.bring_back(), several.delivered) == (7, [], 7)


def relisted(person, data):
    """Return the fault of a stick whose first file and manifest say the same, wrongly."""
    manifest = person.manifest
    (first, *rest) = manifest.files
    files = (listed(first.name, data), *rest)
    person.stick[MANIFEST_NAME] = replace(manifest, files=files).to_bytes()
    return harmed(person, first.name, data)


def test_a_file_is_believed_for_its_signature_not_for_its_manifest(several):
    several.export()
    data = several.stick[names(several)[0]]
    stretch = Stretch.from_bytes(data)
    batch = stretch.batch
    swapped = replace(batch, entries=batch.entries[::-1])
    unsigned = replace(batch, checkpoint=batch.checkpoint[:-4] + b"AAA\n")
    other = replace(batch, origin=OTHER)
    cases = [
        (Stretch(swapped, ()), "entries", "are not those that were signed"),
        (Stretch(unsigned, ()), "checkpoint", "is not signed by the log"),
        (Stretch(other, ()), "origin", "is not the log that the manifest names"),
        (Stretch(batch, (bytes(32),)), "base", "subtree hashes do not fit"),
        (Stretch(replace(batch, first=1), (bytes(32),)), "entries", "are not those"),
    ]
    for forged, field, words in cases:
        fault = relisted(several, forged.to_bytes())
        assert (fault.field, words in fault.problem) == (field, True), fault
    assert relisted(several, b"{").field.endswith(": stretch")
    assert relisted(several, b"[]").problem == "must be a JSON object"
    assert several.above == 0


def test_leaves_that_the_centre_lacks_before_a_stick_come_with_the_next(several, repository):
    several.levels.carry(several.lower, limit=3)
    several.lower.send(ReportKind.INCIDENT)
    several.export()
    several.levels.centre = Levels(several.levels.given).centre  # and it has forgotten all
    (taken,) = several.carry()
    assert taken.fault.problem == "begins at leaf 7, but this gateway has only 0"
    assert taken.fault.fix in (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    assert standing_from_bytes(several.stick[STANDING_NAME]) == 0
    assert several.bring_back() == []
    assert several.delivered == 0
    several.export()
    several.carry()
    assert (several.above, several.bring_back(), several.delivered) == (8, [], 8)


def test_an_old_word_of_what_the_centre_lacks_moves_nothing(several):
    several.export()
    several.carry()
    several.bring_back()
    several.stick[STANDING_NAME] = b'{"expected": 0}'
    assert several.bring_back() == []
    assert several.delivered == 7
    several.stick[STANDING_NAME] = b'{"expected": -1}'
    assert several.bring_back()[0].field == "expected"


def test_a_ledger_that_was_put_back_is_told_by_the_stick(several):
    several.export()
    several.stick[STANDING_NAME] = b'{"expected": 99}'
    (fault,) = several.bring_back()
    assert "older copy" in fault.fix


def test_receipts_that_prove_less_move_nothing(several):
    several.export()
    several.carry()
    name = next(each for each in several.stick if each.startswith("receipts-"))
    good = Returned.from_bytes(several.stick[name])
    forged = [
        replace(good, lower=OTHER).to_bytes(),
        replace(good, reply=replace(good.reply, receipts=good.reply.receipts[::-1])).to_bytes(),
        replace(good, first=5).to_bytes(),
        b"{}",
    ]
    for data in forged:
        several.stick = {MANIFEST_NAME: several.stick[MANIFEST_NAME], name: data}
        (fault,) = several.bring_back()
        assert name in fault.field
        assert several.delivered == 0


def test_a_refusal_above_ends_the_stick_and_is_told(several):
    several.export()
    no = UpwardFault("entries", "are too many", "later", retry=True)
    assert several.carry(lambda _: no)[-1].fault == no
    (taken,) = several.carry(lambda batch: UpwardConflict(1) if batch.first == 0 else no)
    assert taken.fault == no


def test_a_road_that_always_gets_ahead_is_given_up_on(several):
    several.export()
    reply = UpwardReply(CENTRE, ())
    (taken,) = several.carry(lambda batch: UpwardConflict(1) if batch.first == 0 else reply)
    assert taken.fault.fix == "import the stick again"


def test_for_whom_a_stick_is():
    manifest = Manifest(ORIGIN, CENTRE, ELECTION, 0, 1, ())
    assert misdirected(manifest, ORIGIN, ELECTION) is None
    assert misdirected(manifest, CENTRE, ELECTION) is None
    assert misdirected(manifest, OTHER, ELECTION).problem == f"goes from {ORIGIN} to {CENTRE}"
    assert "another election" in misdirected(manifest, CENTRE, "11" * 32).problem
    assert folder_name(ORIGIN, CENTRE) != folder_name(OTHER, CENTRE)


def test_no_stretch_of_leaves_that_are_not_there(several):
    for first, stop in ((0, 8), (3, 3), (-1, 2)):
        with pytest.raises(ValueError, match="are no stretch of this log"):
            several.stretch(first, stop)


FILE = Listed("leaves-000000000000-000000000001.json", 1, "aa")
MANIFEST = json.loads(Manifest(ORIGIN, CENTRE, ELECTION, 0, 1, (FILE,)).to_bytes())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "else"}, "format"),
        ({"origin": 1}, "origin"),
        ({"upper": "no spaces allowed"}, "upper"),
        ({"election": None}, "election"),
        ({"first": -1}, "first"),
        ({"stop": 0}, "stop"),
        ({"files": 3}, "files"),
        ({"files": [3]}, "files"),
        ({"files": MANIFEST["files"] * 2}, "files"),
        ({"files": [MANIFEST["files"][0] | {"name": "../leaves"}]}, "files"),
        ({"files": [MANIFEST["files"][0] | {"size": True}]}, "size"),
    ],
)
def test_a_manifest_is_taken_whole_or_named_by_its_wrong_field(change, field):
    assert Manifest.from_bytes(json.dumps(MANIFEST).encode()).to_bytes()
    with pytest.raises(InvalidField) as caught:
        Manifest.from_bytes(json.dumps(MANIFEST | change).encode())
    assert caught.value.field == field


@pytest.mark.parametrize("base", ["x", ["!"], [1], ["AAAA"]])
def test_a_base_is_32_byte_hashes(several, base):
    several.export()
    value = json.loads(several.stick[names(several)[0]]) | {"base": base}
    with pytest.raises(InvalidField, match="base"):
        Stretch.from_bytes(json.dumps(value).encode())
