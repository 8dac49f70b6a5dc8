"""Does the statement of a publication say one thing, need two who release, and follow another?"""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField, Mode
from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.officers import sign_as_officer
from ballotbox_protocol.wire.publication import (
    PUBLICATION_MAX,
    Publication,
    Status,
    configuration_digest,
    decode_publication,
    publication_place,
    read_publication,
)
from ballotbox_protocol.wire.rules_release import RELEASE_MAX, RulesRelease, decode_release
from ballotbox_protocol.wire.trust import RootKey
from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.authority import Plan, make_authority
from tests.strategies import counts, damaged, digests, origins, signature_lists, wides
from tests.vectors import day

GIVEN = make_authority(Plan(seed=1, boxes=1))
TRUSTED = GIVEN.trusted
FIRST = Publication(
    election=TRUSTED.digest,
    mode=TRUSTED.election.mode,
    status=Status.PRELIMINARY,
    version=1,
    previous=None,
    rules=bytes(32),
    program=bytes(32),
    configuration=bytes(32),
    origin="centre.example",
    size=7,
    root=bytes(32),
    result=bytes(32),
)
RELEASE = RulesRelease(TRUSTED.digest, 1, bytes(32), bytes(32))
later = st.integers(2, 70_000)


@st.composite
def publications(draw: st.DrawFn) -> Publication:
    first = draw(st.booleans())
    states = [each for each in Status if not first or each is not Status.CORRECTION]
    return Publication(
        election=draw(digests),
        mode=draw(st.sampled_from(Mode)),
        status=draw(st.sampled_from(states)),
        version=1 if first else draw(later),
        previous=None if first else draw(digests),
        rules=draw(digests),
        program=draw(digests),
        configuration=draw(digests),
        origin=draw(origins),
        size=draw(wides),
        root=draw(digests),
        result=draw(digests),
        release=draw(counts),
        signatures=draw(signature_lists),
    )


releases = st.builds(RulesRelease, digests, counts.map(lambda each: each or 1), digests, digests,
                     signature_lists)  # fmt: skip


@given(publications())
def test_it_survives_and_is_named_by_what_is_signed(each: Publication) -> None:
    data = each.to_bytes()
    assert decode_publication(data) == each
    assert len(data) <= PUBLICATION_MAX
    assert each.digest == sha256(data).digest()
    unsigned = replace(each, signatures=())
    assert each.id == unsigned.id == sha256(unsigned.payload()).digest()
    items, signed = cbor.decode(data), cbor.decode(each.payload())
    assert isinstance(items, list)
    assert items[:-1] == signed
    assert len(signed) == (13 if each.release else 12)


@given(damaged(st.one_of(publications(), releases).map(lambda each: each.to_bytes())))
def test_whatever_is_accepted_encodes_to_itself(data: bytes) -> None:
    for decode in (decode_publication, decode_release):
        try:
            read = decode(data)
        except ValueError:
            continue
        assert read.to_bytes() == data


@given(releases)
def test_a_release_survives(each: RulesRelease) -> None:
    assert decode_release(each.to_bytes()) == each
    assert len(each.to_bytes()) <= RELEASE_MAX


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("election", b""),
        ("version", 0),
        ("version", 2),
        ("version", -1),
        ("previous", bytes(32)),
        ("rules", b""),
        ("program", b""),
        ("configuration", b""),
        ("origin", "a b"),
        ("size", -1),
        ("root", b""),
        ("result", b""),
        ("status", Status.CORRECTION),
        ("release", -1),
    ],
)
def test_a_field_that_says_nothing_is_refused(field: str, value: object) -> None:
    at = "previous" if (field, value) == ("version", 2) else field
    with pytest.raises(InvalidField, match=rf"publication\.{at}"):
        replace(FIRST, **{field: value})


def test_a_later_one_names_a_whole_id() -> None:
    with pytest.raises(InvalidField, match=r"publication\.previous"):
        replace(FIRST, version=2, previous=b"")


@pytest.mark.parametrize(
    ("field", "value"), [("election", b""), ("version", 0), ("rules", b""), ("program", b"")]
)
def test_a_release_that_says_nothing_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidField, match=rf"release\.{field}"):
        replace(RELEASE, **{field: value})


@pytest.mark.parametrize("at", range(14))
def test_another_type_is_refused_by_its_field(at: int) -> None:
    items = cbor.decode(signed(replace(FIRST, release=1)).to_bytes())
    assert isinstance(items, list)
    names = ("election", "mode", "status", "version", "previous", "rules", "program",
             "configuration", "origin", "size", "root", "result", "release",
             "signatures")  # fmt: skip
    data = cbor.encode([*items[:at], {}, *items[at + 1 :]])
    with pytest.raises(InvalidField, match=rf"publication\.{names[at]}"):
        decode_publication(data)


def test_a_release_has_one_form_and_the_older_form_has_none() -> None:
    items = cbor.decode(signed(FIRST).to_bytes())
    assert isinstance(items, list)
    assert len(items) == 13
    with pytest.raises(InvalidField, match=r"publication\.release: must be at least 1"):
        decode_publication(cbor.encode([*items[:12], 0, items[12]]))


def test_a_release_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidField, match="release: must be an array of"):
        decode_release(cbor.encode([bytes(32), 1]))
    with pytest.raises(InvalidField, match="at most 4096 bytes"):
        decode_release(bytes(RELEASE_MAX + 1))
    with pytest.raises(InvalidField, match="13 items"):
        decode_publication(cbor.encode([bytes(32), 1]))
    with pytest.raises(InvalidField, match="at most 4096 bytes"):
        decode_publication(bytes(PUBLICATION_MAX + 1))


def signed(plain: Publication, *numbers: int, kind: MessageType = MessageType.PUBLICATION):
    signatures = tuple(
        sign_as_officer(key.public, key.sign, kind, plain.payload())
        for key in (GIVEN.officer_keys[number] for number in numbers or (0, 1))
    )
    return replace(plain, signatures=signatures)


def test_two_sign_who_release_in_all_precincts() -> None:
    register = TRUSTED.register
    assert signed(FIRST).is_signed(register)
    assert not FIRST.is_signed(register)
    assert not signed(FIRST, 0).is_signed(register)
    assert not signed(FIRST, 0, 0).is_signed(register)
    assert not signed(FIRST, kind=MessageType.REPLACEMENT).is_signed(register)
    of_one = tuple(replace(each, precinct=1) for each in register.officers)
    assert not signed(FIRST).is_signed(replace(register, officers=of_one))
    other = tuple(replace(each, roles=Role.POLL | Role.ELEVATED) for each in register.officers)
    assert not signed(FIRST).is_signed(replace(register, officers=other))


def test_a_release_is_signed_alike_and_by_a_signature_of_its_own() -> None:
    for kind, good in ((MessageType.RULES_RELEASE, True), (MessageType.PUBLICATION, False)):
        signatures = GIVEN.consent(RELEASE.payload(), kind, 2)
        assert replace(RELEASE, signatures=signatures).is_signed(TRUSTED.register) is good


STRANGER = tuple(
    sign_as_officer(key.public, key.sign, MessageType.PUBLICATION, FIRST.payload())
    for key in (day.KEYS["officer 1"], day.KEYS["officer 2"])
)
NOT_THIS = replace(FIRST, mode=Mode.OFFICIAL)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(PUBLICATION_MAX + 1), Reason.SIZE),
        (b"\x80", Reason.BODY),
        (signed(replace(FIRST, election=bytes(32))).to_bytes(), Reason.OTHER_ELECTION),
        (signed(NOT_THIS).to_bytes(), Reason.OTHER_ELECTION),
        (replace(FIRST, signatures=STRANGER).to_bytes(), Reason.OLD_REGISTER),
        (FIRST.to_bytes(), Reason.RELEASERS),
        (signed(FIRST, 0).to_bytes(), Reason.RELEASERS),
    ],
    ids=lambda each: each.name if isinstance(each, Reason) else "",
)
def test_what_is_not_two_releasing_officers_word_has_a_reason(data: bytes, reason: Reason) -> None:
    assert read_publication(data, TRUSTED) is reason


def test_what_is_comes_back() -> None:
    assert read_publication(signed(FIRST).to_bytes(), TRUSTED) == signed(FIRST)


SECOND = replace(FIRST, version=2, previous=FIRST.id, size=8)
CERTIFIED = replace(SECOND, status=Status.CERTIFIED)
BY_TWO = replace(FIRST, release=2)
OTHER = bytes([9]) * 32


def after(before: Publication, **changes: object) -> Publication:
    following = replace(before, version=before.version + 1, previous=before.id)
    return replace(following, **changes)


@pytest.mark.parametrize(
    ("before", "each", "good"),
    [
        (None, FIRST, True),
        (None, SECOND, False),
        (FIRST, FIRST, False),
        (FIRST, SECOND, True),
        (FIRST, replace(SECOND, previous=bytes(32)), False),
        (FIRST, replace(SECOND, version=3), False),
        (FIRST, replace(SECOND, size=6), False),
        (FIRST, CERTIFIED, True),
        (CERTIFIED, after(CERTIFIED, status=Status.CORRECTION), True),
        (CERTIFIED, after(CERTIFIED), True),
        (CERTIFIED, after(CERTIFIED, status=Status.COMPLETE), False),
        (FIRST, after(FIRST, program=OTHER), True),
        (FIRST, after(FIRST, release=1), True),
        (BY_TWO, after(BY_TWO), True),
        (BY_TWO, after(BY_TWO, rules=OTHER), False),
        (BY_TWO, after(BY_TWO, program=OTHER), False),
        (BY_TWO, after(BY_TWO, program=OTHER, release=3), True),
        (BY_TWO, after(BY_TWO, release=3), True),
        (BY_TWO, after(BY_TWO, release=1), False),
        (BY_TWO, after(BY_TWO, release=0), False),
    ],
)
def test_what_may_follow(before: Publication | None, each: Publication, good: bool) -> None:
    assert each.follows(before) is good


def test_each_log_has_a_place_of_its_own() -> None:
    assert FIRST.place == publication_place("centre.example") != publication_place("b.example")
    assert len(FIRST.place) == 16


def test_the_configuration_is_all_that_was_trusted() -> None:
    root = RootKey(Mode.TEST, day.KEYS["root"].public)
    digest = configuration_digest(b"a", b"b", root)
    others = [
        configuration_digest(b"A", b"b", root),
        configuration_digest(b"a", b"B", root),
        configuration_digest(b"a", b"b", RootKey(Mode.OFFICIAL, root.key)),
    ]
    assert len({digest, *others}) == 4
