"""Books over a ledger that other processes move as well: what is read, and what stops them."""

import dataclasses

import pytest

from ballotbox_gateway.core.books import Books
from ballotbox_gateway.core.intake import Outcome
from ballotbox_gateway.core.outcome import Identity
from ballotbox_gateway.core.ports import (
    Batch,
    Damaged,
    DatabaseAway,
    LogHead,
    RegisterBehind,
    Standing,
    Tally,
)
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway.scripted import (
    NOW,
    ORIGIN,
    ScriptedBox,
    arrivals,
    authority,
    binding,
    intake,
    memory,
)

GIVEN = authority()


def books(ledger: MemoryLedger) -> Books:
    return Books(GIVEN.trusted, Identity(ORIGIN, GIVEN.gateway_keys[ORIGIN]), ledger)


class Moving(MemoryLedger):
    """Another process commits a report right after somebody has read the head."""

    def __init__(self) -> None:
        super().__init__(binding(GIVEN.trusted))
        self._moves = False
        self._other = intake(GIVEN, self)
        self._moves = True

    def log_head(self) -> LogHead:
        head = super().log_head()
        if self._moves:
            self._moves = False
            self._other.admit(arrivals(ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)), NOW)
        return head


def test_a_log_that_grows_while_it_is_read_is_read_to_its_end() -> None:
    assert books(Moving()).log.head.size == 1


def test_the_receipt_of_a_leaf_that_another_process_wrote_is_read_as_well() -> None:
    ledger = memory(GIVEN)
    ours = books(ledger)
    report = ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)
    (answer,) = intake(GIVEN, ledger).admit(arrivals(report), NOW).answers
    assert ours.stored_receipt(0) == answer.message.payload


class Torn(MemoryLedger):
    """The leaves are not what the head says, and nobody writes."""

    def log_head(self) -> LogHead:
        return LogHead(1, bytes(32))


def test_a_log_that_does_not_grow_and_does_not_fit_is_damaged() -> None:
    with pytest.raises(Damaged, match="the stored leaves make a log of size 0"):
        books(Torn(binding(GIVEN.trusted)))


def test_nothing_is_judged_by_a_register_that_another_process_has_left_behind() -> None:
    ledger = memory(GIVEN)
    behind = intake(GIVEN, ledger)
    data = ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)
    newer = GIVEN.trusted.register.version + 1
    ledger.commit(Batch(register_version=newer), ledger.log_head())
    with pytest.raises(RegisterBehind, match=f"version {newer} is in use"):
        behind.admit(arrivals(data), NOW)
    assert ledger.log_head().size == 0
    register = dataclasses.replace(GIVEN.trusted.register, version=newer)
    behind.replace_register(dataclasses.replace(GIVEN.trusted, register=register))
    assert behind.admit(arrivals(data), NOW).answers[0].outcome is Outcome.ACCEPTED
    assert {tally for tally, _ in ledger.counts()} == {Tally.LEAVES}, "no disk was full"


class Breaking(MemoryLedger):
    """The database goes away once, between the leaves of others and whose boxes they are."""

    breaks = True
    turns = 0

    def turn(self):
        self.turns += 1
        return super().turn()

    def boxes_from(self, first: int) -> set[BoxId]:
        if self.breaks:
            self.breaks = False
            raise DatabaseAway("gone")
        return super().boxes_from(first)


def test_who_was_cut_off_while_following_another_one_follows_to_the_end() -> None:
    ledger = Breaking(binding(GIVEN.trusted))
    one, other = intake(GIVEN, ledger), intake(GIVEN, ledger)
    box = ScriptedBox(GIVEN, 1)
    first, second, third = (
        box.report(kind) for kind in (ReportKind.BOOT, ReportKind.ZERO, ReportKind.OPEN)
    )
    one.admit(arrivals(first), NOW)
    ledger.breaks = False
    other.admit(arrivals(second), NOW)
    ledger.breaks = True
    with pytest.raises(DatabaseAway):
        one.admit(arrivals(third), NOW)
    ledger.turns = 0
    (answer,) = one.admit(arrivals(third), NOW).answers
    assert ledger.turns == 1, "judged by what it read before it was cut off"
    assert (answer.outcome, answer.reason) == (Outcome.ACCEPTED, Reason.IN_ORDER)


def test_who_only_looks_makes_nobody_use_its_newer_register() -> None:
    ledger = memory(GIVEN)
    newer = dataclasses.replace(GIVEN.trusted.register, version=GIVEN.trusted.register.version + 1)
    trusted = dataclasses.replace(GIVEN.trusted, register=newer)
    Books(trusted, Identity(ORIGIN, GIVEN.gateway_keys[ORIGIN]), ledger, reading=True)
    assert ledger.binding() == binding(GIVEN.trusted)


class Told(MemoryLedger):
    """Another process has told of the newest register when this one's turn has come."""

    def turn(self):
        standing = Standing(self.log_head(), GIVEN.trusted.register.version)
        self._binding = dataclasses.replace(
            self._binding, register_version=standing.register_version
        )
        return super().turn()

    def commit(self, batch: Batch, expected: LogHead) -> None:
        assert batch.register_version is None, "told already"
        super().commit(batch, expected)


def test_a_register_that_another_process_has_told_of_is_not_told_again() -> None:
    before = GIVEN.trusted.register.version - 1
    ledger = Told(dataclasses.replace(binding(GIVEN.trusted), register_version=before))
    books(ledger)
    assert ledger.binding() == binding(GIVEN.trusted)


def test_a_register_is_told_of_at_the_end_of_the_log_wherever_that_is() -> None:
    ledger = memory(GIVEN)
    one, other = intake(GIVEN, ledger), books(ledger)
    one.admit(arrivals(ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)), NOW)
    newer = dataclasses.replace(GIVEN.trusted.register, version=GIVEN.trusted.register.version + 1)
    other.use(dataclasses.replace(GIVEN.trusted, register=newer))
    assert ledger.binding().register_version == newer.version
