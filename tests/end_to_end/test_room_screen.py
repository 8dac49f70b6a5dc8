"""Does a gateway with the documented settings show the screen, and give officers their tokens?"""

import re
import socket
from urllib.parse import urlencode

import pytest
import urllib3

from ballotbox_gateway.adapters.trust_files import load_identity, load_trusted
from ballotbox_gateway.core.intake import Arrival
from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.service.opening import open_intake
from ballotbox_protocol.wire.report import ReportKind
from tests.gateway.room_stage import free_ports
from tests.gateway.scripted import NOW, ROAD, ScriptedBox

K = ReportKind
pool = urllib3.PoolManager(retries=False, timeout=30)


class Screen:
    """A gateway of a precinct whose box has reported; its port of the broker answers nobody."""

    def __init__(self, gateway, election) -> None:
        self.gateway = gateway
        page, door, nobody = free_ports(3)
        self.local, self.phone = f"http://127.0.0.1:{page}", f"http://127.0.0.1:{door}"
        gateway.configure(
            f'[[serial]]\nport = "socket://127.0.0.1:{nobody}"',
            f"[page]\nport = {page}",
            f'[screen]\nhost = "127.0.0.1"\nport = {door}\nprecincts = [1]\n'
            'token_file = "screen.tokens"',
        )
        gateway.init()
        self._fill(election)
        self.door = door

    def _fill(self, election) -> None:
        config = load_installation(self.gateway.config).one(None)
        trusted = load_trusted(config)
        opened = open_intake(config, trusted, load_identity(config, trusted))
        box = ScriptedBox(election)
        said = [*box.open_poll(), box.report(K.TURNOUT, accept=41)]
        opened.intake.admit([Arrival(each, ROAD) for each in said], NOW)
        opened.ledger.close()

    def page(self, url) -> str:
        answer = pool.request("GET", url)
        assert answer.status == 200, answer.data
        return answer.data.decode()


@pytest.fixture
def screen(gateway, election):
    return Screen(gateway, election)


def test_the_screen_shows_the_room_and_an_officer_marks_what_was_seen(screen):
    gateway = screen.gateway
    made = gateway.command("screen", "token", "Aigul")
    assert made.exit_code == 0, made.stderr
    token = re.search(r"^token +(\S+)$", made.stdout, re.MULTILINE)[1]
    gateway.start()
    gateway.await_line("screen http://127.0.0.1:")
    for door in (screen.local, screen.phone):
        shown = screen.page(f"{door}/room")
        assert "<strong>REHEARSAL</strong>" in shown
        assert "Precinct 1" in shown
        assert shown.count('class="box ') == 1
        assert "<dd>41</dd>" in shown
    alarm = None
    while alarm is None:
        alarm = re.search(r"seen\?alarm=(\w+)", screen.page(f"{screen.local}/room"))
    seen = f"{screen.local}/room/election/seen"
    body = urlencode({"alarm": alarm[1], "token": token})
    headers = {"Origin": screen.local, "Content-Type": "application/x-www-form-urlencoded"}
    answer = pool.request("POST", seen, body=body, headers=headers, redirect=False)
    assert answer.status == 303, answer.data
    gateway.await_line("Aigul has seen the alarm: No connection: serial port socket://")
    assert "Seen by Aigul, " in screen.page(f"{screen.local}/room")
    assert not [line for line in gateway.lines if token in line]
    assert gateway.stop() == 0


@pytest.mark.accept
def test_a_port_that_is_taken_stops_no_box(screen):
    gateway = screen.gateway
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", screen.door))
        taken.listen()
        told = gateway.command("check")
        assert f"screen 127.0.0.1:{screen.door}: cannot listen: address already in use" in (
            told.output
        )
        gateway.start()
        line = gateway.await_line("the screen is not served: screen 127.0.0.1:")
        assert "correct screen.host and screen.port" in line
        assert "<dd>41</dd>" in screen.page(f"{screen.local}/room")
    assert gateway.stop() == 0


def test_tokens_need_a_file_in_the_settings(gateway):
    gateway.configure('[[serial]]\nport = "socket://127.0.0.1:9"')
    told = gateway.command("screen", "token", "Aigul")
    assert told.exit_code == 1
    assert "screen.token_file: is missing. Write `token_file = " in told.stderr


def test_a_token_is_taken_away(screen):
    gateway = screen.gateway
    assert gateway.command("screen", "token", "Aigul").exit_code == 0
    told = gateway.command("screen", "token", "Bakyt", "--remove")
    assert "'Bakyt' has no token. Write one of: Aigul" in told.stderr
    told = gateway.command("screen", "token", "Aigul", "--remove")
    assert told.stdout == "removed  Aigul\n"
