"""Which injected faults can be the reason for what a gateway refused, held or set aside."""

from collections.abc import Iterable, Mapping
from typing import Final

from ballotbox_protocol.wire.verdict import Reason
from ballotbox_simulator.world.faults import FaultKind

K = FaultKind

#: Messages may come late, twice or never after any of these.
_DISORDER: Final = frozenset(
    {
        K.LINE_LOSS, K.LINE_DUPLICATION, K.LINE_REORDERING, K.LINE_CORRUPTION, K.LINE_DELAY,
        K.CABLE_PULLED, K.LINE_HALF_OPEN, K.LINE_NOISE, K.LINE_REPLAYED,
        K.KEY_ROTATED, K.REGISTER_RENEWED,
        K.MESSAGE_LOSS, K.MESSAGE_DUPLICATION, K.MESSAGE_REORDERING, K.MESSAGE_DELAY,
        K.MESSAGE_CORRUPTION,
        K.BOX_CUT_OFF, K.BOX_HALF_OPEN, K.GATEWAY_CUT_OFF, K.BROKER_RESTART, K.BROKER_AMNESIA,
        K.POWER_CUT, K.POWER_CUT_IN_WRITE, K.MEMORY_ERROR, K.MEMORY_ERROR_APPLIED, K.MEMORY_FULL,
        K.SLOTS_CUT, K.SLOTS_CUT_BOTH,
        K.GATEWAY_KILLED, K.GATEWAY_KILLED_UNCOMMITTED, K.GATEWAY_KILLED_COMMITTED,
        K.LEDGER_FULL, K.LEDGER_ERROR, K.LEDGER_ERROR_APPLIED, K.GATEWAY_LOST,
        K.REPLAYED_REPORT, K.STOLEN_KEY, K.BOX_CLONED, K.BOX_RESTORED, K.GATEWAY_RESTORED,
        K.CABLES_SWAPPED, K.FOREIGN_TOPIC, K.FORGED_RECEIPT, K.FLOODED, K.FLOODED_WITH_KEY,
        K.ELECTION_REPLAYED,
    }
)  # fmt: skip
#: What may stop a box for good, and how. All others come to rest, disputed, refused, cloned and
#: restored ones as well, and those before a gateway that was made to forget.
SILENCING: Final[Mapping[FaultKind, str]] = {
    K.BOX_BROKEN: "it never works again",
    K.MEMORY_ROT_BOTH: "its firmware stops rather than work with a damaged memory",
    K.SLOTS_CUT_BOTH: "its firmware stops rather than count fewer slots than there must be",
}
_TWO_VOICES: Final = frozenset({K.STOLEN_KEY, K.FLOODED_WITH_KEY, K.BOX_CLONED, K.BOX_RESTORED})
#: Whoever has no key can say what nobody vouches for.
_WITHOUT_KEY: Final = frozenset({K.FORGED_SIGNATURE, K.FLOODED, K.MESSAGE_CORRUPTION})
_ALWAYS: Final[frozenset[FaultKind] | None] = None
_NEVER: Final[frozenset[FaultKind]] = frozenset()

_CAUSES: Final[Mapping[Reason, frozenset[FaultKind] | None]] = {
    Reason.IN_ORDER: _ALWAYS,
    Reason.GAP_BEFORE: _DISORDER,
    Reason.GAP_CLOSED: _DISORDER,
    Reason.BOX_DISPUTED: _TWO_VOICES,
    Reason.SAME_SEQUENCE: _TWO_VOICES,
    Reason.EVIDENCE_BELOW: _TWO_VOICES,
    Reason.SIZE: frozenset({K.LINE_NOISE}),
    Reason.ENVELOPE: _WITHOUT_KEY | {K.LINE_NOISE},
    Reason.HEADER: _WITHOUT_KEY,
    # A gateway that has not got the newer register yet does not know the key.
    Reason.UNKNOWN_KEY: _WITHOUT_KEY | {K.KEY_ROTATED, K.ELECTIONS_CONFUSED, K.ELECTION_REPLAYED},
    # Somebody shows a gateway what another log had signed: a lost one, or another election's.
    Reason.SIGNATURE: _WITHOUT_KEY | {K.GATEWAY_LOST, K.ELECTION_REPLAYED},
    Reason.TOPIC: frozenset({K.FOREIGN_TOPIC}),
    # Explained where a sender was seen to run dry (`flood_audit`), and nowhere else.
    Reason.RATE: _NEVER,
    # Whoever has a key here signs what can be read.
    Reason.BODY: _NEVER,
    Reason.REPLACES: frozenset({K.GATEWAY_LOST}),
    # What was changed on its way may name a key that nobody knows, or knows yet.
    Reason.OLD_REGISTER: frozenset({K.REGISTER_RENEWED, K.KEY_ROTATED, K.REQUEST_CORRUPTION}),
    Reason.DISK: frozenset({K.LEDGER_FULL}),
    Reason.OTHER_ELECTION: frozenset({K.WRONG_DEFINITION, K.ELECTIONS_CONFUSED}),
    Reason.HELD_AHEAD: frozenset({K.GATEWAY_RESTORED}),
    Reason.HELD_FORK: frozenset({K.GATEWAY_RESTORED}),
    Reason.QUARANTINED_BELOW: frozenset({K.GATEWAY_RESTORED, *_TWO_VOICES}),
    Reason.FIRMWARE_OLDER: frozenset({K.FIRMWARE_PUT_BACK}),
    # A rotation that was set aside is not believed, and so neither is the key after it.
    Reason.EPOCH: frozenset({K.FIRMWARE_PUT_BACK, K.GATEWAY_RESTORED, *_TWO_VOICES}),
}
#: A box that contradicts itself may break any ratchet between its two lives, and so may any box
#: before a gateway that has forgotten what it was told.
_RATCHETS: Final = _TWO_VOICES | {K.GATEWAY_RESTORED}


def unexplained(reasons: Iterable[Reason], struck: frozenset[FaultKind]) -> list[Reason]:
    """Return the reasons that none of the faults that struck can have caused."""
    return [reason for reason in sorted(reasons) if not _explains(reason, struck)]


def _explains(reason: Reason, struck: frozenset[FaultKind]) -> bool:
    causes = _CAUSES.get(reason, _RATCHETS)
    return causes is None or bool(causes & struck)
