"""Is a definition valid or not there at all, and are its bytes the only ones it has?"""

import dataclasses
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.definition import (
    CONTESTS_MAX,
    NAME_MAX,
    OPTIONS_MAX,
    ROW_MAX,
    BallotStyle,
    Contest,
    ContestKind,
    Election,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField, Mode
from ballotbox_protocol.election.tally import Layout
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.definition import (
    decode_definition,
    election_digest,
    encode_definition,
)
from tests.strategies import KEYS, damaged, elections

LIST = Contest("List", ContestKind.PARTY_LIST, 1, (Option("A", 3), Option("B")))
SEAT = Contest("Seat", ContestKind.CHOOSE_ONE, 1, (Option("C"), Option("D")))
COUNCIL = Contest("Council", ContestKind.CHOOSE_UP_TO, 2, (Option("E"), Option("F"), Option("G")))
HOME = BallotStyle("HOME", ((0, 1), (2,)))
AWAY = BallotStyle("AWAY", ((0,),))
PLACE = Precinct(7, "School No 1", 1_000, (0, 1))
VALID: dict[str, Any] = {
    "name": "Election",
    "mode": Mode.TEST,
    "day": "2026-06-14",
    "contests": (LIST, SEAT, COUNCIL),
    "styles": (HOME, AWAY),
    "precincts": (PLACE,),
    "register_signers": (KEYS[0].public,),
}
ELECTION = Election(**VALID)


@given(elections())
def test_a_definition_survives_the_wire(election: Election) -> None:
    data = encode_definition(election)
    assert decode_definition(data) == election
    assert election_digest(data) == sha256(data).digest()


@given(damaged(elections().map(encode_definition)))
def test_whatever_definition_is_accepted_encodes_to_itself(data: bytes) -> None:
    try:
        election = decode_definition(data)
    except ValueError:
        return
    assert encode_definition(election) == data


def test_the_parts_are_found_by_their_names() -> None:
    assert ELECTION.precinct_by_number == {7: PLACE}
    assert HOME.contests == (0, 1, 2)
    assert LIST.preference_count == 3


def contest(**changes: Any) -> Contest:
    return dataclasses.replace(COUNCIL, **changes)


def options(count: int, preferences: int = 0) -> tuple[Option, ...]:
    return tuple(Option(f"{number}", preferences) for number in range(count))


REFUSED_PARTS = {
    "empty name": (lambda: Option(""), "option.name", "1 to 200"),
    "name too long": (lambda: Option("x" * (NAME_MAX + 1)), "option.name", "1 to 200"),
    "name not in form C": (lambda: Option("e\u0301"), "option.name", "normal form C"),
    "name with a line end": (lambda: Option("a\nb"), "option.name", "control"),
    "name that turns the line": (lambda: Option("a\u202eb"), "option.name", "control"),
    "name with a surrogate": (lambda: Option("\ud800"), "option.name", "control"),
    "negative preferences": (lambda: Option("A", -1), "option.preferences", "whole number"),
    "preferences as a float": (lambda: Option("A", 1.0), "option.preferences", "whole number"),
    "preferences as a boolean": (lambda: Option("A", True), "option.preferences", "whole number"),
    "too many preferences": (lambda: Option("A", 513), "option.preferences", "0 to 512"),
    "contest without a name": (lambda: contest(name=""), "contest.name", "1 to 200"),
    "contest without options": (lambda: contest(options=()), "contest.options", "1 to 512"),
    "too many options": (
        lambda: contest(options=options(OPTIONS_MAX + 1)),
        "contest.options",
        "1 to 512",
    ),
    "options of one name": (
        lambda: contest(options=(Option("E"), Option("F"), Option("E"))),
        "contest.options",
        "share the name E",
    ),
    "no vote allowed": (lambda: contest(votes_allowed=0), "contest.votes_allowed", "at least 1"),
    "more votes than options": (lambda: contest(votes_allowed=4), "contest.votes_allowed", "to 3"),
    "choose one with two votes": (
        lambda: contest(kind=ContestKind.CHOOSE_ONE),
        "contest.votes_allowed",
        "must be 1 for CHOOSE_ONE",
    ),
    "two lists": (
        lambda: contest(kind=ContestKind.PARTY_LIST),
        "contest.votes_allowed",
        "must be 1 for PARTY_LIST",
    ),
    "preferences outside a list": (
        lambda: contest(options=(Option("E", 1), Option("F"))),
        "contest.options.preferences",
        "only a PARTY_LIST",
    ),
    "style without a code": (lambda: BallotStyle("", ((0,),)), "style.code", "1 to 200"),
    "style without a sheet": (lambda: BallotStyle("X", ()), "style.sheets", "1 to 8"),
    "too many sheets": (
        lambda: BallotStyle("X", tuple((n,) for n in range(9))),
        "style.sheets",
        "1 to 8",
    ),
    "empty sheet": (lambda: BallotStyle("X", ((0,), ())), "style.sheets", "carries no contest"),
    "contest on two sheets": (lambda: BallotStyle("X", ((0,), (0,))), "style.sheets", "twice"),
    "precinct below zero": (lambda: Precinct(-1, "P", 0, (0,)), "precinct.number", "whole"),
    "precinct without a name": (lambda: Precinct(1, "", 0, (0,)), "precinct.name", "1 to 200"),
    "voters below zero": (lambda: Precinct(1, "P", -1, (0,)), "precinct.registered", "whole"),
    "precinct without styles": (lambda: Precinct(1, "P", 0, ()), "precinct.styles", "at least one"),
    "style named twice": (lambda: Precinct(1, "P", 0, (0, 0)), "precinct.styles", "twice"),
}


@pytest.mark.parametrize(("build", "field", "problem"), REFUSED_PARTS.values(), ids=REFUSED_PARTS)
def test_a_part_names_the_field_it_refuses(build: Any, field: str, problem: str) -> None:
    with pytest.raises(InvalidField, match=problem) as refusal:
        build()
    assert refusal.value.field == field


def wide(count: int) -> tuple[Contest, ...]:
    """Contests whose row has exactly `count` places."""
    full = [
        Contest(f"{n}", ContestKind.CHOOSE_ONE, 1, options(OPTIONS_MAX))
        for n in range((count - 5) // (OPTIONS_MAX + 4))
    ]
    rest = count - sum(each.row_size for each in full) - 4
    return (*full, Contest("rest", ContestKind.CHOOSE_ONE, 1, options(rest)))


REFUSED_WHOLE = {
    "empty name": ({"name": ""}, "name", "1 to 200"),
    "day in words": ({"day": "14 June"}, "day", "YYYY-MM-DD"),
    "day of thirteen months": ({"day": "2026-13-01"}, "day", "YYYY-MM-DD"),
    "day that is not there": ({"day": "2026-02-30"}, "day", "YYYY-MM-DD"),
    "day without dashes": ({"day": "20260614"}, "day", "YYYY-MM-DD"),
    "day of a week": ({"day": "2026-W24-7"}, "day", "YYYY-MM-DD"),
    "no contest": ({"contests": ()}, "contests", "has 0"),
    "too many contests": (
        {"contests": tuple(contest(name=f"{n}") for n in range(CONTESTS_MAX + 1))},
        "contests",
        "has 65",
    ),
    "a row no report holds": ({"contests": wide(ROW_MAX + 1)}, "contests", "3001 counts"),
    "contests of one name": (
        {"contests": (SEAT, SEAT, COUNCIL)},
        "contests",
        "share the name Seat",
    ),
    "no style": ({"styles": ()}, "styles", "has 0"),
    "no precinct": ({"precincts": ()}, "precincts", "has 0"),
    "no register signer": ({"register_signers": ()}, "register_signers", "has 0"),
    "too many register signers": (
        {"register_signers": tuple(key.public for key in KEYS[:17])},
        "register_signers",
        "has 17",
    ),
    "register signer twice": (
        {"register_signers": (KEYS[0].public, KEYS[0].public)},
        "register_signers",
        "share the key",
    ),
    "register signer cut short": (
        {"register_signers": (KEYS[0].public, b"short")},
        "register_signers[1]",
        "32 bytes",
    ),
    "style of a contest that is not there": (
        {"styles": (AWAY, BallotStyle("X", ((0,), (3,))))},
        "styles[1].sheets",
        "contest 3, which does not exist",
    ),
    "style of a contest below zero": (
        {"styles": (AWAY, BallotStyle("X", ((-1,),)))},
        "styles[1].sheets",
        "contest -1",
    ),
    "styles of one code": ({"styles": (AWAY, AWAY)}, "styles", "share the code AWAY"),
    "precinct of a style that is not there": (
        {"precincts": (PLACE, Precinct(8, "P", 0, (2,)))},
        "precincts[1].styles",
        "style 2, which does not exist",
    ),
    "precincts of one number": ({"precincts": (PLACE, PLACE)}, "precincts", "share the number 7"),
}


@pytest.mark.parametrize(("changes", "field", "problem"), REFUSED_WHOLE.values(), ids=REFUSED_WHOLE)
def test_an_election_names_the_field_it_refuses(
    changes: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(InvalidField, match=problem) as refusal:
        Election(**(VALID | changes))
    assert refusal.value.field == field


def test_the_widest_row_is_allowed() -> None:
    election = Election(
        **(
            VALID
            | {"contests": wide(ROW_MAX), "styles": (AWAY,)}
            | {"precincts": (Precinct(1, "P", 0, (0,)),)}
        )
    )
    assert Layout.of(election).size == ROW_MAX


@given(st.sampled_from(ELECTION.contests))
def test_the_row_size_is_the_place_a_tally_takes(each: Contest) -> None:
    assert each.row_size == Layout([each]).size


def items() -> dict[int, Any]:
    """The decoded wire form, to be spoilt."""
    return cbor.decode(encode_definition(ELECTION))


def spoilt(path: tuple[int, ...], value: Any) -> bytes:
    changed = items()
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return cbor.encode(dict(sorted(changed.items())))


REFUSED_ON_THE_WIRE = {
    "version": ((0,), 2, "format", "2 is not supported, 1 is"),
    "version as text": ((0,), "1", "format", "an integer"),
    "name": ((1,), 5, "name", "text"),
    "empty name": ((1,), "", "name", "1 to 200"),
    "mode": ((2,), 9, "mode", "9 is not a known code"),
    "day": ((3,), 20260614, "day", "text"),
    "contests": ((4,), {}, "contests", "an array"),
    "contest": ((4, 1), 0, "contests[1]", "an array"),
    "contest with an item too many": ((4, 1), ["Seat", 1, 1, [], 0], "contests[1]", "an array of"),
    "contest kind": ((4, 1, 1), 4, "contests[1].kind", "not a known code"),
    "contest name": ((4, 1, 0), "", "contests[1].name", "1 to 200"),
    "votes allowed": ((4, 2, 2), 9, "contests[2].votes_allowed", "0 to 3"),
    "option": ((4, 0, 3, 1), ["B"], "contests[0].options[1]", "an array of text, an integer"),
    "option name": ((4, 0, 3, 1, 0), "", "contests[0].options[1].name", "1 to 200"),
    "preferences": ((4, 0, 3, 0, 1), 600, "contests[0].options[0].preferences", "0 to 512"),
    "style": ((5, 1), ["AWAY"], "styles[1]", "an array of"),
    "style code": ((5, 1, 0), "", "styles[1].code", "1 to 200"),
    "sheet": ((5, 0, 1, 0), 2, "styles[0].sheets[0]", "an array"),
    "sheet's contest": ((5, 0, 1, 1, 0), "C", "styles[0].sheets[1][0]", "an integer"),
    "precinct": ((6, 0), [7], "precincts[0]", "an array of"),
    "precinct number": ((6, 0, 0), COUNT_MAX + 1, "precincts[0].number", "whole number"),
    "precinct's style": ((6, 0, 3, 1), None, "precincts[0].styles[1]", "an integer"),
    "signer": ((7, 0), "key", "register_signers[0]", "a byte string"),
    "policy": ((8,), [1], "policy", "an array of"),
    "policy of three": ((8,), [0, 0, 0], "policy", "an array of"),
    "policy too short for it": ((8,), [0, 2], "policy", "must have 2 numbers or 7"),
    "policy longer than needed": ((8,), [1, 1, 0, 0, 25, 10, 0], "policy", "2 numbers or 7"),
    "policy's handling": ((8,), [0, 0, 0, 3, 25, 10, 0], "policy[3]", "not a known code"),
    "policy's handling, short": ((8,), [3, 0], "policy[0]", "not a known code"),
    "policy's thresholds": ((8,), [0, 0, 0, 0, 9, 10, 0], "policy.definite", "faint must be"),
    "policy's stamp": ((8,), [0, 0, 0, 0, 25, 10, 2], "policy[6]", "0 or 1"),
    "key that nobody knows": ((9,), 0, "definition", r"unknown keys \[9\]"),
    "one signer needed, said": ((10,), 1, "signers_needed", "must be left out"),
    "more signers needed than known": ((10,), 2, "signers_needed", "number of signers, 1"),
    "no signers needed": ((10,), 0, "signers_needed", "must be left out"),
}


@pytest.mark.parametrize(
    ("path", "value", "field", "problem"), REFUSED_ON_THE_WIRE.values(), ids=REFUSED_ON_THE_WIRE
)
def test_the_wire_form_names_the_field_it_refuses(
    path: tuple[int, ...], value: Any, field: str, problem: str
) -> None:
    with pytest.raises(InvalidField, match=problem) as refusal:
        decode_definition(spoilt(path, value))
    assert refusal.value.field == field


@pytest.mark.parametrize("key", range(9))
def test_no_part_of_the_wire_form_may_be_missing(key: int) -> None:
    changed = items()
    del changed[key]
    with pytest.raises(InvalidField, match="is missing"):
        decode_definition(cbor.encode(changed))


def test_a_document_is_a_map() -> None:
    with pytest.raises(InvalidField, match="must be a map"):
        decode_definition(cbor.encode([1]))
