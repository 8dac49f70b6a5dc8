"""The election definition on the wire: canonical bytes, digest, and the authority's signature."""

from hashlib import sha256
from typing import Any

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
    ElectionDigest,
    Mode,
    PrecinctId,
    require,
    standing_at,
)
from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.shape import Fields, as_enum, as_tuple, as_type

VERSION = 1
#: Its key; 9 is refused by a frozen vector, as a key that nobody knows.
_SIGNERS_NEEDED = 10
#: Numbers of a policy that says no more than who is given a second chance, over- and blank voters.
_SHORT = 2


def encode_definition(election: Election) -> bytes:
    """Return the canonical bytes of a definition; their digest names the election."""
    fields: dict[int, Any] = {
        0: VERSION,
        1: election.name,
        2: int(election.mode),
        3: election.day,
        4: [_contest_item(contest) for contest in election.contests],
        5: [[style.code, [list(s) for s in style.sheets]] for style in election.styles],
        6: [[p.number, p.name, p.registered, list(p.styles)] for p in election.precincts],
        7: list(election.register_signers),
        8: _policy_item(election.policy),
    }
    if election.signers_needed > 1:
        fields[_SIGNERS_NEEDED] = election.signers_needed
    return cbor.encode(fields)


def election_digest(definition: bytes) -> ElectionDigest:
    """Return the SHA-256 of a definition's canonical bytes."""
    return ElectionDigest(sha256(definition).digest())


def decode_definition(data: bytes) -> Election:
    """Return the definition that canonical bytes describe.

    Raises CborError when the bytes leave the CBOR profile, InvalidField naming a wrong field.
    """
    fields = Fields(cbor.decode(data, cbor.DOCUMENT_LIMITS), "definition")
    fields.take_version(VERSION)
    election = Election(
        name=fields.take(1, "name", str),
        mode=fields.take_enum(2, "mode", Mode),
        day=fields.take(3, "day", str),
        contests=fields.take_each(4, "contests", _contest),
        styles=fields.take_each(5, "styles", _style),
        precincts=fields.take_each(6, "precincts", _precinct),
        register_signers=fields.take_each(7, "register_signers", _key),
        policy=_policy(fields.take(8, "policy", list)),
        signers_needed=_signers_needed(fields),
    )
    fields.done()
    return election


def _signers_needed(fields: Fields) -> int:
    if not fields.has(_SIGNERS_NEEDED):
        return 1
    needed = fields.take(_SIGNERS_NEEDED, "signers_needed", int)
    # One threshold, one form: the digest of the bytes names the election.
    require(needed > 1, "signers_needed", "must be left out where one signer is enough")
    return needed


def _contest_item(contest: Contest) -> list[Any]:
    options = [[option.name, option.preferences] for option in contest.options]
    return [contest.name, int(contest.kind), contest.votes_allowed, options]


def _contest(value: object, path: str) -> Contest:
    name, kind, allowed, options = as_tuple(value, path, str, int, int, list)
    named = as_enum(kind, ContestKind, f"{path}.kind")
    built = tuple(_option(item, f"{path}.options[{i}]") for i, item in enumerate(options))
    with standing_at(path):
        return Contest(name, named, allowed, built)


def _option(value: object, path: str) -> Option:
    name, preferences = as_tuple(value, path, str, int)
    with standing_at(path):
        return Option(name, preferences)


def _style(value: object, path: str) -> BallotStyle:
    code, sheets = as_tuple(value, path, str, list)
    built = tuple(_indexes(sheet, f"{path}.sheets[{i}]") for i, sheet in enumerate(sheets))
    with standing_at(path):
        return BallotStyle(code, built)


def _precinct(value: object, path: str) -> Precinct:
    number, name, registered, styles = as_tuple(value, path, int, str, int, list)
    issued = _indexes(styles, f"{path}.styles")
    with standing_at(path):
        return Precinct(PrecinctId(number), name, registered, issued)


def _indexes(value: object, path: str) -> tuple[int, ...]:
    items = as_type(value, list, path)
    return tuple(as_type(item, int, f"{path}[{i}]") for i, item in enumerate(items))


def _key(value: object, path: str) -> bytes:
    return as_type(value, bytes, path)


def _policy_item(policy: MarkPolicy) -> list[int]:
    items = _all_of(policy)
    return items[:_SHORT] if _fits_short(items) else items


def _all_of(policy: MarkPolicy) -> list[int]:
    handling = (policy.overvoted, policy.blank, policy.undervoted, policy.marginal)
    return [*map(int, handling), policy.definite, policy.faint, int(policy.stamp)]


_PLAIN = _all_of(MarkPolicy())


def _fits_short(items: list[int]) -> bool:
    """Tell whether the first two numbers say all: then only they are written, as ever."""
    return Handling.RETURN not in items[:_SHORT] and items[_SHORT:] == _PLAIN[_SHORT:]


def _policy(value: object) -> MarkPolicy:
    short = type(value) is list and len(value) == _SHORT
    items = as_tuple(value, "policy", *[int] * (_SHORT if short else len(_PLAIN)))
    items = [*items, *_PLAIN[len(items) :]]
    handled = [as_enum(each, Handling, f"policy[{i}]") for i, each in enumerate(items[:4])]
    # One policy, one form: the digest of the bytes names the election.
    one_form = _fits_short(items) == short
    require(one_form, "policy", f"must have {_SHORT} numbers or {len(_PLAIN)}, see WIRE.md")
    definite, faint, stamp = items[4:]
    require(stamp in (0, 1), "policy[6]", "must be 0 or 1")
    overvoted, blank, undervoted, marginal = handled
    return MarkPolicy(overvoted, blank, undervoted, marginal, definite, faint, bool(stamp))
