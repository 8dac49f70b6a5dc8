"""Is the local door open to its owner alone, and does it survive what is said through it?"""

import asyncio
import json
import socket
import stat

import pytest

from ballotbox_gateway.adapters import control_socket
from ballotbox_gateway.adapters.control_socket import ControlClient, ControlServer, is_answering
from ballotbox_gateway.problem import Problem


def echo(question):
    return {"heard": question}


def opened(path, conversation, answer=echo):
    """Run `conversation()` in a thread while a server answers at `path`."""

    async def scenario():
        server = ControlServer(path, answer)
        await server.start()
        try:
            return await asyncio.to_thread(conversation)
        finally:
            # Whoever has just knocked is let in first, so that nobody stands in the open door.
            for _ in range(20):
                await asyncio.sleep(0)
            await server.stop()

    return asyncio.run(scenario())


def test_questions_are_answered_one_by_one(tmp_path):
    path = tmp_path / "door"

    def conversation():
        assert is_answering(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with ControlClient(path) as client:
            assert [client.ask({"n": n}) for n in range(3)] == [
                {"heard": {"n": n}} for n in range(3)
            ]

    opened(path, conversation)
    assert not path.exists()
    assert not is_answering(path)


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b"\xff\n", b"\n"])
def test_what_is_no_question_is_answered_and_the_door_stays_open(tmp_path, line):
    path = tmp_path / "door"

    def conversation():
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(path))
            rude.sendall(line)
            assert json.loads(rude.makefile().readline()) == {
                "problem": "the question is not a JSON object"
            }
        with ControlClient(path) as client:
            assert client.ask({}) == {"heard": {}}

    opened(path, conversation)


def test_a_line_without_end_costs_its_own_connection(tmp_path, monkeypatch):
    monkeypatch.setattr(control_socket, "_QUESTION_MAX", 2**16)
    path = tmp_path / "door"

    def conversation():
        with socket.socket(socket.AF_UNIX) as rude:
            rude.settimeout(20)
            rude.connect(str(path))
            try:
                rude.sendall(b"x" * 500_000)
                assert rude.recv(1) == b""
            except (BrokenPipeError, ConnectionResetError):
                pass  # the door was shut while we were still shouting
        assert is_answering(path)

    opened(path, conversation)


def test_a_socket_that_a_killed_gateway_left_is_taken_over(tmp_path):
    path = tmp_path / "door"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    assert path.exists()
    assert not is_answering(path)
    opened(path, lambda: ControlClient(path).__exit__())


def test_a_second_gateway_is_refused(tmp_path):
    path = tmp_path / "door"

    async def second():
        await ControlServer(path, echo).start()

    def conversation():
        with pytest.raises(Problem) as caught:
            asyncio.run(second())
        assert str(caught.value) == (
            f"{path}: another gateway is running here. Stop it first: one ledger has one writer"
        )

    opened(path, conversation)


def test_a_path_that_cannot_be_a_socket_is_told(tmp_path):
    with pytest.raises(Problem) as caught:
        opened(tmp_path / "absent" / "door", lambda: None)
    assert str(caught.value) == (
        f"{tmp_path}/absent/door: no such file or directory. Correct control_socket"
    )


def test_a_gateway_that_ends_in_between_is_told(tmp_path):
    path = tmp_path / "door"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with ControlClient(path) as client:
            server.accept()[0].close()
            with pytest.raises(Problem) as caught:
                client.ask({})
    assert str(caught.value) == f"{path}: the gateway ended while it was asked. Ask again"
    path.unlink()
