"""The rules of the night as the file that `ballotbox-tabulate` computes by."""

import json
from collections.abc import Iterator, Sequence

from ballotbox_simulator.night.draw import Night
from ballotbox_simulator.night.places import ABROAD

_SOURCE = "as public pages tell of it; which district lies in which region is synthetic"


def rules_of(night: Night) -> bytes:
    """Return the rules file: the list by both thresholds, and each single mandate."""
    return "\n".join(_lines(night)).encode()


def _lines(night: Night) -> Iterator[str]:
    facts = night.places.facts
    yield f"name = {_text(f'Jogorku Kenesh, {facts.day}')}"
    yield f"source = {_text(_SOURCE)}"
    regions = {name: each for name, each in night.places.regions.items() if name != ABROAD}
    for name, places in regions.items():
        yield "[[region]]"
        yield f"name = {_text(name)}"
        yield f"precincts = [{', '.join(map(_text, _runs(places)))}]"
    yield "[[contest]]"
    yield 'kind = "list"'
    yield f"contest = {_text(facts.list_name)}"
    yield f"seats = {facts.seats}"
    yield 'method = "largest_remainder"'
    yield 'base = "all ballots"'
    yield f"national_percent = {_text(facts.national_percent)}"
    yield f"regional_percent = {_text(facts.regional_percent)}"
    yield f"regions = [{', '.join(map(_text, regions))}]"
    yield f"against_all = {_text(facts.against_all)}"
    for number in range(1, facts.districts + 1):
        yield "[[contest]]"
        yield 'kind = "plurality"'
        yield f"contest = {_text(district_name(number))}"
        yield 'base = "all ballots"'
        yield f"against_all = {_text(facts.against_all)}"


def district_name(number: int) -> str:
    """Return what the contest of a district is called."""
    return f"Single-mandate district {number} (synthetic votes)"


def _text(words: str) -> str:
    """Return a string as TOML writes it."""
    return json.dumps(words, ensure_ascii=False)


def _runs(places: Sequence[int]) -> Iterator[str]:
    """Yield the runs of precinct numbers, which count places from 1."""
    first = last = places[0]
    for place in places[1:]:
        if place != last + 1:
            yield f"{first + 1}-{last + 1}"
            first = place
        last = place
    yield f"{first + 1}-{last + 1}"
