"""A check as one self-contained HTML page: no script, no other resource, same input same bytes."""

from collections.abc import Iterator

from ballotbox_tabulation.core.law_document import Document
from ballotbox_tabulation.plot import Bar, bars_svg
from ballotbox_tabulation.templating import template_of


def render_law_page(document: Document) -> bytes:
    """Return the page of a document of findings."""
    return template_of("law.html").render(check=document, charts=list(_charts(document))).encode()


def _charts(document: Document) -> Iterator[str]:
    """Yield one chart of all relations, then one for each that is broken: how far it is off."""
    relations = document["relations"]
    names = [f"{each['name']}: {each['title']}" for each in relations]
    counts = [each["broken"] for each in relations]
    yield _chart("Protocols that break each relation", names, counts, "chart-0")
    for number, each in enumerate(relations, 1):
        if each["broken"]:
            sizes = [f"off by {size}" for size in each["off"]]
            counts = list(each["off"].values())
            title = f"{each['name']}: by how much it is broken"
            yield _chart(title, sizes, counts, f"chart-{number}")


def _chart(title: str, names: list[str], counts: list[int], ident: str) -> str:
    bars = [
        Bar(name, count, f"{count:,}", option=True)
        for name, count in zip(names, counts, strict=True)
    ]
    told = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    return bars_svg(bars, title, f"Bar chart. {told}.", ident)
