"""Results of small polling places to print: one with Kyrgyz and Russian names."""

from functools import cache

from ballotbox_protocol.election.definition import Contest, ContestKind, Option, Precinct
from ballotbox_protocol.election.identifiers import PrecinctId
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_simulator.authority import Authority
from tests.tabulation.log_builder import Ballot, LogBuilder, Signed, authority_of, count

PARTY = "«Өнүгүү жана биримдик» саясий партиясы"
LONG = "Партия «Единство, справедливость и устойчивое развитие Кыргызской Республики»"
LIST = Contest(
    "Жогорку Кеңештин депутаттарын шайлоо",
    ContestKind.PARTY_LIST,
    1,
    (Option(PARTY, 3), Option(LONG, 2), Option("Баарына каршы")),
)
SEAT = Contest(
    "Избирательный округ № 5",
    ContestKind.CHOOSE_ONE,
    1,
    (Option("Асанова Айгүл Токтогуловна"), Option("Щербаков Ю. Ё."), Option("Against all")),
)
COUNCIL = Contest(
    "Шаардык кеңеш", ContestKind.CHOOSE_UP_TO, 3, tuple(Option(f"Талапкер {x}") for x in "АБВГД")
)


@cache
def kyrgyz_authority() -> Authority:
    styles = (0, 1)
    precincts = (Precinct(PrecinctId(17), "№ 17 орто мектеп, Ош шаары", 800, styles),)
    return authority_of(
        boxes=1,
        contests=(LIST, SEAT, COUNCIL),
        precincts=precincts,
        name="Кыргыз Республикасынын Жогорку Кеңешинин депутаттарын шайлоо",
    )


def ballots(number: int) -> list[Ballot]:
    return [
        Ballot(
            0,
            {
                0: Marks(frozenset({n % 3}), frozenset({(n % 3, n % 2)}) if n % 3 < 2 else set()),
                1: Marks(frozenset({n % 3})),
                2: Marks(frozenset({n % 5, (n + 1) % 5})),
            },
        )
        for n in range(number)
    ]


@cache
def kyrgyz_final(number: int = 437, **fields: object) -> Signed:
    row, counters = count(kyrgyz_authority(), ballots(number))
    pen = LogBuilder(kyrgyz_authority()).pen(0)
    return pen.write(
        ReportKind.FINAL, **{"counters": counters, "votes": row, "sequence": 4, **fields}
    )
