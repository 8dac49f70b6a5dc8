"""Do the parts of a tape make the signed result again, in any order, and nothing else?"""

import random
from dataclasses import replace
from hashlib import sha256

import base45
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import BoxId, InvalidField, PrecinctId, PublicKey
from ballotbox_protocol.election.register import BoxEntry, ClosedAs, Closure
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.paper import (
    PART_MAX,
    PARTS_MAX,
    PaperCopy,
    PaperCount,
    PaperError,
    paper_parts,
    print_entry,
    read_paper,
)
from ballotbox_protocol.wire.register import box_item
from ballotbox_protocol.wire.report import ReportKind
from tests.strategies import reports
from tests.vectors import day

ENTRY = print_entry(day.REGISTER.boxes[0])
FINAL = PaperCopy(day.MESSAGE_OF[ReportKind.FINAL], ENTRY)
CORRECTION = PaperCopy(day.MESSAGE_OF[ReportKind.CORRECTION], ENTRY)


def entry(firmware_count: int = 1) -> BoxEntry:
    firmware = tuple(sha256(bytes([n // 256, n % 256])).digest() for n in range(firmware_count))
    return BoxEntry(BoxId(bytes(16)), PublicKey(bytes(32)), 1, PrecinctId(1), firmware)


def written(data: bytes, size: int = PART_MAX) -> list[str]:
    """Parts that carry any bytes, made by the document and not by the code."""
    tag = sha256(data).hexdigest()[:8].upper()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return [
        f"BBX1:{n}/{len(pieces)}:{tag}:{base45.b45encode(piece).decode()}:"
        for n, piece in enumerate(pieces, 1)
    ]


@given(reports(ReportKind.FINAL), st.randoms(use_true_random=False), st.integers(0, 3))
def test_any_final_comes_back_from_its_parts_in_any_order(final, chance, again):
    copy = PaperCopy(day.signed(final), ENTRY)
    parts = list(paper_parts(copy))
    parts += chance.choices(parts, k=again)
    chance.shuffle(parts)
    assert read_paper(parts) == copy


@given(st.binary(max_size=4_000), st.integers(1, PART_MAX))
def test_a_reader_takes_any_cut(report, size):
    data = cbor.encode([1, report, box_item(ENTRY)])
    size = max(size, -(-len(data) // PARTS_MAX))
    assert read_paper(reversed(written(data, size))) == PaperCopy(report, ENTRY)


@pytest.mark.parametrize("size", [0, 1, 300, 301, 2 * PART_MAX, 16_384])
def test_parts_are_short_alike_and_of_the_alphabet_of_qr_codes(size):
    parts = paper_parts(PaperCopy(random.Random(size).randbytes(size), ENTRY))
    alphabet = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert all(set(part) <= alphabet for part in parts)
    # The capacity of QR version 17, level M, in alphanumeric characters.
    assert max(map(len, parts)) <= 734
    # An even cut: what the last parts lack is less than two bytes for each part before them.
    assert len(parts[0]) - len(parts[-1]) <= 3 * len(parts)
    assert [part.split(":")[1] for part in parts] == [
        f"{n}/{len(parts)}" for n in range(1, len(parts) + 1)
    ]


def test_the_largest_report_fits_and_what_does_not_is_refused():
    assert len(paper_parts(PaperCopy(bytes(16_384), entry(200)))) < PARTS_MAX
    with pytest.raises(PaperError, match="a tape has at most 99"):
        paper_parts(PaperCopy(bytes(16_384), entry(2_000)))


def test_paper_carries_no_closure():
    closed = replace(ENTRY, closed=Closure(ClosedAs.REPLACED, ()))
    assert print_entry(closed) == ENTRY
    with pytest.raises(InvalidField, match=r"entry.closed: must be null"):
        PaperCopy(b"", closed)


def first(parts):
    return [parts[0]]


def mixed(parts):
    return [parts[0], paper_parts(CORRECTION)[1]]


def counted_otherwise(parts):
    return [parts[0], parts[1].replace("2/2", "2/3")]


def twice_and_different(parts):
    return [*parts, parts[0].replace("1/2", "2/2")]


def swapped(parts):
    return [parts[0].replace("1/2", "2/2"), parts[1].replace("2/2", "1/2")]


def misread(parts):
    # Z and Y at the end stand for a number that no two bytes have.
    return [parts[0][:-4] + ":::" + ":", parts[1]]


def changed(parts):
    place = len(parts[1]) - 5
    other = "0" if parts[1][place] != "0" else "1"
    return [parts[0], parts[1][:place] + other + parts[1][place + 1 :]]


BAD_SETS = {
    "none": (lambda _: [], "there is no part"),
    "a part is missing": (first, "of 2 parts, missing: 2. Photograph them as well"),
    "two tapes": (mixed, "parts of different tapes are mixed: part 1 of 2"),
    "two totals": (counted_otherwise, "parts of different tapes are mixed: part 1 of 2"),
    "a part twice, not the same": (twice_and_different, "stands there twice and differs"),
    "parts that changed their numbers": (swapped, "a part is altered"),
    "a character misread, no number": (misread, "part 1 of 2 .* is not base45"),
    "a character misread": (changed, "a part is altered"),
    "cut off": (lambda p: [p[0][:-9], p[1]], "is no whole part: it must be BBX1:n/m:tag:data:"),
    "no part at all": (lambda _: ["BBX2"], "'BBX2' is no whole part"),
    "number above the total": (lambda p: [p[0].replace("1/2", "3/2")], "numbers itself 3 of 2"),
    "number zero": (lambda p: [p[0].replace("1/2", "0/2")], "is no whole part"),
    "small letters": (lambda p: [p[0].lower()], "is no whole part"),
}


@pytest.mark.parametrize("case", BAD_SETS)
def test_parts_that_make_no_copy_are_told_in_words(case):
    make, expected = BAD_SETS[case]
    parts = paper_parts(FINAL)
    assert len(parts) == 2
    with pytest.raises(PaperError, match=expected):
        read_paper(make(list(parts)))


@given(st.binary(min_size=1, max_size=2_000))
def test_a_count_by_hand_comes_back_as_one(data):
    parts = paper_parts(PaperCount(data))
    assert read_paper(reversed(parts)) == PaperCount(data)


ITEM = box_item(ENTRY)
BAD_CONTENTS = {
    "no CBOR": (b"\xff", "is no result"),
    "no array": (cbor.encode({0: 1}), "tape: must be an array"),
    "an item more": (cbor.encode([1, b"", ITEM, 0]), "tape: must have 3 items"),
    "another format": (cbor.encode([2, b"", ITEM]), "format: 2 is not supported, 1 is"),
    "a report in words": (cbor.encode([1, "", ITEM]), "report: must be a byte string"),
    "an item less": (cbor.encode([1, b""]), "tape: must have 3 items"),
    "a count in words": (cbor.encode([2, ""]), "hand count: must be a byte string"),
    "no entry": (cbor.encode([1, b"", [1]]), "entry: must have 6 items"),
    "a bad entry": (cbor.encode([1, b"", [b"", *ITEM[1:]]]), "entry.id: must be 16 bytes"),
    "an entry that is closed": (
        cbor.encode([1, b"", [*ITEM[:5], [1, []]]]),
        "entry.closed: must be null on paper",
    ),
    "more than a tape holds": (cbor.encode([1, bytes(PART_MAX * PARTS_MAX), ITEM]), "no result"),
}


@pytest.mark.parametrize("case", BAD_CONTENTS)
def test_whole_parts_that_say_no_result_are_refused(case):
    data, expected = BAD_CONTENTS[case]
    with pytest.raises(PaperError, match=expected):
        read_paper(written(data, max(PART_MAX, -(-len(data) // PARTS_MAX))))
