"""Does the form of the usual report read what the decoder reads, and never anything else?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.report import ReportKind, encode_report
from ballotbox_protocol.wire.report_form import usual_items
from tests.protocol.test_report import report_of
from tests.strategies import damaged, reports

#: Where each width of a number begins and ends, and the codes around them.
EDGES = (0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63 - 1)
numbers = st.sampled_from(EDGES) | st.integers(0, cbor.INT_MAX)
digests = st.binary(min_size=32, max_size=32)
short_ids = st.binary(min_size=16, max_size=16)
codes = st.integers(0, 23)

#: The end of a body from the firmware on, which a vote may try to pass for.
TAIL = cbor.encode(
    {12: [bytes(32), 1], 13: [7, 0], 14: [1, 1, 1], 19: None, 23: []},
)[1:]
strange_votes = st.lists(
    numbers
    | st.sampled_from([-1, None, "", TAIL, TAIL[:40], b"\x0c\x82\x58\x20", [12, [0]], {0: 1}])
    | st.binary(max_size=40),
    max_size=300,
)


@st.composite
def bodies(draw: st.DrawFn, *, votes: st.SearchStrategy[Any] | None = None) -> bytes:
    """Any body of the usual form, whatever its values."""
    held = st.none() | st.tuples(short_ids, numbers, digests)
    items = {
        0: 1,
        1: draw(codes),
        2: draw(digests),
        3: draw(numbers),
        4: draw(short_ids),
        5: draw(numbers),
        6: draw(numbers),
        7: draw(numbers),
        8: draw(digests),
        9: [draw(numbers), draw(digests)],
        10: {key: draw(numbers) for key in range(8)},
        12: [draw(digests), draw(numbers)],
        13: [draw(codes), draw(codes)],
        14: [draw(numbers), draw(codes), draw(numbers)],
        19: draw(held),
        23: [],
    }
    if votes is not None:
        items[11] = draw(votes)
    return cbor.encode(dict(sorted(items.items())))


def decoded(body: bytes) -> Any:
    try:
        return cbor.decode(body)
    except cbor.CborError:
        return None


def same(found: Any, expected: Any) -> bool:
    """Equal, of the same types and in the same order."""
    return repr(found) == repr(expected)


counts = st.lists(numbers, min_size=1, max_size=255)


@given(bodies() | bodies(votes=counts))
def test_all_bodies_of_the_form_are_read_by_it_as_the_decoder_reads_them(body: bytes) -> None:
    assert same(usual_items(body), cbor.decode(body))


@given(
    damaged(bodies())
    | damaged(bodies(votes=counts))
    | bodies(votes=strange_votes)
    | damaged(bodies(votes=strange_votes))
    | damaged(reports().map(encode_report))
)
def test_other_bytes_are_left_to_the_decoder_or_read_as_it_does(body: bytes) -> None:
    found = usual_items(body)
    assert found is None or same(found, decoded(body))


@pytest.mark.parametrize("kind", ReportKind, ids=lambda kind: kind.name)
def test_what_boxes_send_most_has_the_form(kind: ReportKind) -> None:
    usual = {ReportKind.BOOT, ReportKind.ZERO, ReportKind.TURNOUT, ReportKind.FINAL}
    for body in (report_of(kind, signatures=()), report_of(kind)):
        found = usual_items(encode_report(body))
        assert (found is not None) == (kind in usual | {ReportKind.OPEN, ReportKind.CLOSE})


@pytest.mark.parametrize("said", range(10))
@pytest.mark.parametrize("there", range(10))
def test_officers_signatures_are_as_many_as_their_array_says(said: int, there: int) -> None:
    body = encode_report(report_of(ReportKind.CLOSE, signatures=()))
    one = b"\x82\x48" + bytes(range(8)) + b"\x58\x40" + bytes(range(64))
    body = body[:-1] + bytes((0x80 + said,)) + one * there
    found = usual_items(body)
    assert found is None or same(found, cbor.decode(body))
    assert (found is not None) == (said == there <= 8)


@pytest.mark.parametrize(
    "number", ["1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1bffffffffffffffff"]
)
def test_a_number_that_is_not_in_its_shortest_form_is_not_read(number: str) -> None:
    body = encode_report(report_of(ReportKind.TURNOUT, sequence=5))
    at = body.index(b"\x07\x05\x08\x58\x20") + 1
    assert usual_items(body) is not None
    assert usual_items(body[:at] + bytes.fromhex(number) + body[at + 1 :]) is None


def test_votes_nested_too_deeply_or_too_many_are_refused_as_the_decoder_does() -> None:
    items = cbor.decode(encode_report(report_of(ReportKind.FINAL)))
    for depth in range(12):
        nested: Any = 1
        for _ in range(depth):
            nested = [nested]
        for votes in ([nested] * 2, [[0] * size for size in (2_000, depth, 2_050 - depth)]):
            body = cbor.encode({**items, 11: votes})
            found = usual_items(body)
            assert found is None or same(found, cbor.decode(body))


def test_a_body_beyond_the_limit_of_a_report_is_not_read() -> None:
    items = cbor.decode(encode_report(report_of(ReportKind.FINAL)))
    fits = cbor.REPORT_LIMITS.size - len(cbor.encode({**items, 11: [bytes(9_000)] * 2})) + 9_000
    for size in (fits, fits + 1):
        body = cbor.encode({**items, 11: [bytes(9_000), bytes(size)]})
        assert (len(body) <= cbor.REPORT_LIMITS.size) == (size == fits)
        assert same(usual_items(body), decoded(body))
