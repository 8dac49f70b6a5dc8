"""What travels between a box and a gateway on any road: one kind byte, then the payload.

The same messages go through the serial link and over MQTT, so that the two roads differ in nothing
but the carrier.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from zlib import crc32

from ballotbox_protocol.election.identifiers import ORIGIN_ID_SIZE, OriginId
from ballotbox_protocol.wire.cbor import REPORT_LIMITS

MESSAGE_MAX: Final = REPORT_LIMITS.size + 1


class MessageKind(IntEnum):
    """Up (box to gateway): REPORT, HELLO_WANTED, HELLO, HELD. Down: the others."""

    REPORT = 1
    HELLO_WANTED = 2
    HELLO = 3
    CHALLENGE = 4
    RECEIPT = 5
    REFUSAL = 6
    RESEND = 7
    HELD_WANTED = 8
    HELD = 9


@dataclass(frozen=True, slots=True)
class Message:
    """One message: HELLO_WANTED is empty, the others carry what `device/WIRE.md` says of them.

    HELD_WANTED names a log and a size, see `HeldWanted`; HELD is that checkpoint's signed note.
    """

    kind: MessageKind
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the bytes handed to the carrier."""
        return bytes((self.kind,)) + self.payload


@dataclass(frozen=True, slots=True)
class HeldWanted:
    """What HELD_WANTED asks for: the log's checkpoint of just this size, or with 0 the newest."""

    origin: OriginId
    size: int = 0

    def message(self) -> Message:
        """Return the question as a message."""
        size = self.size.to_bytes(_SIZE_SIZE) if self.size else b""
        return Message(MessageKind.HELD_WANTED, self.origin + size)

    @classmethod
    def parse(cls, payload: bytes) -> "HeldWanted | None":
        """Return what the payload asks for, or None when it has another length."""
        origin, size = payload[:ORIGIN_ID_SIZE], payload[ORIGIN_ID_SIZE:]
        if len(origin) != ORIGIN_ID_SIZE or len(size) not in (0, _SIZE_SIZE):
            return None
        return cls(OriginId(origin), int.from_bytes(size))


_SIZE_SIZE: Final = 8
_KINDS: Final = {int(kind): kind for kind in MessageKind}


def parse_message(data: bytes) -> Message | None:
    """Return the message in `data`, or None when it is none: empty, too long, of unknown kind."""
    if not 1 <= len(data) <= MESSAGE_MAX or data[0] not in _KINDS:
        return None
    return Message(_KINDS[data[0]], data[1:])


def topic_of(election: bytes, box: bytes, direction: str) -> str:
    """Return the MQTT topic of a box: `bbx/1/<election, 16 hex digits>/<box>/<up|down>`."""
    return f"bbx/1/{election[:8].hex()}/{box.hex()}/{direction}"


#: Parts into which boxes fall, so that several processes of one gateway can share them.
SHARDS: Final = 64


def shard_of(box: bytes) -> int:
    """Return the part of all boxes that a box belongs to, from 0 to 63: the CRC-32 of its id."""
    return crc32(box) % SHARDS


def sharded_topic_of(election: bytes, box: bytes) -> str:
    """Return the topic on which a box publishes with its shard: `<its up topic>/<2 hex digits>`."""
    return f"{topic_of(election, box, 'up')}/{shard_of(box):02x}"
