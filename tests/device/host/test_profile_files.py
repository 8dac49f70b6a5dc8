"""Does a profile's file load whole or say what is wrong, and does each value say why it is so?"""

import copy
import re
import subprocess
import sys
import tomllib
from dataclasses import fields, replace
from importlib.resources import files

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_device.cli import main
from ballotbox_device.core.interpret import CHOSEN
from ballotbox_device.core.profile import (
    SOURCED_FIELDS,
    Connects,
    DropTimeout,
    Profile,
    SecondChance,
    SheetClass,
)
from ballotbox_device.core.sheet import ReturnReason
from ballotbox_device.host import profile_file
from ballotbox_device.host.problem import Problem
from ballotbox_device.host.profile_file import (
    load_profile,
    profile_names,
    profile_text,
    read_profile,
)
from ballotbox_device.host.profile_text import meaning, profile_lines
from tests.device.profile_document import FOLDER

NAMES = ("aks", "generic", "koib", "sbb", "urna", "vxscan")
IDENTITY = ("name", "title", "about")
TEXT = profile_text("generic")
DATA = tomllib.loads(TEXT)
WHOLE = read_profile("generic.toml", TEXT)
OTHERS = [tomllib.loads(profile_text(name)) for name in NAMES]
#: How an assumption of ours begins: what is missing, or whose choice it is.
ADMITTED = ("not known", "not modelled", "own choice")


def toml(value):
    """Return a value as TOML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(escaped(sign) for sign in value) + '"'
    return repr(value)


def escaped(sign):
    return sign if sign.isprintable() and sign not in '"\\' else f"\\U{ord(sign):08x}"


def document(data):
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in data.items())


def changed(field, **lines):
    """The whole document with other lines in one field; None leaves a line out."""
    data = copy.deepcopy(DATA)
    table = data[field] | lines
    data[field] = {key: value for key, value in table.items() if value is not None}
    return document(data)


def refusal(text):
    with pytest.raises(Problem) as caught:
        read_profile("mine.toml", text)
    return str(caught.value)


def test_the_built_in_profiles_are_these():
    assert tuple(profile_names()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_profile_loads_and_has_the_name_of_its_file(name):
    assert load_profile(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_every_field_says_why_and_an_assumption_says_that_it_is_one(name):
    profile = load_profile(name)
    assert {*SOURCED_FIELDS, *IDENTITY, "sources"} == {field.name for field in fields(Profile)}
    assert tuple(profile.sources) == SOURCED_FIELDS
    for field, why in profile.sources.items():
        assert len(why.text) > 20, field
        assert why.text.startswith(ADMITTED) is not why.known, field


@pytest.mark.parametrize("name", NAMES)
def test_a_file_writes_its_fields_in_the_order_of_a_profile(name):
    assert tuple(tomllib.loads(profile_text(name))) == (*IDENTITY, *SOURCED_FIELDS)


@pytest.mark.parametrize("name", NAMES)
def test_the_screen_tells_value_meaning_and_source_of_every_field(name):
    profile = load_profile(name)
    told = " ".join(" ".join(profile_lines(profile)).split())
    for field in SOURCED_FIELDS:
        assert f"{field} = " in told
        assert meaning(profile, field) in told
        kind = "source" if profile.sources[field].known else "assumed"
        assert f"{kind}: {profile.sources[field].text}" in told


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_without_paper_or_manual_says_so_first(name):
    lines = (FOLDER / f"{name}.md").read_text(encoding="utf-8").splitlines()
    heads = [line for line in lines if line.startswith("## ")]
    assert heads == [
        "## Not known, or not as the machine has it",
        "## Every field",
        "## What it does",
    ]


def test_urna_says_that_it_has_no_paper():
    profile = load_profile("urna")
    assert "no paper" in profile.title
    assert "NO PAPER" in profile.about


def test_what_the_sources_say_of_the_machines_is_what_they_do():
    koib, vxscan = load_profile("koib"), load_profile("vxscan")
    assert koib.class_names[SheetClass.OVERVOTED] == "TooManyMarks"
    assert (koib.second_chance, koib.stamp_required) == (SecondChance.ACCEPT, True)
    assert (vxscan.second_chance, vxscan.capacity) == (SecondChance.ASK_VOTER, 3000)
    assert vxscan.drop_timeout is DropTimeout.ACCEPT
    assert load_profile("aks").connects is Connects.AFTER_CLOSE
    assert load_profile("urna").result_copies == 5


def test_a_document_that_is_written_anew_is_the_same():
    assert read_profile("generic.toml", document(DATA)) == WHOLE


def test_a_profile_of_ones_own_loads_from_its_path(tmp_path):
    path = tmp_path / "any name.toml"
    path.write_text(changed("capacity", value=800), encoding="utf-8")
    assert load_profile(str(path)) == replace(WHOLE, capacity=800)


def test_a_source_in_place_of_an_assumption_is_known():
    why = read_profile("m", changed("battery", assumed=None, source=" Manual, 3 ")).sources
    assert (why["battery"].known, why["battery"].text) == (True, "Manual, 3")


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["ask", "accept", "none", "always", "serial", "pause", "not_dropped", ""])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner),
    max_leaves=4,
).filter(lambda value: value is None or "None" not in repr(value))


@st.composite
def mutations(draw):
    """A field and the document with that field dropped, replaced whole, or changed in one line."""
    field = draw(st.sampled_from(sorted(DATA)))
    data = copy.deepcopy(DATA)
    if draw(st.booleans()):
        # What another machine has there is right in itself, and may not fit the rest.
        return field, document(data | {field: draw(st.sampled_from(OTHERS))[field]})
    value = draw(ANYTHING)
    inner = draw(st.sampled_from(["", "value", "source", "assumed", "other"]))
    if field in IDENTITY or not inner:
        place, key = data, field
    else:
        place, key = data[field], inner
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value
    return field, document(data)


@given(mutations())
def test_a_change_in_one_field_changes_that_field_alone_or_is_refused_by_its_name(mutation):
    field, text = mutation
    try:
        profile = read_profile("mine.toml", text)
    except Problem as problem:
        told = str(problem)
        assert told.startswith("mine.toml: ")
        assert re.search(rf"\b{field}\b", told.removesuffix(profile_file._REMEDY))
        assert told.endswith("ballotbox-device profiles generic --toml")
        assert len(told.splitlines()) <= 10
    else:
        sources = {**WHOLE.sources}
        if field in sources:
            sources[field] = profile.sources[field]
        expected = replace(WHOLE, **{field: getattr(profile, field)}, sources=sources)
        assert profile == expected


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_bytes_are_refused_in_words(data):
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    assert refusal(text).startswith("mine.toml: ")


REFUSED = [
    (changed("drop_timeout", value="maybe"), "drop_timeout.value", "one of ask, eject, accept"),
    (changed("drop_timeout", value=1), "drop_timeout.value", "not 1"),
    (changed("connects", value="never"), "connects.value", "one of always, after_close"),
    (changed("actions", value=["dance"]), "actions.value", "one of print_zero, open, pause"),
    (changed("actions", value="open"), "actions.value", "a list in brackets, of print_zero"),
    (changed("roads", value=["mqtt", "mqtt"]), "roads.value", "names one twice"),
    (changed("roads", value=[]), "roads", "at least one of serial, mqtt"),
    (changed("capacity", value="many"), "capacity.value", 'number from 1 to 1000000, or "none"'),
    (changed("capacity", value=0), "capacity", "from 1 to 1000000 or none"),
    (changed("capacity", value=1.5), "capacity.value", "whole number"),
    (changed("capacity_warning", value=5), "capacity_warning", "capacity, which is none"),
    (changed("battery", value="yes"), "battery.value", "true or false"),
    (changed("battery", assumed=None), "battery", 'source = "…"'),
    (changed("battery", source="Manual"), "battery", "must say why, once"),
    (changed("battery", assumed=""), "battery.assumed", "one line of words"),
    (changed("battery", assumed=None, source=" \t"), "battery.source", "one line of words"),
    (changed("battery", assumed=7), "battery.assumed", "text in quotes"),
    (changed("battery", value=None), "battery.value", "is missing; it is true or false"),
    (changed("battery", soruce="Manual"), "battery.soruce", "did you mean `source`?"),
    (changed("battery", colour="red"), "battery.colour", "there are value, source, assumed"),
    (changed("class_names", value="words"), "class_names.value", "a word for each of valid"),
    (changed("class_names", value={"odd": "x"}), "class_names.value", "one of valid, blank"),
    (changed("class_names", value={"valid": 1}), "class_names.value.valid", "text in quotes"),
    (changed("class_names", value={"valid": "v"}), "class_names", "lacks a word for blank"),
    (changed("second_chance", value="accept"), "second_chance", "neither blank nor overvoted"),
    (changed("returned", value=["blank"]), "returned", "must have not_dropped"),
    (document(DATA | {"battery": True}), "battery", "a table: value (true or false), and source"),
    (document(DATA | {"batery": 1}), "batery", "did you mean `battery`?"),
    (document(DATA | {"zzz": 1}), "zzz", "there are name, title, about, actions"),
    (document(DATA | {"name": "My Box"}), "name", "lower-case letters"),
    (document(DATA | {"title": 3}), "title", "text in quotes"),
    (document({k: v for k, v in DATA.items() if k != "roads"}), "roads", "list of serial, mqtt"),
    (document({k: v for k, v in DATA.items() if k != "name"}), "name", "1 to 32 lower-case"),
    ("", "second_chance", "and 12 more"),
    ("drop_timeout = ", "is not TOML", "Correct that line"),
    ("a = " + "[" * 5_000 + "]" * 5_000, "mine.toml", ""),
]


@pytest.mark.parametrize(("text", "field", "said"), REFUSED)
def test_an_error_names_the_file_the_field_and_what_is_right(text, field, said):
    told = refusal(text)
    assert told.startswith("mine.toml: ")
    assert field in told
    assert said in told


def run(*arguments):
    return CliRunner().invoke(main, ["profiles", *map(str, arguments)])


def assert_stopped(done, *said):
    assert done.exit_code == 1
    assert done.stdout == ""
    for words in said:
        assert words in done.stderr
    assert len(done.stderr.splitlines()) < 12


def test_the_command_lists_every_profile():
    done = run()
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(NAMES)
    assert "aks      AKS, Kyrgyzstan 2021; 4 of 17 fields from a source" in done.stdout


def test_the_command_shows_a_profile_with_its_sources():
    done = run("koib")
    assert done.stdout.startswith("koib: KOIB-2010, Russia\n")
    assert done.stdout == "\n".join(profile_lines(load_profile("koib"))) + "\n"


def test_the_command_prints_the_file_as_it_is():
    kept = (files("ballotbox_device") / "profiles" / "generic.toml").read_text(encoding="utf-8")
    assert run("generic", "--toml").stdout == kept


def test_the_commands_of_the_page_work_as_written(tmp_path):
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    script = page.split("```sh\n")[1].split("```")[0]
    program = f'ballotbox-device() {{ {sys.executable} -m ballotbox_device.cli "$@"; }}\n'
    entry = "-c 'from ballotbox_device.cli import main; main()'"
    done = subprocess.run(
        ["bash", "-eu", "-c", program.replace("-m ballotbox_device.cli", entry) + script],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == TEXT
    assert done.stdout.endswith("\n".join(profile_lines(WHOLE)) + "\n")


def test_the_example_of_the_page_is_a_part_of_a_profile():
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    part = tomllib.loads(page.split("```toml\n")[1].split("```")[0])
    profile = read_profile("mine.toml", document(DATA | part))
    assert (profile.drop_timeout, profile.capacity) == (DropTimeout.ASK, 1200)


def test_a_name_that_is_none_lists_the_names():
    said = "profile moon: there is none of this name", "aks, generic, koib", "ends with .toml"
    assert_stopped(run("moon"), *said)


def test_a_file_that_is_none_is_named(tmp_path):
    assert_stopped(run(tmp_path / "no.toml"), "no.toml: no such file", "the name of a built-in one")
    (tmp_path / "folder.toml").mkdir()
    assert_stopped(run(tmp_path / "folder.toml"), "folder.toml: is a directory")


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    assert_stopped(run(tmp_path / "odd.toml"), "odd.toml: is not UTF-8 text. Save it as UTF-8")


def test_a_file_that_is_too_long_is_not_read(tmp_path):
    (tmp_path / "long.toml").write_bytes(b"#" * (profile_file._SIZE_MAX + 1))
    assert_stopped(run(tmp_path / "long.toml"), "long.toml: is longer than 262144 bytes")


def test_a_file_with_a_fault_is_not_printed_either(tmp_path):
    (tmp_path / "bad.toml").write_text(changed("roads", value=["radio"]), encoding="utf-8")
    for more in ((), ("--toml",)):
        assert_stopped(
            run(tmp_path / "bad.toml", *more), "roads.value: must be one of serial, mqtt"
        )


def test_a_file_to_print_needs_a_name():
    done = run("--toml")
    assert done.exit_code == 2
    assert "Name the profile" in done.stderr


@pytest.mark.parametrize("reason", sorted(CHOSEN))
def test_a_reason_that_a_box_does_not_know_is_told(reason):
    returned = WHOLE.returned - {reason} | {ReturnReason.NOT_DROPPED}
    told = meaning(replace(WHOLE, returned=returned), "returned")
    assert (reason.name.lower() in told) is (reason not in returned)
