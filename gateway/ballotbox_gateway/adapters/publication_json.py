"""Statements of released results in the JSON of gateway/intake.openapi.json."""

from base64 import b64decode, b64encode
from typing import Any, Final

from ballotbox_protocol.election.identifiers import InvalidField, require
from ballotbox_protocol.wire.publication import PUBLICATION_MAX
from ballotbox_protocol.wire.verdict import REASON_MEANING, Reason

#: Where a reason means something of its own for a publication.
_MEANING: Final = {
    Reason.SIZE: "the bytes are more than a publication may have",
    Reason.BODY: "the bytes are no publication of this version",
    Reason.OLD_REGISTER: "the register in use lists no officer for a signature",
}
_FIXES: Final = {
    Reason.OTHER_LOG: "Send it to the gateway whose log it names",
    Reason.RELEASERS: "Have two officers sign who may release in all precincts, and nobody else",
    Reason.VERSION: "Export the log anew and draft from it: it holds the publication before this",
    Reason.CHECKPOINT: "Export the log anew from this gateway and draft from it",
    Reason.OLD_REGISTER: "Give this gateway the newer register, then send it again",
}
_SEND: Final = "Send the statement as `ballotbox-tabulate publish` wrote it"


def publication_in(value: object) -> bytes:
    """Return the statement in a request body; raises InvalidField naming the wrong field."""
    if not isinstance(value, dict):
        raise InvalidField("body", "must be a JSON object")
    require(value.keys() == {"publication"}, "body", "must have the field publication, alone")
    text = value["publication"]
    if not isinstance(text, str):
        raise InvalidField("publication", "must be base64 text")
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise InvalidField("publication", "is not base64 text") from None
    require(b64encode(data).decode() == text, "publication", "is not in the one canonical form")
    fits = 1 <= len(data) <= PUBLICATION_MAX
    require(fits, "publication", f"must encode 1 to {PUBLICATION_MAX} bytes, not {len(data)}")
    return data


def publication_answer(leaf: int, receipt: bytes) -> dict[str, Any]:
    """Return the response body for a statement that stands in the log."""
    return {"leaf": leaf, "receipt": b64encode(receipt).decode()}


def publication_refusal(reason: Reason) -> dict[str, Any]:
    """Return the response body for a statement that is refused."""
    return {
        "error": _MEANING.get(reason) or REASON_MEANING[reason],
        "field": "publication",
        "fix": _FIXES.get(reason, _SEND),
        "reason": reason.name,
        "code": int(reason),
    }
