"""Does the HTTP intake do what its document says, and does it survive every kind of request?"""

import asyncio
import json
import socket
import threading
from pathlib import Path

import jsonschema
import pytest
import urllib3
from openapi_spec_validator import validate

from ballotbox_gateway.adapters.http_intake import WAITING_MAX, HttpIntake
from ballotbox_gateway.adapters.http_questions import listening_socket
from ballotbox_gateway.config_roads import Http
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure
from ballotbox_gateway.core.upward import UpwardReply
from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from tests.gateway.adapters.upper_office import lower_gateway, serving
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, ScriptedBox, arrivals, authority

LOG = f"/v1/logs/{origin_id(ORIGIN).hex()}"
ENTRIES = f"{LOG}/entries"


@pytest.fixture(scope="module")
def document():
    path = Path(__file__).parents[3] / "gateway" / "intake.openapi.json"
    return json.loads(path.read_text())


def batch_of(*reports):
    lower, _ = lower_gateway()
    lower.admit(arrivals(*reports), NOW)
    return lower.next_upward(CENTRE, 512)


class Asker:
    """A client that checks every answer against the document."""

    def __init__(self, document, port):
        self._document = document
        self._url = f"http://127.0.0.1:{port}"
        self._pool = urllib3.PoolManager(retries=False, timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._pool.clear()

    def ask(self, method, path, value=None, *, raw=None, described=True):
        body = raw if raw is not None else json.dumps(value) if value is not None else None
        headers = {"Content-Type": "application/json"}
        response = self._pool.request(method, self._url + path, body=body, headers=headers)
        if described:
            self._check(method, path, response)
        is_json = response.headers["content-type"].startswith("application/json")
        return response.status, response.json() if is_json else response.data.decode()

    def _check(self, method, path, response):
        pattern = "/v1/logs/{origin_id}" if "/logs/" in path else path
        pattern += "/entries" if path.endswith("/entries") else ""
        operation = self._document["paths"][pattern][method.lower()]
        (kind,) = operation["responses"][str(response.status)]["content"]
        assert response.headers["content-type"].startswith(kind)
        schema = operation["responses"][str(response.status)]["content"][kind]["schema"]
        value = response.json() if kind == "application/json" else response.data.decode()
        whole = {**schema, "components": self._document["components"]}
        jsonschema.Draft202012Validator(whole).validate(value)
        wants_header = "headers" in operation["responses"][str(response.status)]
        assert wants_header == ("retry-after" in response.headers)


def talk(document, port, conversation, **settings):
    """Run `conversation(asker, office)` in a thread, against a running server."""

    async def scenario():
        async with serving(port, **settings) as office:
            with Asker(document, port) as asker:
                return await asyncio.to_thread(conversation, asker, office)

    return asyncio.run(scenario())


def test_the_document_is_valid_and_names_exactly_what_is_served(document, unused_port):
    validate(document)
    described = {
        (path, method.upper())
        for path, operations in document["paths"].items()
        for method in operations
    }

    async def served():
        app = HttpIntake(Http(port=unused_port), object()).application()
        return {(route.path, method) for route in app.routes for method in route.methods}

    assert described == {each for each in asyncio.run(served()) if each[1] != "HEAD"}


def test_a_batch_is_taken_in_once_and_answered_with_receipts_each_time(document, unused_port):
    batch = batch_of(*ScriptedBox(authority()).day())
    request_schema = {
        **document["components"]["schemas"]["Batch"],
        "components": document["components"],
    }
    jsonschema.Draft202012Validator(request_schema).validate(batch.to_json())

    def conversation(asker, office):
        assert asker.ask("GET", "/v1/checkpoint")[0] == 404
        assert asker.ask("GET", LOG) == (200, {"next": 0})
        first = asker.ask("POST", ENTRIES, batch.to_json())
        again = asker.ask("POST", ENTRIES, batch.to_json())
        assert first == again
        assert first[0] == 200
        reply = UpwardReply.from_json(first[1])
        keys = {CENTRE: authority().gateway_keys[CENTRE].public}
        for receipt in reply.receipts:
            assert isinstance(verify_receipt(Receipt.from_bytes(receipt), keys), VerifiedReceipt)
        assert asker.ask("GET", LOG) == (200, {"next": len(batch.entries)})
        status, note = asker.ask("GET", "/v1/checkpoint")
        assert (status, note.splitlines()[0]) == (200, CENTRE)
        assert office.ledger.log_head().size == len(batch.entries)

    talk(document, unused_port, conversation)


def test_a_batch_out_of_turn_is_told_what_is_expected(document, unused_port):
    batch = batch_of(*ScriptedBox(authority()).day())
    late = batch.to_json() | {"first": 3}

    def conversation(asker, _):
        # The checkpoint fits no stretch that begins elsewhere, so cut the front off.
        late["entries"] = late["entries"][3:]
        assert asker.ask("POST", ENTRIES, late) == (409, {"expected": 0})

    talk(document, unused_port, conversation)


def wrong(change):
    value = batch_of(*ScriptedBox(authority()).open_poll()).to_json()
    change(value)
    return value


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        (lambda v: v.pop("first"), "first", "is missing"),
        (lambda v: v.update(first=-1), "first", "must be a whole number from 0 to 2^63-1"),
        (lambda v: v.update(first=True), "first", "must be a whole number from 0 to 2^63-1"),
        (lambda v: v.update(first=float("nan")), "first", "must be a whole number from"),
        (lambda v: v.update(extra=1), "batch", "has unknown fields ['extra']"),
        (lambda v: v.update(origin="a b"), "origin", "must be 1 to 128 printable ASCII"),
        (lambda v: v.update(origin=CENTRE), "origin", "is not the log of the address"),
        (lambda v: v.update(entries=[]), "entries", "needs 1 to 4096 entries"),
        (lambda v: v.update(entries={}), "entries", "must be an array"),
        (lambda v: v.update(checkpoint=""), "checkpoint", "must be text of 1 to 4096"),
        (lambda v: v.update(checkpoint="nonsense"), "checkpoint", ""),
        (lambda v: v["entries"][1].update(leaf="%%"), "entries[1].leaf", "is not base64 text"),
        (lambda v: v["entries"][1].update(leaf="AB=="), "entries[1].leaf", "is not base64 in its"),
        (lambda v: v["entries"][0].update(report=None), "entries[0].report", "must stand beside"),
    ],
)
def test_a_wrong_field_is_named_with_the_fix_and_nothing_is_stored(
    document, unused_port, change, field, problem
):
    def conversation(asker, office):
        status, fault = asker.ask("POST", ENTRIES, wrong(change))
        assert (status, fault["field"]) == (400, field)
        assert fault["error"].startswith(problem)
        assert fault["fix"]
        assert office.ledger.log_head().size == 0

    talk(document, unused_port, conversation)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[" * 100_000, b'"\xff"', b"[1e999999999999]", b"1" * 5_000, b"null"],
    ids=["empty", "cut", "deep", "not UTF-8", "huge exponent", "huge number", "null"],
)
def test_what_is_no_json_object_is_refused(document, unused_port, raw):
    def conversation(asker, _):
        status, fault = asker.ask("POST", ENTRIES, raw=raw)
        assert status == 400
        assert fault["field"] in ("body", "batch")

    talk(document, unused_port, conversation)


def test_a_body_beyond_the_limit_is_refused_while_it_arrives(document, unused_port):
    def conversation(asker, office):
        status, fault = asker.ask("POST", ENTRIES, raw=b"[" + b" " * 70_000)
        assert status == 413
        assert fault == {
            "error": "is larger than 65536 bytes",
            "field": "body",
            "fix": "Send fewer entries at once",
        }
        assert office.taken == 0

    talk(document, unused_port, conversation, body_max_bytes=65_536)


def test_addresses_that_are_not_served_are_answered_in_the_same_form(document, unused_port):
    def conversation(asker, _):
        for method, path in (("GET", "/"), ("DELETE", "/v1/checkpoint"), ("GET", ENTRIES)):
            status, fault = asker.ask(method, path, described=False)
            assert (status, fault["field"]) == (405 if "v1" in path else 404, "path")
        assert asker.ask("GET", "/v1/logs/xyz")[1]["field"] == "origin_id"
        unknown = "/v1/logs/" + "00" * 16
        status, fault = asker.ask("GET", unknown)
        assert (status, fault["error"]) == (404, "no such gateway in the register")

    talk(document, unused_port, conversation)


@pytest.mark.parametrize("trouble", [DiskFull("full"), LedgerFailure("sick")])
def test_while_the_ledger_cannot_store_the_sender_is_told_to_come_back(
    document, unused_port, trouble
):
    batch = batch_of(*ScriptedBox(authority()).open_poll()).to_json()

    def conversation(asker, office):
        office.trouble = trouble
        status, fault = asker.ask("POST", ENTRIES, batch)
        assert (status, fault["error"]) == (503, "the ledger cannot store anything now")
        assert asker.ask("GET", LOG)[0] == 503
        assert asker.ask("GET", "/v1/checkpoint")[0] == 503
        office.trouble = None
        assert asker.ask("POST", ENTRIES, batch)[0] == 200

    talk(document, unused_port, conversation)


def test_more_questions_than_may_wait_are_sent_away(document, unused_port):
    """While the loop is blocked, exactly the allowed number waits; the next is sent away."""
    answered, gate = [], threading.Semaphore(0)

    def get():
        with Asker(document, unused_port) as asker:
            answered.append(asker.ask("GET", "/v1/checkpoint")[0])
            gate.release()

    async def scenario():
        async with serving(unused_port) as office:
            office.checkpoints = lambda: {"log": b"note"}
            threads = [threading.Thread(target=get) for _ in range(WAITING_MAX + 3)]
            for thread in threads:
                thread.start()
            # Block the loop, on purpose: only the surplus can be answered meanwhile.
            for _ in range(3):
                assert gate.acquire(timeout=20)
            assert answered == [503, 503, 503]
            await asyncio.to_thread(lambda: [thread.join() for thread in threads])

    asyncio.run(scenario())
    assert sorted(answered) == [200] * WAITING_MAX + [503] * 3


def test_an_address_in_use_is_told(unused_port):
    with socket.create_server(("127.0.0.1", unused_port)), pytest.raises(Problem) as caught:
        listening_socket(Http(port=unused_port))
    assert str(caught.value) == (
        f"http 127.0.0.1:{unused_port}: cannot listen: address already in use. "
        "Close what listens there, or correct http.host and http.port"
    )
