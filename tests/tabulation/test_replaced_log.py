"""Does the tabulation know a log that stands in the place of another, and say which?"""

import json
import re
from dataclasses import replace

import pytest

from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.replacement import Replacement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.faults import LogFault
from ballotbox_tabulation.core.outcome import Published, Refused
from ballotbox_tabulation.page import render_page
from ballotbox_tabulation.verify_cli import main
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import TIME, BoxPen, LogBuilder, authority_of, simple_ballots

OLD = "rehearsal.example/lost"


def replacement(given, origin, officers=2, **changes) -> Replacement:
    plain = replace(Replacement(given.trusted.digest, OLD, origin, 7), **changes)
    signatures = given.consent(plain.payload(), MessageType.REPLACEMENT, officers)
    return replace(plain, signatures=signatures)


def put(log, given: Replacement, **changes) -> int:
    fields = {
        "type": LeafType.REPLACEMENT,
        "report": given.id,
        "verdict": Verdict.ACCEPTED,
        "reason": Reason.REPLACES,
        "statement": given.digest,
        "time": TIME,
    }
    return log.put(encode_leaf(Leaf(**fields | changes)), None, given.to_bytes())


@pytest.fixture
def log():
    return LogBuilder(authority_of())


def day(log) -> None:
    for box in log.authority.trusted.register.entries_of:
        log.day(BoxPen(log.authority, box), simple_ballots(5))


def test_a_log_that_replaces_another_is_counted_and_says_so(log) -> None:
    put(log, replacement(log.authority, log.origin))
    day(log)
    outcome = concluded(log)
    assert isinstance(outcome, Published), outcome
    assert json.loads(outcome.file)["result"]["log"]["replaced"] == [
        {"leaf": 0, "origin": OLD, "lost_from": 7, "replaced_by": log.origin}
    ]


def closed_logs(log, outcome) -> list[list[str]]:
    """The rows of the page's table of closed logs."""
    page = render_page(outcome, log.authority.trusted.election).decode()
    _, _, table = page.partition('<caption id="closed-logs">')
    body = table.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_the_page_shows_each_closed_log_what_is_lost_and_where_it_goes_on(log) -> None:
    below = "rehearsal.example/other"
    put(log, replacement(log.authority, log.origin))
    put(log, replacement(log.authority, below, replaced="rehearsal.example/gone", kept=1_200))
    day(log)
    assert closed_logs(log, concluded(log)) == [
        [OLD, "7", "leaf 7 and all after it", log.origin, "0"],
        ["rehearsal.example/gone", "1,200", "leaf 1,200 and all after it", below, "1"],
    ]


def test_the_page_of_a_log_that_replaces_none_has_no_such_table(log) -> None:
    day(log)
    page = render_page(concluded(log), log.authority.trusted.election)
    assert b"Closed logs" not in page


def test_a_log_that_replaces_none_says_nothing(log) -> None:
    day(log)
    assert "replaced" not in concluded(log).result["log"]


def test_a_replacement_below_may_stand_anywhere(log) -> None:
    day(log)
    put(log, replacement(log.authority, "rehearsal.example/other"))
    assert isinstance(concluded(log), Published)


def refused(log) -> LogFault:
    outcome = concluded(log)
    assert isinstance(outcome, Refused)
    (fault,) = outcome.faults
    return fault.code


def test_a_log_replaces_another_with_its_first_leaf_alone(log) -> None:
    day(log)
    put(log, replacement(log.authority, log.origin))
    assert refused(log) is LogFault.RULING_SCOPE


@pytest.mark.parametrize(
    ("statement", "leaf", "fault"),
    [
        ({"officers": 1}, {}, LogFault.RULING_OFFICERS),
        ({"election": bytes(32)}, {}, LogFault.RULING_SCOPE),
        ({}, {"report": bytes(32)}, LogFault.RULING_SCOPE),
        ({}, {"statement": bytes(32)}, LogFault.RULING_DIGEST),
        ({}, {"reason": Reason.IN_ORDER}, LogFault.VERDICT_REASON),
        ({}, {"verdict": Verdict.HELD}, LogFault.VERDICT_REASON),
    ],
)
def test_a_statement_that_does_not_hold_refuses_the_log(log, statement, leaf, fault) -> None:
    put(log, replacement(log.authority, log.origin, **statement), **leaf)
    assert refused(log) is fault


@pytest.mark.parametrize(
    ("beside", "fault"), [(None, LogFault.RULING_MISSING), (b"\xa0", LogFault.RULING_FORM)]
)
def test_a_leaf_without_its_statement_refuses_the_log(log, beside, fault) -> None:
    statement = replacement(log.authority, log.origin)
    leaf = Leaf(
        LeafType.REPLACEMENT,
        statement.id,
        Verdict.ACCEPTED,
        Reason.REPLACES,
        statement.digest,
        TIME,
    )
    log.put(encode_leaf(leaf), None, beside)
    assert refused(log) is fault


def test_the_verifier_says_which_log_was_closed(log, tmp_path, capsys) -> None:
    put(log, replacement(log.authority, log.origin))
    day(log)
    for name, data in log.files().items():
        path = tmp_path / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    log.authority.write(tmp_path)
    with pytest.raises(SystemExit):
        main([
            "log", str(tmp_path / "log"), "--root", str(log.authority.root),
            "--election", str(tmp_path / "election.cose"),
            "--register", str(tmp_path / "register.cose"),
        ])  # fmt: skip
    told = f"two officers closed the log {OLD}: from leaf 7 on is lost; {log.origin} stands in"
    assert told in capsys.readouterr().out
