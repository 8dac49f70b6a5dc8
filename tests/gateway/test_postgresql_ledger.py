"""Several processes over one ledger in PostgreSQL: one log, whoever writes, stops or is cut off."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from time import monotonic
from typing import TypeVar

import psycopg
import pytest

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_gateway.core.intake import Intake, Outcome
from ballotbox_gateway.core.ports import (
    Batch,
    Damaged,
    DatabaseAway,
    LedgerFailure,
    NewLeaf,
    RegisterBehind,
    StoredCheckpoint,
)
from ballotbox_gateway.ledger.postgresql import PostgresqlLedger
from ballotbox_gateway.ledger.postgresql_opening import create, open_ledger
from ballotbox_gateway.ledger.postgresql_statements import COMMIT
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.leaf import decode_leaf
from ballotbox_protocol.wire.report import HeldCheckpoint, ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.databases import NewSchema
from tests.gateway.proofs import receipted
from tests.gateway.scripted import (
    NOW,
    ORIGIN,
    ScriptedBox,
    arrivals,
    authority,
    binding,
    intake,
)

GIVEN = authority()
PATIENCE_S = 20.0
T = TypeVar("T")


class Centre:
    """A ledger and as many seats at it as are asked for, each over a connection of its own."""

    def __init__(self, new_schema: NewSchema) -> None:
        self.settings = new_schema()
        create(self.settings, binding(GIVEN.trusted))
        self.ledgers: list[PostgresqlLedger] = []

    def open(self) -> PostgresqlLedger:
        self.ledgers.append(open_ledger(self.settings))
        return self.ledgers[-1]

    def seat(self) -> tuple[PostgresqlLedger, Intake]:
        ledger = self.open()
        return ledger, intake(GIVEN, ledger)


@pytest.fixture
def centre(new_schema: NewSchema) -> Iterator[Centre]:
    made = Centre(new_schema)
    yield made
    for ledger in made.ledgers:
        ledger.close()


def openings(box: ScriptedBox) -> list[bytes]:
    return [box.report(kind) for kind in (ReportKind.BOOT, ReportKind.ZERO, ReportKind.OPEN)]


def leaves_of(ledger: PostgresqlLedger) -> list[bytes]:
    return [decode_leaf(leaf).report for leaf in ledger.leaves(0)]


def test_two_at_once_make_one_log_without_gaps(centre: Centre) -> None:
    boxes = [ScriptedBox(GIVEN, number) for number in range(1, 5)]
    scripts = [openings(box) for box in boxes]
    seats = [centre.seat()[1] for _ in range(2)]

    def report(which: int) -> list[bytes]:
        # Both get all boxes, each in another order: every report arrives twice.
        told = []
        for script in scripts[:: 1 if which else -1]:
            for data in script:
                (answer,) = seats[which].admit(arrivals(data), NOW).answers
                told.append(receipted(GIVEN, answer.message))
        return told

    with ThreadPoolExecutor(2) as pool:
        told = [each for part in pool.map(report, range(2)) for each in part]
    ids = leaves_of(centre.open())
    assert len(ids) == len(set(ids)) == sum(map(len, scripts))
    assert {verdict for _, verdict in told} == {Verdict.ACCEPTED}
    assert {report for report, _ in told} == set(ids)


def test_a_box_may_show_one_process_what_another_one_signed(centre: Centre) -> None:
    """Whoever judges by an older log than the box has seen would take it for a forged one."""
    (first, one), (_, other) = centre.seat(), centre.seat()
    box = ScriptedBox(GIVEN, 1)
    for data in openings(box):
        one.admit(arrivals(data), NOW)
    size, root = first.log_head()
    held = HeldCheckpoint(origin_id(ORIGIN), size, root)
    (answer,) = other.admit(arrivals(box.report(ReportKind.TURNOUT, held=held)), NOW).answers
    assert (answer.outcome, answer.reason) == (Outcome.ACCEPTED, Reason.IN_ORDER)


def test_who_judges_by_an_older_register_waits_for_the_newer_one(centre: Centre) -> None:
    (ledger, _), (_, behind) = centre.seat(), centre.seat()
    newer = GIVEN.trusted.register.version + 1
    ledger.commit(Batch(register_version=newer), ledger.log_head())
    with pytest.raises(RegisterBehind, match=f"version {newer} is in use"):
        behind.admit(arrivals(ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)), NOW)
    assert ledger.log_head().size == 0


def test_leaves_that_the_checkpoint_does_not_sign_for_are_not_committed(centre: Centre) -> None:
    ledger = centre.open()
    leaf = NewLeaf(0, b"leaf", 0, None, None)
    for signed in (None, StoredCheckpoint(1, bytes(32), b"note")):
        with pytest.raises(LedgerFailure, match="does not sign for its leaves"):
            ledger.commit(Batch(leaves=[leaf], checkpoint=signed), ledger.log_head())
    assert list(ledger.leaves(0)) == []


def test_who_waits_for_its_turn_gets_it_when_the_other_one_is_gone(centre: Centre) -> None:
    (ledger, _), (_, waiting) = centre.seat(), centre.seat()
    data = ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)
    with ThreadPoolExecutor(1) as pool:
        with suppress(DatabaseAway), ledger.turn():
            answer = pool.submit(waiting.admit, arrivals(data), NOW)
            await_waiting(centre)
            ledger.close()
        assert answer.result(PATIENCE_S).answers[0].outcome is Outcome.ACCEPTED


def await_waiting(centre: Centre) -> None:
    """Return when somebody waits for a lock, as the server tells."""
    with closing(link_to(centre.settings)) as link:
        until(lambda: link.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchall())


def link_to(where: Postgresql) -> psycopg.Connection:
    return psycopg.connect(host=where.host, dbname=where.dbname, user=where.user, autocommit=True)


def until(look: Callable[[], list[T]]) -> list[T]:
    """Return what is found as soon as there is something."""
    deadline = monotonic() + PATIENCE_S
    while not (found := look()):
        assert monotonic() < deadline, "it never comes"
    return found


@pytest.mark.parametrize("applied", [True, False])
def test_a_connection_lost_at_the_commit_is_cleared_up(centre: Centre, applied: bool) -> None:
    ledger, one = centre.seat()
    data = ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)
    lose_at_commit(ledger, applied=applied)
    if applied:
        (answer,) = one.admit(arrivals(data), NOW).answers
        assert answer.outcome is Outcome.ACCEPTED, "the server said that it was committed"
    else:
        with pytest.raises(DatabaseAway):
            one.admit(arrivals(data), NOW)
        (answer,) = one.admit(arrivals(data), NOW).answers
        assert answer.outcome is Outcome.ACCEPTED
    assert receipted(GIVEN, answer.message)[1] is Verdict.ACCEPTED
    assert len(leaves_of(centre.open())) == 1


def lose_at_commit(ledger: PostgresqlLedger, *, applied: bool) -> None:
    """Cut the connection around the next commit: after the server has done it, or before."""
    link, execute = ledger._link, ledger._link.execute

    def cut(statement: str, *given: object, **more: object) -> object:
        if statement != COMMIT:
            return execute(statement, *given, **more)
        if applied:
            execute(COMMIT)
        link.close()
        raise psycopg.OperationalError("the server closed the connection unexpectedly")

    link.execute = cut


def test_a_commit_that_the_server_of_now_does_not_hold_is_made_again(
    centre: Centre, new_schema: NewSchema
) -> None:
    """After a failover the ledger alone says what was kept; numbers of transactions come again."""
    ledger, one = centre.seat()
    data = ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)
    lose_at_commit(ledger, applied=True)
    standby = new_schema()
    create(standby, binding(GIVEN.trusted))
    ledger._settings = standby
    with pytest.raises(DatabaseAway, match="lost while committing"):
        one.admit(arrivals(data), NOW)
    assert one.admit(arrivals(data), NOW).answers[0].outcome is Outcome.ACCEPTED
    with closing(open_ledger(standby)) as kept:
        assert len(leaves_of(kept)) == 1


def test_a_batch_without_leaves_whose_commit_was_lost_is_unknown(centre: Centre) -> None:
    ledger = centre.open()
    lose_at_commit(ledger, applied=True)
    with pytest.raises(DatabaseAway, match="lost while committing"):
        ledger.commit(Batch(register_version=9), ledger.log_head())


WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid <> %s"


@pytest.fixture
def absent_standby(centre: Centre) -> Iterator[psycopg.Connection]:
    """A standby that every commit waits for and that never comes; gives a link to end that by."""
    with closing(link_to(centre.settings)) as link:
        link.execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
        try:
            link.execute("SELECT pg_reload_conf()")
            await_held(link, centre.settings)
            yield link
        finally:
            come(link)


def await_held(link: psycopg.Connection, where: Postgresql) -> None:
    """Return when the server holds commits up, as it does some time after it was told."""
    warned: list[object] = []

    def commit() -> None:
        with closing(link_to(where)) as trial:
            trial.add_notice_handler(warned.append)
            while not warned:
                trial.execute("SELECT pg_logical_emit_message(true, '', '')")

    with ThreadPoolExecutor(1) as pool:
        tried = pool.submit(commit)
        ((pid,),) = until(lambda: link.execute(WAITING, (0,)).fetchall())
        link.execute("SELECT pg_cancel_backend(%s)", (pid,))
        tried.result(PATIENCE_S)


def come(link: psycopg.Connection) -> None:
    link.execute("ALTER SYSTEM RESET synchronous_standby_names")
    link.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("cut", ["pg_cancel_backend", "pg_terminate_backend"])
def test_nothing_is_said_of_a_commit_whose_wait_for_the_standby_was_cut_short(
    centre: Centre, absent_standby: psycopg.Connection, cut: str
) -> None:
    _, one = centre.seat()
    data = ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(one.admit, arrivals(data), NOW)
        try:
            ((first,),) = until(lambda: absent_standby.execute(WAITING, (0,)).fetchall())
            absent_standby.execute(f"SELECT {cut}(%s)", (first,))
            until(lambda: absent_standby.execute(WAITING, (first,)).fetchall() or answer.done())
            assert not answer.done(), "told what a failover would have lost"
        finally:
            come(absent_standby)
        assert answer.result(PATIENCE_S).answers[0].outcome is Outcome.ACCEPTED


def test_a_leaf_that_another_process_left_without_its_standby_is_not_told_of_before(
    centre: Centre, absent_standby: psycopg.Connection
) -> None:
    (dying, one), (_, other) = centre.seat(), centre.seat()
    data = ScriptedBox(GIVEN, 1).report(ReportKind.BOOT)
    # The process is gone, and nobody clears up what became of its commit.
    dying._require_committed = dying._require_expected
    dying._made_durable = lambda: bool(dying._link.execute(COMMIT))
    with ThreadPoolExecutor(2) as pool:
        pool.submit(one.admit, arrivals(data), NOW)
        ((first,),) = until(lambda: absent_standby.execute(WAITING, (0,)).fetchall())
        absent_standby.execute("SELECT pg_cancel_backend(%s)", (first,))
        answer = pool.submit(other.admit, arrivals(data), NOW)
        try:
            until(lambda: absent_standby.execute(WAITING, (first,)).fetchall() or answer.done())
            assert not answer.done(), "told what a failover would have lost"
        finally:
            come(absent_standby)
        assert answer.result(PATIENCE_S).answers[0].outcome is Outcome.DUPLICATE


@pytest.mark.parametrize("step", ["begun", "written"])
def test_a_turn_that_stands_still_is_ended_by_the_server(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whoever waits for the log need not wait for a process that hangs."""
    (ledger, still), (_, other) = centre.seat(), centre.seat()
    ledger._link.execute("SET idle_in_transaction_session_timeout = '500ms'")
    first, second = (ScriptedBox(GIVEN, box).report(ReportKind.BOOT) for box in (1, 2))

    def stand() -> None:
        monkeypatch.undo()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(other.admit, arrivals(first), NOW)
            assert answer.result(PATIENCE_S).answers[0].outcome is Outcome.ACCEPTED

    if step == "begun":
        begin = ledger._begin
        monkeypatch.setattr(ledger, "_begin", lambda: (begin(), stand())[0])
    else:
        durable = ledger._made_durable
        monkeypatch.setattr(ledger, "_made_durable", lambda: (stand(), durable())[1])
    with pytest.raises(DatabaseAway):
        still.admit(arrivals(second), NOW)
    assert still.admit(arrivals(second), NOW).answers[0].outcome is Outcome.ACCEPTED


def test_a_turn_whose_connection_is_cut_commits_nothing_under_a_new_one(centre: Centre) -> None:
    ledger = centre.open()
    expected = ledger.log_head()
    with suppress(DatabaseAway), ledger.turn():
        ledger._link.close()
        with pytest.raises(DatabaseAway):
            ledger.commit(Batch(register_version=9), expected)
    assert ledger.binding() == binding(GIVEN.trusted)


def test_what_another_one_committed_is_taken_in_and_nothing_else_is_read_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, one), (ledger, other) = centre.seat(), centre.seat()
    moved, still = ScriptedBox(GIVEN, 1), ScriptedBox(GIVEN, 2)
    other.admit(arrivals(*openings(moved), *openings(still)), NOW)
    one.admit(arrivals(moved.report(ReportKind.TURNOUT)), NOW)
    read, turns = [], []
    head, begin = ledger.box_head, ledger._begin
    monkeypatch.setattr(ledger, "box_head", lambda box: (read.append(box), head(box))[1])
    monkeypatch.setattr(ledger, "_begin", lambda: (turns.append(1), begin())[1])
    both = [box.report(ReportKind.TURNOUT) for box in (moved, still)]
    answers = other.admit(arrivals(*both), NOW).answers
    assert [answer.reason for answer in answers] == [Reason.IN_ORDER] * 2
    assert (read, len(turns)) == ([moved.box], 1)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE reports SET verdict = 2 WHERE first = 1", "verdicts of leaf 1 have changed"),
        ("UPDATE reports SET data = '\\x00' WHERE first = 1", "stands beside"),
        ("UPDATE head SET frontier = frontier || '' , root = '\\x00'", "head of the log"),
    ],
)
def test_what_was_changed_in_the_database_is_seen(centre: Centre, damage: str, says: str) -> None:
    ledger, one = centre.seat()
    for data in openings(ScriptedBox(GIVEN, 1)):
        one.admit(arrivals(data), NOW)
    ledger.require_whole()
    ledger._link.execute(damage)
    with pytest.raises(Damaged, match=says):
        ledger.require_whole()


def test_what_keeps_a_commit_durable_is_set_on_each_connection(centre: Centre) -> None:
    ledger = centre.open()
    asked = {
        name: ledger._link.execute(f"SHOW {name}").fetchall()[0][0]
        for name in ("synchronous_commit", "fsync", "full_page_writes", "lock_timeout")
    }
    expected = {"synchronous_commit": "on", "fsync": "on", "full_page_writes": "on"}
    assert asked == expected | {"lock_timeout": "30s"}
    # Without TCP, as here, they have no value; from where it comes says that they were set.
    network = "SELECT name FROM pg_settings WHERE name LIKE 'tcp%' AND source = 'session'"
    assert len(ledger._link.execute(network).fetchall()) == 4
