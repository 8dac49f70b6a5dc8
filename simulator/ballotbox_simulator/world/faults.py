"""What can go wrong in the simulated world, and what each fault may leave behind.

The class of a kind is a promise that the auditor holds every run to. A run is held to the weakest
class that struck it. A class other than EXACT stands with its reason; none is weakened without one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum, unique
from types import MappingProxyType
from typing import Final


@unique
class FaultClass(IntEnum):
    """What a run may look like at its end, strongest first."""

    #: Every sheet fed is counted, receipted, stored and tabulated, with nobody's help.
    EXACT = 1
    #: The same, once people have done what the gateway or the box asks of them.
    EXACT_AFTER_PERSON = 2
    #: What is not exact is named in the result before it is published, box by box.
    NAMED = 3
    #: Nothing built so far can see it; the reason says what could.
    UNDETECTABLE = 4


@unique
class FaultKind(StrEnum):
    """Every kind of fault that the world can inject; the names stand in files and reports."""

    # The serial line, per chunk of bytes
    LINE_LOSS = "line_loss"
    LINE_DUPLICATION = "line_duplication"
    LINE_REORDERING = "line_reordering"
    LINE_CORRUPTION = "line_corruption"
    LINE_DELAY = "line_delay"
    # The serial line, for a while
    CABLE_PULLED = "cable_pulled"
    LINE_HALF_OPEN = "line_half_open"
    LINE_NOISE = "line_noise"
    LINE_REPLAYED = "line_replayed"
    # The broker
    MESSAGE_LOSS = "message_loss"
    MESSAGE_DUPLICATION = "message_duplication"
    MESSAGE_REORDERING = "message_reordering"
    MESSAGE_CORRUPTION = "message_corruption"
    MESSAGE_DELAY = "message_delay"
    BOX_CUT_OFF = "box_cut_off"
    BOX_HALF_OPEN = "box_half_open"
    GATEWAY_CUT_OFF = "gateway_cut_off"
    BROKER_RESTART = "broker_restart"
    BROKER_AMNESIA = "broker_amnesia"
    # The link upward
    REQUEST_LOSS = "request_loss"
    REPLY_LOSS = "reply_loss"
    REQUEST_DUPLICATION = "request_duplication"
    REQUEST_DELAY = "request_delay"
    REQUEST_CORRUPTION = "request_corruption"
    REPLY_CORRUPTION = "reply_corruption"
    CENTRE_UNREACHABLE = "centre_unreachable"
    # People who carry a log upward on a stick, while the centre is unreachable
    STICK_CARRIED = "stick_carried"
    STICK_CARRIED_TWICE = "stick_carried_twice"
    STICK_TO_THE_WRONG_PLACE = "stick_to_the_wrong_place"
    STICK_COPIED_IN_PART = "stick_copied_in_part"
    STICK_STALE = "stick_stale"
    # A box's power and memory
    POWER_CUT = "power_cut"
    POWER_CUT_IN_WRITE = "power_cut_in_write"
    MEMORY_TORN = "memory_torn"
    MEMORY_REORDERED = "memory_reordered"
    MEMORY_ERROR = "memory_error"
    MEMORY_ERROR_APPLIED = "memory_error_applied"
    MEMORY_FULL = "memory_full"
    MEMORY_ROT = "memory_rot"
    MEMORY_ROT_BOTH = "memory_rot_both"
    SLOTS_CUT = "slots_cut"
    SLOTS_CUT_BOTH = "slots_cut_both"
    COUNTERS_FULL = "counters_full"
    # A box's mechanics, per sheet
    SHEET_JAMMED = "sheet_jammed"
    DOUBLE_FED = "double_fed"
    SHEET_SKEWED = "sheet_skewed"
    WRONG_LENGTH = "wrong_length"
    FAINT_MARK = "faint_mark"
    SHEETS_JOINED = "sheets_joined"
    DROP_FAILED = "drop_failed"
    DROP_UNCERTAIN = "drop_uncertain"
    # A box's parts, for a while
    COVER_OPENED = "cover_opened"
    SEAL_BROKEN = "seal_broken"
    MAINS_LOST = "mains_lost"
    BATTERY_LOW = "battery_low"
    PAPER_OUT = "paper_out"
    PRINTER_JAMMED = "printer_jammed"
    SCANNER_DIRTY = "scanner_dirty"
    SMALL_CONTAINER = "small_container"
    # Gateways and their ledgers
    GATEWAY_KILLED = "gateway_killed"
    GATEWAY_KILLED_UNCOMMITTED = "gateway_killed_uncommitted"
    GATEWAY_KILLED_COMMITTED = "gateway_killed_committed"
    CENTRE_KILLED = "centre_killed"
    GATEWAY_LOST = "gateway_lost"
    LEDGER_FULL = "ledger_full"
    LEDGER_ERROR = "ledger_error"
    LEDGER_ERROR_APPLIED = "ledger_error_applied"
    # Clocks
    CLOCK_WRONG = "clock_wrong"
    CLOCK_DRIFT = "clock_drift"
    CLOCK_STEP = "clock_step"
    # People who mean well
    PRESSED_TWICE = "pressed_twice"
    PRESSED_WRONG = "pressed_wrong"
    CABLES_SWAPPED = "cables_swapped"
    BOX_BROKEN = "box_broken"
    WRONG_DEFINITION = "wrong_definition"
    WRONG_ANSWER = "wrong_answer"
    # The authority and the officers, at a bad time
    REGISTER_RENEWED = "register_renewed"
    KEY_ROTATED = "key_rotated"
    REGISTER_UNDONE = "register_undone"
    CORRECTED = "corrected"
    REPRINTED = "reprinted"
    # People who count by hand, and who enter what they counted
    COUNT_MISREAD = "count_misread"
    COUNT_SWAPPED = "count_swapped"
    COUNT_UNREADABLE = "count_unreadable"
    COUNT_LOWERED = "count_lowered"
    COUNT_TWICE = "count_twice"
    COUNT_CORRECTED = "count_corrected"
    COUNT_ONE_OFFICER = "count_one_officer"
    COUNT_OTHER_LAW = "count_other_law"
    COUNT_NAMED = "count_named"
    COUNT_NAMED_WRONG = "count_named_wrong"
    COUNT_NAMED_APART = "count_named_apart"
    COUNT_NAMED_FORGED = "count_named_forged"
    # Where a gateway serves a rehearsal beside the election
    ELECTIONS_CONFUSED = "elections_confused"
    ELECTION_REPLAYED = "election_replayed"
    # People who do not
    REPLAYED_REPORT = "replayed_report"
    FORGED_SIGNATURE = "forged_signature"
    FORGED_RECEIPT = "forged_receipt"
    FOREIGN_TOPIC = "foreign_topic"
    FLOODED = "flooded"
    FLOODED_WITH_KEY = "flooded_with_key"
    STOLEN_KEY = "stolen_key"
    BOX_CLONED = "box_cloned"
    BOX_RESTORED = "box_restored"
    GATEWAY_RESTORED = "gateway_restored"
    CENTRE_RESTORED = "centre_restored"
    FIRMWARE_PUT_BACK = "firmware_put_back"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a kind may leave, and why it is not EXACT (empty for EXACT)."""

    leaves: FaultClass
    why: str = ""


_WEAKER: Final = {
    FaultKind.DROP_UNCERTAIN: Promise(
        FaultClass.EXACT_AFTER_PERSON, "only a person can look whether the sheet fell"
    ),
    FaultKind.POWER_CUT: Promise(
        FaultClass.EXACT_AFTER_PERSON,
        "between the release of a sheet and its drop only a person can tell where it is",
    ),
    FaultKind.POWER_CUT_IN_WRITE: Promise(
        FaultClass.EXACT_AFTER_PERSON, "as for a power cut at rest"
    ),
    FaultKind.MEMORY_TORN: Promise(FaultClass.EXACT_AFTER_PERSON, "comes with a power cut"),
    FaultKind.MEMORY_REORDERED: Promise(FaultClass.EXACT_AFTER_PERSON, "comes with a power cut"),
    FaultKind.MEMORY_ERROR: Promise(
        FaultClass.EXACT_AFTER_PERSON, "the box stops and boots anew, as after a power cut"
    ),
    FaultKind.MEMORY_ERROR_APPLIED: Promise(
        FaultClass.EXACT_AFTER_PERSON, "the box stops and boots anew, as after a power cut"
    ),
    FaultKind.MEMORY_FULL: Promise(
        FaultClass.EXACT_AFTER_PERSON, "the box stops until there is room, then boots anew"
    ),
    FaultKind.MEMORY_ROT_BOTH: Promise(
        FaultClass.NAMED,
        "what rotted in both copies at one place nobody can mend: the box stops, and its count is "
        "missing until the sheets are counted by hand",
    ),
    FaultKind.SLOTS_CUT: Promise(FaultClass.EXACT_AFTER_PERSON, "comes with a power cut"),
    FaultKind.SLOTS_CUT_BOTH: Promise(
        FaultClass.NAMED,
        "what the slots held that are missing in both copies is lost: the box stops, and its count "
        "is missing until the sheets are counted by hand",
    ),
    FaultKind.COUNTERS_FULL: Promise(
        FaultClass.EXACT_AFTER_PERSON,
        "a box takes no sheet that no report could tell any more: its voters go to another one",
    ),
    FaultKind.SHEETS_JOINED: Promise(
        FaultClass.EXACT_AFTER_PERSON, "only a person can take out the sheet that nobody read"
    ),
    FaultKind.SMALL_CONTAINER: Promise(
        FaultClass.EXACT_AFTER_PERSON, "a person has to change the container when it is full"
    ),
    FaultKind.MAINS_LOST: Promise(FaultClass.EXACT_AFTER_PERSON, "an empty battery is a power cut"),
    FaultKind.GATEWAY_LOST: Promise(
        FaultClass.EXACT_AFTER_PERSON,
        "what its machine alone had receipted boxes send again, to another log that a person opens "
        "with two officers",
    ),
    FaultKind.BOX_BROKEN: Promise(
        FaultClass.NAMED, "the sheets in the box that broke are counted by hand; it is missing"
    ),
    FaultKind.WRONG_DEFINITION: Promise(
        FaultClass.NAMED, "a box of another election is refused, and missing where it is expected"
    ),
    FaultKind.WRONG_ANSWER: Promise(
        FaultClass.UNDETECTABLE,
        "a person's false word about a sheet stands; the hand count would show one sheet more or "
        "less than the box",
    ),
    FaultKind.COUNT_MISREAD: Promise(
        FaultClass.NAMED,
        "the sums of the count by hand do not hold: it is set aside by name, and in no total",
    ),
    FaultKind.COUNT_SWAPPED: Promise(
        FaultClass.NAMED,
        "no sum of a count by hand can see it: it is accepted, and differs by name from the boxes "
        "beside it",
    ),
    FaultKind.COUNT_UNREADABLE: Promise(
        FaultClass.NAMED, "a word stands in a count by hand where its number is missing"
    ),
    FaultKind.COUNT_LOWERED: Promise(
        FaultClass.EXACT_AFTER_PERSON, "the people who counted a ballot twice correct it"
    ),
    FaultKind.COUNT_TWICE: Promise(
        FaultClass.NAMED,
        "two first counts by hand of one station contradict each other: both are evidence, and "
        "none is in force until two officers name one",
    ),
    FaultKind.COUNT_NAMED: Promise(
        FaultClass.EXACT_AFTER_PERSON,
        "of two first counts by hand that contradict each other two officers name the one in force",
    ),
    FaultKind.COUNT_NAMED_WRONG: Promise(
        FaultClass.EXACT_AFTER_PERSON,
        "the wrong one of two counts by hand is in force until officers overrule that",
    ),
    FaultKind.COUNT_NAMED_APART: Promise(
        FaultClass.NAMED,
        "the centre is told otherwise than the station: none of the two counts by hand is in force "
        "there until officers overrule one naming",
    ),
    FaultKind.COUNT_ONE_OFFICER: Promise(
        FaultClass.EXACT_AFTER_PERSON, "a second officer has to sign the count by hand"
    ),
    FaultKind.COUNT_OTHER_LAW: Promise(
        FaultClass.NAMED,
        "a count by a law that no gateway has is set aside by name until people correct it",
    ),
    FaultKind.ELECTIONS_CONFUSED: Promise(
        FaultClass.NAMED,
        "a box that was set up for the rehearsal is counted there, or refused when set up for "
        "neither, and missing where it is expected",
    ),
    FaultKind.STOLEN_KEY: Promise(
        FaultClass.NAMED,
        "who has a box's key speaks for it; as soon as the box itself speaks, both are evidence "
        "and the box is disputed",
    ),
    FaultKind.FLOODED_WITH_KEY: Promise(
        FaultClass.NAMED,
        "as for a stolen key; what is beyond the box's quota waits, and no other box does",
    ),
    FaultKind.BOX_CLONED: Promise(
        FaultClass.NAMED, "two boxes with one key contradict each other: the box is disputed"
    ),
    FaultKind.BOX_RESTORED: Promise(
        FaultClass.NAMED,
        "a box that has forgotten signs sequence numbers anew: both reports are evidence; where "
        "nothing that it forgot is in any log, its paper alone knows: that is undetectable",
    ),
    FaultKind.GATEWAY_RESTORED: Promise(
        FaultClass.NAMED,
        "a gateway that has forgotten is told so by the checkpoints that boxes and the centre "
        "hold; what it decides then is quarantined or never taken above, so boxes are missing",
    ),
    FaultKind.FIRMWARE_PUT_BACK: Promise(
        FaultClass.NAMED,
        "what an older firmware signs is set aside, its final as well, until officers release it",
    ),
}

#: Every kind's promise.
PROMISES: Final[Mapping[FaultKind, Promise]] = MappingProxyType(
    {kind: _WEAKER.get(kind, Promise(FaultClass.EXACT)) for kind in FaultKind}
)


def weakest(kinds: "set[FaultKind] | frozenset[FaultKind]") -> FaultClass:
    """Return the class a run is held to that these kinds struck."""
    return max((PROMISES[kind].leaves for kind in kinds), default=FaultClass.EXACT)


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault at one time: data, so that a failing day can be shrunk strike by strike.

    target: which box, or which node of the kind's own sort, taken modulo how many there are.
    lasts: milliseconds, for kinds that last. detail: a number that the kind gives a meaning.
    """

    kind: FaultKind
    at: int
    target: int = 0
    lasts: int = 0
    detail: int = 0


@dataclass(frozen=True, slots=True)
class Weather:
    """How often faults of single messages happen: the chance for each, by kind."""

    chances: Mapping[FaultKind, float]


CALM: Final = Weather(MappingProxyType({}))


#: What may happen to each sheet on its way into the container.
MECHANICS: Final = frozenset(
    {
        FaultKind.SHEET_JAMMED,
        FaultKind.DOUBLE_FED,
        FaultKind.SHEET_SKEWED,
        FaultKind.WRONG_LENGTH,
        FaultKind.FAINT_MARK,
        FaultKind.SHEETS_JOINED,
        FaultKind.DROP_FAILED,
        FaultKind.DROP_UNCERTAIN,
    }
)
#: What people may do wrong who count by hand, or do over: the next first version shows it.
COUNT_KINDS: Final = frozenset(kind for kind in FaultKind if kind.value.startswith("count_"))
#: Of these what people do later, where two first versions exclude each other.
NAMING_KINDS: Final = frozenset(
    {
        FaultKind.COUNT_NAMED,
        FaultKind.COUNT_NAMED_WRONG,
        FaultKind.COUNT_NAMED_APART,
        FaultKind.COUNT_NAMED_FORGED,
    }
)
#: What people may do with a stick.
STICK_KINDS: Final = frozenset(kind for kind in FaultKind if kind.value.startswith("stick_"))
#: What may cross from one election at a gateway to the other.
CROSSING_KINDS: Final = frozenset({FaultKind.ELECTIONS_CONFUSED, FaultKind.ELECTION_REPLAYED})
#: The kinds that are weather; all others strike.
WEATHER_KINDS: Final = frozenset(
    {
        FaultKind.LINE_LOSS,
        FaultKind.LINE_DUPLICATION,
        FaultKind.LINE_REORDERING,
        FaultKind.LINE_CORRUPTION,
        FaultKind.LINE_DELAY,
        FaultKind.MESSAGE_LOSS,
        FaultKind.MESSAGE_DUPLICATION,
        FaultKind.MESSAGE_REORDERING,
        FaultKind.MESSAGE_CORRUPTION,
        FaultKind.MESSAGE_DELAY,
        FaultKind.REQUEST_LOSS,
        FaultKind.REPLY_LOSS,
        FaultKind.REQUEST_DUPLICATION,
        FaultKind.REQUEST_DELAY,
        FaultKind.REQUEST_CORRUPTION,
        FaultKind.REPLY_CORRUPTION,
        *MECHANICS,
    }
)
