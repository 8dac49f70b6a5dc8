"""Does the serial road carry both ways on real terminals, and come back after every pull?"""

import asyncio
import os
import resource
import socket
import tty
from contextlib import asynccontextmanager

import pytest

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.roads import CarrierState, Inbox
from ballotbox_gateway.adapters.serial_intake import SerialIntake
from ballotbox_gateway.adapters.serial_line import open_line
from ballotbox_gateway.adapters.serial_words import port_trouble
from ballotbox_gateway.config_roads import SerialPort
from ballotbox_gateway.core.correspondence import PAIRED
from ballotbox_protocol.wire.link import Link
from ballotbox_protocol.wire.message import Message, MessageKind
from tests.patience import PATIENCE_S, soon

ANSWER = Message(MessageKind.CHALLENGE, b"c" * 16)


class FarEnd:
    """A box's end of a line: a link on an open descriptor of this loop."""

    def __init__(self, descriptor, session=b"far end1"):
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self.link = Link(session)
        self.heard = []
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._readable)
        self._beat()

    def _now(self):
        return int(self._loop.time() * 1000)

    def _beat(self):
        self._write()
        self._timer = self._loop.call_later(0.02, self._beat)

    def _write(self):
        data = self.link.bytes_to_send(self._now())
        if data:
            os.write(self._descriptor, data)

    def _readable(self):
        try:
            data = os.read(self._descriptor, 4096)
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self.heard += self.link.receive(data, self._now())
        self._write()

    def say(self, *messages):
        for message in messages:
            self.link.send(message)
        self._write()

    def close(self):
        self._timer.cancel()
        self._loop.remove_reader(self._descriptor)


class Cable:
    """A pseudo-terminal behind a name that stays: the name points at whatever is plugged in."""

    def __init__(self, name):
        self.name = name
        self.far = None

    def plug(self, session=b"far end1"):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.name.unlink(missing_ok=True)
        self.device = os.ttyname(slave)
        self.name.symlink_to(self.device)
        self._slave = slave
        self.far = FarEnd(self.master, session)
        return self.far

    def pull(self):
        self.far.close()
        self.name.unlink(missing_ok=True)
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def cable(tmp_path):
    return Cable(tmp_path / "box")


@asynccontextmanager
async def road(port, *, limit=1024):
    inbox = Inbox(lambda: None, limit)
    intake = SerialIntake(SerialPort(port=str(port)), os.urandom(8), inbox, Backoff(lambda: 0.01))
    running = asyncio.create_task(intake.run())
    try:
        yield intake
        assert not running.done()
    finally:
        await intake.stop(PATIENCE_S)
        await running


def waiting(intake):
    """Return what came from the far end; what the road hands in by itself has a test of its own."""
    return [letter for letter in intake._inbox.peek(1000) if letter.data != PAIRED]


def taken(intake):
    letters = waiting(intake)
    intake._inbox.drop(len(intake._inbox))
    return letters


def test_a_new_far_end_with_nothing_to_say_is_greeted_once(cable):
    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            await soon(lambda: len(intake._inbox) == 1, "a letter of the road's own")
            (letter,) = intake._inbox.peek(9)
            assert letter.data == Message(MessageKind.HELLO_WANTED).to_bytes()
            far.say(b"one")
            await soon(lambda: len(intake._inbox) == 2, "a letter of the same far end")
            assert [each.data for each in waiting(intake)] == [b"one"]
            letter.route.send(ANSWER)
            intake.flush()
            await soon(lambda: far.heard, "what the far end never asked for")
        cable.pull()

    asyncio.run(scenario())


def test_messages_cross_both_ways(cable):
    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"one", b"two")
            await soon(lambda: len(waiting(intake)) == 2, "two letters")
            letters = taken(intake)
            assert [letter.data for letter in letters] == [b"one", b"two"]
            assert intake.state is CarrierState.UP
            assert letters[0].route.road.name == str(cable.name)
            letters[0].route.send(ANSWER)
            intake.flush()
            await soon(lambda: far.heard, "the answer")
            assert far.heard == [ANSWER.to_bytes()]
        cable.pull()

    asyncio.run(scenario())


def test_a_pulled_cable_is_told_and_another_box_is_taken_when_plugged_in(cable):
    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"one")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            route = taken(intake)[0].route
            route.challenge = b"c" * 16
            cable.pull()
            await soon(lambda: "does not exist. Plug the cable in" in intake.trouble, "the words")
            assert intake.state is CarrierState.DOWN
            far = cable.plug(b"far end2")
            far.say(b"two")
            await soon(lambda: len(waiting(intake)) == 1, "a letter of the other box")
            assert taken(intake)[0].data == b"two"
            assert route.challenge is None
            assert intake.trouble == ""
        cable.pull()

    asyncio.run(scenario())


def test_a_pull_in_the_middle_of_a_frame_loses_nothing_that_the_box_still_holds(cable):
    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"warm up")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            taken(intake)
            far.link.send(b"x" * 200)
            whole = far.link.bytes_to_send(far._now())
            os.write(cable.master, whole[: len(whole) // 2])
            cable.pull()
            await soon(lambda: intake.state is CarrierState.DOWN, "the loss")
            again = cable.plug(b"far end2")
            again.say(b"x" * 200)
            await soon(lambda: len(waiting(intake)) == 1, "the message, whole")
            assert taken(intake)[0].data == b"x" * 200
        cable.pull()

    asyncio.run(scenario())


def test_a_busy_port_is_told_with_its_holder_and_taken_when_it_is_free(cable):
    async def scenario():
        far = cable.plug()
        other = await asyncio.create_subprocess_exec(
            "python3",
            "-c",
            "import fcntl,sys\n"
            "port = open(sys.argv[1], 'rb+', buffering=0)\n"
            "fcntl.flock(port, fcntl.LOCK_EX)\n"
            "print('locked', flush=True)\n"
            "sys.stdin.read()",
            str(cable.name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert await other.stdout.readline() == b"locked\n"
        async with road(cable.name) as intake:
            told = f"is in use by python3 (process {other.pid}). Close that program, or correct "
            await soon(lambda: intake.trouble == f"{told}serial.port", "the words")
            other.stdin.close()
            await other.wait()
            far.say(b"one")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
        cable.pull()

    asyncio.run(scenario())


def test_the_port_is_ours_alone_while_we_hold_it(cable):
    async def scenario():
        cable.plug()
        async with road(cable.name) as intake:
            await soon(lambda: intake.state is CarrierState.CONNECTING, "the port")
            with pytest.raises(OSError) as caught:
                open_line(SerialPort(port=str(cable.name)))
            assert "is in use by this gateway itself, by another [[serial]] table" in (
                port_trouble(str(cable.name), caught.value)
            )
        cable.pull()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("port", "told"),
    [
        (
            "/dev/no-such-port",
            "does not exist. Plug the cable in, or correct serial.port (ls /dev/serial/by-id)",
        ),
        ("/dev/null", "is no serial port. Correct serial.port"),
        ("/dev", "is no serial port. Correct serial.port"),
    ],
)
def test_a_wrong_port_is_told(port, told):
    async def scenario():
        async with road(port) as intake:
            await soon(lambda: intake.trouble == told, f"{told!r}, not {intake.trouble!r}")

    asyncio.run(scenario())


def test_a_descriptor_beyond_select_s_limit_works(cable):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip(f"the machine allows {hard} open files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    null = os.open("/dev/null", os.O_RDONLY)
    low = [os.dup(null) for _ in range(1100)]

    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"one")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            assert intake._descriptor > 1024
            taken(intake)[0].route.send(ANSWER)
            intake.flush()
            await soon(lambda: far.heard, "the answer")
        cable.pull()

    try:
        asyncio.run(scenario())
    finally:
        for each in [null, *low]:
            os.close(each)


def test_a_line_over_tcp_is_a_port_like_any_other():
    async def scenario():
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            async with road(f"socket://127.0.0.1:{port}") as intake:
                line, _ = await asyncio.to_thread(server.accept)
                far = FarEnd(line.fileno())
                far.say(b"one")
                await soon(lambda: len(waiting(intake)) == 1, "a letter")
                assert taken(intake)[0].data == b"one"
                far.close()
                line.close()
                await soon(lambda: intake.state is CarrierState.DOWN, "the loss")

    asyncio.run(scenario())


def test_noise_is_no_letter_and_does_not_stop_the_line(cable):
    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"one")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            os.write(cable.master, b"\x00\xff\x07noise\x00" * 50)
            far.say(b"two")
            await soon(lambda: len(waiting(intake)) == 2, "the next letter")
            assert [letter.data for letter in taken(intake)] == [b"one", b"two"]
        cable.pull()

    asyncio.run(scenario())


def test_a_full_inbox_stops_the_reading_until_it_is_resumed(cable):
    async def scenario():
        far = cable.plug()
        async with road(cable.name, limit=3) as intake:
            far.say(*[b"%d" % n for n in range(20)])
            seen = []
            while len(seen) < 20:
                await soon(lambda: len(intake._inbox), "letters")
                assert len(intake._inbox) <= 4
                seen += [letter.data for letter in taken(intake)]
                intake.resume()
            assert seen == [b"%d" % n for n in range(20)]
        cable.pull()

    asyncio.run(scenario())


def test_answers_that_nobody_takes_are_given_up_and_counted(cable):
    async def scenario():
        far = cable.plug()
        async with road(cable.name) as intake:
            far.say(b"one")
            await soon(lambda: len(waiting(intake)) == 1, "a letter")
            route = taken(intake)[0].route
            far.close()
            room = intake._link.room
            for _ in range(room + 5):
                route.send(ANSWER)
            assert intake.unsent == 5
        cable.pull()

    asyncio.run(scenario())
