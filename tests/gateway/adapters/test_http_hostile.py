"""Does the HTTP intake know who delivers, and bear slow, broken and too many clients?"""

import asyncio
import datetime as dt
import json
import socket
import ssl
from contextlib import contextmanager

import pytest

from ballotbox_gateway.adapters import http_intake, http_server
from ballotbox_gateway.adapters.upstream_http import UpstreamHttp
from ballotbox_gateway.config_roads import Upstream
from ballotbox_gateway.core.upward import UpwardReply
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway.adapters.office_certificates import OfficeCa
from tests.gateway.adapters.upper_office import lower_gateway, serving
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, ScriptedBox, arrivals, authority

HERE = "127.0.0.1"
LOG = f"/v1/logs/{origin_id(ORIGIN).hex()}"


@pytest.fixture
def ca(tmp_path):
    return OfficeCa(tmp_path / "ca")


@pytest.fixture
def listening(ca):
    """The settings of an intake that asks for certificates."""
    return ca.issue("server", "centre", host=HERE) | {"client_ca_file": str(ca.path)}


@pytest.fixture(scope="module")
def batch():
    lower, _ = lower_gateway()
    lower.admit(arrivals(*ScriptedBox(authority()).day()), NOW)
    return lower.next_upward(CENTRE, 512)


@contextmanager
def way(port, ca, own=None):
    url = f"https://{HERE}:{port}"
    settings = {"ca_file": str(ca.path)} | (own or {})
    upstream = UpstreamHttp(
        Upstream.model_validate({"url": url, "origin": CENTRE, "timeout_s": 10, **settings})
    )
    yield upstream
    upstream.close()


def scenario(port, settings, conversation):
    """Run `conversation(office)` in a thread beside a running server."""

    async def run():
        async with serving(port, **settings) as office:
            return await asyncio.to_thread(conversation, office)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "names", [{"common": ORIGIN}, {"common": "someone", "uri": f"bbx:{ORIGIN}"}]
)
def test_a_gateway_with_the_certificate_of_its_origin_delivers(
    unused_port, ca, listening, batch, names
):
    def conversation(office):
        with way(unused_port, ca, ca.issue("lower", **names)) as upstream:
            assert upstream.reachable() is None
            assert isinstance(upstream.deliver(batch), UpwardReply)
        assert office.ledger.log_head().size == len(batch.entries)
        assert office.refused == []

    scenario(unused_port, listening, conversation)


def foreign_certificate(port, ca, listening, batch):
    def conversation(office):
        with way(port, ca, ca.issue("other", OTHER)) as upstream:
            for _ in range(3):
                fault = upstream.deliver(batch)
                assert not isinstance(fault, UpwardReply)
                assert "403: is not the log of the client certificate" in fault.problem
        assert office.ledger.log_head().size == office.taken == 0
        assert office.refused == [Reason.CERTIFICATE] * 3

    scenario(port, listening, conversation)


def test_a_gateway_with_the_certificate_of_another_is_refused_and_counted(
    unused_port, ca, listening, batch, caplog
):
    foreign_certificate(unused_port, ca, listening, batch)
    told = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert told == [
        f"HTTP intake {HERE}:{unused_port}: a certificate of {OTHER} is used for another log"
    ]


def test_without_the_binding_any_certificate_delivers_any_log(
    unused_port, ca, listening, batch, monkeypatch
):
    """The negative control: it is the binding that refuses."""
    monkeypatch.setattr(http_server, "origins_named", lambda _: frozenset({ORIGIN, OTHER}))
    with pytest.raises(AssertionError, match=r"assert not True\n.*isinstance\(UpwardReply\("):
        foreign_certificate(unused_port, ca, listening, batch)


def refused_handshake(port, context):
    with socket.create_connection((HERE, port), 10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=HERE) as secure:
                secure.sendall(b"GET /v1/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n")
                return secure.recv(100) == b""
        except (ssl.SSLError, ConnectionError):
            return True


def calling(ca, own=None):
    context = ssl.create_default_context(cafile=ca.path)
    if own is not None:
        context.load_cert_chain(own["certificate_file"], own["key_file"])
    return context


def test_without_a_certificate_of_the_authority_or_with_older_tls_nobody_is_heard(
    unused_port, ca, listening, tmp_path
):
    stranger = OfficeCa(tmp_path / "stranger")
    past = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    own = ca.issue("lower", ORIGIN)
    older = calling(ca, own)
    older.maximum_version = ssl.TLSVersion.TLSv1_2

    def conversation(office):
        assert not refused_handshake(unused_port, calling(ca, own))
        assert refused_handshake(unused_port, older)
        assert refused_handshake(unused_port, calling(ca))
        assert refused_handshake(unused_port, calling(ca, stranger.issue("forged", ORIGIN)))
        assert refused_handshake(unused_port, calling(ca, ca.issue("old", ORIGIN, until=past)))
        with way(unused_port, ca) as upstream:
            fault = upstream.reachable()
            assert fault.retry
            assert "certificate" in fault.problem, fault

    scenario(unused_port, listening, conversation)


def test_certificates_and_authorities_are_those_of_the_files_after_a_reload(
    unused_port, ca, listening, batch, tmp_path
):
    """Acceptance 11: both are renewed while a gateway below keeps its connection."""
    own = ca.issue("lower", ORIGIN)

    def conversation(office):
        with way(unused_port, ca, own) as upstream:
            assert isinstance(upstream.deliver(batch), UpwardReply)
            renewed = OfficeCa(tmp_path / "ca")
            renewed.issue("server", "centre", host=HERE)
            end_former = office.server.reload()
            end_former()
            with way(unused_port, renewed, renewed.issue("lower2", ORIGIN)) as after:
                assert isinstance(after.deliver(batch), UpwardReply)
            fault = upstream.deliver(batch)
            assert "shows a certificate that fails" in fault.problem, fault
        assert office.ledger.log_head().size == len(batch.entries)

    scenario(unused_port, listening, conversation)


def test_a_reload_of_bad_files_changes_nothing(unused_port, ca, listening, batch, tmp_path):
    own = ca.issue("lower", ORIGIN)

    def conversation(office):
        (tmp_path / "ca" / "server.pem").write_text("nonsense")
        with pytest.raises(Problem, match=r"server\.pem and .*server\.key: cannot be used"):
            office.server.reload()
        with way(unused_port, ca, own) as upstream:
            assert isinstance(upstream.deliver(batch), UpwardReply)

    scenario(unused_port, listening, conversation)


@pytest.mark.parametrize("setting", ["certificate_file", "key_file", "client_ca_file"])
def test_a_file_that_cannot_be_used_is_named_at_the_start(unused_port, ca, listening, setting):
    async def start(path):
        async with serving(unused_port, **(listening | {setting: str(path)})):
            pass

    with pytest.raises(Problem, match="cannot be used: no such file"):
        asyncio.run(start("absent.pem"))
    with pytest.raises(Problem, match="cannot be used: "):
        asyncio.run(start(__file__))


# Slow and broken clients, and too many of them. What they are allowed is short in these tests.


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(http_server, "HEADERS_S", 0.3)
    monkeypatch.setattr(http_server, "HANDSHAKE_S", 0.3)
    monkeypatch.setattr(http_intake, "PATIENCE_S", 0.3)
    return monkeypatch


def connected(port, address=HERE):
    connection = socket.create_connection((HERE, port), 20, source_address=(address, 0))
    connection.settimeout(20)
    return connection


def everything(connection):
    """What is said until the connection ends; a test fails after 20 s if it does not end."""
    said = b""
    try:
        while part := connection.recv(65_536):
            said += part
    except ConnectionError:
        pass
    return said


def post(length, kind="application/json"):
    head = f"POST {LOG}/entries HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
    return (head + f"Content-Length: {length}\r\n\r\n").encode()


def slow_headers(port):
    with connected(port) as silent, connected(port) as half, connected(port) as again:
        half.sendall(b"GET /v1/checkpoint HTTP/1.1\r\nHos")
        again.sendall(b"GET /v1/checkpoint HTTP/1.1\r\nHost: x\r\n\r\nGET /v1")
        assert everything(silent) == b""
        assert everything(half) == b""
        assert everything(again).startswith(b"HTTP/1.1 404")


def test_headers_that_do_not_come_end_the_connection(unused_port, hasty):
    scenario(unused_port, {}, lambda _: slow_headers(unused_port))


def test_without_the_time_for_headers_the_connection_stays(unused_port, hasty):
    """The negative control: nothing else ends such a connection."""
    hasty.setattr(http_server, "HEADERS_S", 1_000)
    hasty.setattr(http_server, "GOODBYE_S", 1)

    def conversation(_):
        with connected(unused_port) as silent:
            silent.settimeout(2)
            with pytest.raises(TimeoutError):
                silent.recv(1)

    scenario(unused_port, {}, conversation)


def test_a_handshake_that_does_not_come_ends_the_connection(unused_port, hasty, listening):
    def conversation(_):
        with connected(unused_port) as silent:
            assert everything(silent) == b""

    scenario(unused_port, listening, conversation)


def test_a_body_that_dribbles_in_is_told_and_ends_the_connection(unused_port, hasty):
    def conversation(office):
        with connected(unused_port) as slow:
            slow.sendall(post(1_000) + b"{")
            answer = everything(slow)
        assert answer.startswith(b"HTTP/1.1 408")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"] == "did not arrive in time"
        assert office.taken == 0

    scenario(unused_port, {}, conversation)


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(unused_port):
    def conversation(_):
        with connected(unused_port) as large:
            large.sendall(post(65_537))
            assert everything(large).startswith(b"HTTP/1.1 413")

    scenario(unused_port, {"body_max_bytes": 65_536}, conversation)


def test_an_endless_body_without_a_length_is_cut_off(unused_port):
    def conversation(_):
        with connected(unused_port) as endless:
            head = post(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
            endless.sendall(head)
            part = b"10000\r\n" + b" " * 65_536 + b"\r\n"
            with pytest.raises(ConnectionError):
                endless.sendall(part * 1_000)

    scenario(unused_port, {"body_max_bytes": 65_536}, conversation)


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", ""])
def test_another_type_is_refused(unused_port, kind):
    def conversation(_):
        with connected(unused_port) as wrong:
            wrong.sendall(post(2, kind) + b"{}")
            assert everything(wrong).startswith(b"HTTP/1.1 415")

    scenario(unused_port, {}, conversation)


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\xff\x16\x03\x01garbage\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/checkpoint HTTP/1.1\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /v1/checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        post(5) + b"\x1b[2J!",
    ],
    ids=["no HTTP", "version", "headers too long", "negative length", "escapes"],
)
def test_a_broken_client_is_told_or_cut_off_and_the_next_is_served(unused_port, said, caplog):
    def conversation(office):
        with connected(unused_port) as broken:
            broken.sendall(said)
            broken.shutdown(socket.SHUT_WR)
            answer = everything(broken)
            assert answer.startswith(b"HTTP/1.1 4") or answer == b""
        with connected(unused_port) as whole:
            whole.sendall(b"GET /v1/checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert everything(whole).startswith(b"HTTP/1.1 404")
        assert office.taken == 0

    scenario(unused_port, {}, conversation)
    assert all(each.getMessage().isprintable() for each in caplog.records)


def many_connections(port):
    own = [connected(port) for _ in range(http_server.CONNECTIONS_OF_ONE_MAX)]
    for each in own:
        each.sendall(b"GET /v1/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n")
        assert each.recv(12) == b"HTTP/1.1 404"
    with connected(port) as one_more:
        assert everything(one_more) == b""
    with connected(port, "127.0.0.2") as another:
        another.sendall(b"GET /v1/checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert everything(another).startswith(b"HTTP/1.1 404")
    for each in own:
        each.close()


def test_one_address_has_a_bounded_number_of_connections_and_leaves_room_for_others(
    unused_port, monkeypatch
):
    monkeypatch.setattr(http_server, "CONNECTIONS_OF_ONE_MAX", 5)
    scenario(unused_port, {}, lambda _: many_connections(unused_port))


def test_all_together_have_a_bounded_number_of_connections(unused_port, monkeypatch):
    monkeypatch.setattr(http_server, "CONNECTIONS_MAX", 5)

    def conversation(_):
        held = [connected(unused_port, f"127.0.0.{n}") for n in range(2, 7)]
        for each in held:
            each.sendall(b"GET /v1/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n")
            assert each.recv(12) == b"HTTP/1.1 404"
        with connected(unused_port) as one_more:
            assert everything(one_more) == b""
        for each in held:
            each.close()

    scenario(unused_port, {}, conversation)
