"""How a page shows numbers of a document: each carries its place there and its whole value."""

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from markupsafe import Markup

_SECOND_MS: Final = 1_000.0
NOT_SEEN: Final = "not seen"


def number_shower(document: Any) -> Callable[..., "Markup"]:  # noqa: ANN401 - JSON has any type
    """Return the template's function that shows the number at a path of this document."""
    from markupsafe import Markup

    def show(path: str, unit: str = "") -> "Markup":
        value = value_at(document, path)
        if value is None:
            return Markup('<data data-of="{}" value="">{}</data>').format(path, NOT_SEEN)
        told = in_unit(value, unit)
        return Markup('<data data-of="{}" value="{}">{}</data>').format(path, repr(value), told)

    return show


def value_at(document: Any, path: str) -> Any:  # noqa: ANN401 - JSON has any type
    """Return what a document has at a path of names and places, such as `events.0.began_s`."""
    return reduce(_step, path.split("."), document)


def _step(value: Any, name: str) -> Any:  # noqa: ANN401 - JSON has any type
    return value[int(name)] if isinstance(value, list) else value[name]


def in_unit(value: float, unit: str) -> str:
    """Return a number as people read it; milliseconds from a thousand on as seconds."""
    if unit == "ms" and abs(value) >= _SECOND_MS:
        return f"{value / _SECOND_MS:,.1f} s"
    if unit == "%":
        return f"{value * 100:,.0f} %"
    digits = {"s": ",.1f", "ms": ",.1f", "KiB": ",.2f", "MiB": ",.0f", "us": ",.0f"}
    words = {"us": "µs"}
    text = format(value, digits.get(unit, ",.10g"))
    return f"{text} {words.get(unit, unit)}".strip()
