"""What the pages of the night must show, held against what was published, drawn and fed."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ballotbox_simulator.night.definition import LIST
from ballotbox_simulator.night.draw import Night, Tally
from ballotbox_simulator.night.held import HeldNight
from ballotbox_simulator.publishing import PublishedPage
from ballotbox_simulator.world.settlement import differences

#: What pages say on top while nothing newer is up.
STAYS: Final = "This is the last good publication."


def evening_objections(held: HeldNight) -> list[str]:
    """Return what is wrong with the page of 22:00."""
    if not isinstance(held.evening, PublishedPage):
        return [f"nothing is published at 22:00: {held.evening}"]
    result, night = held.evening.result, held.night
    late = {held.authority.boxes[place].hex() for place in night.late}
    return [
        *_standing(result, night.places.size.reported, late),
        *_tally_differs(result, LIST, night.targets, "at 22:00"),
        *(_not_as_published(result, night) if night.places.size.divisor == 1 else ()),
    ]


def final_objections(held: HeldNight) -> list[str]:
    """Return what is wrong with the final page, and with what lies behind it."""
    if not isinstance(held.final, PublishedPage):
        return [f"the final page is not published: {held.final}"]
    result, night = held.final.result, held.night
    found = [*_standing(result, night.places.size.precincts, set())]
    if held.sent != held.receipted:
        found.append(f"{held.sent} reports were signed and {held.receipted} are receipted")
    if held.office.reason.exists():
        found.append("why a result was refused still stands beside the final one")
    if _says_it_stays(held.evening):
        found.append("the pages of 22:00 still call themselves the last good publication")
    for contest, tally in _drawn(night).items():
        found += _tally_differs(result, contest, tally, "in the end")
    election = held.authority.trusted.election
    for box in result["boxes"]["counted"]:
        (count,) = box["counts"]
        fed = differences(held.truths[box["box"]], count, election)
        found += [f"box {box['box']}: {words}" for words in fed]
    return found


def _says_it_stays(published: PublishedPage | str) -> bool:
    return isinstance(published, PublishedPage) and STAYS in published.page.read_text("utf-8")


def _standing(result: Mapping[str, Any], counted: int, missing: set[str]) -> Iterator[str]:
    boxes = result["boxes"]
    if len(boxes["counted"]) != counted:
        yield f"{len(boxes['counted'])} boxes are counted, {counted} have reported"
    named = {box["box"] for box in boxes["missing"]}
    if named != missing:
        yield f"{len(named ^ missing)} boxes are wrongly named as missing, or not named"
    others = {state for state, each in boxes.items() if each} - {"counted", "missing"}
    if others:
        yield f"boxes are {', '.join(sorted(others))}"


def _tally_differs(
    result: Mapping[str, Any], contest: int, tally: Tally, when: str
) -> Iterator[str]:
    shown = result["nation"]["contests"][contest]
    found = {name: shown[name] for name in ("ballots", "blank", "overvotes")}
    found |= {f"votes of {each['name']}": each["votes"] for each in shown["options"]}
    wanted = (tally.ballots, tally.blank, tally.overvoted, *tally.votes)
    for (name, value), right in zip(found.items(), wanted, strict=True):
        if value != right:
            yield f"{shown['name']} {when}: {name} {value}, must be {right}"


def _not_as_published(result: Mapping[str, Any], night: Night) -> Iterator[str]:
    """Yield where the page of the whole country differs from what was published that night."""
    facts, shown = night.places.facts, result["nation"]["contests"][LIST]
    if shown["base"]["value"] != facts.base:
        yield f"the base is {shown['base']['value']}, published was {facts.base}"
    for option, found in zip(facts.options, shown["options"], strict=True):
        if option.votes is not None and found["votes"] != option.votes:
            yield f"{option.name}: {found['votes']} votes, published were {option.votes}"
        share = "" if option.share is None else f"{float(option.share):.2f}"
        if share and found["share_percent"] != share:
            yield f"{option.name}: {found['share_percent']} %, published was {share}"


def _drawn(night: Night) -> dict[int, Tally]:
    """Return what was drawn for each contest over all precincts."""
    parts: dict[int, list[Tally]] = {LIST: []}
    for district, votes in zip(night.places.districts, night.precincts, strict=True):
        parts[LIST].append(votes.lists)
        if district is not None and votes.single is not None:
            parts.setdefault(district, []).append(votes.single)
    return {contest: _sum(tallies) for contest, tallies in parts.items()}


def _sum(tallies: list[Tally]) -> Tally:
    columns = zip(*(tally.votes for tally in tallies), strict=True)
    return Tally(
        tuple(map(sum, columns)),
        sum(tally.blank for tally in tallies),
        sum(tally.overvoted for tally in tallies),
    )
