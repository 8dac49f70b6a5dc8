"""Do counts by hand stand in a result as their officers signed them, and in no total?"""

from copy import deepcopy
from dataclasses import replace

import pytest

from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.faults import LogFault
from ballotbox_tabulation.core.outcome import Published, Refused
from ballotbox_tabulation.page import render_page
from ballotbox_tabulation.verify_cli import main
from tests.gateway.scripted import corrected, counted
from tests.house_law import DIGEST
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import TIME, BoxPen, LogBuilder, authority_of, simple_ballots

ACCEPTED, EVIDENCE = Verdict.ACCEPTED, Verdict.EVIDENCE
GIVEN = authority_of()
FIRST = counted(GIVEN, options=(("votes", (60, 30, 10, Mark.ILLEGIBLE)),))
SECOND = corrected(GIVEN, FIRST, "line 1 was read again", lines=(("1", 90), ("1a", Mark.NO_DATA)))
RIVAL = counted(GIVEN)


def put(log: LogBuilder, count: HandCount, beside: bytes | None = None, **changes: object) -> int:
    fields = {
        "type": LeafType.HAND_COUNT,
        "report": count.id,
        "verdict": ACCEPTED,
        "reason": Reason.IN_ORDER,
        "statement": count.digest,
        "time": TIME,
    }
    data = count.to_bytes() if beside is None else beside
    return log.put(encode_leaf(Leaf(**fields | changes)), None, data or None)


@pytest.fixture
def log() -> LogBuilder:
    made = LogBuilder(GIVEN)
    for box in GIVEN.trusted.register.entries_of:
        made.day(BoxPen(GIVEN, box), simple_ballots(5))
    return made


def published(log: LogBuilder) -> dict:
    outcome = concluded(log)
    assert isinstance(outcome, Published), outcome
    return outcome.result


def test_each_version_is_listed_with_its_station_and_changes_no_total(log: LogBuilder) -> None:
    bare = published(log)
    first, second = put(log, FIRST), put(log, SECOND)
    result = deepcopy(published(log))
    versions = result["precincts"][0].pop("counted_by_hand")
    assert result["precincts"] == bare["precincts"]
    assert result["nation"] == bare["nation"]
    assert [(each["version"], each["in_force"]) for each in versions] == [(1, False), (2, True)]
    assert versions[1] == {
        "id": SECOND.id.hex(),
        "contest": 1,
        "law": "house",
        "law_digest": DIGEST.hex(),
        "version": 2,
        "corrects": FIRST.id.hex(),
        "reason_of_correction": "line 1 was read again",
        "verdict": "accepted",
        "reason": "in_order",
        "reason_code": 1,
        "leaves": [second],
        "in_force": True,
        "lines": {"1": 90, "1a": "no data"},
        "options": {"votes": [60, 30, 10, "illegible"]},
    }
    assert versions[0]["leaves"] == [first]
    assert "counted_by_hand" not in result["precincts"][1]


def page(log: LogBuilder) -> str:
    outcome = concluded(log)
    assert isinstance(outcome, Published)
    return render_page(outcome, GIVEN.trusted.election).decode()


def test_the_page_shows_them_beside_the_precincts(log: LogBuilder) -> None:
    assert "Counts by hand" not in page(log)
    put(log, FIRST)
    put(log, SECOND)
    put(log, counted(GIVEN, contest=63), verdict=Verdict.QUARANTINED, reason=Reason.LINES)
    shown = page(log).partition('<h3 id="by-hand">')[2].partition("</ul>")[0]
    assert shown.count("<li>") == 2
    assert "Parliament, district seat, version 2, <strong>in force</strong>: accepted" in shown
    assert "[1] 90; [1a] no data<br>votes: 60, 30, 10, illegible" in shown
    assert "corrected: line 1 was read again" in shown


def test_of_rivals_none_is_in_force(log: LogBuilder) -> None:
    put(log, FIRST)
    put(log, SECOND)
    for count in (RIVAL, FIRST):
        put(log, count, verdict=EVIDENCE, reason=Reason.SAME_SEQUENCE)
    versions = published(log)["precincts"][0]["counted_by_hand"]
    assert [(each["version"], each["verdict"], each["in_force"]) for each in versions] == [
        (1, "evidence", False),
        (1, "evidence", False),
        (2, "accepted", False),
    ]


def test_other_stations_stay_as_they_are(log: LogBuilder) -> None:
    elsewhere = counted(GIVEN, precinct=GIVEN.trusted.election.precincts[1].number)
    put(log, elsewhere)
    put(log, FIRST, verdict=EVIDENCE, reason=Reason.EVIDENCE_BELOW)
    here, there = published(log)["precincts"]
    assert here["counted_by_hand"][0]["in_force"] is False
    assert there["counted_by_hand"][0]["in_force"] is True


def test_a_count_of_no_precinct_of_the_election_is_named(log: LogBuilder) -> None:
    bare = published(log)
    assert "counted_by_hand_elsewhere" not in bare
    nowhere = counted(GIVEN, precinct=999)
    at = put(log, nowhere, verdict=Verdict.QUARANTINED, reason=Reason.PRECINCT)
    result = published(log)
    (named,) = result.pop("counted_by_hand_elsewhere")
    assert (named["precinct"], named["reason"], named["leaves"]) == (999, "precinct", [at])
    assert (named["id"], named["in_force"]) == (nowhere.id.hex(), False)
    assert (result["precincts"], result["nation"]) == (bare["precincts"], bare["nation"])
    shown = page(log).partition('<h3 id="by-hand-elsewhere">')[2].partition("</ul>")[0]
    assert "Precinct 999, version 1: quarantined, it names no precinct of the election" in shown


def refused(log: LogBuilder) -> LogFault:
    outcome = concluded(log)
    assert isinstance(outcome, Refused)
    (fault,) = outcome.faults
    return fault.code


SPOILED = replace(FIRST, signatures=(replace(FIRST.signatures[0], signature=bytes(64)),))
ALONE = counted(GIVEN, officers=(0,))
SIGNED_BY_OTHERS = counted(GIVEN, officers=(1, 2), options=FIRST.options)


#: Of each fault of one leaf the count, what else stands in its place, and its code.
UNFIT: list[tuple[HandCount, dict, LogFault]] = [
    (FIRST, {"beside": b""}, LogFault.COUNT_MISSING),
    (FIRST, {"beside": SECOND.to_bytes()}, LogFault.COUNT_DIGEST),
    (FIRST, {"beside": SIGNED_BY_OTHERS.to_bytes()}, LogFault.COUNT_DIGEST),
    (FIRST, {"report": SECOND.id}, LogFault.COUNT_DIGEST),
    (SPOILED, {}, LogFault.COUNT_FORM),
    (counted(GIVEN, election=bytes(32)), {}, LogFault.COUNT_FORM),
    (ALONE, {}, LogFault.COUNT_OFFICERS),
    (ALONE, {"verdict": EVIDENCE, "reason": Reason.SAME_SEQUENCE}, LogFault.COUNT_OFFICERS),
    (FIRST, {"reason": Reason.RELEASED}, LogFault.VERDICT_REASON),
    (FIRST, {"verdict": Verdict.QUARANTINED}, LogFault.VERDICT_REASON),
    (
        FIRST,
        {"verdict": Verdict.QUARANTINED, "reason": Reason.FIRMWARE},
        LogFault.VERDICT_REASON,
    ),
]


@pytest.mark.parametrize(("count", "changes", "fault"), UNFIT)
def test_a_count_that_does_not_hold_refuses_the_log(
    log: LogBuilder, count: HandCount, changes: dict, fault: LogFault
) -> None:
    put(log, count, **changes)
    assert refused(log) is fault


def test_what_was_quarantined_is_evidence_of_what_was_signed(log: LogBuilder) -> None:
    put(log, ALONE, verdict=Verdict.QUARANTINED, reason=Reason.OFFICERS)
    (version,) = published(log)["precincts"][0]["counted_by_hand"]
    assert (version["reason"], version["in_force"]) == ("officers", False)


def test_a_report_is_never_set_aside_for_what_only_counts_are(log: LogBuilder) -> None:
    incident = log.pen(0)
    log.leaves.clear()
    log.attachments.clear()
    log.quarantine(incident.write(ReportKind.BOOT), Reason.RELATION)
    assert refused(log) is LogFault.VERDICT_REASON


def test_two_accepted_versions_of_one_place_refuse_the_log(log: LogBuilder) -> None:
    put(log, FIRST)
    put(log, RIVAL)
    assert refused(log) is LogFault.COUNT_RIVALS
    put(log, RIVAL, verdict=EVIDENCE, reason=Reason.SAME_SEQUENCE)
    assert published(log)


def test_the_verifier_lists_them(log: LogBuilder, tmp_path, capsys) -> None:
    put(log, FIRST)
    put(log, SECOND)
    for name, data in log.files().items():
        path = tmp_path / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    GIVEN.write(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([
            "log", str(tmp_path / "log"), "--root", str(GIVEN.root),
            "--election", str(tmp_path / "election.cose"),
            "--register", str(tmp_path / "register.cose"),
        ])  # fmt: skip
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "by hand: precinct 1, contest 1, version 1: accepted, in order; not in force" in told
    assert "by hand: precinct 1, contest 1, version 2: accepted, in order; in force" in told
