"""Do all journals and all slots keep the promises of `ballotbox_device.core.ports`?

One suite, run on the memory that tests use and on the files that a box uses.
"""

from collections.abc import Callable
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.core.ports import Journal, Slots
from ballotbox_device.host.files import JournalFile, SlotsFile, create_file
from ballotbox_simulator.disk import MemoryJournal, MemorySlots, Power


@contextmanager
def on_file(make: Callable[[Path], JournalFile | SlotsFile]):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "memory"
        create_file(path)
        with closing(make(path)) as port:
            yield port


JOURNALS = {
    "memory": lambda: nullcontext(MemoryJournal(Power())),
    "file": lambda: on_file(JournalFile),
}
SLOTS = {
    "memory": lambda: nullcontext(MemorySlots(Power())),
    "file": lambda: on_file(SlotsFile),
}


@pytest.fixture(params=JOURNALS)
def journal(request):
    with JOURNALS[request.param]() as port:
        yield port


@pytest.fixture(params=SLOTS)
def slots(request):
    with SLOTS[request.param]() as port:
        yield port


def test_a_new_journal_and_new_slots_are_empty(journal, slots):
    assert journal.read() == b""
    assert slots.read() == b""


def test_what_is_appended_stands_behind_what_was_there(journal):
    journal.append(b"first")
    journal.append(b"second")
    assert journal.read() == b"firstsecond"
    journal.sync()
    assert journal.read() == b"firstsecond"


def test_a_part_is_read_where_it_stands(journal):
    journal.append(b"0123456789")
    assert journal.read_at(3, 4) == b"3456"
    assert journal.read_at(0, 10) == b"0123456789"
    assert journal.read_at(10, 0) == b""


def test_what_is_cut_off_is_gone_and_the_next_append_follows_the_rest(journal):
    journal.append(b"kept and torn")
    journal.truncate(4)
    assert journal.read() == b"kept"
    journal.append(b"!")
    journal.sync()
    assert journal.read() == b"kept!"


def test_slots_grow_with_zeros_and_keep_what_they_held(slots):
    slots.extend(4)
    slots.write(0, b"ab")
    slots.extend(8)
    assert slots.read() == b"ab\0\0\0\0\0\0"


def test_a_slot_is_written_in_place(slots):
    slots.extend(8)
    slots.write(6, b"yz")
    slots.write(2, b"cd")
    slots.sync()
    assert slots.read() == b"\0\0cd\0\0yz"


@pytest.mark.parametrize(("offset", "data"), [(3, b"ab"), (4, b"a"), (0, b"abcde")])
def test_a_write_that_would_grow_the_slots_is_refused_and_writes_nothing(slots, offset, data):
    slots.extend(4)
    with pytest.raises(ValueError, match="may not grow the file"):
        slots.write(offset, data)
    assert slots.read() == bytes(4)


JOURNAL_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("truncate"), st.integers(0, 60)),
        st.tuples(st.just("sync"), st.none()),
    ),
    max_size=12,
)


@pytest.mark.parametrize("adapter", JOURNALS)
@given(steps=JOURNAL_STEPS)
def test_a_journal_is_its_bytes(adapter, steps):
    with JOURNALS[adapter]() as port:
        journal: Journal = port
        expected = b""
        for step, argument in steps:
            if step == "append":
                journal.append(argument)
                expected += argument
            elif step == "truncate":
                size = min(argument, len(expected))
                journal.truncate(size)
                expected = expected[:size]
            else:
                journal.sync()
            assert journal.read() == expected
            middle = len(expected) // 2
            assert journal.read_at(middle, len(expected) - middle) == expected[middle:]


SLOT_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 100), st.binary(min_size=1, max_size=12)),
        st.tuples(st.just("extend"), st.integers(1, 40), st.none()),
        st.tuples(st.just("sync"), st.none(), st.none()),
    ),
    max_size=12,
)


@pytest.mark.parametrize("adapter", SLOTS)
@given(steps=SLOT_STEPS)
def test_slots_are_their_bytes(adapter, steps):
    with SLOTS[adapter]() as port:
        slots: Slots = port
        expected = bytearray()
        for step, number, data in steps:
            if step == "extend":
                expected += bytes(number)
                slots.extend(len(expected))
            elif step == "write" and len(data) <= len(expected):
                offset = number % (len(expected) - len(data) + 1)
                slots.write(offset, data)
                expected[offset : offset + len(data)] = data
            else:
                slots.sync()
            assert slots.read() == bytes(expected)
