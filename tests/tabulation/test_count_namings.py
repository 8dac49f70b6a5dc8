"""Does a result follow the officers who named one of several counts by hand, and no others?"""

from dataclasses import replace

import pytest

from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.statements import Ruling, RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.faults import LogFault
from tests.gateway.scripted import corrected
from tests.tabulation.log_builder import TIME, BoxPen, LogBuilder, simple_ballots
from tests.tabulation.test_hand_counts import FIRST, GIVEN, RIVAL, SECOND, page, published, put
from tests.tabulation.test_hand_counts import refused as fault_of

EVIDENCE, DISPUTED = Verdict.EVIDENCE, Reason.SAME_SEQUENCE


@pytest.fixture
def log() -> LogBuilder:
    """A log in which two first versions exclude each other."""
    made = LogBuilder(GIVEN)
    for box in GIVEN.trusted.register.entries_of:
        made.day(BoxPen(GIVEN, box), simple_ballots(5))
    put(made, FIRST)
    for count in (RIVAL, FIRST):
        put(made, count, verdict=EVIDENCE, reason=DISPUTED)
    return made


def signed(
    report: bytes,
    kind: RulingKind = RulingKind.NAME,
    officers: slice = slice(2),
    overrules: tuple = (),
) -> Ruling:
    bare = Ruling(GIVEN.trusted.digest, kind, report, overrules=overrules)
    consents = GIVEN.consent(bare.payload(), MessageType.RULING)
    return replace(bare, signatures=consents[officers])


def say(log: LogBuilder, ruling: Ruling, **changes: object) -> int:
    """Append the leaf of a ruling, whatever it says."""
    fields = {
        "type": LeafType.RULING,
        "report": ruling.report,
        "verdict": Verdict.ACCEPTED,
        "reason": Reason.NAMED,
        "statement": ruling.digest,
        "time": TIME,
    }
    return log.put(encode_leaf(Leaf(**fields | changes)), None, ruling.to_bytes())


def listed(log: LogBuilder) -> list[dict]:
    return published(log)["precincts"][0]["counted_by_hand"]


def test_the_named_one_is_in_force_and_the_other_is_listed(log: LogBuilder) -> None:
    before = published(log)
    assert not any(each["in_force"] for each in listed(log))
    at = say(log, signed(FIRST.id))
    put(log, FIRST, reason=Reason.NAMED)
    first, rival = listed(log)
    assert (first["verdict"], first["reason"], first["in_force"]) == ("accepted", "named", True)
    assert first["named"] is True
    assert at in first["leaves"]
    assert (rival["verdict"], rival["in_force"]) == ("evidence", False)
    assert "named" not in rival
    after = published(log)
    assert after["nation"] == before["nation"]
    assert after["log"]["leaves"]["rulings"] == before["log"]["leaves"]["rulings"] + 1
    assert "accepted, named the true one by two officers" in page(log)
    put(log, SECOND)
    assert [(each["version"], each["in_force"]) for each in listed(log)][-1] == (2, True)


def test_a_naming_that_changed_nothing_yet_is_kept(log: LogBuilder) -> None:
    say(log, signed(FIRST.id))
    first = listed(log)[0]
    assert (first["verdict"], first["in_force"], first["named"]) == ("evidence", False, True)
    say(log, signed(RIVAL.id))
    assert [each["in_force"] for each in listed(log)] == [False, False]


def test_what_another_naming_overrules_holds_no_longer(log: LogBuilder) -> None:
    plain = signed(FIRST.id)
    say(log, plain)
    put(log, FIRST, reason=Reason.NAMED)
    say(log, signed(RIVAL.id, overrules=(plain.id,)))
    put(log, FIRST, verdict=EVIDENCE, reason=DISPUTED)
    put(log, RIVAL, reason=Reason.NAMED)
    first, rival = listed(log)
    assert (first["in_force"], "named" in first) == (False, False)
    assert (rival["in_force"], rival["named"]) == (True, True)


def test_a_count_cannot_be_named_by_nobody(log: LogBuilder) -> None:
    put(log, FIRST, reason=Reason.NAMED)
    assert fault_of(log) is LogFault.RULING_MISSING


def test_both_of_two_cannot_be_accepted_for_a_naming(log: LogBuilder) -> None:
    for count in (FIRST, RIVAL):
        say(log, signed(count.id))
        put(log, count, reason=Reason.NAMED)
    assert fault_of(log) is LogFault.COUNT_RIVALS


UNFIT = {
    "one officer": (signed(FIRST.id, officers=slice(1)), {}, LogFault.RULING_OFFICERS),
    "a release": (
        signed(FIRST.id, RulingKind.RELEASE),
        {"reason": Reason.RELEASED},
        LogFault.RULING_SCOPE,
    ),
    "a release as a naming": (signed(FIRST.id, RulingKind.RELEASE), {}, LogFault.RULING_SCOPE),
    "another count": (signed(RIVAL.id), {"report": FIRST.id}, LogFault.RULING_SCOPE),
    "other bytes": (signed(FIRST.id), {"statement": bytes(32)}, LogFault.RULING_DIGEST),
    "what is not here": (
        signed(corrected(GIVEN, FIRST, "unseen").id),
        {},
        LogFault.REPORT_MISSING,
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_ruling_that_does_not_fit_refuses_the_log(log: LogBuilder, case: str) -> None:
    ruling, changes, fault = UNFIT[case]
    say(log, ruling, **changes)
    assert fault_of(log) is fault
