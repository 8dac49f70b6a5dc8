"""Does the reader of finals accept what `decode_report` accepts, and nothing else?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import COUNT_MAX
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.report import Report, ReportKind, decode_report, encode_report
from ballotbox_protocol.wire.report_final import PlainFinal, plain_final
from tests.protocol.report_numbers import EDGES, NUMBERS, bodies_at
from tests.protocol.test_report import report_of
from tests.protocol.test_report_form import bodies
from tests.strategies import damaged, reports


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


NUMBERS_OF_A_FINAL = NUMBERS | {(11, 0): COUNT_MAX, (11, 2): COUNT_MAX}


@pytest.mark.parametrize("place", NUMBERS_OF_A_FINAL, ids=str)
def test_every_number_ends_where_the_decoder_ends_it(place: tuple[int, ...]) -> None:
    last, accepted = NUMBERS_OF_A_FINAL[place], set()
    for value, body in bodies_at(items_of(), place, last):
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
