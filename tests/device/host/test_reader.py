"""Do lines arrive whole, in order and once, from whatever the panel is connected to?"""

import asyncio
import os
import threading

import pytest

from ballotbox_device.host.line_fields import LINE_MAX
from ballotbox_device.host.reader import LineReader


def read_all(descriptor):
    """All lines up to the end of the input."""

    async def read():
        lines, over = [], asyncio.Event()
        reader = LineReader(descriptor, lines.append, over.set)
        reader.start()
        async with asyncio.timeout(60):
            await over.wait()
        return lines

    return asyncio.run(read())


def through_a_pipe(data):
    here, there = os.pipe()

    def write():
        with os.fdopen(there, "wb") as pipe:
            pipe.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return read_all(here)
    finally:
        os.close(here)
        writer.join()


def from_a_file(data, path):
    path.write_bytes(data)
    with path.open("rb") as file:
        return read_all(file.fileno())


@pytest.fixture(params=["pipe", "file"])
def lines_of(request, tmp_path):
    if request.param == "pipe":
        return through_a_pipe
    return lambda data: from_a_file(data, tmp_path / "lines")


CASES = [
    (b"", []),
    (b"one\ntwo\n", [b"one", b"two"]),
    (b"one\n\n  \ntwo", [b"one", b"two"]),
    (b"x" * LINE_MAX + b"\nnext\n", [b"x" * LINE_MAX, b"next"]),
    (b"".join(b"%d\n" % n for n in range(30_000)), [b"%d" % n for n in range(30_000)]),
]


@pytest.mark.parametrize(("data", "lines"), CASES)
def test_lines_arrive_whole_and_in_order(lines_of, data, lines):
    assert lines_of(data) == lines


@pytest.mark.parametrize("size", [LINE_MAX + 1, 5 * LINE_MAX, 40 * LINE_MAX])
def test_an_endless_line_is_cut_once_and_the_next_one_is_whole(lines_of, size):
    lines = lines_of(b"x" * size + b"\nnext\n")
    assert [len(line) for line in lines] == [LINE_MAX + 1, 4]
    assert lines[1] == b"next"


def test_an_endless_line_is_handed_over_before_it_ends():
    """Otherwise it would grow in the memory of the box for ever."""
    here, there = os.pipe()

    async def read():
        taken, moved = [], asyncio.Event()
        reader = LineReader(here, lambda line: (taken.append(line), moved.set()), moved.set)
        reader.start()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, write_all, there, b"x" * (LINE_MAX + 1))
        async with asyncio.timeout(60):
            await moved.wait()
        reader.close()
        assert [len(line) for line in taken] == [LINE_MAX + 1]

    asyncio.run(read())
    os.close(here)
    os.close(there)


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data) :]


def test_a_closed_reader_takes_nothing_more(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntwo\nthree\n")
    lines = []

    async def read(descriptor):
        reader = LineReader(descriptor, take, lambda: lines.append(b"end"))
        take.reader = reader
        reader.start()
        for _ in range(10):
            await asyncio.sleep(0)

    def take(line):
        lines.append(line)
        take.reader.close()

    with path.open("rb") as file:
        asyncio.run(read(file.fileno()))
    assert lines == [b"one"]
