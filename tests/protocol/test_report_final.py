"""Does the reader of finals accept what `decode_report` accepts, and nothing else?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import COUNT_MAX, WIDE_MAX, PollState
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.report import Report, ReportKind, decode_report, encode_report
from ballotbox_protocol.wire.report_final import PlainFinal, plain_final
from tests.protocol.test_report import report_of
from tests.protocol.test_report_form import bodies
from tests.strategies import damaged, reports

EDGES = (0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53)


def decoded(body: bytes) -> Report | None:
    """What `decode_report` says of a final that no officer signed; None of all else."""
    try:
        report = decode_report(body)
    except ValueError:
        return None
    return report if report.kind is ReportKind.FINAL and not report.signatures else None


def agree(body: bytes) -> bool:
    found, wanted = plain_final(body), decoded(body)
    if wanted is None or found is None:
        return found is wanted
    told = tuple(getattr(wanted, name) for name in PlainFinal._fields)
    return tuple(found) == told and all(map(_same_type, found, told))


def _same_type(one: object, other: object) -> bool:
    return type(one) is type(other)


def items_of(votes: tuple[int, ...] = (0, 5, 23)) -> dict:
    return cbor.decode(encode_report(report_of(ReportKind.FINAL, votes=votes, signatures=())))


def finals() -> st.SearchStrategy[bytes]:
    """Finals with votes and counters of every width, most of which nobody signed."""
    numbers = st.sampled_from([each for each in EDGES if each <= COUNT_MAX])
    return st.builds(
        lambda votes: encode_report(report_of(ReportKind.FINAL, votes=tuple(votes), signatures=())),
        st.lists(numbers, min_size=1, max_size=300),
    )


@given(reports().map(encode_report) | damaged(reports().map(encode_report)) | bodies())
def test_it_accepts_and_reads_what_the_decoder_does(body: bytes) -> None:
    assert agree(body)


@given(finals() | damaged(finals()))
def test_votes_of_every_width_are_read_as_the_decoder_reads_them(body: bytes) -> None:
    assert agree(body)


#: A number of each field of a body, and the greatest that the field may hold.
NUMBERS = {
    (1,): 9,
    (3,): COUNT_MAX,
    (5,): COUNT_MAX,
    (6,): COUNT_MAX,
    (7,): COUNT_MAX,
    (9, 0): WIDE_MAX,
    **{(10, counter): COUNT_MAX for counter in range(8)},
    (11, 0): COUNT_MAX,
    (11, 2): COUNT_MAX,
    (12, 1): COUNT_MAX,
    (13, 0): max(PollState),
    (13, 1): 1,
    (14, 0): WIDE_MAX,
    (14, 1): 2,
    (14, 2): WIDE_MAX,
    (19, 1): WIDE_MAX,
}


@pytest.mark.parametrize("place", NUMBERS, ids=str)
def test_every_number_ends_where_the_decoder_ends_it(place: tuple[int, ...]) -> None:
    items = items_of()
    items[19] = [bytes(16), 1, bytes(32)]
    last, accepted = NUMBERS[place], set()
    for value in {*EDGES, last, last + 1, 2**63 - 1}:
        holder, key = (items, place[0]) if len(place) == 1 else (items[place[0]], place[1])
        before, holder[key] = holder[key], value
        body = cbor.encode(items)
        holder[key] = before
        assert agree(body), value
        if plain_final(body) is not None:
            accepted.add(value)
    assert place == (1,) or accepted
    assert max(accepted, default=0) <= last


@pytest.mark.parametrize("count", [1, 23, 24, 255, 256, 2_900])
def test_a_final_is_read_with_any_number_of_votes(count: int) -> None:
    body = encode_report(report_of(ReportKind.FINAL, votes=(1,) * count, signatures=()))
    found = plain_final(body)
    assert found is not None
    assert found.votes == (1,) * count
    assert agree(body)


@pytest.mark.parametrize("long", [b"\x18\x05", b"\x19\x00\x30", b"\x1a\x00\x00\x30\x00"])
def test_a_count_that_is_longer_than_it_needs_is_left_to_the_decoder(long: bytes) -> None:
    body = cbor.encode(items_of((7, 7, 1_234)))
    assert body.count(b"\x0b\x83\x07\x07") == 1
    assert plain_final(body) is not None
    longer = body.replace(b"\x0b\x83\x07", b"\x0b\x83" + long)
    assert plain_final(longer) is None
    assert agree(longer)


@pytest.mark.parametrize("kind", ReportKind, ids=lambda kind: kind.name)
def test_nothing_but_a_final_is_one(kind: ReportKind) -> None:
    body = encode_report(report_of(kind, signatures=()))
    assert (plain_final(body) is not None) == (kind is ReportKind.FINAL)
