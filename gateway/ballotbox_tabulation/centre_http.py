"""Handing a released result to the centre, as gateway/intake.openapi.json describes it."""

import json
import ssl
from base64 import b64decode, b64encode
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.publication import Publication
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_tabulation.trust_files import UnusableInput

_PATIENCE_S: Final = 30
_ANSWER_MAX: Final = 256 * 1024
_PATH: Final = "/v1/publications"


class NotTaken(Exception):
    """The centre did not enter the statement; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Where the centre is: an address, and with https the files of TLS."""

    url: str
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def enter(self, statement: Publication, trusted: Trusted) -> bytes:
        """Have the statement entered and return the verified receipt.

        Raises NotTaken, or UnusableInput for an address or a file that cannot be used.
        """
        status, value = self._ask(statement)
        if status != 200:
            raise NotTaken(_refusal(status, value))
        try:
            receipt = b64decode(str(value["receipt"]), validate=True)
        except (ValueError, LookupError, TypeError) as error:
            raise NotTaken("what answers there is no centre; correct --centre") from error
        if not _is_for(receipt, statement, trusted):
            raise NotTaken("the centre's receipt does not prove that the statement is in its log")
        return receipt

    def _ask(self, statement: Publication) -> tuple[int, Any]:
        connection = self._connection()
        body = json.dumps({"publication": b64encode(statement.to_bytes()).decode()})
        try:
            connection.request("POST", _PATH, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read(_ANSWER_MAX))
        except (OSError, HTTPException) as error:
            words = f"the centre {self.url} cannot be reached ({error})"
            raise NotTaken(f"{words}; check the network, then release again") from error
        except ValueError as error:
            raise NotTaken("what answers there is no centre; correct --centre") from error
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None or parts.scheme not in ("http", "https"):
            raise UnusableInput(f"--centre {self.url}: give http://host:port or https://host:port")
        if parts.scheme == "http":
            return HTTPConnection(host, port, timeout=_PATIENCE_S)
        return HTTPSConnection(host, port, timeout=_PATIENCE_S, context=self._context())

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except (OSError, ssl.SSLError) as error:
            files = f"--ca {self.ca}, --cert {self.cert}, --key {self.key}"
            raise UnusableInput(f"{files}: {error}; check the files") from error
        return context


def _refusal(status: int, value: Any) -> str:  # noqa: ANN401 - JSON of a stranger
    if not isinstance(value, dict) or not {"error", "fix"} <= value.keys():
        return f"the centre answers {status}, which says nothing; correct --centre"
    reason = f" [{value['reason']}]" if "reason" in value else ""
    return f"the centre refuses it: {value['error']}{reason}. {value['fix']}"


def _is_for(data: bytes, statement: Publication, trusted: Trusted) -> bool:
    receipt = Receipt.from_bytes(data)
    if not isinstance(receipt, Receipt):
        return False
    proved = verify_receipt(receipt, trusted.register.gateway_keys)
    if not isinstance(proved, VerifiedReceipt) or proved.origin != statement.origin:
        return False
    leaf = decode_leaf(proved.leaf)
    stands = leaf.type is LeafType.PUBLICATION and leaf.verdict is Verdict.ACCEPTED
    return stands and leaf.report == statement.id
