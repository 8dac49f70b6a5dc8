"""The election definition as a person writes it: TOML text in, an `Election` out, and back.

Contests, ballot styles and precincts refer to each other by name. `docs/examples/election.toml`
shows and explains every key.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from ballotbox_protocol.election.definition import (
    BallotStyle,
    Contest,
    ContestKind,
    Election,
    Handling,
    MarkPolicy,
    Option,
    Precinct,
)
from ballotbox_protocol.election.identifiers import (
    InvalidField,
    Mode,
    PrecinctId,
    require,
    standing_at,
)
from ballotbox_protocol.election.source_table import (
    Table,
    as_hexadecimal,
    as_text,
    as_written,
    build_each,
    read_source,
    refer,
    require_distinct,
)

KEY_SIZE: Final = 32

_TOP: Final = (
    "name",
    "mode",
    "day",
    "register_signers",
    "signers_needed",
    "policy",
    "contest",
    "style",
    "precinct",
)
_HANDLED: Final = ("overvoted", "blank", "undervoted", "marginal")
_POLICY: Final = (*_HANDLED, "definite_percent", "faint_percent", "stamp")
#: What the model calls the thresholds that the author writes as percentages.
_THRESHOLD: Final = {"policy.definite": "policy.definite_percent"}
_CONTEST: Final = ("id", "name", "kind", "votes_allowed", "options")
_OPTION: Final = ("name", "preferences")
_STYLE: Final = ("code", "sheets")
_PRECINCT: Final = ("number", "name", "registered", "styles")
#: What the model calls the lists that the author writes as repeated tables.
_WRITTEN: Final = {"contests": "contest", "styles": "style", "precincts": "precinct"}


def load_election(text: str, signers: tuple[bytes, ...] = (), needed: int = 1) -> Election:
    """Return the election that TOML text describes.

    signers, needed: who signs registers, and how many must, where the text does not say.

    Raises InvalidField whose field is the place as the author wrote it, for instance
    `contest[2].options[5].preferences`, entries counted from 0.
    """
    top = read_source(text, _TOP)
    contests = top.tables("contest", _CONTEST)
    styles = top.tables("style", _STYLE)
    precincts = top.tables("precinct", _PRECINCT)
    named_contests = _contest_names(contests)
    named_styles = _distinct(styles, "code")
    require_distinct({each.at("number"): each.number("number") for each in precincts}, "number")
    built_contests = tuple(map(_contest, contests))
    built_styles = tuple(_style(each, named_contests) for each in styles)
    built_precincts = tuple(_precinct(each, named_styles) for each in precincts)
    _require_used(contests, (i for style in built_styles for i in style.contests), "ballot style")
    _require_used(styles, (i for precinct in built_precincts for i in precinct.styles), "precinct")
    try:
        return Election(
            name=top.text("name"),
            mode=top.choice("mode", Mode),
            day=_day(top),
            contests=built_contests,
            styles=built_styles,
            precincts=built_precincts,
            register_signers=_signers(top, signers),
            policy=_policy(top),
            signers_needed=top.number("signers_needed", _needed(top, needed)),
        )
    except InvalidField as error:
        raise InvalidField(_WRITTEN.get(error.field, error.field), error.problem) from None


def _distinct(tables: Sequence[Table], key: str) -> dict[str, int]:
    require_distinct({table.at(key): table.text(key) for table in tables}, key)
    return {table.text(key): index for index, table in enumerate(tables)}


def _contest_names(tables: Sequence[Table]) -> dict[str, int]:
    """Return the indexes of the contests by name and, where given, by id."""
    places = {table.at("name"): table.text("name") for table in tables}
    places |= {table.at("id"): table.text("id") for table in tables if "id" in table}
    require_distinct(places, "name")
    names = {table.text("name"): index for index, table in enumerate(tables)}
    return names | {table.text("id"): i for i, table in enumerate(tables) if "id" in table}


def _require_used(tables: Sequence[Table], indexes: Iterable[int], by: str) -> None:
    used = set(indexes)
    for index, table in enumerate(tables):
        require(index in used, table.path, f"is named by no {by}, so nobody could vote on it")


def _day(top: Table) -> str:
    value = top.value("day")
    return value.isoformat() if type(value) is date else as_written(value, str, "day")


def _key(value: object, path: str) -> bytes:
    return as_hexadecimal(value, KEY_SIZE, path)


def _signers(top: Table, given: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if given and "register_signers" not in top:
        return given
    return top.each("register_signers", _key)


def _needed(top: Table, given: int) -> int:
    return 1 if "register_signers" in top else given


def _policy(top: Table) -> MarkPolicy:
    if "policy" not in top:
        return MarkPolicy()
    policy = Table(as_written(top.value("policy"), dict, "policy"), "policy", _POLICY)
    plain = MarkPolicy()
    try:
        return replace(
            plain,
            **{key: policy.choice(key, Handling) for key in _HANDLED if key in policy},
            definite=policy.number("definite_percent", plain.definite),
            faint=policy.number("faint_percent", plain.faint),
            stamp=policy.flag("stamp"),
        )
    except InvalidField as error:
        raise InvalidField(_THRESHOLD.get(error.field, error.field), error.problem) from None


def _contest(table: Table) -> Contest:
    kind = table.choice("kind", ContestKind)
    options = table.each("options", _option)
    for index, option in enumerate(options):
        plain = kind is ContestKind.PARTY_LIST or not option.preferences
        path = f"{table.at('options')}[{index}].preferences"
        require(plain, path, 'only a contest of kind "party_list" has them')
    name = table.text("name")
    allowed = table.number("votes_allowed", None if kind is ContestKind.CHOOSE_UP_TO else 1)
    with standing_at(table.path):
        return Contest(name, kind, allowed, options)


def _option(value: object, path: str) -> Option:
    if type(value) is dict:
        table = Table(value, path, _OPTION)
        name, preferences = table.text("name"), table.number("preferences", 0)
        with standing_at(path):
            return Option(name, preferences)
    require(type(value) is str, path, "must be a name in quotes, or a table with name, preferences")
    name = as_text(value, path)
    try:
        return Option(name)
    except InvalidField as error:
        raise InvalidField(path, error.problem) from None


def _style(table: Table, contests: Mapping[str, int]) -> BallotStyle:
    def contest(value: object, path: str) -> int:
        return refer(value, path, contests, "contest")

    code = table.text("code")
    sheets = table.each("sheets", lambda sheet, path: build_each(sheet, path, contest))
    with standing_at(table.path):
        return BallotStyle(code, sheets)


def _precinct(table: Table, styles: Mapping[str, int]) -> Precinct:
    def style(value: object, path: str) -> int:
        return refer(value, path, styles, "ballot style with the code")

    number, name = PrecinctId(table.number("number")), table.text("name")
    registered, issued = table.number("registered"), table.each("styles", style)
    with standing_at(table.path):
        return Precinct(number, name, registered, issued)


def dump_election(election: Election) -> str:
    """Return the TOML source of an election; `load_election` gives the election back."""
    return "".join(_lines(election))


def _lines(election: Election) -> Iterator[str]:
    yield f"name = {_quoted(election.name)}\n"
    yield f"mode = {_quoted(election.mode.name.lower())}\n"
    yield f"day = {election.day}\n"
    yield f"register_signers = {_quoted([key.hex() for key in election.register_signers])}\n"
    if election.signers_needed > 1:
        yield f"signers_needed = {election.signers_needed}\n"
    yield "\n[policy]\n"
    policy = election.policy
    for key in _HANDLED:
        yield f"{key} = {_quoted(getattr(policy, key).name.lower())}\n"
    yield f"definite_percent = {policy.definite}\nfaint_percent = {policy.faint}\n"
    yield f"stamp = {_quoted(policy.stamp)}\n"
    for contest in election.contests:
        yield f"\n[[contest]]\nname = {_quoted(contest.name)}\n"
        yield f"kind = {_quoted(contest.kind.name.lower())}\n"
        yield f"votes_allowed = {contest.votes_allowed}\noptions = [\n"
        for option in contest.options:
            name = _quoted(option.name)
            yield f"    {{ name = {name}, preferences = {option.preferences} }},\n"
        yield "]\n"
    for style in election.styles:
        sheets = [[election.contests[index].name for index in sheet] for sheet in style.sheets]
        yield f"\n[[style]]\ncode = {_quoted(style.code)}\nsheets = {_quoted(sheets)}\n"
    for precinct in election.precincts:
        yield f"\n[[precinct]]\nnumber = {precinct.number}\nname = {_quoted(precinct.name)}\n"
        codes = [election.styles[index].code for index in precinct.styles]
        yield f"registered = {precinct.registered}\nstyles = {_quoted(codes)}\n"


def _quoted(value: object) -> str:
    # JSON text, lists and booleans are TOML too: names hold no control characters.
    return json.dumps(value, ensure_ascii=False)
