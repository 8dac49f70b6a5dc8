"""Laws and sound protocols for tests: every installed law, bound, and protocols that keep it."""

from importlib.resources import files

from hypothesis import strategies as st

from ballotbox_protocol.election.law.binding import BoundLaw, bind
from ballotbox_protocol.election.law.law import Law
from ballotbox_protocol.election.law.source import load_law

FOLDER = files("ballotbox_protocol") / "election" / "law" / "files"
LAWS = {
    path.name.removesuffix(".toml"): path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.iterdir(), key=lambda path: path.name)
}

#: The shortest law that has everything.
SMALL = """
name = "small"
title = "Small"
country = "Nowhere"
source = "made for tests"

[[line]]
number = "1"
title = "Issued"

[[line]]
number = "11a"
title = "Found"
original = "Найдено"

[[options]]
name = "votes"
title = "Votes"

[[parameter]]
name = "M"
title = "Marks allowed"
default = 1

[[relation]]
name = "R1"
title = "Found is at most issued"
holds = "[11a] <= [1]"
weight = "hard"
nature = "physical"
state = "confirmed"
source = "made for tests"

[[relation]]
name = "R2"
title = "Votes sum up"
holds = "sum(votes) = M * [11a]"
weight = "hard"
nature = "arithmetic"
state = "confirmed"
source = "made for tests"

[[relation]]
name = "R3"
title = "No option beyond the ballots"
holds = "each(votes) <= [11a]"
weight = "mild"
nature = "arithmetic"
state = "derived"
source = "made for tests"
"""

#: What fills each law: the counted pieces, drawn at will, and the lines that follow from them.
#: A piece and a line have the same name when the line is a piece.
FREE = {
    "ru-state-duma": "3 4 5 6 11 12 9 a b c spare",
    "ru-president": "3 4 5 6 17 18 9 11 12 13 14 15 16 a b c spare",
    "bg-parliament": "unused destroyed invalid_paper none_paper valid_paper none_machine a b c"
    " pre_registered onsite spare",
    "br-office": "a b c p q BRAN NULO FALT",
    "cvr-contest": "a b c U O",
    "in-form-17c": "a b c 3 4 5 spare",
    "kg-precinct": "a b c 14 11 7 1a spare",
    "uk-count": "a b c rejected unused spoilt",
}


def bound(name: str) -> BoundLaw:
    """Return an installed law over all its lines, each group with three options."""
    return bind_all(load_law(LAWS[name]))


def bind_all(law: Law, options: tuple[str, ...] = ("a", "b", "c")) -> BoundLaw:
    """Return a law over all its lines and the same options in each of its groups."""
    lines = [line.number for line in law.lines]
    return bind(law, lines, {group.name: options for group in law.groups}, {})


@st.composite
def sound_protocols(draw, name: str) -> list[int]:
    """Draw a protocol that keeps a law, in the order of the columns of `bound`."""
    pieces = {piece: draw(st.integers(0, 900)) for piece in FREE[name].split()}
    lines = COMPLETE[name](pieces)
    options = OPTIONS[name](pieces)
    law = load_law(LAWS[name])
    return [
        *(lines[line.number] for line in law.lines),
        *(vote for group in law.groups for vote in options[group.name]),
    ]


def _votes(pieces: dict[str, int]) -> dict[str, tuple[int, ...]]:
    return {"votes": (pieces["a"], pieces["b"], pieces["c"])}


def _bulgarian_votes(pieces: dict[str, int]) -> dict[str, tuple[int, ...]]:
    return {"machine_votes": (pieces["none_machine"], pieces["a"], pieces["b"] + pieces["c"])}


def _brazilian_votes(pieces: dict[str, int]) -> dict[str, tuple[int, ...]]:
    return {
        "candidates": (pieces["a"], pieces["b"], pieces["c"]),
        "parties": (pieces["p"], pieces["q"], 0),
    }


OPTIONS = dict.fromkeys(FREE, _votes) | {
    "bg-parliament": _bulgarian_votes,
    "br-office": _brazilian_votes,
}


def _russian(p: dict[str, int], lost: str, unaccounted: str) -> dict[str, int]:
    valid = p["a"] + p["b"] + p["c"]
    found = valid + p["9"]
    # Everything that is found was issued: early, outside and, for the rest, in the station.
    portable = min(found, p["3"] + p["5"])
    station = found - portable + p["4"]
    issued = p["3"] + station + p["5"]
    missing = p[unaccounted] if p[unaccounted] <= issued + p["6"] + p[lost] else 0
    return p | {
        "1": issued + p["spare"],
        "2": issued + p["6"] + p[lost] - missing,
        "4": station,
        "7": portable,
        "8": found - portable,
        "10": valid,
        unaccounted: missing,
    }


def _bulgarian(p: dict[str, int]) -> dict[str, int]:
    paper = p["invalid_paper"] + p["none_paper"] + p["valid_paper"]
    machine = p["none_machine"] + p["a"] + p["b"] + p["c"]
    return p | {
        "distributed": p["unused"] + p["destroyed"] + paper,
        "urn_paper": paper,
        "urn_machine": machine,
        "valid_machine": p["a"] + p["b"] + p["c"],
        "voted": paper + machine,
        "registered": paper + machine + p["spare"],
    }


def _brazilian(p: dict[str, int]) -> dict[str, int]:
    names, parties = p["a"] + p["b"] + p["c"], p["p"] + p["q"]
    total = names + parties + p["BRAN"] + p["NULO"]
    entitled = total + p["FALT"]
    shares = {"APTS": entitled // 3, "APTT": entitled - entitled // 3}
    enabled = {"HBBM": total // 4, "HBBG": total // 5, "HBSB": total - total // 4 - total // 5}
    sums = {"APTO": entitled, "COMP": total, "NOMI": names, "LEGC": parties, "TOTC": total}
    return p | shares | enabled | sums


def _contest(p: dict[str, int]) -> dict[str, int]:
    return p | {"B": p["a"] + p["b"] + p["c"] + p["U"] + p["O"]}


def _indian(p: dict[str, int]) -> dict[str, int]:
    recorded = p["a"] + p["b"] + p["c"] + p["5"]
    came = recorded + p["3"] + p["4"]
    return p | {"6": recorded, "2": came, "1": came + p["spare"]}


def _kyrgyz(p: dict[str, int]) -> dict[str, int]:
    valid = p["a"] + p["b"] + p["c"] + p["14"]
    total = valid + p["11"]
    early, outside = total // 5, total // 7
    return p | {
        "1": total + p["7"] + p["spare"],
        "2": total + p["7"],
        "3": early,
        "4": total - early - outside,
        "5": outside,
        "6": total,
        "8": total // 9,
        "9": total - total // 9,
        "10": valid,
        "12": total,
    }


def _british(p: dict[str, int]) -> dict[str, int]:
    found = p["a"] + p["b"] + p["c"] + p["rejected"]
    return p | {
        "verified": found,
        "issued": found,
        "received": found + p["unused"] + p["spoilt"],
    }


COMPLETE = {
    "ru-state-duma": lambda p: _russian(p, "11", "12"),
    "ru-president": lambda p: _russian(p, "17", "18"),
    "bg-parliament": _bulgarian,
    "br-office": _brazilian,
    "cvr-contest": _contest,
    "in-form-17c": _indian,
    "kg-precinct": _kyrgyz,
    "uk-count": _british,
}
