"""Do released results stand in a log for its readers, and does one that does not fit spoil it?"""

from dataclasses import replace
from hashlib import sha256

import pytest

from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.publication import Publication, Status
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core import publication
from ballotbox_tabulation.core.faults import LogFault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Published, Refused, conclude, read_standings
from ballotbox_tabulation.core.published import last_of, released_in_words
from ballotbox_tabulation.second_opinion import second_opinion
from ballotbox_tabulation.verify_cli import main
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import (
    LOWER_ORIGIN,
    ORIGIN,
    TIME,
    BoxPen,
    LogBuilder,
    authority_of,
    simple_ballots,
)

GIVEN = authority_of()


def released(log: LogBuilder, officers: int = 2, **changes: object) -> Publication:
    """What two officers sign of the whole log, but for the changes."""
    tree = log.tree()
    plain = Publication(
        election=GIVEN.trusted.digest,
        mode=GIVEN.trusted.election.mode,
        status=Status.PRELIMINARY,
        version=1,
        previous=None,
        rules=bytes(32),
        program=bytes(32),
        configuration=bytes(32),
        origin=log.origin,
        size=tree.size,
        root=tree.root(),
        result=bytes(32),
    )
    plain = replace(plain, **changes)
    signatures = GIVEN.consent(plain.payload(), MessageType.PUBLICATION, officers)
    return replace(plain, signatures=signatures)


def put(log: LogBuilder, given: Publication, beside: bytes | None = None, **changes: object) -> int:
    fields = {
        "type": LeafType.PUBLICATION,
        "report": given.id,
        "verdict": Verdict.ACCEPTED,
        "reason": Reason.PUBLISHED,
        "statement": given.digest,
        "time": TIME,
    }
    data = given.to_bytes() if beside is None else beside
    return log.put(encode_leaf(Leaf(**fields | changes)), None, data or None)


@pytest.fixture
def log() -> LogBuilder:
    made = LogBuilder(GIVEN)
    made.day(BoxPen(GIVEN, GIVEN.boxes[0]), simple_ballots(5))
    return made


def result_of(log: LogBuilder) -> dict:
    outcome = concluded(log)
    assert isinstance(outcome, Published), outcome
    return outcome.result


def test_each_is_listed_and_changes_no_number(log: LogBuilder) -> None:
    bare = result_of(log)
    assert "published" not in bare["log"]
    first = released(log)
    at = put(log, first)
    log.day(BoxPen(GIVEN, GIVEN.boxes[1]), simple_ballots(3))
    second = released(log, version=2, previous=first.id, status=Status.COMPLETE)
    put(log, second)
    told = result_of(log)["log"]["published"]
    assert [each["version"] for each in told] == [1, 2]
    assert told[0] == {
        "leaf": at,
        "id": first.id.hex(),
        "origin": ORIGIN,
        "version": 1,
        "status": "preliminary",
        "log_size": at,
        "result": f"sha256:{bytes(32).hex()}",
        "time": TIME,
    }


def test_one_of_a_log_below_is_taken_at_its_word_for_size_and_root(log: LogBuilder) -> None:
    below = released(log, origin=LOWER_ORIGIN, size=10**6, root=bytes(32))
    put(log, below)
    put(log, released(log))
    assert [each["origin"] for each in result_of(log)["log"]["published"]] == [LOWER_ORIGIN, ORIGIN]


def _later(log: LogBuilder, **changes: object) -> Publication:
    return released(log, **({"version": 2, "previous": released(log).id} | changes))


#: What is put into a log of five leaves, and the fault that it is.
UNFIT = {
    "nothing beside it": (lambda log: put(log, released(log), b""), LogFault.PUBLICATION_MISSING),
    "another one beside it": (
        lambda log: put(log, released(log), _later(log).to_bytes()),
        LogFault.PUBLICATION_DIGEST,
    ),
    "another id": (
        lambda log: put(log, released(log), report=bytes(32)),
        LogFault.PUBLICATION_DIGEST,
    ),
    "one officer": (lambda log: put(log, released(log, 1)), LogFault.PUBLICATION_FORM),
    "another election": (
        lambda log: put(log, released(log, election=bytes(32))),
        LogFault.PUBLICATION_FORM,
    ),
    "an unknown log": (
        lambda log: put(log, released(log, origin="a.example")),
        LogFault.PUBLICATION_LOG,
    ),
    "another root": (
        lambda log: put(log, released(log, root=bytes(32))),
        LogFault.PUBLICATION_CHECKPOINT,
    ),
    "leaves behind it": (
        lambda log: put(log, released(log, size=log.size + 1)),
        LogFault.PUBLICATION_CHECKPOINT,
    ),
    "not the first": (lambda log: put(log, _later(log)), LogFault.PUBLICATION_VERSION),
    "another reason": (
        lambda log: put(log, released(log), reason=Reason.IN_ORDER),
        LogFault.VERDICT_REASON,
    ),
    "another verdict": (
        lambda log: put(log, released(log), verdict=Verdict.HELD),
        LogFault.VERDICT_REASON,
    ),
}


def aside(log: LogBuilder, given: Publication, reason: Reason, *beside: bytes, **changes) -> int:
    return put(log, given, *beside, verdict=Verdict.QUARANTINED, reason=reason, **changes)


def test_what_was_set_aside_is_listed_apart_and_hinders_none(log: LogBuilder) -> None:
    below = released(log, origin=LOWER_ORIGIN, size=10**6)
    rival = released(log, origin=LOWER_ORIGIN, size=10**6, result=bytes([1] * 32))
    aside(log, below, Reason.OLD_REGISTER)
    aside(log, rival, Reason.RELEASERS)
    at = aside(log, rival, Reason.VERSION)
    own = released(log)
    aside(log, own, Reason.OTHER_LOG)
    for each in (below, own):
        put(log, each)
    told = result_of(log)["log"]
    assert [each["id"] for each in told["published"]] == [below.id.hex(), own.id.hex()]
    (left,) = told["published_aside"]
    assert (left["id"], left["leaf"], left["reason"]) == (rival.id.hex(), at, "VERSION")
    opened = open_log(log.files().get, GIVEN.trusted)
    outcome = conclude(opened, read_leaves(opened), GIVEN.root, "test", second_opinion)
    assert isinstance(outcome, Published)


ASIDE_ERRORS = {
    "forgotten": lambda told: told[:1],
    "another reason": lambda told: [told[0] | {"reason": "OTHER_LOG"}, told[1]],
    "its older leaf": lambda told: [told[0], told[1] | {"leaf": told[1]["leaf"] - 1}],
    "in another order": lambda told: told[::-1],
    "what nobody signed": lambda told: [told[0], told[1] | {"version": 1}],
}


@pytest.mark.parametrize("error", ASIDE_ERRORS)
def test_what_was_set_aside_is_worked_out_a_second_time(log, error, monkeypatch) -> None:
    signed = released(log, origin=LOWER_ORIGIN, size=10**6)
    unsigned = released(log, 1, origin=LOWER_ORIGIN, size=10**6, result=bytes([1] * 32))
    aside(log, signed, Reason.VERSION)
    aside(log, unsigned, Reason.RELEASERS)
    aside(log, unsigned, Reason.VERSION)
    aside(log, signed, Reason.RELEASERS)
    opened = open_log(log.files().get, GIVEN.trusted)

    def outcome():
        return conclude(opened, read_leaves(opened), GIVEN.root, "test", second_opinion)

    assert isinstance(outcome(), Published)
    plain = publication.aside_documents
    monkeypatch.setattr(
        publication, "aside_documents", lambda given: ASIDE_ERRORS[error](plain(given))
    )
    refused = outcome()
    assert isinstance(refused, Refused)
    assert all("published_aside" in each.where for each in refused.gates)


@pytest.mark.parametrize("reason", [Reason.RELEASERS, Reason.OTHER_LOG, Reason.OLD_REGISTER])
def test_what_no_two_officers_signed_says_nothing_in_the_result(log: LogBuilder, reason) -> None:
    """A lower gateway could have written it, with any numbers."""
    at = aside(log, released(log, 1, origin=LOWER_ORIGIN, size=10**6), reason)
    told = result_of(log)["log"]["published_aside"]
    assert told == [{"leaf": at, "origin": LOWER_ORIGIN, "reason": reason.name}]
    opened = open_log(log.files().get, GIVEN.trusted)
    (each,) = read_standings(opened, read_leaves(opened)).published
    assert released_in_words(each).startswith(
        f"set aside at leaf {at}, what no two officers signed: "
    )


#: What may not stand there even as set aside.
UNFIT_ASIDE = {
    "nothing beside it": (
        lambda log: aside(log, released(log), Reason.VERSION, b""),
        LogFault.PUBLICATION_MISSING,
    ),
    "no statement": (
        lambda log: aside(
            log, released(log), Reason.VERSION, b"\x80", statement=sha256(b"\x80").digest()
        ),
        LogFault.PUBLICATION_FORM,
    ),
    "another id": (
        lambda log: aside(log, released(log), Reason.VERSION, report=bytes(32)),
        LogFault.PUBLICATION_DIGEST,
    ),
    "a reason that nobody sets aside for": (
        lambda log: aside(log, released(log), Reason.CHECKPOINT),
        LogFault.VERDICT_REASON,
    ),
}


@pytest.mark.parametrize(("make", "fault"), UNFIT_ASIDE.values(), ids=UNFIT_ASIDE.keys())
def test_what_is_set_aside_must_still_be_a_statement(log: LogBuilder, make, fault) -> None:
    at = make(log)
    outcome = concluded(log)
    assert isinstance(outcome, Refused)
    assert [(each.code, each.leaf) for each in outcome.faults] == [(fault, at)]


def test_the_verifier_says_what_was_set_aside(log: LogBuilder) -> None:
    aside(log, released(log, origin=LOWER_ORIGIN), Reason.VERSION)
    opened = open_log(log.files().get, GIVEN.trusted)
    (each,) = read_standings(opened, read_leaves(opened)).published
    told = released_in_words(each)
    assert told.startswith(f"set aside at leaf 5, a result of {LOWER_ORIGIN} at size 5: ")


@pytest.mark.parametrize(("make", "fault"), UNFIT.values(), ids=UNFIT.keys())
def test_one_that_does_not_fit_spoils_the_log(log: LogBuilder, make, fault: LogFault) -> None:
    at = make(log)
    outcome = concluded(log)
    assert isinstance(outcome, Refused)
    assert [(each.code, each.leaf) for each in outcome.faults] == [(fault, at)]


def test_the_newest_of_a_log_is_told_apart_from_those_below(log: LogBuilder) -> None:
    assert last_of(ORIGIN, ()) is None


def test_the_verifier_says_who_released_what(log: LogBuilder, tmp_path, capsys) -> None:
    put(log, released(log))
    for name, data in log.files().items():
        path = tmp_path / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    GIVEN.write(tmp_path)
    trust = ["--election", str(tmp_path / "election.cose"), "--root", str(GIVEN.root)]
    with pytest.raises(SystemExit) as ended:
        main(["log", str(tmp_path / "log"), "--register", str(tmp_path / "register.cose"), *trust])
    assert ended.value.code == 0
    told = f"two officers released a result of {ORIGIN} at size 5: version 1, preliminary, sha256:"
    assert told in capsys.readouterr().out
