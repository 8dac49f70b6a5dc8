"""One box's rows while a batch is judged: as the ledger holds them, as changed since, in order."""

from collections.abc import Sequence

from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.ports import Place, StoredReport
from ballotbox_protocol.wire.report import ReportKind
from tests.gateway.scene import Scene
from tests.gateway.scripted import report_id

K = ReportKind


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


def test_what_was_changed_is_not_read_over_by_what_is_stored() -> None:
    scene = Scene().until(K.FINAL)
    chain = chain_of(scene)
    (row,) = chain.at(4)
    chain.put(row._replace(place=Place.ASIDE))
    assert chain.after(3)[0].place is Place.ASIDE
    assert chain.placed(4) is None
    assert list(chain.changed) == [row.id]
    assert not chain.new
