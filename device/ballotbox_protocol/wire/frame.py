"""Frames on a byte stream: COBS with a CRC-32, ended by a zero byte.

    frame = COBS(payload || crc32(payload), big-endian) || 00

COBS (Cheshire & Baker, 1999) leaves no zero in the body, so the next zero always ends a frame and
a receiver that lost its place finds it again after at most one frame. The CRC is for line noise
only: whoever can write on the line can compute it, so trust begins at the signatures.
"""

import zlib
from collections import Counter
from enum import IntEnum
from typing import Final

from cobs import cobs

DELIMITER: Final = b"\x00"
CRC_SIZE: Final = 4
#: The largest report is 16 KiB; the rest holds its link header and room for later kinds.
MAX_PAYLOAD: Final = 20 * 1024
#: COBS spends one byte on every started run of so many bytes without a zero.
_COBS_RUN: Final = 254


class FrameFault(IntEnum):
    """Why a frame was dropped; stable codes. Nothing between two delimiters is not a fault."""

    TOO_LONG = 1
    COBS = 2
    CRC = 3


def encode_frame(payload: bytes) -> bytes:
    """Return `payload` as one frame with its delimiter; any bytes of any length are allowed."""
    body = payload + zlib.crc32(payload).to_bytes(CRC_SIZE, "big")
    return bytes(cobs.encode(body)) + DELIMITER


def encoded_size(payload_size: int) -> int:
    """Return the greatest size in bytes of a frame with so many payload bytes, delimiter left out.

    The smallest is the same without the COBS runs; only the decoded size settles the limit.
    """
    body = payload_size + CRC_SIZE
    return body + body // _COBS_RUN + 1


def _decode(body: bytes, max_payload: int) -> bytes | FrameFault:
    """Return the payload of one frame, given without its delimiter, or why there is none."""
    try:
        decoded: bytes = cobs.decode(body)
    except cobs.DecodeError:
        return FrameFault.COBS
    payload, crc = decoded[:-CRC_SIZE], decoded[-CRC_SIZE:]
    if len(payload) > max_payload:
        return FrameFault.TOO_LONG
    # A body of fewer than four bytes leaves a short `crc`, which never equals a full one.
    if crc != zlib.crc32(payload).to_bytes(CRC_SIZE, "big"):
        return FrameFault.CRC
    return payload


class FrameDecoder:
    """Finds the good frames in a byte stream that arrives in any pieces.

    Keeps at most one unfinished frame. A frame that grows beyond the limit is forgotten at once and
    counted once, and everything up to the next delimiter is skipped.
    """

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        """Accept payloads of up to `max_payload` bytes (raises ValueError for a negative one)."""
        if max_payload < 0:
            raise ValueError(f"max_payload: must be 0 or more bytes, not {max_payload}")
        self._max_payload = max_payload
        self._max_body = encoded_size(max_payload)
        self._unfinished = bytearray()
        self._skipping = False
        #: The last good frame with its payload: a repetition is not decoded anew.
        self._known = (b"", b"")
        self._dropped: Counter[FrameFault] = Counter()

    @property
    def dropped(self) -> dict[FrameFault, int]:
        """How many frames were dropped so far, for every reason."""
        return {fault: self._dropped[fault] for fault in FrameFault}

    @property
    def buffered(self) -> int:
        """How many bytes of an unfinished frame are held; never more than one frame's."""
        return len(self._unfinished)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the stream and return the payloads they complete, in order."""
        *ends, rest = data.split(DELIMITER)
        payloads = []
        for end in ends:
            self._extend(end)
            payload = self._finish()
            if payload is not None:
                payloads.append(payload)
        self._extend(rest)
        return payloads

    def _extend(self, part: bytes) -> None:
        if self._skipping:
            return
        if len(self._unfinished) + len(part) > self._max_body:
            self._unfinished.clear()
            self._skipping = True
            self._dropped[FrameFault.TOO_LONG] += 1
            return
        self._unfinished += part

    def _finish(self) -> bytes | None:
        body = bytes(self._unfinished)
        self._unfinished.clear()
        self._skipping = False
        if not body:
            return None
        if body != self._known[0]:
            decoded = _decode(body, self._max_payload)
            if isinstance(decoded, FrameFault):
                self._dropped[decoded] += 1
                return None
            self._known = body, decoded
        return self._known[1]
