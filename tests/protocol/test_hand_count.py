"""Does a count by hand say one thing, whatever is missing of it, and need two officers for it?"""

from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField
from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.election.law.source import law_digest, load_law
from ballotbox_protocol.election.register import Register, Role
from ballotbox_protocol.wire import cbor, cose
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.hand_count import (
    HAND_COUNT_MAX,
    REASON_MAX,
    HandCount,
    decode_hand_count,
    hand_count_place,
)
from ballotbox_protocol.wire.hand_count_check import (
    content_fault,
    contest_of,
    read_hand_count,
    sheet_of,
    standing_fault,
)
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import Plan, make_authority
from tests.house_law import DIGEST, LAW, LAWS, TEXT
from tests.strategies import counts, damaged, digests, names, signature_lists

GIVEN = make_authority(Plan(seed=1, boxes=1))
TRUSTED = GIVEN.trusted
#: 105 ballots, 5 of them spoiled; in the district four options.
PLAIN = HandCount(
    election=TRUSTED.digest,
    precinct=TRUSTED.election.precincts[0].number,
    contest=1,
    law="house",
    law_digest=DIGEST,
    lines=(("1", 105), ("1a", 5)),
    options=(("votes", (60, 30, 10, 0)),),
)

values = st.one_of(counts, st.sampled_from(Mark))
numbers = st.from_regex(r"[0-9]{1,3}[a-z]?", fullmatch=True)


@st.composite
def hand_counts(draw: st.DrawFn) -> HandCount:
    lines = draw(st.dictionaries(numbers, values, min_size=1, max_size=6))
    groups = st.dictionaries(
        st.sampled_from(("votes", "machine")), st.lists(values, min_size=1, max_size=4)
    )
    version = draw(st.sampled_from((1, 2, COUNT_MAX)))
    return HandCount(
        election=draw(digests),
        precinct=draw(counts),
        contest=draw(st.integers(0, 63)),
        law=draw(names.filter(str.strip)),
        law_digest=draw(digests),
        lines=tuple(lines.items()),
        options=tuple((name, tuple(each)) for name, each in draw(groups).items()),
        version=version,
        corrects=None if version == 1 else draw(digests),
        reason=None if version == 1 else draw(names.filter(str.strip)),
        signatures=draw(signature_lists),
    )


@given(hand_counts())
def test_it_survives_and_is_named_by_what_is_signed(count: HandCount) -> None:
    data = count.to_bytes()
    assert decode_hand_count(data) == count
    assert count.digest == sha256(data).digest()
    unsigned = replace(count, signatures=())
    assert count.id == unsigned.id == sha256(unsigned.payload()).digest()
    assert cbor.decode(data)[:-1] == cbor.decode(count.payload())


@given(damaged(hand_counts().map(HandCount.to_bytes)))
def test_whatever_is_accepted_encodes_to_itself(data: bytes) -> None:
    try:
        count = decode_hand_count(data)
    except ValueError:
        return
    assert count.to_bytes() == data


@given(hand_counts(), st.sampled_from(Mark))
def test_what_is_not_there_is_no_number(count: HandCount, mark: Mark) -> None:
    (number, _), *rest = count.lines
    marked = replace(count, lines=((number, mark), *rest))
    zero = replace(count, lines=((number, 0), *rest))
    assert decode_hand_count(marked.to_bytes()).lines[0] == (number, mark)
    assert marked.values[0] is mark
    assert marked.id != zero.id


ODD: list[tuple[str, str, object]] = [
    ("election", "election", b""),
    ("precinct", "precinct", -1),
    ("contest", "contest", 64),
    ("law", "law", " "),
    ("law", "law", "x" * 201),
    ("law", "law", "a\nb"),
    ("law", "law", "e\u0301"),
    ("law_digest", "law_digest", b"\x00"),
    ("version", "version", 0),
    ("version", "corrects", 2),
    ("corrects", "corrects", bytes(32)),
    ("reason", "reason", "none"),
    ("lines", "lines", ()),
    ("lines", "lines", (("1", 0), ("1", 0))),
    ("lines", "lines.number", (("1 ", 0),)),
    ("lines", "lines.1", (("1", -1),)),
    ("lines", "lines.1", (("1", COUNT_MAX + 1),)),
    ("lines", "lines.1", (("1", True),)),
    ("lines", "lines", tuple((str(at), 0) for at in range(201))),
    ("options", "options.votes", (("votes", ()),)),
    ("options", "options.votes", (("votes", (-1,)),)),
    ("options", "options.votes", (("votes", (0,) * 1_025),)),
    ("options", "options.name", (("a b", (0,)),)),
    ("options", "options", (("votes", (0,)), ("votes", (0,)))),
    ("options", "options", tuple((f"g{at}", (0,)) for at in range(17))),
]


@pytest.mark.parametrize(("field", "told", "value"), ODD)
def test_a_field_that_says_nothing_is_refused(field: str, told: str, value: object) -> None:
    with pytest.raises(InvalidField) as caught:
        replace(PLAIN, **{field: value})
    assert caught.value.field == f"hand_count.{told}"


@pytest.mark.parametrize(
    ("told", "changes"),
    [
        ("corrects", {"corrects": None}),
        ("corrects", {"corrects": b"\x01"}),
        ("reason", {"reason": None}),
        ("reason", {"reason": "x" * (REASON_MAX + 1)}),
    ],
)
def test_a_correction_says_what_it_corrects_and_why(told: str, changes: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"version": 2, "corrects": PLAIN.id, "reason": "read again"}
    assert replace(PLAIN, **whole).corrects == PLAIN.id
    with pytest.raises(InvalidField) as caught:
        replace(PLAIN, **(whole | changes))
    assert caught.value.field == f"hand_count.{told}"


def test_it_has_a_size_that_holds_every_election() -> None:
    full = replace(PLAIN, lines=tuple((f"{at:08}", Mark.ILLEGIBLE) for at in range(200)))
    assert len(replace(full, options=(("votes", (COUNT_MAX,) * 512),)).to_bytes()) < HAND_COUNT_MAX
    with pytest.raises(InvalidField, match="16384 are allowed"):
        replace(full, options=tuple((f"g{at}", (COUNT_MAX,) * 512) for at in range(8)))


SHAPES: list[tuple[int, object, str]] = [
    (0, 1, "election"),
    (3, 1, "law"),
    (6, 1, "corrects"),
    (7, 1, "reason"),
    (8, 1, "lines"),
    (8, [1], "lines[0]"),
    (8, [["1"]], "lines[0]"),
    (8, [["1", "lost"]], "lines[0].value"),
    (8, [["1", None]], "lines[0].value"),
    (9, [["votes", [1, b""]]], "options[0][1]"),
    (9, [["votes", 1]], "options[0]"),
    (10, 1, "signatures"),
]


@pytest.mark.parametrize(("at", "value", "told"), SHAPES)
def test_a_misfit_is_named_where_it_stands(at: int, value: object, told: str) -> None:
    items = cbor.decode(PLAIN.to_bytes())
    items[at] = value
    with pytest.raises(InvalidField) as caught:
        decode_hand_count(cbor.encode(items))
    assert caught.value.field == f"hand_count.{told}"


def test_another_number_of_items_is_another_format() -> None:
    for data in (cbor.encode([*cbor.decode(PLAIN.to_bytes()), 0]), b"\x01"):
        with pytest.raises(InvalidField, match="hand_count: must be an array"):
            decode_hand_count(data)


def test_each_station_and_contest_has_a_place_of_its_own() -> None:
    places = {hand_count_place(p, c) for p in (0, 1, 256, COUNT_MAX) for c in (0, 1, 63)}
    assert len(places) == 12
    assert {len(place) for place in places} == {16}
    assert PLAIN.place == hand_count_place(PLAIN.precinct, 1)


def signed(
    count: HandCount, *officers: int, message_type: MessageType = MessageType.HAND_COUNT
) -> HandCount:
    payload = count.payload()
    keys = [GIVEN.officer_keys[each] for each in officers]
    return replace(
        count,
        signatures=tuple(
            replace(
                GIVEN.consent(payload, message_type, 1)[0],
                key_id=cose.key_id(key.public),
                signature=key.sign(
                    cose.sig_structure(cose.protected_header(key.public, message_type), payload)
                ),
            )
            for key in keys
        ),
    )


def read(count: HandCount, trusted: Trusted = TRUSTED) -> HandCount | Reason:
    return read_hand_count(count.to_bytes(), trusted)


def with_officers(**changes: object) -> Trusted:
    register = TRUSTED.register
    officers = tuple(replace(each, **changes) for each in register.officers)
    return Trusted(TRUSTED.election, TRUSTED.digest, replace(register, officers=officers))


def test_nothing_is_read_that_no_officer_vouches_for() -> None:
    good = signed(PLAIN, 0, 1)
    assert read(good) == good
    assert read(signed(PLAIN, 0)) == signed(PLAIN, 0)
    assert read(PLAIN) is Reason.SIGNATURE
    assert read(replace(good, contest=0)) is Reason.SIGNATURE
    assert read(signed(PLAIN, 0, 1, message_type=MessageType.RULING)) is Reason.SIGNATURE
    spoiled = replace(good.signatures[1], signature=bytes(64))
    assert read(replace(good, signatures=(good.signatures[0], spoiled))) is Reason.SIGNATURE
    strange = replace(good.signatures[1], key_id=bytes(8))
    assert read(replace(good, signatures=(good.signatures[0], strange))) is Reason.OLD_REGISTER
    assert read(signed(replace(PLAIN, election=bytes(32)), 0, 1)) is Reason.OTHER_ELECTION
    assert read_hand_count(b"\xa0", TRUSTED) is Reason.BODY
    assert read_hand_count(bytes(HAND_COUNT_MAX + 1), TRUSTED) is Reason.SIZE


def test_two_officers_of_the_station_sign_and_a_correction_takes_more() -> None:
    first = signed(PLAIN, 0, 1)
    second = signed(replace(PLAIN, version=2, corrects=PLAIN.id, reason="read again"), 1, 2)
    for count, role in ((first, Role.POLL), (second, Role.ELEVATED)):
        assert standing_fault(count, TRUSTED) is None
        assert standing_fault(count, with_officers(roles=role, precinct=PLAIN.precinct)) is None
        others = Role(7) & ~role
        assert standing_fault(count, with_officers(roles=others)) is Reason.OFFICERS
        elsewhere = with_officers(precinct=PLAIN.precinct + 1)
        assert standing_fault(count, elsewhere) is Reason.OFFICERS
    assert standing_fault(signed(PLAIN, 0), TRUSTED) is Reason.OFFICERS
    assert standing_fault(signed(PLAIN, 0, 0), TRUSTED) is Reason.OFFICERS


def fault(**changes: object) -> Reason | None:
    return content_fault(signed(replace(PLAIN, **changes), 0, 1), TRUSTED, LAWS)


def test_a_count_that_fits_and_holds_is_faultless() -> None:
    assert fault() is None
    assert fault(lines=(("1", 107), ("1a", 7))) is None, "a mild relation blocks nothing"
    missing = (Mark.NO_DATA, Mark.ILLEGIBLE, 30, 0)
    assert fault(options=(("votes", missing),)) is None, "without its numbers it says nothing"


CONTENT: list[tuple[Reason, dict[str, object]]] = [
    (Reason.PRECINCT, {"precinct": COUNT_MAX}),
    (Reason.LAW_UNKNOWN, {"law_digest": bytes(32)}),
    (Reason.LINES, {"lines": (("1", 105),)}),
    (Reason.LINES, {"lines": (("1a", 5), ("1", 105))}),
    (Reason.LINES, {"options": ()}),
    (Reason.LINES, {"options": (("others", (60, 30, 10, 0)),)}),
    (Reason.LINES, {"options": (("votes", (60, 30, 10)),)}),
    (Reason.LINES, {"contest": 0}),
    (Reason.LINES, {"contest": 63}),
    (Reason.RELATION, {"lines": (("1", 106), ("1a", 5))}),
    (Reason.RELATION, {"options": (("votes", (60, 30, 10, 1)),)}),
]


@pytest.mark.parametrize(("reason", "changes"), CONTENT)
def test_what_does_not_fit_is_named(reason: Reason, changes: dict[str, object]) -> None:
    assert fault(**changes) is reason


@given(st.sampled_from([("lines", 0), ("lines", 1), ("votes", 0), ("votes", 3)]), st.integers(1))
def test_one_more_anywhere_breaks_the_relation_that_covers_it(
    place: tuple[str, int], more: int
) -> None:
    more = more % 1_000 + 1
    part, at = place
    if part == "lines":
        lines = [(name, value + more * (at == i)) for i, (name, value) in enumerate(PLAIN.lines)]
        assert fault(lines=tuple(lines)) is Reason.RELATION
    else:
        row = [value + more * (at == i) for i, value in enumerate(PLAIN.options[0][1])]
        assert fault(options=(("votes", tuple(row)),)) is Reason.RELATION


def test_the_marks_allowed_are_those_of_the_contest() -> None:
    council = replace(PLAIN, contest=2, options=(("votes", (300, 10, 0, 0, 0, 0, 0)),))
    contest = contest_of(council, TRUSTED)
    assert contest is not None
    assert contest.votes_allowed == 3
    sheet = sheet_of(council, LAW, contest)
    assert sheet is not None
    assert content_fault(signed(council, 0, 1), TRUSTED, LAWS) is None


def test_a_law_whose_parameter_nobody_gives_fits_no_sheet() -> None:
    other = load_law(TEXT.replace('"M"', '"N"').replace("M *", "N *"))
    contest = contest_of(PLAIN, TRUSTED)
    assert contest is not None
    assert sheet_of(PLAIN, other, contest) is None


def test_the_laws_that_are_installed_fit_a_sheet() -> None:
    folder = files("ballotbox_protocol") / "election" / "law" / "files"
    for each in folder.iterdir():
        text = each.read_text(encoding="utf-8")
        law = load_law(text)
        count = replace(
            PLAIN,
            law=law.name,
            law_digest=law_digest(text),
            lines=tuple((line.number, Mark.NO_DATA) for line in law.lines),
            options=tuple((group.name, (0, 0, 0, 0)) for group in law.groups),
        )
        laws = {law_digest(text): law}
        assert content_fault(signed(count, 0, 1), TRUSTED, laws) is None, law.name


def test_a_register_may_list_two_keys_that_one_hint_means() -> None:
    good = signed(PLAIN, 0, 1)
    register = TRUSTED.register
    both = dict.fromkeys(register.officers_by_key_id, register.officers[::-1])
    alike = Register(register.election, 1, register.boxes, register.gateways, register.officers)
    alike.__dict__["officers_by_key_id"] = both
    assert read(good, Trusted(TRUSTED.election, TRUSTED.digest, alike)) == good
