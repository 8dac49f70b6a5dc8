"""Shares as they are displayed: with what no option got they make 100 % of the base they name.

Every share is cut to two decimals, so so many shares miss less than so many hundredths of a percent
together, and never pass 100. Asked of the text that people read, not of the numbers behind it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ballotbox_tabulation.core.totals import share_percent

#: What stands on nothing but the votes of the options: no other ballot is in it.
VALID_VOTES: Final = "valid votes"
_WHOLE: Final = 100_00
_SHARE: Final = re.compile(r"(0|[1-9][0-9]*)\.([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Misdisplay:
    """What is wrong with displayed shares: in words, both numbers, and where."""

    problem: str
    shown: int | str
    wanted: int
    where: str


def misdisplays(result: dict[str, Any]) -> Iterator[Misdisplay]:
    """Yield what is wrong with the shares of the contests and of the decisions of a result."""
    for contest in result["nation"]["contests"] or ():
        beside = contest["undervotes"] + contest["overvotes"]
        yield from _of_base(contest, beside, f"the whole election, {contest['name']}")
    for decision in result.get("decisions", ()):
        base = decision.get("base")
        if base is None or base["value"] is None:
            continue
        where = f"the decision, {decision['contest']}"
        if any(each["votes"] is None for each in decision["options"]):
            yield Misdisplay("what has a base has votes", "null", base["value"], where)
            continue
        # What is against all is no valid vote, and has no share of these.
        valid = base["name"] == VALID_VOTES
        options = [each for each in decision["options"] if not (valid and _is_against_all(each))]
        given = sum(option["votes"] for option in options)
        beside = 0 if valid else max(0, base["value"] - given)
        of_base = {"base": base, "options": options}
        yield from _of_base(of_base, beside, where)


def _is_against_all(option: dict[str, Any]) -> bool:
    return bool(option.get("against_all"))


def _of_base(shown: dict[str, Any], beside: int, where: str) -> Iterator[Misdisplay]:
    options, base = shown["options"], shown["base"]["value"]
    place = f"{where}, of {shown['base']['name']}"
    parts = sum(option["votes"] for option in options) + beside
    if parts != base:
        yield Misdisplay("the parts of a base are all of it", parts, base, place)
        return
    texts = [option["share_percent"] for option in options]
    if base == 0:
        yield from (Misdisplay("nothing has no shares", text, 0, place) for text in texts if text)
        return
    yield from _sum(options, [*texts, share_percent(beside, base)], place)


def _sum(
    options: Sequence[dict[str, Any]], texts: Sequence[str], where: str
) -> Iterator[Misdisplay]:
    found = [_SHARE.fullmatch(str(text)) for text in texts]
    for option, match in zip(options, found, strict=False):
        if match is None:
            text = option["share_percent"]
            yield Misdisplay("a share is a number with two decimals", text, 0, where)
    hundredths = sum(int(match[1] + match[2]) for match in found if match is not None)
    if not _WHOLE - len(texts) < hundredths <= _WHOLE:
        problem = "shares as displayed sum to 100 % of the base they name, in hundredths of it"
        yield Misdisplay(problem, hundredths, _WHOLE, where)
