"""A day as a file: what failed, kept so that anyone can run it again, shrink it and look at it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ballotbox_simulator.world.plan import Day, from_json, to_json
from ballotbox_simulator.world.run import DayOutcome

_FORMAT: Final = "ballotbox simulated day, version 1"


class BadDayFile(Exception):
    """A file holds no day that can be run; the text names the file and the way out."""


@dataclass(frozen=True, slots=True)
class SavedDay:
    """A day with what was found when it was saved, in words, and the hash of its transcript."""

    day: Day
    name: str
    findings: tuple[str, ...] = ()
    transcript: str = ""

    @staticmethod
    def of(name: str, outcome: DayOutcome) -> "SavedDay":
        """Return the day of an outcome with its findings."""
        findings = tuple(map(str, outcome.findings))
        return SavedDay(outcome.day, name, findings, outcome.transcript)

    def write(self, path: Path) -> None:
        """Write the file; one that is there is replaced as a whole."""
        document = {
            "format": _FORMAT,
            "name": self.name,
            "findings": list(self.findings),
            "transcript": self.transcript,
            "day": to_json(self.day),
        }
        staged = path.with_name(f"{path.name}.new")
        staged.write_text(json.dumps(document, indent=1), encoding="utf-8")
        staged.replace(path)


def read_day(path: Path) -> SavedDay:
    """Return the day in a file; raises BadDayFile."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadDayFile(f"{path}: {str(error.strerror).lower()}") from error
    except ValueError as error:
        raise BadDayFile(
            f"{path}: is not JSON: name a file that `run` or `shrink` wrote"
        ) from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise BadDayFile(f"{path}: is not a {_FORMAT}: name a file that `run` or `shrink` wrote")
    try:
        return _saved(document)
    except KeyError as error:
        raise BadDayFile(f"{path}: day.{error.args[0]} is missing: add it") from error
    except (TypeError, ValueError) as error:
        raise BadDayFile(f"{path}: {error}: correct it") from error


def _saved(document: dict[str, Any]) -> SavedDay:
    day = from_json(document["day"])
    for place, strike in enumerate(day.strikes):
        numbers = (strike.at, strike.target, strike.lasts, strike.detail)
        if any(type(number) is not int or number < 0 for number in numbers):
            raise ValueError(f"day.strikes[{place}] must be a kind and four whole numbers")
    findings = tuple(map(str, document["findings"]))
    return SavedDay(day, str(document["name"]), findings, str(document["transcript"]))
