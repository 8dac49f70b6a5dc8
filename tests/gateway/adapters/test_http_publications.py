"""Does a released result come in through the HTTP intake as the document says, or get a reason?"""

from base64 import b64decode, b64encode
from dataclasses import replace

import pytest

from ballotbox_gateway.adapters.publication_json import publication_refusal
from ballotbox_gateway.core.ports import DiskFull
from ballotbox_protocol.wire.publication import PUBLICATION_MAX
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_protocol.wire.verdict import Reason
from tests.gateway.adapters.test_http_intake import document, talk
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, authority
from tests.gateway.test_publications import released

__all__ = ["document"]

PUBLICATIONS = "/v1/publications"


def body(statement: bytes) -> dict[str, str]:
    return {"publication": b64encode(statement).decode()}


def of_centre(**changes: object) -> bytes:
    return released(Scene(authority(), CENTRE), **changes).to_bytes()


def test_a_statement_is_taken_in_once_and_receipted_each_time(document, unused_port):
    def conversation(asker, office):
        first = asker.ask("POST", PUBLICATIONS, body(of_centre()))
        assert first == asker.ask("POST", PUBLICATIONS, body(of_centre()))
        status, answer = first
        assert (status, answer["leaf"], office.ledger.log_head().size) == (200, 0, 1)
        receipt = Receipt.from_bytes(b64decode(answer["receipt"]))
        keys = {CENTRE: authority().gateway_keys[CENTRE].public}
        assert isinstance(verify_receipt(receipt, keys), VerifiedReceipt)

    talk(document, unused_port, conversation)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (b"\x80", Reason.BODY),
        (of_centre(officers=1), Reason.RELEASERS),
        (of_centre(origin="elsewhere.example"), Reason.OTHER_LOG),
        (of_centre(version=2, previous=bytes(32)), Reason.VERSION),
        (of_centre(root=bytes(32)), Reason.CHECKPOINT),
    ],
    ids=lambda each: each.name if isinstance(each, Reason) else "",
)
def test_what_is_refused_has_a_stable_reason(document, unused_port, statement, reason):
    def conversation(asker, office):
        status, fault = asker.ask("POST", PUBLICATIONS, body(statement))
        assert (status, fault["reason"], fault["code"]) == (400, reason.name, int(reason))
        assert fault["fix"]
        assert office.ledger.log_head().size == 0

    talk(document, unused_port, conversation)


def test_a_register_that_is_too_old_is_a_reason_to_come_back(document, unused_port):
    good = released(Scene(authority(), CENTRE))
    one = replace(good.signatures[0], key_id=bytes(8))
    stranger = replace(good, signatures=(one, good.signatures[1])).to_bytes()

    def conversation(asker, _):
        status, fault = asker.ask("POST", PUBLICATIONS, body(stranger))
        assert (status, fault["reason"]) == (503, "OLD_REGISTER")

    talk(document, unused_port, conversation)


def test_a_full_disk_is_a_reason_to_come_back(document, unused_port):
    def conversation(asker, office):
        office.trouble = DiskFull("no room")
        status, fault = asker.ask("POST", PUBLICATIONS, body(of_centre()))
        assert (status, "reason" in fault) == (503, False)
        office.trouble = None
        assert asker.ask("POST", PUBLICATIONS, body(of_centre()))[0] == 200

    talk(document, unused_port, conversation)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "body"),
        ({}, "body"),
        ({"publication": "", "more": 1}, "body"),
        ({"publication": 1}, "publication"),
        ({"publication": "%%"}, "publication"),
        ({"publication": "AB=="}, "publication"),
        ({"publication": ""}, "publication"),
        (body(bytes(PUBLICATION_MAX + 1)), "publication"),
    ],
)
def test_a_wrong_field_is_named_with_the_fix(document, unused_port, value, field):
    def conversation(asker, office):
        status, fault = asker.ask("POST", PUBLICATIONS, value)
        assert (status, fault["field"], "reason" in fault) == (400, field, False)
        assert fault["fix"]
        assert asker.ask("POST", PUBLICATIONS, raw=b"{")[0] == 400
        assert office.ledger.log_head().size == 0

    talk(document, unused_port, conversation)


def test_each_reason_has_words_of_its_own() -> None:
    given = [Reason.SIZE, Reason.BODY, Reason.OTHER_ELECTION, Reason.OLD_REGISTER,
             Reason.OTHER_LOG, Reason.RELEASERS, Reason.VERSION, Reason.CHECKPOINT]  # fmt: skip
    told = [publication_refusal(each) for each in given]
    assert len({each["error"] for each in told}) == len(given)
    assert not any("report" in each["error"] for each in told)
