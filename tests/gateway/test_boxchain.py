"""One box's rows while a batch is judged: as stored or as changed, and read only where needed."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.ports import LedgerFailure, Place, StoredReport
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from tests.gateway.failing import FailingLedger, Fault
from tests.gateway.scene import Scene
from tests.gateway.scripted import intake, report_id, ruling

K = ReportKind
#: Whoever judges asks first where the log stands, and keeps it there.
TURN = ("turn",)


class Asked:
    """A ledger that writes down what it is asked, but for contents."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.questions: list[tuple] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*given: object) -> Any:
            plain = (each for each in given if isinstance(each, int | None))
            self.questions.append((name, *plain))
            return getattr(self._ledger, name)(*given)

        return ask

    def asked(self) -> list[tuple]:
        """What it was asked since the last time."""
        questions, self.questions = self.questions, []
        return questions


def chain_of(scene: Scene) -> BoxChain:
    return BoxChain(scene.ledger.box_head(scene.box.box), scene.ledger)


def ids(rows: Sequence[StoredReport]) -> list[bytes]:
    return [row.id for row in rows]


def test_rivals_stand_in_the_order_of_their_arrival() -> None:
    for forged_first in (False, True):
        scene = Scene().until(K.OPEN)
        rival = scene.box.forge(K.TURNOUT, accept=1)
        messages = [scene.box.report(K.TURNOUT), rival]
        messages.sort(reverse=forged_first)
        scene.admit(*messages)
        arrived = [report_id(message) for message in messages]
        assert ids(chain_of(scene).at(3)) == arrived
        assert ids(chain_of(scene).after(2)) == arrived


def test_what_lies_beyond_is_read_from_wherever_it_is_asked_for() -> None:
    scene = Scene().until(K.FINAL)
    said = [report_id(message) for message in scene.box.said]
    for order in ((4, 3), (3, 4), (4, 2), (5, 0), (0, 5)):
        chain = chain_of(scene)
        for sequence in order:
            assert ids(chain.after(sequence)) == said[sequence + 1 :]


def test_what_lies_before_is_still_read_and_never_given_as_beyond() -> None:
    scene = Scene().until(K.FINAL)
    said = [report_id(message) for message in scene.box.said]
    chain = chain_of(scene)
    assert ids(chain.after(3)) == said[4:]
    assert [ids(chain.at(sequence)) for sequence in (3, 2)] == [[said[3]], [said[2]]]
    assert ids(chain.after(3)) == said[4:]


def test_what_was_changed_is_not_read_over_by_what_is_stored() -> None:
    scene = Scene().until(K.FINAL)
    chain = chain_of(scene)
    (row,) = chain.at(4)
    chain.put(row._replace(place=Place.ASIDE))
    assert chain.after(3)[0].place is Place.ASIDE
    assert chain.placed(4) is None
    assert list(chain.changed) == [row.id]
    assert not chain.new


def test_box_in_order_costs_its_head_once_and_a_commit_each_time() -> None:
    scene = Scene()
    ledger = Asked(scene.ledger)
    scene.intake = intake(scene.given, ledger)
    ledger.asked()
    scene.send(K.BOOT)
    assert ledger.asked() == [TURN, ("box_head",), ("commit",)]
    for kind in (K.ZERO, K.OPEN, K.TURNOUT):
        scene.send(kind)
        assert ledger.asked() == [TURN, ("commit",)]


def test_what_is_out_of_order_costs_the_sequences_it_touches() -> None:
    scene = Scene().until(K.OPEN)
    ledger = Asked(scene.ledger)
    scene.intake = intake(scene.given, ledger)
    missing, waiting = scene.box.report(K.TURNOUT), scene.box.report(K.TURNOUT)
    ledger.asked()
    scene.admit(waiting)
    placed, first_missing = ("reports_of", 4, 5), ("reports_of", 3, 4)
    assert ledger.asked() == [TURN, ("box_head",), placed, ("commit",), first_missing]
    scene.admit(missing)
    assert ledger.asked() == [TURN, first_missing, placed, ("commit",)]


def test_naming_reads_each_sequence_once_and_what_lies_beyond_at_one_go() -> None:
    scene = Scene().until(K.OPEN)
    rival = scene.box.forge(K.TURNOUT, accept=1)
    scene.send(K.TURNOUT)
    scene.send(K.TURNOUT)
    scene.admit(rival)
    ledger = Asked(scene.ledger)
    scene.intake = intake(scene.given, ledger)
    ledger.asked()
    scene.intake.rule(ruling(scene.given, RulingKind.NAME, report_id(rival)), scene.now)
    below = [("reports_of", sequence, sequence + 1) for sequence in range(3)]
    rest = [("reports_of", 3, 4), ("reports_of", 4, None), *below, ("commit",)]
    anew = [("log_head",), ("leaves", 7), TURN, ("report",), ("box_head",)]
    assert ledger.asked() == [*anew, *rest]


def test_after_a_failure_the_ledger_is_read_again_and_after_that_no_more() -> None:
    scene = Scene().until(K.OPEN)
    failing = FailingLedger(scene.ledger)
    ledger = Asked(failing)
    scene.intake = intake(scene.given, ledger)
    message = scene.box.report(K.TURNOUT)
    failing.fault = Fault.NOT_APPLIED
    with pytest.raises(LedgerFailure):
        scene.admit(message)
    ledger.asked()
    scene.admit(message)
    read = [("log_head",), ("leaves", 3), ("box_head",)]
    assert ledger.asked() == [TURN, *read, ("commit",)]
    scene.send(K.TURNOUT)
    assert ledger.asked() == [TURN, ("commit",)]
