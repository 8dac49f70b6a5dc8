"""Does a person who writes a definition learn what is wrong, and where?"""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.definition import Election, Handling, MarkPolicy
from ballotbox_protocol.election.identifiers import InvalidField, Mode
from ballotbox_protocol.election.source import dump_election, load_election
from ballotbox_protocol.election.source_register import load_register
from ballotbox_protocol.wire.definition import election_digest, encode_definition
from ballotbox_protocol.wire.keyfile import PrivateKey
from ballotbox_protocol.wire.trust import RootKey, establish, sign_definition, sign_register
from tests.strategies import elections

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
ELECTION = (EXAMPLES / "election.toml").read_text()
REGISTER = (EXAMPLES / "register.toml").read_text()
KEY = "664fca72fe1220392081531ce12e456f0f48e1b2574ec69d091575dfce98d9d0"


@given(elections())
def test_a_written_election_is_the_election_it_was_written_from(election: Election) -> None:
    assert load_election(dump_election(election)) == election
    together = replace(election, signers_needed=len(election.register_signers))
    assert load_election(dump_election(together)) == together


def test_the_example_election_says_what_its_comments_say() -> None:
    election = load_election(ELECTION)
    assert (election.mode, election.day) == (Mode.REHEARSAL, "2026-06-14")
    assert election.register_signers == (bytes.fromhex(KEY),)
    assert election.policy == MarkPolicy(
        overvoted=Handling.SECOND_CHANCE, blank=Handling.ACCEPT, definite=25, faint=10, stamp=False
    )
    parties, district, city, village = election.contests
    assert [option.preferences for option in parties.options] == [5, 5, 0, 0]
    allowed = [each.votes_allowed for each in (parties, district, city, village)]
    assert allowed == [1, 1, 3, 2]
    assert [style.sheets for style in election.styles] == [((0, 1), (2,)), ((0, 1), (3,)), ((0,),)]
    assert [precinct.styles for precinct in election.precincts] == [(0, 2), (1, 2)]
    assert load_election(dump_election(election)) == election


def test_holders_of_a_root_sign_registers_where_the_text_names_nobody() -> None:
    holders = (bytes.fromhex(KEY), bytes(range(32)))
    silent = "".join(
        line for line in ELECTION.splitlines(True) if not line.startswith("register_signers")
    )
    election = load_election(silent, holders, 2)
    assert (election.register_signers, election.signers_needed) == (holders, 2)
    said = load_election(ELECTION, holders, 2)
    assert (said.register_signers, said.signers_needed) == ((bytes.fromhex(KEY),), 1)


def test_the_examples_fit_each_other_and_can_be_signed() -> None:
    root, signer = PrivateKey.from_seed(bytes(32)), PrivateKey.from_seed(bytes([1]) * 32)
    # The example's signer is known by its public key alone, so another one stands in for it.
    election = load_election(ELECTION.replace(KEY, signer.public.hex()))
    signed = sign_definition(election, root.public, root.sign)
    digest = election_digest(encode_definition(election))
    register = load_register(REGISTER, digest)
    signed_register = sign_register(register, signer.public, signer.sign)
    trusted_root = RootKey(election.mode, root.public)
    assert establish(trusted_root, signed, signed_register, at_least=4).register == register


SMALL = f"""
name = "Small"
mode = "test"
day = "2026-06-14"
register_signers = ["{KEY}"]
[[contest]]
name = "Mayor"
kind = "choose_one"
options = ["A", "B"]
[[contest]]
name = "Council"
kind = "choose_up_to"
votes_allowed = 2
options = ["C", "D", {{ name = "E" }}]
[[style]]
code = "ALL"
sheets = [["Mayor", "Council"]]
[[precinct]]
number = 1
name = "Hall"
registered = 10
styles = ["ALL"]
"""


def test_the_form_of_names_is_settled_by_the_loader() -> None:
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    written = SMALL.replace('"Mayor"', f'"{decomposed}"')
    election = load_election(written)
    assert election.contests[0].name == composed
    mixed = SMALL.replace('name = "Mayor"', f'name = "{composed}"')
    mixed = mixed.replace('sheets = [["Mayor"', f'sheets = [["{decomposed}"')
    assert load_election(mixed) == election


def test_without_a_policy_every_sheet_is_taken() -> None:
    policy = load_election(SMALL).policy
    handling = (policy.overvoted, policy.blank, policy.undervoted, policy.marginal)
    assert (set(handling), policy.stamp) == ({Handling.ACCEPT}, False)


def test_what_a_policy_leaves_out_is_as_without_one() -> None:
    written = SMALL.replace("[[contest]]", "[policy]\nfaint_percent = 20\n[[contest]]", 1)
    assert load_election(written).policy == replace(MarkPolicy(), faint=20)


#: What is written wrongly in SMALL: the text, its replacement, where, what the author reads.
ELECTION_SLIPS = {
    "syntax": ('kind = "choose_one"', "kind = choose_one", "line 8, column 8", "is not TOML"),
    "open text": ('name = "Hall"', 'name = "Hall', "line 20, column 13", "is not TOML"),
    "end": ('styles = ["ALL"]', 'styles = ["ALL"', "end of document", "is not TOML"),
    "number without end": ("registered = 10", f"registered = {'9' * 5000}", "file", "is not TOML"),
    "nesting": ("registered = 10", "registered = " + "[" * 20_000, "file", "nested too deeply"),
    "no name": ('name = "Small"\n', "", "name", "is missing"),
    "name as a number": ('name = "Small"', "name = 7", "name", "must be text in quotes"),
    "empty name": ('"Small"', '""', "name", "1 to 200"),
    "mode": ('"test"', '"rehersal"', "mode", "did you mean 'rehearsal'"),
    "mode far off": ('"test"', '"zzz"', "mode", "must be one of test, rehearsal, official; known"),
    "mode as a number": ('"test"', "1", "mode", "must be text"),
    "day": ('"2026-06-14"', '"14.06.2026"', "day", "YYYY-MM-DD"),
    "day as a number": ('"2026-06-14"', "20260614", "day", "must be text"),
    "day with a time": ('"2026-06-14"', "2026-06-14T08:00:00", "day", "must be text"),
    "no signer": (f'["{KEY}"]', "[]", "register_signers", "has 0"),
    "signer too short": (KEY, KEY[1:], "register_signers[0]", "has 63 characters"),
    "signer with a wrong letter": (KEY, "x" + KEY[1:], "register_signers[0]", "64 hexadecimal"),
    "signer with spaces": (KEY, "  " + KEY[2:], "register_signers[0]", "64 hexadecimal"),
    "signer as a number": (f'"{KEY}"', "7", "register_signers[0]", "text in quotes"),
    "signers as text": (f'["{KEY}"]', f'"{KEY}"', "register_signers", "must be a list"),
    "unknown key": ("mode =", "mod =", "mod", "did you mean 'mode'"),
    "unknown key without a neighbour": ("mode =", "xyzzy =", "xyzzy", "known: name, mode, day"),
    "plural": ("[[style]]", "[[styles]]", "styles", "did you mean 'style'"),
    "one contest alone": (
        SMALL[SMALL.index("[[contest]]") : SMALL.index("[[style]]")],
        '[contest]\nname = "Mayor"\n',
        "contest",
        "must be a list",
    ),
    "no contest": (
        SMALL[SMALL.index("[[contest]]") : SMALL.index("[[style]]")],
        "",
        "style[0].sheets[0][0]",
        "there is no contest 'Mayor'; known: none",
    ),
    "nothing but names": (SMALL[SMALL.index("[[contest]]") :], "", "contest", "has 0"),
    "policy": (
        "[[contest]]",
        "[policy]\nblank = 1\n[[contest]]",
        "policy.blank",
        "must be text",
    ),
    "policy as a word": ("name =", "policy = 'strict'\nname =", "policy", "must be a table"),
    "unknown policy": (
        "[[contest]]",
        '[policy]\nblanks = "return"\n[[contest]]',
        "policy.blanks",
        "did you mean 'blank'",
    ),
    "policy of old": (
        "[[contest]]",
        "[policy]\nreturn_blank = true\n[[contest]]",
        "policy.return_blank",
        "did you mean 'blank'",
    ),
    "handling": (
        "[[contest]]",
        '[policy]\novervoted = "second"\n[[contest]]',
        "policy.overvoted",
        "must be one of accept, second_chance, return",
    ),
    "stamp": ("[[contest]]", "[policy]\nstamp = 1\n[[contest]]", "policy.stamp", "true"),
    "threshold": (
        "[[contest]]",
        "[policy]\nfaint_percent = 26\n[[contest]]",
        "policy.definite_percent",
        "faint must be at least 1, definite at least as much",
    ),
    "threshold of nothing": (
        "[[contest]]",
        "[policy]\nfaint_percent = 0\n[[contest]]",
        "policy.definite_percent",
        "faint must be at least 1",
    ),
    "threshold above all": (
        "[[contest]]",
        "[policy]\ndefinite_percent = 101\n[[contest]]",
        "policy.definite_percent",
        "at most 100",
    ),
    "threshold in words": (
        "[[contest]]",
        '[policy]\ndefinite_percent = "a quarter"\n[[contest]]',
        "policy.definite_percent",
        "whole number",
    ),
    "contest without a name": ('name = "Mayor"\n', "", "contest[0].name", "is missing"),
    "contest with an empty name": ('"Mayor"', '""', "contest[0].name", "1 to 200"),
    "contests of one name": ('"Mayor"', '"Council"', "contest[1].name", "same name as contest[0]"),
    "id that is a name": (
        'name = "Mayor"',
        'name = "Mayor"\nid = "Council"',
        "contest[0].id",
        "same name as contest[1].name",
    ),
    "unknown kind": ('"choose_one"', '"choose"', "contest[0].kind", "did you mean 'choose_one'"),
    "no kind": ('kind = "choose_one"\n', "", "contest[0].kind", "is missing"),
    "unknown contest key": ("votes_allowed", "votes", "contest[1].votes", "'votes_allowed'"),
    "votes allowed missing": (
        "votes_allowed = 2\n",
        "",
        "contest[1].votes_allowed",
        "is missing",
    ),
    "votes allowed as text": ("= 2", '= "2"', "contest[1].votes_allowed", "whole number"),
    "votes allowed as a truth": ("= 2", "= true", "contest[1].votes_allowed", "whole number"),
    "votes allowed beyond the options": ("= 2", "= 4", "contest[1].votes_allowed", "0 to 3"),
    "no options": ('["A", "B"]', "[]", "contest[0].options", "1 to 512"),
    "options of one name": ('"A", "B"', '"A", "A"', "contest[0].options", "share the name A"),
    "option as a number": ('"A", "B"', '"A", 7', "contest[0].options[1]", "name in quotes, or"),
    "empty option": ('"A", "B"', '"A", ""', "contest[0].options[1]", "1 to 200"),
    "empty option in a table": ('"E"', '""', "contest[1].options[2].name", "1 to 200"),
    "option without a name": ('{ name = "E" }', "{}", "contest[1].options[2].name", "is missing"),
    "unknown option key": (
        '{ name = "E" }',
        '{ name = "E", preference = 3 }',
        "contest[1].options[2].preference",
        "did you mean 'preferences'",
    ),
    "preferences outside a list": (
        '{ name = "E" }',
        '{ name = "E", preferences = 3 }',
        "contest[1].options[2].preferences",
        'only a contest of kind "party_list"',
    ),
    "preferences as text": (
        '{ name = "E" }',
        '{ name = "E", preferences = "3" }',
        "contest[1].options[2].preferences",
        "whole number",
    ),
    "too many preferences": (
        '{ name = "E" }',
        '{ name = "E", preferences = 600 }',
        "contest[1].options[2].preferences",
        "0 to 512",
    ),
    "contest on no style": ('["Mayor", "Council"]', '["Mayor"]', "contest[1]", "no ballot style"),
    "unknown contest": ('[["Mayor"', '[["Major"', "style[0].sheets[0][0]", "mean 'Mayor'"),
    "contest by index": ('[["Mayor"', "[[0", "style[0].sheets[0][0]", "text in quotes"),
    "sheets not nested": (
        '[["Mayor", "Council"]]',
        '["Mayor", "Council"]',
        "style[0].sheets[0]",
        "must be a list",
    ),
    "contest twice on a style": (
        '"Council"]]',
        '"Council"], ["Mayor"]]',
        "style[0].sheets",
        "twice",
    ),
    "style without a code": ('code = "ALL"\n', "", "style[0].code", "is missing"),
    "styles of one code": (
        "[[precinct]]",
        '[[style]]\ncode = "ALL"\nsheets = [["Mayor"]]\n[[precinct]]',
        "style[1].code",
        "same code as style[0].code",
    ),
    "style in no precinct": (
        "[[precinct]]",
        '[[style]]\ncode = "AWAY"\nsheets = [["Mayor"]]\n[[precinct]]',
        "style[1]",
        "no precinct",
    ),
    "unknown style": ('["ALL"]', '["AL"]', "precinct[0].styles[0]", "did you mean 'ALL'"),
    "precinct as text": ("number = 1", 'number = "1"', "precinct[0].number", "whole number"),
    "precinct below zero": ("number = 1", "number = -1", "precinct[0].number", "whole number"),
    "voters below zero": ("= 10", "= -10", "precinct[0].registered", "whole number"),
    "precinct named twice": (
        "[[precinct]]",
        '[[precinct]]\nnumber = 1\nname = "X"\nregistered = 1\nstyles = ["ALL"]\n[[precinct]]',
        "precinct[1].number",
        "same number as precinct[0].number",
    ),
    "no precinct": (SMALL[SMALL.index("[[precinct]]") :], "", "style[0]", "no precinct"),
}


@pytest.mark.parametrize(
    ("old", "new", "field", "problem"), ELECTION_SLIPS.values(), ids=ELECTION_SLIPS
)
def test_a_slip_in_a_definition_is_named_where_it_was_written(
    old: str, new: str, field: str, problem: str
) -> None:
    load_election(SMALL)
    assert old in SMALL
    with pytest.raises(InvalidField) as refusal:
        load_election(SMALL.replace(old, new, 1))
    assert refusal.value.field == field
    assert problem in refusal.value.problem


def test_many_known_names_are_not_all_listed() -> None:
    options = "".join(
        f'[[contest]]\nname = "{n}"\nkind = "choose_one"\noptions = ["A"]\n' for n in range(20)
    )
    with pytest.raises(InvalidField, match=r"known: Mayor, Council, 0, .*, 9, …$"):
        load_election(
            SMALL.replace("[[style]]", options + "[[style]]").replace('[["Mayor"', '[["zz"')
        )


@given(st.text(max_size=200))
def test_any_text_is_an_election_or_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        load_election(text)
