"""Do units of a journal come back as they went in, and is a torn one told from a rotten one?"""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core import units
from ballotbox_device.core.ports import MemoryFault

BODIES = st.binary(min_size=1, max_size=60)


@given(st.lists(BODIES, max_size=5))
def test_units_come_back_as_they_went_in(bodies):
    journal = b"".join(map(units.frame, bodies))
    assert [unit.records for unit in units.units(journal)] == bodies
    assert all(journal[u.offset : u.offset + len(u.records)] == u.records
               for u in units.units(journal))  # fmt: skip


@given(st.lists(BODIES, min_size=1, max_size=4), st.data())
def test_a_torn_last_unit_is_left_out(bodies, data):
    journal = b"".join(map(units.frame, bodies))
    last = len(units.frame(bodies[-1]))
    lost = data.draw(st.integers(1, last))
    zeros = data.draw(st.sampled_from([0, lost]))
    torn = journal[: len(journal) - lost] + bytes(zeros)
    found = [unit.records for unit in units.units(torn)]
    # A check sum may end in the zeros that stand for what was lost.
    assert found == (bodies if torn == journal else bodies[:-1])


@given(st.lists(BODIES, min_size=2, max_size=4), st.data())
def test_any_changed_bit_before_the_last_unit_stops_the_box(bodies, data):
    journal = bytearray(b"".join(map(units.frame, bodies)))
    bit = data.draw(st.integers(0, 8 * (len(journal) - len(units.frame(bodies[-1]))) - 1))
    journal[bit // 8] ^= 1 << bit % 8
    with pytest.raises(MemoryFault, match="damaged"):
        list(units.units(bytes(journal)))


@pytest.mark.parametrize("good", [b"", units.frame(bytes(units.RECORDS_MAX))])
def test_more_than_one_unit_of_unreadable_bytes_is_no_torn_tail(good):
    assert len(list(units.units(good + bytes(units.UNIT_MAX)))) == bool(good)
    with pytest.raises(MemoryFault, match="cannot be read"):
        list(units.units(good + bytes(units.UNIT_MAX + 1)))


@pytest.mark.parametrize("bad", [b"\x00", b"\xb5", b"\x00\xb5", b"\xb5\xb5\xb5"])
def test_a_good_unit_right_behind_bad_bytes_stops_the_box(bad):
    with pytest.raises(MemoryFault, match=f"a good unit follows at byte {len(bad)}"):
        list(units.units(bad + units.frame(b"good")))


def test_a_unit_has_its_mark_and_at_least_one_byte_of_records():
    marked = units.frame(b"good")
    head = b"\xb4" + marked[1:-4]
    assert units.unit_at(marked, 0) is not None
    assert units.unit_at(head + zlib.crc32(head).to_bytes(4), 0) is None
    assert units.unit_at(units.frame(b""), 0) is None


def test_a_unit_has_a_greatest_size():
    assert len(units.frame(bytes(units.RECORDS_MAX))) == units.UNIT_MAX
    with pytest.raises(ValueError, match="at most"):
        units.frame(bytes(units.RECORDS_MAX + 1))
