"""A rules file as a person writes it: TOML bytes in, `Rules` out; nothing in it can run.

`docs/examples/rules.toml` shows and explains every key.
"""

import re
from enum import Enum
from hashlib import sha256
from typing import Final, TypeVar

from ballotbox_protocol.election.identifiers import InvalidField, require, standing_at
from ballotbox_protocol.election.law.source import require_short
from ballotbox_protocol.election.source_table import (
    Table,
    as_text,
    as_written,
    read_source,
    refer,
)
from ballotbox_tabulation.core.rules.rules import (
    Base,
    ContestRule,
    Decimal,
    ListContest,
    Method,
    Plurality,
    Referendum,
    Region,
    Rules,
)

E = TypeVar("E", bound=Enum)

_RUN: Final = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?", re.ASCII)
_TOP: Final = ("name", "source", "provisional", "region", "contest")


class _Kind(Enum):
    LIST = (
        *("seats", "method", "first_divisor", "national_percent", "regional_percent", "regions"),
        "against_all",
    )
    PLURALITY = ("against_all",)
    REFERENDUM = ("quorum_percent", "accept", "majority_percent")

    @property
    def keys(self) -> tuple[str, ...]:
        return ("kind", "contest", "base", *self.value)


def read_rules(data: bytes) -> Rules:
    """Return the rules that a TOML file states; raises InvalidField naming the place."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InvalidField("file", "is not UTF-8; save it as UTF-8 text") from None
    require_short(text)
    top = read_source(text, _TOP)
    regions = tuple(map(_region, top.tables("region", ("name", "precincts"))))
    named = {region.name: region for region in regions}
    contests = top.each("contest", lambda item, path: _contest(item, path, named))
    provisional = top.flag("provisional") if "provisional" in top else True
    name, source, digest = top.text("name"), top.text("source"), sha256(data).hexdigest()
    return Rules(name, source, digest, contests, regions, provisional, data)


def _region(table: Table) -> Region:
    with standing_at(table.path):
        return Region(table.text("name"), table.each("precincts", _run))


def _run(value: object, path: str) -> range:
    written = _RUN.fullmatch(as_text(value, path))
    if written is None:
        raise InvalidField(path, 'must be a precinct number such as "7", or a run such as "1-120"')
    first, last = written.groups()
    return range(int(first), int(last or first) + 1)


def _contest(item: object, path: str, regions: dict[str, Region]) -> ContestRule:
    entries = as_written(item, dict, path)
    every = tuple(dict.fromkeys(key for kind in _Kind for key in kind.keys))
    kind = Table(entries, path, every).choice("kind", _Kind)
    table = Table(entries, path, kind.keys)
    build = {_Kind.LIST: _list, _Kind.PLURALITY: _plurality, _Kind.REFERENDUM: _referendum}
    with standing_at(path):
        return build[kind](table, regions)


def _list(table: Table, regions: dict[str, Region]) -> ContestRule:
    places = {name: at for at, name in enumerate(regions)}
    every = tuple(regions.values())

    def region(value: object, path: str) -> Region:
        return every[refer(value, path, places, "region")]

    return ListContest(
        contest=table.text("contest"),
        base=_worded(table, "base", Base),
        seats=table.number("seats"),
        method=_worded(table, "method", Method),
        national=_decimal(table, "national_percent"),
        regional=_decimal(table, "regional_percent"),
        regions=table.each("regions", region) if "regions" in table else (),
        against_all=table.text("against_all") if "against_all" in table else None,
        first_divisor=_decimal(table, "first_divisor"),
    )


def _plurality(table: Table, _regions: dict[str, Region]) -> ContestRule:
    against_all = table.text("against_all") if "against_all" in table else None
    return Plurality(table.text("contest"), _worded(table, "base", Base), against_all)


def _referendum(table: Table, _regions: dict[str, Region]) -> ContestRule:
    return Referendum(
        contest=table.text("contest"),
        base=_worded(table, "base", Base),
        quorum=_needed(table, "quorum_percent"),
        accept=table.text("accept"),
        majority=_needed(table, "majority_percent"),
    )


def _worded(table: Table, key: str, kind: type[E]) -> E:
    written, known = table.text(key), [str(each.value) for each in kind]
    require(written in known, table.at(key), f"must be one of: {', '.join(known)}")
    return kind(written)


def _needed(table: Table, key: str) -> Decimal:
    return _decimal_of(table.text(key), table.at(key))


def _decimal(table: Table, key: str) -> Decimal | None:
    return _needed(table, key) if key in table else None


def _decimal_of(text: str, path: str) -> Decimal:
    with standing_at(path):
        return Decimal(text)
