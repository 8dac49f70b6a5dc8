"""Does the local page's door open to this machine's own page alone, and keep what is typed?"""

import json
import logging
import socket
from base64 import b64encode
from hashlib import sha256

import pytest
import urllib3

from ballotbox_gateway.adapters import count_http
from ballotbox_gateway.adapters.count_http import BODY_MAX, CountHttp, Order, Place
from ballotbox_gateway.adapters.http_questions import Busy
from ballotbox_gateway.config_pages import Page
from ballotbox_gateway.problem import Problem

SHEET = "/hand-count/election/1/2"
SECRET = "4711-of-them"


class Site:
    """A site that keeps what it is given and answers, or raises, what a test wants."""

    def __init__(self) -> None:
        self.given = []
        self.raises = None

    def _take(self, *given):
        self.given.append(given)
        if self.raises is not None:
            raise self.raises

    async def start(self):
        self._take()
        return "<p>start</p>"

    async def station(self, election, precinct):
        self._take(election, precinct)
        return "<p>station</p>"

    async def sheet(self, place):
        self._take(place)
        return "<p>sheet</p>"

    def check(self, place, typed):
        self._take(place, typed)
        return {"notes": []}

    async def draft(self, place, order):
        self._take(place, order)
        return {"id": "ab"}

    async def state(self, place, name):
        self._take(place, name)
        return {"state": "waiting"}

    async def copies(self, place, version, copies):
        self._take(place, version, copies)
        return "<style>p{}</style><p>copies</p>"

    def problem(self, problem):
        return f"<p>{problem}</p>"


class Visitor:
    """A browser at the door, or what pretends to be one."""

    def __init__(self, port) -> None:
        self.port = port
        self.own = f"http://127.0.0.1:{port}"
        self._pool = urllib3.PoolManager(retries=False, timeout=20)

    def get(self, path, **headers):
        return self._pool.request("GET", self.own + path, headers=headers, redirect=False)

    def post(self, path, value=None, *, raw=None, origin=True, **headers):
        headers = {"Content-Type": "application/json"} | headers
        if origin:
            headers.setdefault("Origin", self.own)
        body = json.dumps(value) if raw is None else raw
        return self._pool.request("POST", self.own + path, body=body, headers=headers)

    def close(self) -> None:
        self._pool.clear()


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def visitor(site, unused_port):
    server = CountHttp(Page(port=unused_port), site)
    server.start()
    visitor = Visitor(unused_port)
    yield visitor
    visitor.close()
    server.stop()


def test_pages_are_given_with_a_policy_that_lets_in_nothing_from_elsewhere(visitor, site):
    for path in ("/", "/hand-count?election=election&precinct=7", SHEET, "/hand-count/e/3"):
        answer = visitor.get(path)
        assert answer.status == 200, path
        policy = answer.headers["content-security-policy"]
        assert policy == (
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; script-src 'self'; "
            "style-src 'self'; connect-src 'self'; form-action 'self'"
        )
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "set-cookie" not in answer.headers
    assert site.given == [(), ("election", 7), (Place("election", 1, 2),), ("e", 3)]


def test_what_is_printed_has_its_own_style_and_no_script(visitor, site):
    answer = visitor.get(f"{SHEET}/print?version=3&copies=5&law=house")
    digest = b64encode(sha256(b"p{}").digest()).decode()
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; style-src 'sha256-{digest}'"
    )
    assert site.given == [(Place("election", 1, 2, "house"), 3, 5)]


def test_style_and_script_are_files_of_the_package(visitor):
    style, script = visitor.get("/hand-count.css"), visitor.get("/hand-count.js")
    assert style.headers["content-type"].startswith("text/css")
    assert script.headers["content-type"].startswith("text/javascript")
    for text in (style.data.decode(), script.data.decode()):
        assert "http:" not in text
        assert "https:" not in text
        assert "localStorage" not in text
        assert "sessionStorage" not in text
        assert "indexedDB" not in text


def test_what_is_typed_is_handed_on_as_it_is(visitor, site):
    assert visitor.post(f"{SHEET}/check", {"values": ["12", ""]}).json() == {"notes": []}
    body = {"values": ["1"], "corrects": "ab", "reason": "read again", "as_counted": True}
    assert visitor.post(f"{SHEET}/draft?law=house", body).json() == {"id": "ab"}
    assert visitor.get(f"{SHEET}/state?id=ab").json() == {"state": "waiting"}
    first, second, third = site.given
    assert first == (Place("election", 1, 2), ("12", ""))
    assert second[1] == Order(("1",), "ab", "read again", as_counted=True)
    assert third == (Place("election", 1, 2), "ab")


def foreign(visitor):
    """Requests that another site's page can make a browser send, by what gives them away."""
    port, values = visitor.port, {"values": ["1"]}
    rebound = f"evil.example:{port}"
    return {
        "a name bound to this address": lambda: visitor.get("/", Host=rebound),
        "the same, with its own origin": lambda: visitor.post(
            f"{SHEET}/check", values, Host=rebound, Origin=f"http://{rebound}"
        ),
        "another port": lambda: visitor.get("/", Host="127.0.0.1:1"),
        "no origin": lambda: visitor.post(f"{SHEET}/draft", values, origin=False),
        "another origin": lambda: visitor.post(
            f"{SHEET}/draft", values, Origin="https://evil.example"
        ),
        "a hidden origin": lambda: visitor.post(f"{SHEET}/draft", values, Origin="null"),
        "another local port": lambda: visitor.post(
            f"{SHEET}/draft", values, Origin="http://127.0.0.1:1"
        ),
        "a reader elsewhere": lambda: visitor.get(SHEET, Origin="https://evil.example"),
        "a picture elsewhere": lambda: visitor.get(
            SHEET, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        ),
    }


FOREIGN = tuple(foreign(Visitor(0)))


@pytest.mark.parametrize("name", FOREIGN)
def test_pages_of_other_sites_are_turned_away(visitor, site, name):
    assert foreign(visitor)[name]().status == 403
    assert site.given == []


@pytest.mark.parametrize("name", FOREIGN)
def test_without_that_check_each_of_them_comes_in(visitor, site, name, monkeypatch):
    monkeypatch.setattr(count_http, "_require_own", lambda *_: None)
    assert foreign(visitor)[name]().status == 200
    assert len(site.given) == 1


def test_a_link_from_elsewhere_and_every_name_of_this_machine_are_let_in(visitor):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert visitor.get("/", **link).status == 200
    for host in ("localhost", "[::1]"):
        there = f"{host}:{visitor.port}"
        assert visitor.get("/", Host=there).status == 200
        values = {"values": ["1"]}
        answer = visitor.post(f"{SHEET}/check", values, Host=there, Origin=f"http://{there}")
        assert answer.status == 200


BODIES = {
    "no JSON": (b"{", 400, "the request: is not JSON in UTF-8"),
    "deep": (b"[" * 40_000, 400, "the request: is not JSON in UTF-8"),
    "no object": (b"[]", 400, "the request: is not a JSON object"),
    "too large": (b" " * (BODY_MAX + 1), 413, f"the request: is larger than {BODY_MAX} bytes"),
    "no values": (b"{}", 400, "values: are no list"),
    "numbers": (b'{"values": [1]}', 400, "values: are no list"),
    "none at all": (b'{"values": []}', 400, "values: are no list"),
    "a novel": (b'{"values": ["%s"]}' % (b"1" * 65), 400, "values: are no list"),
    "a reason that is none": (b'{"values": ["1"], "reason": 1}', 400, "reason: is no text of at"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_none_is_told_and_changes_nothing(visitor, site, name):
    body, status, told = BODIES[name]
    answer = visitor.post(f"{SHEET}/draft", raw=body)
    assert answer.status == status
    assert answer.json()["problem"].startswith(told)
    assert site.given == []


def test_a_form_of_another_kind_is_not_read(visitor, site):
    kind = {"Content-Type": "text/plain"}
    answer = visitor.post(f"{SHEET}/draft", {"values": ["1"]}, **kind)
    assert answer.status == 415
    assert site.given == []


def test_a_body_that_never_ends_is_given_up(visitor, site, monkeypatch):
    monkeypatch.setattr(count_http, "PATIENCE_S", 0.2)
    own = f"127.0.0.1:{visitor.port}"
    head = (
        f"POST {SHEET}/check HTTP/1.1\r\nHost: {own}\r\nOrigin: http://{own}\r\n"
        "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    with socket.create_connection(("127.0.0.1", visitor.port), 20) as slow:
        slow.sendall(head.encode())
        assert slow.recv(65_536).startswith(b"HTTP/1.1 408")
    assert site.given == []


@pytest.mark.parametrize("path", ["/x", f"{SHEET}/check", "/hand-count/e", "/../etc/passwd"])
def test_there_is_nothing_else(visitor, site, path):
    assert visitor.get(path).status == 404
    assert site.given == []


@pytest.mark.parametrize(
    "path", ["/hand-count/e/x/1", "/hand-count/e/1/-1", f"/hand-count/e/{'9' * 11}"]
)
def test_what_is_no_number_is_told(visitor, site, path):
    answer = visitor.get(path)
    assert answer.status == 400
    assert "is no number. Write a whole number" in answer.data.decode()
    assert site.given == []


def test_problems_are_told_as_pages_or_as_json(visitor, site):
    site.raises = Problem("contest", "is none", "Take another")
    assert visitor.get(SHEET).data == b"<p>contest: is none. Take another</p>"
    told = {"problem": "contest: is none. Take another"}
    assert visitor.post(f"{SHEET}/check", {"values": ["1"]}).json() == told
    assert visitor.get(f"{SHEET}/state?id=ab").json() == told
    site.raises = Busy("too many requests are waiting")
    assert visitor.get(SHEET).status == 503


def test_a_defect_is_logged_by_its_place_and_nothing_that_was_typed(visitor, site, caplog):
    site.raises = ValueError(SECRET)
    with caplog.at_level(logging.DEBUG):
        answer = visitor.post(f"{SHEET}/check", {"values": [SECRET]})
    assert answer.status == 500
    assert SECRET not in answer.data.decode()
    assert "a defect of this program: ValueError at " in caplog.text
    assert "test_count_http.py" in caplog.text
    assert SECRET not in caplog.text


def test_requests_leave_no_line_in_the_log(visitor, caplog):
    with caplog.at_level(logging.INFO):
        visitor.post(f"{SHEET}/check", {"values": [SECRET]})
        visitor.post(f"{SHEET}/check", raw=SECRET.encode())
        visitor.get(f"/{SECRET}")
    assert [each for each in caplog.records if each.name != "urllib3.connectionpool"] == []


def test_an_address_in_use_is_told(unused_port):
    with socket.create_server(("127.0.0.1", unused_port)), pytest.raises(Problem) as caught:
        CountHttp(Page(port=unused_port), Site()).start()
    assert str(caught.value) == (
        f"page 127.0.0.1:{unused_port}: cannot listen: address already in use. "
        "Close what listens there, or correct page.host and page.port"
    )


def test_a_door_that_never_opened_can_be_closed(unused_port):
    CountHttp(Page(port=unused_port), Site()).stop()
    socket.create_server(("127.0.0.1", unused_port)).close()
