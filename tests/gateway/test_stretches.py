"""Is a stretch of a lower log taken whole and once, and a faulty one refused with its way out?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.ports import Place, Tally
from ballotbox_gateway.core.upward import UpwardBatch, UpwardConflict, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_protocol.election.register import GatewayEntry, Register
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.below import Levels, LowerLog, UpwardEntry, entry_of
from tests.gateway.scripted import (
    CENTRE,
    NOW,
    ORIGIN,
    OTHER,
    arrivals,
    intake,
    report_id,
    ruling,
)
from tests.gateway.test_from_below import NAME, RELEASE, K, ruling_entry


def test_stretch_sent_again_gets_its_receipts_again_and_changes_nothing() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    while (batch := levels.lower.intake.next_upward(CENTRE, 3)) is not None:
        reply = levels.take(batch)
        assert levels.take(batch) == reply
        last = batch
        levels.lower.intake.upward_receipted(batch, reply, CENTRE, NOW)
    assert levels.centre.ledger.log_head().size == 7
    restarted = intake(levels.given, levels.centre.ledger, CENTRE)
    assert restarted.admit_from_below(last, NOW) == reply


def test_late_copy_of_an_older_stretch_changes_nothing_on_either_side() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    gateway, ledger = levels.lower.intake, levels.lower.ledger
    older = gateway.next_upward(CENTRE, 3)
    levels.carry(levels.lower, limit=3)
    conflict = levels.take(older)
    assert conflict == UpwardConflict(7)
    # Even a gateway that listens to an answer so late goes on where it was.
    assert gateway.upward_conflict(conflict, CENTRE) is None
    assert gateway.next_upward(CENTRE, 3) is None
    assert (ledger.delivered(CENTRE), levels.centre.ledger.log_head().size) == (7, 7)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_receipts_that_were_lost_come_with_the_stretch_that_ends_where_the_centre_stands(
    limit: int,
) -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    gateway, ledger = levels.lower.intake, levels.lower.ledger
    assert isinstance(levels.take(gateway.next_upward(CENTRE, 5)), UpwardReply)
    levels.carry(levels.lower, limit)
    assert ledger.delivered(CENTRE) == 7
    assert all(ledger.upper_receipt(CENTRE, at) for at in range(7))


def test_stretch_that_cannot_reach_where_the_centre_stands_gets_its_receipts_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("from_below", "delivery"):
        monkeypatch.setattr(f"ballotbox_gateway.core.{module}.ENTRIES_MAX", 3)
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    for first in (0, 3):
        assert isinstance(levels.take(replace_stretch(levels, first, first + 3)), UpwardReply)
    replies = levels.carry(levels.lower)
    assert [len(reply.receipts) for reply in replies] == [3, 3, 1]


def test_fork_of_the_length_that_was_taken_in_is_refused() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    log = LowerLog(levels.given)
    levels.take(log.batch(entry_of(message, Verdict.ACCEPTED, Reason.IN_ORDER)))
    fork = LowerLog(levels.given)
    other = fork.batch(entry_of(message, Verdict.QUARANTINED, Reason.HELD_AHEAD))
    fault = levels.take(other)
    problem = "its root is not that of the leaves taken in so far"
    fix = "stop: the lower log was replaced or changed; compare it with this gateway's copy"
    assert fault == UpwardFault("checkpoint", problem, fix, proof=(log.note(), other.checkpoint))
    assert fault.to_json().keys() == {"error", "field", "fix"}


def test_stretch_that_does_not_start_where_the_centre_stands_names_where_it_does() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    first = levels.lower.intake.next_upward(CENTRE, 2)
    log = levels.lower.ledger
    assert isinstance(levels.take(first), UpwardReply)
    later = replace_stretch(levels, 3, 5)
    assert levels.take(later) == UpwardConflict(2)
    overlapping = replace_stretch(levels, 0, 5)
    assert levels.take(overlapping) == UpwardConflict(2)
    assert isinstance(levels.take(replace_stretch(levels, 2, log.log_head().size)), UpwardReply)


def replace_stretch(levels: Levels, first: int, stop: int) -> UpwardBatch:
    entries = tuple(
        UpwardEntry(entry.leaf, entry.report, entry.ruling)
        for entry in levels.lower.ledger.entries(first, stop)
    )
    note = levels.lower.intake._books.log.note_at(stop)
    return UpwardBatch(ORIGIN, first, entries, note)


def test_lower_log_that_was_changed_behind_is_not_taken() -> None:
    levels = Levels()
    message = levels.box.report(K.BOOT)
    levels.take(LowerLog(levels.given).batch(entry_of(message, Verdict.ACCEPTED, Reason.IN_ORDER)))
    other = LowerLog(levels.given)
    other.batch(entry_of(message, Verdict.HELD, Reason.GAP_BEFORE))
    fault = levels.take(
        other.batch(entry_of(levels.box.report(K.ZERO), Verdict.ACCEPTED, Reason.IN_ORDER))
    )
    assert isinstance(fault, UpwardFault)
    assert (fault.field, fault.retry) == ("checkpoint", False)
    assert "root does not follow" in fault.problem


def test_taken_stretch_with_another_content_is_answered_from_what_was_taken() -> None:
    levels = Levels()
    messages = [levels.box.report(kind) for kind in (K.BOOT, K.ZERO)]
    taken = LowerLog(levels.given).batch(entry_of(messages[0], Verdict.ACCEPTED, Reason.IN_ORDER))
    levels.take(taken)
    unknown = entry_of(messages[1], Verdict.ACCEPTED, Reason.IN_ORDER)
    nothing = "decides on a report that no earlier leaf brought"
    fault = UpwardFault("entries[0].leaf", nothing, AS_STORED)
    assert levels.take(replace(taken, entries=(unknown,))) == fault
    broken = replace(taken, entries=(UpwardEntry(b"\x00", messages[1], None),))
    no_leaf = "leaf: must be an array of 7 items"
    assert levels.take(broken) == UpwardFault("entries[0].leaf", no_leaf, AS_STORED)


def faulty(levels: Levels) -> dict[str, UpwardBatch]:
    box, key = levels.box, levels.box.key
    good, ordinary = box.report(K.BOOT), (Verdict.ACCEPTED, Reason.IN_ORDER)
    entry = entry_of(good, *ordinary)
    zero = entry_of(box.report(K.ZERO), *ordinary)
    body = cose.sign(key.public, key.sign, MessageType.REPORT, b"\xa0")
    release = ruling(levels.given, RELEASE, report_id(good))
    other_release = ruling(levels.given, NAME, report_id(good))
    whole = LowerLog(levels.given).batch(entry)

    def only(entry: UpwardEntry) -> UpwardBatch:
        return LowerLog(levels.given).batch(entry)

    rule = ruling_entry(release)
    return {
        "origin: own": replace(whole, origin=CENTRE),
        "origin: unknown": replace(whole, origin="example.org/nobody"),
        "checkpoint: of another log": replace(whole, origin=ORIGIN),
        "checkpoint: no note": replace(whole, checkpoint=b"hello"),
        "checkpoint: size": replace(whole, entries=(entry, entry)),
        "checkpoint: root": replace(whole, entries=(zero,)),
        "entries[0].leaf: no leaf": only(replace(entry, leaf=b"\x80")),
        "entries[0].leaf: nothing to rule": only(rule),
        "entries[0].report: missing": only(replace(entry, report=None)),
        "entries[0].report: with a ruling": only(replace(entry, ruling=release)),
        "entries[0].report: unauthentic": only(replace(entry, report=good[:-1] + b"\x00")),
        "entries[0].report: no report": only(entry_of(body, *ordinary)),
        "entries[0].report: another": only(replace(entry, report=zero.report)),
        "entries[0].ruling: missing": only(replace(rule, ruling=None)),
        "entries[0].ruling: with a report": only(replace(rule, report=good)),
        "entries[0].ruling: no ruling": only(replace(rule, ruling=b"\x80")),
        "entries[0].ruling: another": only(replace(rule, ruling=other_release)),
    }


AS_STORED = "send the leaf and what it commits to as the log stores them"


REGISTER = "enter the gateway in the register, or give this gateway the newer register"


KEY = "sign it with the key that the register lists"


#: Per case: what is wrong with the field, and the way out.
TOLD = {
    "origin: own": ("is no other gateway of the register in use", REGISTER),
    "origin: unknown": ("is no other gateway of the register in use", REGISTER),
    "checkpoint: of another log": (f"is not signed by the log {ORIGIN}: OTHER_ORIGIN", KEY),
    "checkpoint: no note": (f"is not signed by the log {OTHER}: NOT_A_NOTE", KEY),
    "checkpoint: size": (
        "has size 1, but the entries end at 2",
        "send the checkpoint that ends with the batch",
    ),
    "checkpoint: root": (
        "its root does not follow from the leaves taken in so far and those sent",
        "stop: the lower log was replaced or changed; compare it with this gateway's copy",
    ),
    "entries[0].leaf: no leaf": ("leaf: must be an array of 7 items", AS_STORED),
    "entries[0].leaf: nothing to rule": (
        "decides on a report that no earlier leaf brought",
        AS_STORED,
    ),
    "entries[0].report: missing": ("must stand beside a report leaf, alone", AS_STORED),
    "entries[0].report: with a ruling": ("must stand beside a report leaf, alone", AS_STORED),
    "entries[0].report: unauthentic": ("cannot be taken: SIGNATURE", AS_STORED),
    "entries[0].report: no report": ("cannot be taken: BODY", AS_STORED),
    "entries[0].report: another": ("is another report than the leaf decides on", AS_STORED),
    "entries[0].ruling: missing": ("must stand beside a ruling leaf, alone", AS_STORED),
    "entries[0].ruling: with a report": ("must stand beside a ruling leaf, alone", AS_STORED),
    "entries[0].ruling: no ruling": (
        "ruling: must be an array of a byte string, an integer, a byte string, an array",
        AS_STORED,
    ),
    "entries[0].ruling: another": ("is another ruling than the leaf commits to", AS_STORED),
}


@pytest.mark.parametrize("case", faulty(Levels()))
def test_faulty_stretch_is_refused_whole_and_names_field_and_way_out(case: str) -> None:
    levels = Levels()
    field, problem, fix = case.partition(": ")[0], *TOLD[case]
    # Only a newer register may make a sender welcome that is not now.
    fault = UpwardFault(field, problem, fix, retry=field == "origin")
    assert levels.take(faulty(levels)[case]) == fault
    assert levels.centre.ledger.log_head().size == 0
    assert levels.centre.ledger.lower_log(OTHER) is None


def test_a_report_of_another_election_in_a_lower_log_is_refused_and_kept() -> None:
    """A gateway below signed for it, and its box as well: both have to answer for it."""
    levels = Levels()
    elsewhere = levels.box.forge(K.BOOT, election=ElectionDigest(b"\x02" * 32))
    batch = LowerLog(levels.given).batch(entry_of(elsewhere, Verdict.ACCEPTED, Reason.IN_ORDER))
    ledger = levels.centre.ledger
    for _ in range(2):
        fault = levels.take(batch)
        assert (fault.field, fault.problem) == (
            "entries[0].report",
            "cannot be taken: OTHER_ELECTION",
        )
        assert (ledger.log_head().size, ledger.lower_log(OTHER)) == (0, None)
        kept = ledger.refusal(report_id(elsewhere))
        assert (kept.reason, kept.data) == (Reason.OTHER_ELECTION, elsewhere)
        assert ledger.counts()[Tally.REFUSED, Reason.OTHER_ELECTION] == 1


def test_gateway_that_the_register_knows_by_another_key_is_not_believed() -> None:
    levels = Levels()
    register = levels.given.trusted.register
    gateways = tuple(
        GatewayEntry(each.origin, PrivateKey.from_seed(bytes(32)).public)
        if each.origin == ORIGIN
        else each
        for each in register.gateways
    )
    newer = Register(register.election, 2, register.boxes, gateways, register.officers)
    levels.centre.intake.replace_register(with_register(levels.given, newer).trusted)
    levels.lower.admit(levels.box.report(K.BOOT))
    fault = levels.take(levels.lower.intake.next_upward(CENTRE, 9))
    assert (fault.field, fault.problem.rpartition(" ")[2]) == ("checkpoint", "NOT_SIGNED")


def test_report_that_came_first_by_a_box_is_known_when_it_comes_from_below() -> None:
    levels = Levels()
    messages = levels.box.open_poll()
    direct = levels.centre.intake.admit(arrivals(*messages), NOW).answers
    levels.lower.admit(*messages)
    (reply,) = levels.carry(levels.lower)
    assert list(reply.receipts) == [each.message.payload for each in direct]
    assert levels.centre.row(messages[0]).place is Place.CHAIN


class Overtaken:
    """A ledger at which another writer takes the same stretch just before the commit."""

    def __init__(self, levels: Levels, batch: UpwardBatch) -> None:
        self._levels = levels
        self._batch: UpwardBatch | None = batch

    def commit(self, *args: object) -> None:
        batch, self._batch = self._batch, None
        if batch is not None:
            assert isinstance(self._levels.take(batch), UpwardReply)
        self._levels.centre.ledger.commit(*args)

    def __getattr__(self, name: str) -> object:
        return getattr(self._levels.centre.ledger, name)


def test_stretch_that_another_writer_took_meanwhile_is_a_conflict() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    batch = levels.lower.intake.next_upward(CENTRE, 5)
    late = intake(levels.given, Overtaken(levels, batch), CENTRE)
    assert late.admit_from_below(batch, NOW) == UpwardConflict(5)
    assert late.admit_from_below(batch, NOW) == levels.take(batch)
    assert levels.centre.ledger.log_head().size == 5
