"""Does the pattern of a plain report accept what `decode_report` accepts, and nothing else?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.report import Report, ReportKind, decode_report, encode_report
from ballotbox_protocol.wire.report_parts import ClockQuality
from ballotbox_protocol.wire.report_plain import plain_report
from tests.protocol.report_numbers import NUMBERS, bodies_at
from tests.protocol.test_report import report_of
from tests.protocol.test_report_form import bodies
from tests.strategies import damaged, reports

PLAIN = (
    ReportKind.BOOT,
    ReportKind.ZERO,
    ReportKind.OPEN,
    ReportKind.TURNOUT,
    ReportKind.CLOSE,
)


def decoded(body: bytes) -> Report | None:
    """What `decode_report` says of a plain report; None where it refuses, or it is another kind."""
    try:
        report = decode_report(body)
    except ValueError:
        return None
    return report if report.kind in PLAIN else None


def turnout_of(report: Report) -> tuple[int, int] | None:
    if report.kind is not ReportKind.TURNOUT or report.clock.quality is ClockQuality.UNSET:
        return None
    return report.clock.time, report.counters.ballots


def agree(body: bytes) -> bool:
    found, wanted = plain_report(body), decoded(body)
    if wanted is None or found is None:
        return found is wanted
    told = (wanted.kind, wanted.election, wanted.box, wanted.sequence, wanted.held)
    told = (*told, turnout_of(wanted))
    return tuple(found) == told and type(found.kind) is ReportKind


@given(reports().map(encode_report) | damaged(reports().map(encode_report)) | bodies())
def test_it_accepts_and_reads_what_the_decoder_does(body: bytes) -> None:
    assert agree(body)


@pytest.mark.parametrize("place", NUMBERS, ids=str)
def test_every_number_ends_where_the_decoder_ends_it(place: tuple[int, ...]) -> None:
    items = cbor.decode(encode_report(report_of(ReportKind.TURNOUT)))
    accepted = set()
    for value, body in bodies_at(items, place, NUMBERS[place]):
        assert agree(body), value
        if plain_report(body) is not None:
            accepted.add(value)
    assert accepted
    assert max(accepted) <= NUMBERS[place]


@pytest.mark.parametrize("kind", ReportKind, ids=lambda kind: kind.name)
def test_nothing_but_a_report_with_counters_alone_is_plain(kind: ReportKind) -> None:
    assert (plain_report(encode_report(report_of(kind))) is not None) == (kind in PLAIN)


@given(st.integers(0, 12), st.integers(0, 12))
def test_as_many_signatures_as_it_says_and_no_more_than_eight(said: int, there: int) -> None:
    body = encode_report(report_of(ReportKind.OPEN, signatures=()))
    one = b"\x82\x48" + bytes(8) + b"\x58\x40" + bytes(64)
    assert agree(body[:-1] + bytes((0x80 + said,)) + one * there)
