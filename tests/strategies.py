"""Elections, ballots, registers, reports and leaves as Hypothesis draws them: valid, and odd."""

import itertools
import unicodedata
from typing import Any

from hypothesis import strategies as st

from ballotbox_protocol.election.counters import COUNTER_NAMES, Counters
from ballotbox_protocol.election.definition import (
    PERCENT,
    BallotStyle,
    Contest,
    ContestKind,
    Election,
    Handling,
    MarkPolicy,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import COUNT_MAX, WIDE_MAX, Mode, PollState
from ballotbox_protocol.election.register import (
    BoxEntry,
    ClosedAs,
    Closure,
    GatewayEntry,
    Officer,
    Register,
    Role,
    origin_id,
)
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.leaf import Leaf, LeafType
from ballotbox_protocol.wire.report import (
    OFFICERS_MAX,
    WITH_VOTES,
    Clock,
    ClockQuality,
    HeldCheckpoint,
    Incident,
    IncidentCode,
    JournalHead,
    NewKey,
    OfficerSignature,
    Report,
    ReportKind,
)
from ballotbox_protocol.wire.verdict import Reason, Verdict

#: Keys that can be told apart in a failure: the seed repeats the key's number.
KEYS = tuple(PrivateKey.from_seed(bytes([number]) * 32) for number in range(1, 25))

digests = st.binary(min_size=32, max_size=32)
ids = st.binary(min_size=16, max_size=16)
counts = st.one_of(st.integers(0, 70_000), st.integers(0, COUNT_MAX))
wides = st.one_of(st.integers(0, 70_000), st.integers(0, WIDE_MAX))
signatures = st.binary(min_size=64, max_size=64)
#: Latin, Cyrillic, Kyrgyz, Georgian, Han, an astral letter, punctuation, and letters with marks.
_LETTERS = "abc XYZ 019 «»—.,'\"\\#=[] йёңөү ქართ 水 𐅑 éÅñ"
names = st.text(alphabet=_LETTERS, min_size=1, max_size=12).map(
    lambda text: unicodedata.normalize("NFC", text)
)
origins = st.text(alphabet="abcdef./-:0123456789", min_size=1, max_size=20)
days = st.dates().map(lambda day: day.isoformat())


def unique_names(low: int, high: int) -> st.SearchStrategy[list[str]]:
    return st.lists(names, min_size=low, max_size=high, unique=True)


@st.composite
def contests(draw: st.DrawFn, name: str | None = None) -> Contest:
    kind = draw(st.sampled_from(ContestKind))
    low = 1 if kind is ContestKind.PARTY_LIST else 0
    high = 4 if kind is ContestKind.PARTY_LIST else 0
    options = tuple(
        Option(each, draw(st.integers(0, high)) if low else 0) for each in draw(unique_names(1, 6))
    )
    most = len(options) if kind is ContestKind.CHOOSE_UP_TO else 1
    return Contest(name or draw(names), kind, draw(st.integers(1, most)), options)


@st.composite
def styles(draw: st.DrawFn, code: str, contest_count: int) -> BallotStyle:
    order = draw(st.permutations(range(contest_count)))
    carried = order[: draw(st.integers(1, contest_count))]
    cuts = (
        sorted(draw(st.sets(st.integers(1, len(carried) - 1), max_size=2))) if carried[1:] else []
    )
    edges = [0, *cuts, len(carried)]
    sheets = tuple(tuple(carried[a:b]) for a, b in itertools.pairwise(edges))
    return BallotStyle(code, sheets)


@st.composite
def policies(draw: st.DrawFn) -> MarkPolicy:
    """Any policy; every other one is of those that say no more than the first two numbers."""
    if draw(st.booleans()):
        short = st.sampled_from((Handling.ACCEPT, Handling.SECOND_CHANCE))
        return MarkPolicy(draw(short), draw(short))
    faint = draw(st.integers(1, PERCENT))
    handling = [draw(st.sampled_from(Handling)) for _ in range(4)]
    return MarkPolicy(*handling, draw(st.integers(faint, PERCENT)), faint, draw(st.booleans()))


@st.composite
def elections(draw: st.DrawFn) -> Election:
    """An election in which every contest stands on a style and every style in a precinct."""
    built = tuple(draw(contests(name)) for name in draw(unique_names(1, 4)))
    codes = draw(unique_names(1, 3))
    drawn = [draw(styles(code, len(built))) for code in codes[1:]]
    everything = BallotStyle(codes[0], (tuple(draw(st.permutations(range(len(built))))),))
    numbers = draw(st.lists(counts, min_size=1, max_size=3, unique=True))
    every_style = tuple(range(len(codes)))
    precincts = [Precinct(numbers[0], draw(names), draw(counts), every_style)] + [
        Precinct(number, draw(names), draw(counts), (draw(st.sampled_from(every_style)),))
        for number in numbers[1:]
    ]
    return Election(
        name=draw(names),
        mode=draw(st.sampled_from(Mode)),
        day=draw(days),
        contests=built,
        styles=(everything, *drawn),
        precincts=tuple(precincts),
        register_signers=tuple(key.public for key in KEYS[: draw(st.integers(1, 3))]),
        policy=draw(policies()),
    )


@st.composite
def marks(draw: st.DrawFn, contest: Contest) -> Marks:
    """Any marks the ballot has room for: blank, too few, too many, several preferences."""
    chosen = draw(st.frozensets(st.integers(0, len(contest.options) - 1)))
    places = [
        (option, candidate)
        for option, listed in enumerate(contest.options)
        for candidate in range(listed.preferences)
    ]
    preferred = draw(st.frozensets(st.sampled_from(places), max_size=2)) if places else frozenset()
    return Marks(chosen, preferred)


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    named = draw(st.lists(origins, max_size=2, unique=True))
    positions = tuple((origin_id(origin), draw(wides)) for origin in named)
    return Closure(draw(st.sampled_from(ClosedAs)), positions)


@st.composite
def registers(draw: st.DrawFn) -> Register:
    first = draw(st.integers(0, len(KEYS) - 1))
    keys = [key.public for key in (*KEYS[first:], *KEYS[:first])]
    boxes = draw(st.lists(ids, max_size=3, unique=True))
    places = {box: draw(counts) for box in boxes}
    epochs = [(box, epoch) for box in boxes for epoch in range(draw(st.integers(1, 2)))]
    entries = tuple(
        BoxEntry(
            box,
            keys.pop(),
            epoch,
            places[box],
            tuple(draw(st.lists(digests, min_size=1, max_size=2))),
            draw(st.none() | closures()),
        )
        for box, epoch in epochs
    )
    gateways = tuple(
        GatewayEntry(origin, keys.pop())
        for origin in draw(st.lists(origins, max_size=2, unique=True))
    )
    officers = tuple(
        Officer(keys.pop(), Role(draw(st.integers(0, 7))), draw(st.none() | counts))
        for _ in range(draw(st.integers(0, 3)))
    )
    return Register(draw(digests), draw(st.integers(1, COUNT_MAX)), entries, gateways, officers)


def counters() -> st.SearchStrategy[Counters]:
    return st.builds(Counters, **dict.fromkeys(COUNTER_NAMES, counts))


officer_signatures = st.builds(OfficerSignature, st.binary(min_size=8, max_size=8), signatures)
signature_lists = st.lists(officer_signatures, max_size=OFFICERS_MAX).map(tuple)


@st.composite
def reports(draw: st.DrawFn, kind: ReportKind | None = None) -> Report:
    chosen = kind or draw(st.sampled_from(ReportKind))
    only: dict[str, Any] = {}
    if chosen in WITH_VOTES:
        only["votes"] = tuple(draw(st.lists(counts, min_size=1, max_size=50)))
    if chosen is ReportKind.INCIDENT:
        only["incident"] = Incident(draw(st.sampled_from(IncidentCode)), draw(counts))
    if chosen is ReportKind.CORRECTION:
        only["corrects"] = draw(digests)
    if chosen is ReportKind.KEY_ROTATION:
        only["new_key"] = NewKey(draw(digests), draw(signatures))
    return Report(
        kind=chosen,
        election=draw(digests),
        precinct=draw(counts),
        box=draw(ids),
        epoch=draw(counts),
        boot=draw(counts),
        sequence=draw(counts),
        previous=draw(digests),
        journal=JournalHead(draw(wides), draw(digests)),
        counters=draw(counters()),
        firmware=draw(digests),
        firmware_sequence=draw(counts),
        state=draw(st.sampled_from(PollState)),
        debug=draw(st.booleans()),
        clock=Clock(draw(wides), draw(st.sampled_from(ClockQuality)), draw(wides)),
        held=draw(st.none() | st.builds(HeldCheckpoint, ids, wides, digests)),
        signatures=draw(signature_lists),
        **only,
    )


@st.composite
def leaves(draw: st.DrawFn) -> Leaf:
    kind = draw(st.sampled_from(LeafType))
    return Leaf(
        kind,
        draw(digests),
        draw(st.sampled_from(Verdict)),
        draw(st.sampled_from(Reason)),
        draw(digests) if kind is not LeafType.REPORT else None,
        draw(wides),
    )


@st.composite
def damaged(draw: st.DrawFn, valid: st.SearchStrategy[bytes]) -> bytes:
    """Bytes that were valid before one of them was changed, lost or added."""
    data = bytearray(draw(valid))
    at = draw(st.integers(0, len(data) - 1))
    how = draw(st.sampled_from(["flip", "set", "drop", "add", "cut"]))
    if how == "flip":
        data[at] ^= 1 << draw(st.integers(0, 7))
    elif how == "set":
        data[at] = draw(st.integers(0, 255))
    elif how == "drop":
        del data[at]
    elif how == "add":
        data.insert(at, draw(st.integers(0, 255)))
    else:
        del data[at:]
    return bytes(data)
