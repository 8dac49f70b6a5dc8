"""Does the fingerprint tell elections apart, and a typing error from another election?"""

from itertools import combinations
from random import Random

import pytest

from ballotbox_protocol.election.identifiers import ElectionDigest, InvalidField
from ballotbox_protocol.wire.fingerprint import ALPHABET, BITS, fingerprint, read_fingerprint

ROOT = "official:shared:" + "ab" * 32
DIGEST = ElectionDigest(bytes(range(32)))
SHOWN = fingerprint(ROOT, DIGEST)


def mistyped(text):
    with pytest.raises(InvalidField) as caught:
        read_fingerprint(text)
    return caught.value.problem


def test_it_has_four_groups_of_six_and_115_bits():
    assert [len(group) for group in SHOWN.split(" ")] == [6] * 4
    assert set(SHOWN) <= {*ALPHABET, " "}
    assert BITS == 115


def test_root_mode_and_definition_each_change_it():
    others = {
        fingerprint(ROOT.replace("official", "rehearsal"), DIGEST),
        fingerprint(ROOT.replace("shared:", ""), DIGEST),
        fingerprint(ROOT[:-1] + "c", DIGEST),
        fingerprint(ROOT, ElectionDigest(bytes(32))),
    }
    assert len(others | {SHOWN}) == 5


def test_every_bit_of_the_digest_reaches_the_characters():
    shown = {fingerprint(ROOT, ElectionDigest((1 << bit).to_bytes(32))) for bit in range(256)}
    assert len(shown) == 256
    assert all(len({text[at] for text in shown}) == 32 for at in range(27) if at % 7 != 6)


def test_it_is_read_as_people_type_it():
    assert read_fingerprint(SHOWN.lower()) == SHOWN
    assert read_fingerprint(SHOWN.replace(" ", "-")) == SHOWN
    assert read_fingerprint(f" {SHOWN.replace(' ', '')}\n") == SHOWN
    zeros = next(text for n in range(99) if "0" in (text := fingerprint(ROOT, digest_of(n))))
    assert read_fingerprint(zeros.replace("0", "o")) == zeros


def digest_of(number):
    return ElectionDigest(Random(number).randbytes(32))


def test_every_wrong_character_is_told():
    typed = SHOWN.replace(" ", "")
    for at in range(len(typed)):
        for other in set(ALPHABET) - {typed[at]}:
            told = mistyped(typed[:at] + other + typed[at + 1 :])
            assert told == "was mistyped: a character is wrong or two are swapped"


def test_every_two_swapped_characters_are_told():
    typed = list(SHOWN.replace(" ", ""))
    for one, other in combinations(range(len(typed)), 2):
        if typed[one] != typed[other]:
            swapped = typed.copy()
            swapped[one], swapped[other] = typed[other], typed[one]
            assert "mistyped" in mistyped("".join(swapped))


def test_what_is_too_short_or_foreign_is_told():
    assert mistyped(SHOWN[:-1]) == "must have 24 characters, has 23"
    assert mistyped("U" + SHOWN[1:]) == "has no character 'U': read it again"
