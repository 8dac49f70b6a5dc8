"""The topics by which one log travels upward over a broker (docs/roads.md)."""

import re
from typing import Final

from ballotbox_protocol.election.identifiers import ElectionDigest
from ballotbox_protocol.election.register import origin_id

#: Waiting for an answer, a gateway has one request under way; so many gateways' may wait above.
WINDOW: Final = 8
#: What a request may have, as over HTTP, and room for its topic and properties.
PACKET_MAX: Final = 16 * 2**20 + 1_024
_LOG: Final = re.compile(r"[0-9a-f]{32}")


def topic_upward(election: ElectionDigest, origin: str) -> str:
    """Return where the gateway of a log writes its batches."""
    return f"{stem_upward(election)}/{origin_id(origin).hex()}/up"


def topic_back(topic: str) -> str:
    """Return where the answers to what comes on a topic are written."""
    return topic.removesuffix("/up") + "/down"


def topics_upward(election: ElectionDigest) -> str:
    """Return the pattern of all gateways' topics."""
    return f"{stem_upward(election)}/+/up"


def log_in(topic: str) -> str:
    """Return the log that a topic names, in 32 hexadecimal digits; "" for no topic of ours."""
    parts = topic.split("/")
    return parts[3] if len(parts) == 5 and _LOG.fullmatch(parts[3]) else ""


def session_below(session: str) -> str:
    """Return the name of the session for gateways below, beside that for boxes."""
    return f"{session}-below"


def stem_upward(election: ElectionDigest) -> str:
    """Return what all topics of an election's logs begin with."""
    return f"bbg/1/{election[:8].hex()}"
