"""Delivery to the gateway above over HTTP, as gateway/intake.openapi.json describes it."""

import json
import ssl
import time
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from ballotbox_gateway.adapters.certificate_words import verification_remedy
from ballotbox_gateway.adapters.http_tls import calling_context
from ballotbox_gateway.adapters.upward_answers import answer_of, not_ours, refusal
from ballotbox_gateway.config_roads import Upstream
from ballotbox_gateway.core.upward import (
    ENTRIES_MAX,
    UpwardBatch,
    UpwardConflict,
    UpwardFault,
    UpwardReply,
)
from ballotbox_protocol.election.register import origin_id
from ballotbox_protocol.wire.receipt import RECEIPT_LIMITS

#: The largest honest answer, in base64 with its quotes and commas; more is not read.
_ANSWER_MAX: Final = ENTRIES_MAX * (RECEIPT_LIMITS.size * 4 // 3 + 16)
_PART: Final = 65_536
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}


class UpstreamHttp:
    """The way to one upper gateway; may be called from any thread."""

    def __init__(self, settings: Upstream) -> None:
        """Prepare connections; nothing is sent yet. Raises Problem for a file of the settings."""
        self._url = settings.url
        self._pool = urllib3.PoolManager(
            num_pools=2,
            retries=False,  # and no redirects: the answer of the address given is what counts
            timeout=urllib3.Timeout(total=settings.timeout_s),
            ssl_context=calling_context(settings),
        )
        self._patience_s = settings.timeout_s

    def deliver(self, batch: UpwardBatch) -> UpwardReply | UpwardConflict | UpwardFault:
        """Send a batch and return the answer; what prevents one is a fault like any other."""
        path = f"/v1/logs/{origin_id(batch.origin).hex()}/entries"
        body = json.dumps(batch.to_json()).encode()
        answer = self._request("POST", path, body)
        if isinstance(answer, UpwardFault):
            return answer
        return answer_of(*answer)

    def reachable(self) -> UpwardFault | None:
        """Ask for the upper checkpoint; return what stands in the way, None when it answers."""
        answer = self._request("GET", "/v1/checkpoint", None)
        if isinstance(answer, UpwardFault):
            return answer
        status, value = answer
        known = status == 200 or (isinstance(value, dict) and value.get("field") == "checkpoint")
        return None if known else refusal(status, value)

    def close(self) -> None:
        """Let go of idle connections."""
        self._pool.clear()

    def _request(
        self, method: str, path: str, body: bytes | None
    ) -> tuple[int, object] | UpwardFault:
        try:
            response = self._pool.request(
                method,
                self._url + path,
                body=body,
                headers=_HEADERS,
                preload_content=False,
            )
            data = self._body(response)
        except HTTPError as error:
            return _fault(error, over_tls=self._url.startswith("https://"))
        if data is None:
            return not_ours("the answer is too large, or dribbles in")
        return response.status, _parsed(data)

    def _body(self, response: urllib3.BaseHTTPResponse) -> bytes | None:
        """Return the whole body; None when it is too large or takes too long as a whole."""
        deadline = time.monotonic() + self._patience_s
        body = bytearray()
        for part in response.stream(_PART):
            body += part
            if len(body) > _ANSWER_MAX or time.monotonic() > deadline:
                response.close()
                return None
        response.release_conn()
        return bytes(body)


_CHECK_URL: Final = "Check the network, upstream.url and whether the upper gateway runs"


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _fault(error: HTTPError, *, over_tls: bool) -> UpwardFault:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        problem = f"the upper gateway shows a certificate that fails: {cause.verify_message}"
        remedy = verification_remedy(cause, "upstream.ca_file", "upstream.url")
        return UpwardFault("upstream.url", problem, remedy, retry=True)
    return UpwardFault("upstream.url", _words(error, over_tls=over_tls), _CHECK_URL, retry=True)


def _words(error: HTTPError, *, over_tls: bool) -> str:
    match error:
        case urllib3.exceptions.NameResolutionError():
            return "the name of the upper gateway cannot be resolved"
        case urllib3.exceptions.NewConnectionError():
            return "the upper gateway refuses the connection"
        case urllib3.exceptions.TimeoutError():
            return "the upper gateway does not answer in time"
        case urllib3.exceptions.SSLError():
            return f"the upper gateway's certificate or TLS fails ({error})"
        case _:
            # With TLS 1.3 a client learns that its certificate is refused when it goes on talking.
            perhaps = "; it may refuse our certificate" if over_tls else ""
            return f"the connection to the upper gateway broke ({type(error).__name__}){perhaps}"
