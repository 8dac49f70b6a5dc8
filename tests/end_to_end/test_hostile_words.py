"""Do words of other programs reach the operator as words only, in the log and in every command?"""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ballotbox_simulator.authority import Authority
from tests.end_to_end.mqtt_box import MqttBox
from tests.gateway.scripted import CENTRE, ScriptedBox, report_id

ESCAPES = "\x1b]0;owned\x07\x1b[2J\r\n2026-01-01 INFO    all is well"
AS_BEFORE = (
    "import logging\n"
    "from ballotbox_gateway import plain_text\n"
    "plain_text.PlainFormatter = logging.Formatter\n"
)


@contextmanager
def evil_centre():
    """An upper gateway that answers everything with escapes."""
    body = json.dumps({"error": ESCAPES, "field": "x" + ESCAPES, "fix": ESCAPES}).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self):
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def lines_beside_an_evil_centre(gateway, mqtt_table, broker, election: Authority, **start):
    """What log, status and check show while the upper gateway answers with escapes."""
    first = ScriptedBox(election).open_poll()[0]
    with evil_centre() as port:
        upstream = f'[upstream]\nurl = "http://127.0.0.1:{port}"\norigin = "{CENTRE}"\n'
        gateway.configure(mqtt_table, upstream)
        gateway.init()
        gateway.start(**start)
        with MqttBox(broker, election) as road:
            gateway.await_line("connected, listening on")
            road.say(ScriptedBox(election).box, first)
            road.await_receipts([report_id(first)])
            gateway.await_line("delivery to")
            shown = [gateway.command("status").stdout, gateway.command("check").stdout]
        assert gateway.stop() == 0
    # Only here line ends count that a log's reader would see as such.
    return gateway.lines + [line for text in shown for line in text.split("\n")]


@pytest.mark.attack(23, check="what is shown is plain text")
def test_escapes_and_forged_lines_reach_neither_log_nor_terminal(
    gateway, mqtt_table, broker, election
):
    lines = lines_beside_an_evil_centre(gateway, mqtt_table, broker, election)
    assert all(line.isprintable() for line in lines), lines
    assert not any(line.startswith("2026-01-01") for line in lines)
    for begin in ("delivery to", "upward ", "FAIL  upper gateway"):
        assert any(begin in line and "\\x1b]0;owned" in line for line in lines), begin


@pytest.mark.attack(23, control_of="test_escapes_and_forged_lines_reach_neither_log_nor_terminal")
def test_with_a_formatter_that_leaves_text_as_it_is_they_do(gateway, mqtt_table, broker, election):
    """The negative control: nothing else keeps them out of the log."""
    lines = lines_beside_an_evil_centre(gateway, mqtt_table, broker, election, before=AS_BEFORE)
    assert any("\x1b" in line for line in lines)
    assert any(line.startswith("2026-01-01") for line in lines)
