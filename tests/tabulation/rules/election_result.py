"""A small published result, made by hand, and rules files for it."""

from ballotbox_tabulation.core.rules.source import read_rules

HEAD = 'name = "Test"\nsource = "A law, article 1"\n'


def rules(*contests: str, head: str = HEAD):
    return read_rules("\n".join([head, *contests]).encode())


def list_rules(**keys: object) -> str:
    """Return a [[contest]] of kind list; a value is written as TOML writes it."""
    given = {
        "kind": "list",
        "contest": "Parliament",
        "base": "all ballots",
        "seats": 10,
        "method": "d_hondt",
        **keys,
    }
    return _table(given)


def plurality_rules(**keys: object) -> str:
    return _table({"kind": "plurality", "contest": "Parliament", "base": "valid votes", **keys})


def referendum_rules(**keys: object) -> str:
    given = {
        "kind": "referendum",
        "contest": "Parliament",
        "base": "valid votes",
        "quorum_percent": "50",
        "accept": "A",
        "majority_percent": "50",
        **keys,
    }
    return _table(given)


def _table(keys: dict[str, object]) -> str:
    lines = [f"{key} = {_written(value)}" for key, value in keys.items() if value is not None]
    return "\n".join(["[[contest]]", *lines])


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def result(*precincts: tuple[int, ...] | None, invalid=0, missing=0, registered=1000, names=None):
    """Return a result of one contest: the votes of each precinct, None where no box is counted."""
    counted = [votes for votes in precincts if votes is not None]
    options = len(counted[0]) if counted else len(names)
    names = names or [chr(ord("A") + at) for at in range(options)]
    votes = [sum(column) for column in zip(*counted, strict=True)]
    ballots = sum(votes) + invalid
    absent = len(precincts) - len(counted) + missing
    return {
        "contests": [{"name": "Parliament", "options": names, "votes_allowed": 1}],
        "nation": {
            "boxes_counted": len(counted),
            "boxes_expected": len(counted) + absent,
            "registered": registered,
            "counters": {"ballots": ballots} if counted else None,
            "contests": [
                {
                    "ballots": ballots,
                    "options": [{"name": n, "votes": v} for n, v in zip(names, votes, strict=True)],
                }
            ]
            if counted
            else None,
        },
        "boxes": {
            "missing": [{"box": "00" * 16, "precinct": 1}] * absent,
            **{state: [] for state in ("disputed", "quarantined", "held")},
        },
        "precincts": [
            {
                "number": number,
                "contests": None
                if each is None
                else [
                    {"ballots": sum(each) + (invalid if number == 1 else 0), "votes": list(each)}
                ],
            }
            for number, each in enumerate(precincts, 1)
        ],
    }
