"""The two state machines of a link, as tables; everything that decides a transition is here.

Theory of operation. A link offers one *session* at a time, its own random number and a turn. It
*binds* the offered session, once and for ever, to the first session of the other end that has
named it; the two are then a *pair*, and the next turn is offered from there on. Therefore:

- A session of ours is named only by somebody who has heard us offer it. A stale frame names an
  older one, so it never binds anything: no list of former sessions is needed.
- Two ends that have bound each other stay together while both live. A REFUSED breaks a pair only
  when it names exactly that pair, and is sent only for a pair that can never come (back) to be.
- Each pair begins with sequence 0 and exists once, so a sequence number already taken in a pair is
  a repetition, and a message is delivered at most once in a pair.

Neither table knows which end of the line it serves, and neither knows of bytes or of time.
"""

from enum import Enum, IntEnum, auto
from typing import Final

from ballotbox_protocol.wire.link_frames import FrameKind


class LinkStatus(IntEnum):
    """What the operator is shown; stable codes."""

    #: No pair yet, or the pair was refused.
    OPENING = 1
    UP = 2
    #: Several tries went unanswered. The link goes on trying, at its slowest pace.
    DOWN = 3


class LinkEvent(Enum):
    """What changes the status."""

    BOUND = auto()
    UNBOUND = auto()
    ACKNOWLEDGED = auto()
    UNANSWERED = auto()


class Standing(Enum):
    """How the sessions that a frame names relate to ours."""

    #: They are the present pair (OPEN: its sender is our peer).
    PAIRED = auto()
    #: Its receiver is the session we offer (OPEN: its sender is anybody else).
    OFFERED = auto()
    #: Anything else: an older pair, a stranger, an earlier life of this port.
    ASTRAY = auto()


class Reaction(Enum):
    """One thing a link does about a frame."""

    #: Pair the session we offer with the sender; sequences begin anew.
    BIND = auto()
    #: Leave the pair and open again.
    UNBIND = auto()
    #: Answer OPENED: with the session we offer, or again with that of the pair.
    OFFER = auto()
    #: Answer CONFIRM: we are bound to the sender.
    CONFIRM = auto()
    #: Answer REFUSED: the pair that the frame names is gone for ever.
    REFUSE = auto()
    #: Deliver the message, or acknowledge it again when it was delivered before.
    TAKE = auto()
    #: Let go of the message that is acknowledged.
    RELEASE = auto()


#: A missing key is a bug of ours: these are all the moves there are.
STATUS_TRANSITIONS: Final[dict[LinkStatus, dict[LinkEvent, LinkStatus]]] = {
    LinkStatus.OPENING: {
        LinkEvent.BOUND: LinkStatus.UP,
        LinkEvent.UNANSWERED: LinkStatus.DOWN,
    },
    LinkStatus.UP: {
        LinkEvent.BOUND: LinkStatus.UP,
        LinkEvent.UNBOUND: LinkStatus.OPENING,
        LinkEvent.ACKNOWLEDGED: LinkStatus.UP,
        LinkEvent.UNANSWERED: LinkStatus.DOWN,
    },
    LinkStatus.DOWN: {
        LinkEvent.BOUND: LinkStatus.UP,
        LinkEvent.UNBOUND: LinkStatus.OPENING,
        LinkEvent.ACKNOWLEDGED: LinkStatus.UP,
        LinkEvent.UNANSWERED: LinkStatus.DOWN,
    },
}

#: What to do about a frame, in order. OPEN names no receiver, so it is never ASTRAY.
REACTIONS: Final[dict[FrameKind, dict[Standing, tuple[Reaction, ...]]]] = {
    FrameKind.OPEN: {
        Standing.PAIRED: (Reaction.OFFER,),
        Standing.OFFERED: (Reaction.OFFER,),
    },
    FrameKind.OPENED: {
        Standing.PAIRED: (Reaction.CONFIRM,),
        Standing.OFFERED: (Reaction.BIND, Reaction.CONFIRM),
        Standing.ASTRAY: (),
    },
    FrameKind.CONFIRM: {
        Standing.PAIRED: (),
        Standing.OFFERED: (Reaction.BIND,),
        Standing.ASTRAY: (),
    },
    FrameKind.REFUSED: {
        Standing.PAIRED: (Reaction.UNBIND,),
        Standing.OFFERED: (),
        Standing.ASTRAY: (),
    },
    FrameKind.ACK: {
        Standing.PAIRED: (Reaction.RELEASE,),
        Standing.OFFERED: (),
        Standing.ASTRAY: (),
    },
    # DATA that names the offered session proves the binding as CONFIRM does. It must never be
    # refused: that session may yet be bound to this very sender, and the refusal would come late.
    FrameKind.DATA: {
        Standing.PAIRED: (Reaction.TAKE,),
        Standing.OFFERED: (Reaction.BIND, Reaction.TAKE),
        Standing.ASTRAY: (Reaction.REFUSE,),
    },
}

#: Reactions that end the present pair, or begin one.
PAIR_CHANGES: Final = frozenset({Reaction.BIND, Reaction.UNBIND})
