"""A day of everything that a site can show: every state of a box, counts by hand, decisions."""

import json
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path

from ballotbox_protocol.election.definition import Contest, ContestKind, Option
from ballotbox_protocol.election.law.law import Mark
from ballotbox_protocol.election.law.source import law_digest
from ballotbox_protocol.election.register import ClosedAs, Closure, origin_id
from ballotbox_protocol.wire.leaf import Leaf, LeafType, encode_leaf
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import COUNCIL, DISTRICT, PARTY_LIST, with_register
from ballotbox_tabulation.core.publication import publish
from ballotbox_tabulation.core.totals import share_percent
from ballotbox_tabulation.law_files import law_text
from ballotbox_tabulation.site.proofs import open_proofs
from ballotbox_tabulation.site.site import Site
from tests.gateway.scripted import corrected, counted
from tests.tabulation.folding import concluded
from tests.tabulation.log_builder import ORIGIN, TIME, LogBuilder, authority_of, count
from tests.tabulation.log_builder import simple_ballots as ballots

HOSTILE = '<b>Ask & "Answer"</b> 100 %'
BOXES = 14
#: Boxes of the material in the order of their precincts, two in each.
HELD, QUARANTINED, DISPUTED, UNUSED, OBJECTED, MISSING = 6, 8, 9, 10, 12, 13


@cache
def material() -> LogBuilder:
    """The log of the day; its authority closed one box as unused."""
    first = replace(DISTRICT, options=(Option(HOSTILE), *DISTRICT.options[1:]))
    plan = {"registered": 1500, "boxes_per_precinct": 2, "contests": (PARTY_LIST, first, COUNCIL)}
    authority = authority_of(boxes=BOXES, **plan)
    log = LogBuilder(authority)
    for number in range(6):
        final = log.day(log.pen(number), ballots(700 + number))
    pen = log.pen(11)
    final = log.day(pen, ballots(10))
    log.decide(pen.correction(final, count(authority, ballots(10))[0]))
    row, counters = count(authority, ballots(1234))
    log.hold(log.pen(HELD).final(row, counters, sequence=3))
    log.quarantine(log.pen(QUARANTINED).final(row, counters), Reason.LAW_LIFETIME)
    for each in (log.pen(DISPUTED).final(row, counters, boot=boot) for boot in (1, 2)):
        log.evidence(each)
    log.morning(log.pen(OBJECTED))
    log.decide(log.pen(OBJECTED).final(row, counters, sequence=3, firmware=bytes(32)))
    _count_by_hand(log)
    return _close(log)


def _close(log: LogBuilder) -> LogBuilder:
    register = log.authority.trusted.register
    closure = Closure(ClosedAs.UNUSED, ((origin_id(ORIGIN), 0),))
    boxes = list(register.boxes)
    boxes[UNUSED] = replace(boxes[UNUSED], closed=closure)
    closed = replace(register, version=31, boxes=tuple(boxes))
    log.authority = with_register(log.authority, closed)
    return log


def _count_by_hand(log: LogBuilder) -> None:
    """Of the first station a count that agrees, of the second one that does not, and a lone one."""
    given = log.authority
    agreed = count(given, ballots(700))[0], count(given, ballots(701))[0]
    start = PARTY_LIST.row_size + 4
    votes = tuple(a + b for a, b in zip(*(row[start : start + 4] for row in agreed), strict=True))
    law = {"law": "kg-precinct", "law_digest": law_digest(law_text("kg-precinct"))}
    lines = (
        ("1", 1500),
        ("10", sum(votes)),
        ("11", 201),
        ("2", 1600),
        ("7", Mark.NO_DATA),
        ("8", 4),
    )
    numbers = [each.number for each in given.trusted.election.precincts]
    put(log, counted(given, options=(("votes", votes),), lines=lines, **law))
    wrong = counted(given, precinct=numbers[1], options=(("votes", (290, 300, 300, 310)),), **law)
    put(log, wrong)
    again = (("votes", (303, 300, 300, Mark.ILLEGIBLE)),)
    put(log, corrected(given, wrong, "the second pile was counted again", options=again, **law))
    put(log, counted(given, precinct=numbers[-1], lines=(("1", 7), ("1a", 2))))


def put(log: LogBuilder, hand) -> int:
    """Append an accepted count by hand."""
    fields = {"type": LeafType.HAND_COUNT, "report": hand.id, "verdict": Verdict.ACCEPTED}
    leaf = Leaf(**fields, reason=Reason.IN_ORDER, statement=hand.digest, time=TIME)
    return log.put(encode_leaf(leaf), None, hand.to_bytes())


@cache
def _published():
    return concluded(material()).file


def result_of_the_day() -> dict:
    """A fresh copy of the result, which a test may change."""
    return json.loads(_published())["result"]


def decided(result: dict, status: str = "preliminary") -> dict:
    """The result with rules and decisions, as rules of a mixed election extend it."""
    nation = result["nation"]["contests"]
    rules = {"name": "mixed", "digest": "ab" * 32, "source": "rules of this test"}
    first = [
        {**_share(each, nation[0]), "seats": seats, "passed": seats > 0, "failed": failed}
        for each, seats, failed in zip(
            nation[0]["options"],
            (30, 24, 0, 0, 0),
            (None, None, "regional: Osh", "national", None),
            strict=True,
        )
    ]
    second = [
        {**_share(each, nation[1]), "elected": False}
        for at, each in enumerate(nation[1]["options"])
    ]
    base = {"name": "valid votes", "value": _valid(nation[0])}
    listed = {
        "contest": nation[0]["name"],
        "kind": "list",
        "seats": 54,
        "method": "hare_quota",
        "base": base,
        "thresholds": {"national_percent": "5", "regional_percent": "0.5", "regions": ["Osh"]},
        "options": first,
        "tie": None,
    }
    seat = {
        "contest": nation[1]["name"],
        "kind": "plurality",
        "seats": 1,
        "base": {"name": "valid votes", "value": _valid(nation[1])},
        "options": second,
        "tie": {"options": [second[1]["name"], second[2]["name"]], "seats": 1},
    }
    return result | {"rules": rules, "status": status, "decisions": [listed, seat]}


def _share(option: dict, contest: dict) -> dict:
    return {
        "name": option["name"],
        "votes": option["votes"],
        "share_percent": share_percent(option["votes"], _valid(contest)),
        "against_all": option["name"] == "Against all",
    }


def _valid(contest: dict) -> int:
    return sum(option["votes"] for option in contest["options"])


def site_of(result: dict, **changes) -> Site:
    return Site(result, *publish(result), **changes)


def proofs_of(log: LogBuilder, result: dict):
    return open_proofs(log.files().get, log.authority.trusted, result, lambda _done, _of: None)


def many_districts(districts: int, precincts: int) -> dict:
    """A result of one list and many single seats, each voted on in some of the precincts."""
    seats = tuple(
        Contest(f"District {n}", ContestKind.CHOOSE_ONE, 1, DISTRICT.options)
        for n in range(1, districts + 1)
    )
    authority = authority_of(boxes=1, contests=(PARTY_LIST, *seats), styles=_styles(districts))
    log = LogBuilder(authority)
    log.day(log.pen(0), [])
    result = concluded(log).result
    first = result["precincts"][0]
    result["precincts"] = [
        deepcopy(first) | {"number": n, "name": f"School {n}"} for n in range(1, precincts + 1)
    ]
    return result


def _styles(districts: int):
    from ballotbox_protocol.election.definition import BallotStyle

    return tuple(BallotStyle(f"D{n}", ((0, n),)) for n in range(1, districts + 1))


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
