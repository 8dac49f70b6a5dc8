"""Talking to one end of a link frame by frame, for the tests of what it answers and when."""

from ballotbox_protocol.wire.frame import FrameDecoder, encode_frame
from ballotbox_protocol.wire.link import Link, LinkLimits
from ballotbox_protocol.wire.link_frames import (
    Confirm,
    LinkFrame,
    Open,
    Opened,
    Session,
    parse_link_frame,
)

OURS, THEIRS, NEWER = (bytes([value]) * 8 for value in (0xA1, 0xB2, 0xC3))
A0, A1, A2 = (Session(OURS, turn) for turn in range(3))
B0, B1 = (Session(THEIRS, turn) for turn in range(2))
C0 = Session(NEWER, 0)
#: A line without length, so that a test reckons with patience alone.
FAST = LinkLimits(bytes_per_second=10**9)
IN_LINE = 1


def said(link: Link, now: int = 0) -> list[LinkFrame]:
    """Return the link frames that `link` has to say at `now`."""
    return [parse_link_frame(payload) for payload in FrameDecoder().feed(link.bytes_to_send(now))]


def hear(link: Link, *frames: LinkFrame, now: int = 0) -> list[bytes]:
    """Let `link` hear these frames in one piece."""
    return link.receive(b"".join(encode_frame(frame.to_bytes()) for frame in frames), now)


def paired(limits: LinkLimits = FAST) -> Link:
    """Return a link that is bound as A0 to B0 and has nothing to say."""
    link = Link(OURS, limits)
    assert said(link) == [Open(A0)]
    hear(link, Opened(B0, A0))
    assert said(link) == [Confirm(A0, B0)]
    return link


def talk(first: Link, second: Link, now: int = 0) -> tuple[list[bytes], list[bytes]]:
    """Carry bytes both ways until both are silent; return what each of the two took."""
    taken: tuple[list[bytes], list[bytes]] = ([], [])
    while True:
        from_first, from_second = first.bytes_to_send(now), second.bytes_to_send(now)
        if not from_first and not from_second:
            return taken
        taken[0].extend(first.receive(from_second, now))
        taken[1].extend(second.receive(from_first, now))
