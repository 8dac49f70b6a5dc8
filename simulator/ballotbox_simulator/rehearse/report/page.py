"""The report of a rehearsal as one HTML file, made from its result document alone."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ballotbox_simulator.rehearse.core.document import RehearsalResult
from ballotbox_simulator.rehearse.core.headroom import headroom
from ballotbox_simulator.rehearse.report.charts import POINTS_MAX
from ballotbox_simulator.rehearse.report.figures import figures, letters_of
from ballotbox_simulator.rehearse.report.shown_numbers import number_shower
from ballotbox_simulator.rehearse.report.wording import (
    latency_title,
    ledger_words,
    not_rehearsed,
    outcome_words,
)
from ballotbox_simulator.rehearse.result_file import as_json

if TYPE_CHECKING:
    from jinja2 import Template

#: The file's name beside the result.
NAME: Final = "rehearsal.html"
#: So many seconds the table of the course shows at most.
_ROWS_MAX: Final = 60


def write_report(folder: Path, result: RehearsalResult) -> Path:
    """Write the page of a result into a folder and return its path; raises OSError."""
    path = folder / NAME
    path.write_bytes(render_report(result))
    return path


def render_report(result: RehearsalResult) -> bytes:
    """Return the page of a result: no script, no other resource, same result same bytes."""
    document = as_json(result)
    return template("rehearsal.html").render(_view(result, document)).encode()


def template(name: str, more: Mapping[str, Callable[..., str]] | None = None) -> "Template":
    """Return a template of this package; it may include the style that all pages share.

    more: filters that it has beside those for moments and sentences.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    packages = ("ballotbox_simulator", "ballotbox_tabulation")
    environment = Environment(
        autoescape=True,
        loader=ChoiceLoader([PackageLoader(each) for each in packages]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Callable[..., str]] = {
        "latency": latency_title,
        "moment": moment_words,
        "sentence": sentence,
    }
    environment.filters |= {**filters, **(more or {})}
    return environment.get_template(name)


def moment_words(written: str) -> str:
    """Return a moment in UTC as people read it."""
    return written.replace("T", " ").replace("Z", " UTC")


def sentence(words: str) -> str:
    """Return words with a capital first and a full stop last."""
    told = words[:1].upper() + words[1:]
    return told if told.endswith((".", "!", "?")) else f"{told}."


def _view(result: RehearsalResult, document: dict[str, Any]) -> dict[str, Any]:
    ledger = document["ledger"]
    counted = {f"{kind}_count": len(ledger[kind]) for kind in ("missing", "doubled")}
    names = [each.name for each in result.latencies]
    burst = names.index("receipt_burst") if "receipt_burst" in names else None
    return {
        "r": document,
        "n": number_shower(document | {"ledger": ledger | counted}),
        "sign": outcome_words(result),
        "reach": headroom(result),
        "ledger_words": ledger_words(result),
        "not_rehearsed": list(not_rehearsed(result)),
        "burst": burst,
        "figures": list(figures(result)),
        "letters": letters_of(result),
        "thinned": len(result.series.at_s) > POINTS_MAX,
        "places": _places(len(result.series.at_s)),
        "plan": json.dumps(document["plan"], indent=1, ensure_ascii=False),
    }


def _places(count: int) -> list[int]:
    """Return which seconds the table shows: all, or so many evenly spread, the last one too."""
    if count <= _ROWS_MAX:
        return list(range(count))
    return [at * (count - 1) // (_ROWS_MAX - 1) for at in range(_ROWS_MAX)]
