"""Does the manual tell every reason, its place in the order, and what to do about it?"""

from collections import Counter
from pathlib import Path

from ballotbox_gateway.cli.status import _lines
from ballotbox_gateway.core.ports import Tally
from ballotbox_gateway.service.inspection import overview
from ballotbox_gateway.service.reasons import STEPS, in_words, reasons_table
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway.scene import Scene
from tests.gateway.scripted import votes_for

K = ReportKind
_GOOD = {Reason.IN_ORDER, Reason.GAP_CLOSED, Reason.RELEASED, Reason.NAMED, Reason.REPLACES}
_GOOD |= {Reason.PUBLISHED}


def test_every_reason_against_a_report_stands_in_one_step() -> None:
    found = Counter(reason for reasons in STEPS.values() for reason in reasons)
    assert found == Counter(set(Reason) - _GOOD)


def test_every_reason_has_words_of_its_own() -> None:
    words = [in_words(reason) for reason in Reason]
    assert len(set(words)) == len(words)
    assert all(words)


def test_the_manual_has_the_table_as_the_code_makes_it(repository: Path) -> None:
    manual = (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    assert reasons_table() in manual
    for row in reasons_table().splitlines():
        assert all(cell.strip() for cell in row.strip("|").split("|")), row


def test_the_table_says_what_becomes_of_a_report() -> None:
    rows = [[cell.strip() for cell in row.split("|")] for row in reasons_table().splitlines()]
    then = {row[3].strip("`"): row[4] for row in rows}
    assert then["GAP_BEFORE"] == "held"
    assert then["SAME_SEQUENCE"] == then["EVIDENCE_BELOW"] == "evidence"
    assert then["SIGNATURE"] == then["TOPIC"] == "refused, no answer"
    from_below = {then[each] for each in ("OLD_REGISTER", "OTHER_LOG", "RELEASERS", "VERSION")}
    assert from_below == {"refused, no answer; a publication from below: quarantined"}
    assert then["CHECKPOINT"] == "refused, no answer"
    assert then["BODY"] == then["OTHER_ELECTION"] == "refused, signed answer"
    assert then["FIRMWARE"] == then["LAW_CLOSED"] == "quarantined"


def test_more_ballots_than_voters_are_accepted_and_named() -> None:
    scene = Scene().until(K.OPEN)
    (precinct, *_), entry = scene.given.trusted.election.precincts, scene.box.last
    assert entry.precinct == precinct.number
    assert scene.send(K.TURNOUT, accept=precinct.registered).reason is Reason.IN_ORDER
    assert _named(scene) == []
    assert scene.send(K.TURNOUT, accept=3).reason is Reason.IN_ORDER
    for kind in (K.CLOSE, K.FINAL):
        assert scene.send(kind).reason is Reason.IN_ORDER
    assert _named(scene) == [
        {
            "precinct": precinct.number,
            "ballots": precinct.registered + 3,
            "registered": precinct.registered,
        }
    ]
    shown = list(_lines(overview(scene.ledger, scene.given.trusted)))
    assert f"imbalance precinct {precinct.number}: 1003 ballots, 1000 voters on the list" in shown
    assert scene.ledger.counts() == {(Tally.LEAVES, Reason.IN_ORDER): 7}


def test_numbers_that_contradict_each_other_are_set_aside_and_not_named() -> None:
    scene = Scene().until(K.TURNOUT)
    much = votes_for(scene.given, 10)
    over = scene.counters(presented=10**6)
    assert scene.send(K.CLOSE, counters=over).reason is Reason.LAW_PRESENTED
    assert scene.send(K.FINAL, votes=much).reason is Reason.KIND_ORDER
    assert _named(scene) == []


def _named(scene: Scene) -> list[dict]:
    return overview(scene.ledger, scene.given.trusted)["boxes"]["over_registered"]
