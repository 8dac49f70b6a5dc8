"""A match as one self-contained HTML page: no script, no other resource, same input same bytes."""

from collections.abc import Iterator, Sequence
from typing import Final

from ballotbox_tabulation.core.law_document import Document
from ballotbox_tabulation.core.match_document import verdict_of
from ballotbox_tabulation.match_cli import margin_words, swap_words
from ballotbox_tabulation.plot import Bar, bars_svg
from ballotbox_tabulation.templating import template_of

#: So many stations, swaps and names are on the page; the files have more.
_SHOWN: Final = 30
_BARS_SHOWN: Final = 12
_STATES: Final = {
    "agrees": "Agree in every number",
    "differs": "Differ in a number",
    "open": "Open: a source is silent, or a mark stands against a number",
}


def render_match_page(document: Document) -> bytes:
    """Return the page of a document of findings."""
    filters = {
        "swap": swap_words,
        "margin": margin_words,
        "aside": "{0[station]} ({0[why]})".format,
    }
    template = template_of("match.html", filters)
    sources = [each["source"] for each in document["sources"]]
    return template.render(
        match=document,
        sources=sources,
        verdict=verdict_of(document),
        charts=list(_charts(document)),
        shown=_SHOWN,
    ).encode()


def _charts(document: Document) -> Iterator[Document]:
    """Yield the charts that have something to show, each with the part of the page it is for."""
    states = document["states"]
    bars = [(words, states[state]) for state, words in _STATES.items()]
    yield _chart("states", "Stations", bars)
    apart = [(each["column"], each["off"]) for each in document["columns"] if each["off"]]
    apart.sort(key=lambda each: -each[1])
    if apart:
        yield _chart("columns", "By how much the sources are apart, in all", apart[:_BARS_SHOWN])
    contradicting = [each for each in document["order"] if each["votes"] + each["lines"]]
    if contradicting:
        bars = [(each["station"], each["votes"] or each["lines"]) for each in contradicting]
        yield _chart("order", "By how much the sources of a station are apart", bars[:_BARS_SHOWN])
    silent = [(each["station"], each["votes"]) for each in document["silent_boxes"]["first"]]
    if silent:
        silent.sort(key=lambda each: -each[1])
        yield _chart("silent", "Silent boxes: votes in other sources", silent[:_BARS_SHOWN])


def _chart(part: str, title: str, counts: Sequence[tuple[str, int]]) -> Document:
    bars = [Bar(name, count, f"{count:,}", option=True) for name, count in counts]
    told = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    return {"part": part, "svg": bars_svg(bars, title, f"Bar chart. {told}.", f"chart-{part}")}
