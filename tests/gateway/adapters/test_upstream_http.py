"""Does delivery understand every answer, and every silence, of what stands at the other end?"""

import asyncio
import json
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ballotbox_gateway.adapters.upstream_http import UpstreamHttp
from ballotbox_gateway.config_roads import Upstream
from ballotbox_gateway.core.upward import UpwardConflict, UpwardFault, UpwardReply
from tests.certificates import write_certificates
from tests.gateway.adapters.upper_office import lower_gateway, serving
from tests.gateway.scripted import CENTRE, NOW, ScriptedBox, arrivals, authority

CHECK = "Check the network, upstream.url and whether the upper gateway runs"


@pytest.fixture(scope="module")
def batch():
    lower, _ = lower_gateway()
    lower.admit(arrivals(*ScriptedBox(authority()).open_poll()), NOW)
    return lower.next_upward(CENTRE, 512)


@contextmanager
def way(url, timeout_s=20, **settings):
    upstream = UpstreamHttp(Upstream(url=url, origin=CENTRE, timeout_s=timeout_s, **settings))
    yield upstream
    upstream.close()


@contextmanager
def answering(status, body, tls=None):
    """A server that gives one answer to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self):
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_the_real_intake_answers_with_receipts_and_conflicts(batch, unused_port):
    async def scenario():
        async with serving(unused_port) as office:
            with way(f"http://127.0.0.1:{unused_port}/") as upstream:
                assert await asyncio.to_thread(upstream.reachable) is None
                reply = await asyncio.to_thread(upstream.deliver, batch)
                assert isinstance(reply, UpwardReply)
                assert (reply.origin, len(reply.receipts)) == (CENTRE, len(batch.entries))
                assert await asyncio.to_thread(upstream.reachable) is None
                office.take_in = lambda _: UpwardConflict(7)
                assert await asyncio.to_thread(upstream.deliver, batch) == UpwardConflict(7)
                office.take_in = lambda _: UpwardFault("entries[3].leaf", "wrong", "mend")
                assert await asyncio.to_thread(upstream.deliver, batch) == UpwardFault(
                    "entries[3].leaf", "the upper gateway answers 400: wrong", "mend"
                )

    asyncio.run(scenario())


def test_nobody_there_is_told(batch, unused_port):
    with way(f"http://127.0.0.1:{unused_port}") as upstream:
        told = UpwardFault(
            "upstream.url", "the upper gateway refuses the connection", CHECK, retry=True
        )
        assert upstream.deliver(batch) == told
        assert upstream.reachable() == told
    with way("https://no-such-host.invalid") as upstream:
        assert upstream.deliver(batch).problem == (
            "the name of the upper gateway cannot be resolved"
        )


def test_silence_is_told_after_the_patience(batch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with way(url, timeout_s=1) as upstream:
            fault = upstream.deliver(batch)
    assert fault.problem == "the upper gateway does not answer in time"
    assert fault.retry


def test_a_broken_connection_is_told(batch):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            server.accept()[0].close()

        threading.Thread(target=hang_up).start()
        with way(f"http://127.0.0.1:{server.getsockname()[1]}") as upstream:
            fault = upstream.deliver(batch)
    assert fault.problem.startswith("the connection to the upper gateway broke (")


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, b"<html>", "reply: must be a JSON object"),
        (200, b'{"origin": "a", "receipts": [1]}', "receipts[0]: must be base64 text"),
        (409, b'{"expected": "4"}', "expected: must be a whole number from 0 to 2^63-1"),
        (302, b"", "it answers 302"),
        (404, b"nothing", "it answers 404"),
        (500, b"", "it answers 500"),
        (200, b"[" * 50_000, "reply: must be a JSON object"),
    ],
)
def test_what_is_no_upper_gateway_is_told_and_never_taken_for_a_receipt(
    batch, status, body, problem
):
    with answering(status, body) as port, way(f"http://127.0.0.1:{port}") as upstream:
        fault = upstream.deliver(batch)
    assert isinstance(fault, UpwardFault)
    assert fault.field == "upstream.url"
    assert problem in fault.problem
    assert fault.retry


def test_an_upper_gateway_that_is_busy_is_asked_again(batch):
    body = json.dumps({"error": "no room", "field": "body", "fix": "Send it again later"}).encode()
    with answering(503, body) as port, way(f"http://127.0.0.1:{port}") as upstream:
        assert upstream.deliver(batch) == UpwardFault(
            "body", "the upper gateway answers 503: no room", "Send it again later", retry=True
        )


def test_over_tls_the_certificate_must_be_the_one_trusted(batch, tmp_path):
    authority_file, certificate, key = write_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with answering(409, b'{"expected": 3}', context) as port:
        with way(f"https://127.0.0.1:{port}", ca_file=authority_file) as upstream:
            assert upstream.deliver(batch) == UpwardConflict(3)
        with way(f"https://127.0.0.1:{port}") as upstream:
            fault = upstream.deliver(batch)
    assert fault.problem.startswith("the upper gateway shows a certificate that fails: ")
    assert fault.fix.startswith("Correct upstream.ca_file")
