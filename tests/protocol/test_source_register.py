"""Does a person who writes a register learn what is wrong, and where?"""

from pathlib import Path

import pytest

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import (
    BoxEntry,
    ClosedAs,
    Closure,
    GatewayEntry,
    Officer,
    Role,
    origin_id,
)
from ballotbox_protocol.election.source_register import load_register

REGISTER = (Path(__file__).resolve().parents[2] / "docs" / "examples" / "register.toml").read_text()
DIGEST = bytes(range(32))
KEY = "664fca72fe1220392081531ce12e456f0f48e1b2574ec69d091575dfce98d9d0"


def test_the_example_register_says_what_its_comments_say() -> None:
    register = load_register(REGISTER, DIGEST)
    assert (register.election, register.version) == (DIGEST, 4)
    assert [(entry.box[-1], entry.epoch, entry.precinct) for entry in register.boxes] == [
        (1, 0, 1),
        (2, 0, 2),
        (3, 0, 2),
    ]
    origins = "rehearsal.example/precinct", "rehearsal.example/centre"
    positions = tuple(zip(map(origin_id, origins), (120, 480), strict=True))
    closures = [None, Closure(ClosedAs.REPLACED, positions), None]
    assert [entry.closed for entry in register.boxes] == closures
    assert [len(entry.firmware) for entry in register.boxes] == [1, 1, 1]
    assert register.boxes[0].firmware == register.boxes[1].firmware != register.boxes[2].firmware
    assert tuple(each.origin for each in register.gateways) == origins
    everything = Role.POLL | Role.ELEVATED | Role.RELEASE
    powers = [(officer.roles, officer.precinct) for officer in register.officers]
    assert powers == [(Role.POLL, 1), (Role.POLL, 1), (everything, None)]
    kinds = {type(holder) for holder in register.holders}
    assert kinds == {BoxEntry, GatewayEntry, Officer}


REGISTER_SLIPS = {
    "syntax": ("version = 4", "version 4", "line 7, column 9", "is not TOML"),
    "no version": ("version = 4", "", "version", "is missing"),
    "version 0": ("version = 4", "version = 0", "version", "starts at 1"),
    "unknown key": ("[[officer]]", "[[officers]]", "officers", "did you mean 'officer'"),
    "shared firmware": ('firmware = ["8d', 'firmware = ["8', "firmware[0]", "has 63 characters"),
    "no firmware at all": (
        'firmware = ["8dcf0c318f179697bd13ed3bb9a656883d15c1771a7576f1228f4e8e4ffa1e6a"]',
        "",
        "box[0].firmware",
        "allows no firmware",
    ),
    "box id": ('id = "0', 'id = "', "box[0].id", "must be 32 hexadecimal digits"),
    "box without precinct": ("precinct = 1  ", "epoch = 0  ", "box[0].precinct", "is missing"),
    "box and epoch twice": (
        "00000000000000000000000000000002",
        "00000000000000000000000000000001",
        "box[1]",
        "same box and epoch as box[0]",
    ),
    "box in two precincts": (
        '02"\n',
        '01"\nepoch = 1\n',
        "box",
        "stands in two precincts",
    ),
    "epoch": ("epoch = 0", "epoch = -1", "box[2].epoch", "whole number"),
    "key twice": (
        "5e01614848632370770630bf82ec407d9ec9f2d00a5203e9bbb7bb4489736cd4",
        "55eb305db8cba2d4aeb4f733f8d54d267c882bd0d09b7b90ae9fdb6f7086ca40",
        "officer[0].key",
        "same key as box[0].key",
    ),
    "closure": ('as = "replaced"', 'as = "replace"', "box[1].closed.as", "mean 'replaced'"),
    "closure of an unknown log": (
        '"rehearsal.example/precinct" =',
        '"rehearsal.example/precint" =',
        "box[1].closed.from",
        "did you mean 'rehearsal.example/precinct'",
    ),
    "closure at a word": (
        "= 120",
        '= "now"',
        "box[1].closed.from.rehearsal.example/precinct",
        "whole",
    ),
    "closure below zero": ("= 120", "= -1", "box[1].closed.position", "whole number"),
    "closure as text": ("closed = {", 'closed = "x" # {', "box[1].closed", "must be a table"),
    "origin": (
        'origin = "rehearsal.example/centre"',
        'origin = "the centre"',
        "box[1].closed.from",
        "there is no gateway with the origin 'rehearsal.example/centre'",
    ),
    "origin with a space": (
        "[[officer]]",
        f'[[gateway]]\norigin = "a b"\nkey = "{KEY}"\n[[officer]]',
        "gateway[2].origin",
        "no space",
    ),
    "origin twice": (
        "[[officer]]",
        f'[[gateway]]\norigin = "rehearsal.example/centre"\nkey = "{KEY}"\n[[officer]]',
        "gateway[2].origin",
        "same origin as gateway[1].origin",
    ),
    "role": ('["poll"]', '["pol"]', "officer[0].roles[0]", "did you mean 'poll'"),
    "no role": ('["poll"]', "[]", "officer[0].roles", "names no role"),
    "roles as text": ('["poll"]', '"poll"', "officer[0].roles", "must be a list"),
    "officer's precinct": ("\nprecinct = 1\n", "\nprecinct = -1\n", "officer[0].precinct", "whole"),
}


@pytest.mark.parametrize(
    ("old", "new", "field", "problem"), REGISTER_SLIPS.values(), ids=REGISTER_SLIPS
)
def test_a_slip_in_a_register_is_named_where_it_was_written(
    old: str, new: str, field: str, problem: str
) -> None:
    assert old in REGISTER
    with pytest.raises(InvalidField) as refusal:
        load_register(REGISTER.replace(old, new, 1), DIGEST)
    assert refusal.value.field == field
    assert problem in refusal.value.problem
