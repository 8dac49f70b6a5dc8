"""Is a result published when two officers released it, and does the last good one stay else?"""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_protocol.wire.publication import Status, decode_publication
from ballotbox_tabulation import program_digest as program_module
from ballotbox_tabulation import publication_folder
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core import gates
from tests.tabulation.log_builder import simple_ballots
from tests.tabulation.publish_desk import GIVEN, RULES, Desk
from tests.tabulation.test_published import put


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_two_officers_release_a_result(desk: Desk) -> None:
    desk.published()
    shown = desk.shown()
    assert set(shown) == {
        "index.html",
        "publication.cbor",
        "publication.json",
        "result.json",
        "rules-release.cbor",
        "rules.toml",
    }
    statement = decode_publication(shown["publication.cbor"])
    assert statement.is_signed(GIVEN.trusted.register)
    assert (statement.version, statement.status.name) == (1, "PRELIMINARY")
    document = json.loads(shown["result.json"])
    assert document["digest"] == f"sha256:{statement.result.hex()}"
    assert (statement.size, statement.root) == (desk.builder.size, desk.builder.tree().root())
    assert statement.rules == sha256(RULES).digest()
    assert statement.program == program_module.program_digest()
    told = json.loads(shown["publication.json"])
    assert told["result"] == document["digest"]
    assert told["released_at"].endswith("UTC")
    assert b"<!-- notice -->" not in shown["index.html"]
    assert b"So two officers call it" not in shown["index.html"]
    assert b"--rules rules.toml --out DIR" in shown["index.html"]


def test_the_next_one_follows_it_and_takes_its_place(desk: Desk) -> None:
    desk.once_published()
    first = decode_publication(desk.shown()["publication.cbor"])
    put(desk.builder, first)
    desk.count_all()
    desk.published()
    second = decode_publication(desk.shown()["publication.cbor"])
    assert (second.version, second.previous) == (2, first.id)
    assert second.status.name == "COMPLETE"


def test_what_the_folder_shows_is_followed_when_the_log_does_not_tell_it(desk: Desk) -> None:
    desk.once_published()
    desk.published()
    assert decode_publication(desk.shown()["publication.cbor"]).version == 2
    done = desk.released()
    assert done.exit_code == 0, done.output


def test_officers_say_that_it_is_certified_and_the_result_and_its_page_say_so(desk: Desk) -> None:
    desk.count_all()
    desk.authorised()
    assert desk.drafted("--status", "certified").exit_code == 0
    desk.signed(0, 1)
    assert desk.released().exit_code == 0
    shown = desk.shown()
    assert json.loads(shown["result.json"])["result"]["status"] == "certified"
    assert decode_publication(shown["publication.cbor"]).status.name == "CERTIFIED"
    page = shown["index.html"].decode()
    assert "<strong>Certified result.</strong>" in page
    assert "--status certified --out DIR" in page, "the page tells how to make the same bytes"
    assert desk.computing("--status", "certified").exit_code == 0
    assert (desk.folder / "computed" / "result.json").read_bytes() == shown["result.json"]


def test_after_a_certified_result_officers_must_say_what_follows(desk: Desk) -> None:
    """That a word was forgotten is no reason to tell the public of a refused result."""
    desk.count_all()
    desk.authorised()
    desk.drafted("--status", "certified")
    desk.signed(0, 1)
    desk.released()
    before = desk.shown()
    done = desk.drafted()
    assert done.exit_code == 2
    assert "version 1 is certified; say --status correction or --status certified" in done.stderr
    assert desk.shown() == before
    assert desk.drafted("--status", "correction").exit_code == 0
    desk.signed(0, 1)
    assert desk.released().exit_code == 0
    assert b"<strong>Corrected result.</strong>" in desk.shown()["index.html"]
    assert "reason.json" not in desk.shown()


def test_no_result_with_boxes_missing_is_called_certified(desk: Desk) -> None:
    desk.once_published()
    before = desk.shown()
    done = desk.drafted("--status", "certified")
    assert done.exit_code == 2
    for number in (1, 2):
        box = GIVEN.boxes[number].hex()
        assert f"box {box} of precinct {number + 1} is missing" in done.stderr
    assert "leave --status out" in done.stderr
    assert desk.shown() == before
    assert desk.computing("--status", "certified").exit_code == 2
    assert desk.drafted("--status", "correction").exit_code == 0
    desk.signed(0, 1)
    assert desk.released().exit_code == 0
    page = desk.shown()["index.html"].decode()
    assert '<p class="partial"><strong>Corrected result.</strong>' in page
    assert "<strong>Partial result.</strong>" in page


def test_a_statement_that_says_more_than_its_result_is_not_released(desk: Desk) -> None:
    """Whoever signs and releases may run another program than the one that drafted."""
    desk.authorised()
    desk.drafted()
    path = desk.draft / "publication.cbor"
    drafted = decode_publication(path.read_bytes())
    path.write_bytes(replace(drafted, status=Status.CERTIFIED).to_bytes())
    desk.signed(0, 1)
    done = desk.released()
    assert done.exit_code == 1
    assert "the statement says certified, the result preliminary" in done.stderr
    assert list(desk.shown()) == ["reason.json"]


def stays(desk: Desk, before: dict[str, bytes]) -> None:
    """The last good one is as it was, but for the notice on its page and the reason beside it."""
    after = desk.shown()
    page = after.pop("index.html").decode()
    after.pop("reason.json")
    notice = page[page.index("<!-- notice -->") : page.index("<!-- end of notice -->")]
    bare = page.replace(f"{notice}<!-- end of notice -->\n", "")
    assert {**after, "index.html": bare.encode()} == before
    reason = desk.reason()
    assert reason["stays"]["version"] == 1
    assert reason["stays"]["released_at"] in notice
    assert reason["refused_at"] in notice


def test_another_program_is_refused_before_it_computes(desk: Desk, monkeypatch) -> None:
    desk.once_published()
    before = desk.shown()
    monkeypatch.setattr(program_module, "program_digest", lambda: bytes(32))
    monkeypatch.setattr("ballotbox_tabulation.cli.conclude_log", lambda *_: pytest.fail("computed"))
    done = desk.drafted()
    assert done.exit_code == 1
    assert "nothing was computed" in done.stderr
    assert f"the program is not the released one: it is {bytes(32).hex()}" in done.stderr
    stays(desk, before)


def test_the_result_is_decided_by_the_released_rules(desk: Desk) -> None:
    desk.once_published()
    result = json.loads((desk.out / "result.json").read_bytes())["result"]
    assert result["rules"]["digest"] == sha256(RULES).hexdigest()
    (decision,) = result["decisions"]
    assert [each["elected"] for each in decision["options"]].count(True) <= 1


@pytest.mark.parametrize("data", [b'name = "example"\n', RULES.replace(b"all ballots", b"none")])
def test_what_is_no_rules_file_is_not_released(desk: Desk, data: bytes) -> None:
    (desk.folder / "rules.toml").write_bytes(data)
    done = desk.authorised()
    assert done.exit_code == 2
    assert "--rules" in done.stderr
    assert not (desk.folder / "release.cbor").exists()


def test_other_rules_are_refused(desk: Desk) -> None:
    desk.once_published()
    before = desk.shown()
    (desk.folder / "rules.toml").write_bytes(RULES + b"# more\n")
    done = desk.drafted()
    assert done.exit_code == 1
    assert "the rules file is not the released one" in done.stderr
    stays(desk, before)


def test_a_release_of_one_officer_is_none(desk: Desk) -> None:
    done = desk.authorised(0)
    assert (done.exit_code, desk.folder / "release.cbor") == (2, desk.folder / "release.cbor")
    assert not (desk.folder / "release.cbor").exists()
    (desk.folder / "release.cbor").write_bytes(b"\x80")
    assert desk.drafted().exit_code == 2


def test_a_broken_law_leaves_the_last_good_one_up_with_the_reason(desk: Desk, monkeypatch) -> None:
    desk.once_published()
    before = desk.shown()
    broken = gates.BrokenGate(gates.Gate.SUM, "a total is the sum of its parts", 2, 1, "nowhere")
    monkeypatch.setattr("ballotbox_tabulation.core.outcome.broken_gates", lambda *_: [broken])
    done = desk.drafted()
    assert done.exit_code == 1
    assert desk.reason()["reason"] == "a law of the result is broken"
    assert desk.reason()["evidence"] == [str(broken)]
    stays(desk, before)
    desk.drafted()
    stays(desk, before)


def test_a_log_that_does_not_hold_together_is_refused_before_anything_was_good(desk: Desk) -> None:
    desk.authorised()
    (path,) = (desk.folder / "log" / "tile" / "entries").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"\0") if path.is_file() else None
    for part in path.iterdir() if path.is_dir() else ():
        part.write_bytes(part.read_bytes()[:-1] + b"\0")
    done = desk.drafted()
    assert done.exit_code == 1, done.output
    assert desk.reason()["stays"] is None
    assert list(desk.shown()) == ["reason.json"]


def test_one_signature_releases_nothing(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    desk.signed(0)
    done = desk.released()
    assert done.exit_code == 1
    assert "RELEASERS" in done.stderr
    assert list(desk.shown()) == ["reason.json"]


def test_an_officer_signs_once_and_only_when_sure(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    path = desk.draft / "publication.cbor"
    unsigned = path.read_bytes()
    assert desk.signed(0, yes=False).exit_code == 2
    assert path.read_bytes() == unsigned
    assert desk.signed(0).stdout.endswith("signed   1 of 2 signatures\n")
    assert desk.signed(0).exit_code == 2
    assert len(decode_publication(path.read_bytes()).signatures) == 1


@pytest.mark.parametrize("name", ["result.json", "rules.toml", "publication.cbor"])
def test_a_draft_that_was_changed_is_not_used(desk: Desk, name: str) -> None:
    desk.authorised()
    desk.drafted()
    path = desk.draft / name
    changed = path.read_bytes().replace(b'"votes_allowed":1', b'"votes_allowed":2') + b"#"
    path.write_bytes(changed)
    for done in (desk.signed(0), desk.released()):
        assert done.exit_code == 2
        assert "draft it anew" in done.stderr


def test_a_draft_that_changes_while_it_is_released_is_shown_as_it_was_signed(
    desk: Desk, monkeypatch
) -> None:
    desk.authorised()
    desk.drafted()
    desk.signed(0, 1)
    path = desk.draft / "result.json"
    signed = path.read_bytes()
    honest = publication_folder.read_in_file

    def read_and_lose(*given):
        found = honest(*given)
        with path.open("r+b") as file:
            file.write(signed.replace(b'"ballots":9', b'"ballots":8'))
        return found

    monkeypatch.setattr(publication_folder, "read_in_file", read_and_lose)
    assert desk.released().exit_code == 0
    assert path.read_bytes() != signed
    assert desk.shown()["result.json"] == signed


def test_a_release_put_into_the_draft_later_is_refused(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    desk.signed(0, 1)
    (desk.folder / "rules.toml").write_bytes(RULES + b"# more\n")
    desk.authorised()
    (desk.draft / "rules-release.cbor").write_bytes((desk.folder / "release.cbor").read_bytes())
    done = desk.released()
    assert done.exit_code == 1
    assert "the rules file is not the released one" in done.stderr


def test_an_older_draft_does_not_take_the_place_of_a_newer_one(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    desk.signed(0, 1)
    older = {each.name: each.read_bytes() for each in desk.draft.iterdir()}
    desk.builder.day(desk.builder.pen(1), simple_ballots(2))
    desk.export()
    desk.published()
    for name, data in older.items():
        (desk.draft / name).write_bytes(data)
    done = desk.released()
    assert done.exit_code == 1
    assert "version 1 comes after version 1, preliminary, of log size 10" in done.stderr


def test_what_cannot_be_used_is_named(desk: Desk) -> None:
    desk.authorised()
    assert desk.drafted("--status", "correction").exit_code == 2
    desk.drafted()
    desk.signed(0, 1)
    strange = desk.folder / "strange.key"
    strange.write_text("nothing")
    more = ["--officer-key", strange, "--yes", "--passphrase-file", strange]
    assert "officer-key" in desk.run("sign", desk.draft, *more).stderr
    assert desk.released("--centre", "nowhere").exit_code == 2
    assert desk.released("--centre", "https://a.example", "--ca", strange).exit_code == 2
    assert not desk.out.exists()


def test_a_digest_names_every_file_of_the_program() -> None:
    files = {"b/x.py": b"1", "a/y.py": b"2"}
    whole = program_module.digest_of(files)
    assert (
        whole
        == sha256(
            b"a/y.py\0" + sha256(b"2").digest() + b"b/x.py\0" + sha256(b"1").digest()
        ).digest()
    )
    done = CliRunner().invoke(main, ["publish", "program"])
    assert done.stdout == f"{program_module.program_digest().hex()}\n"
    names = dict(program_module._files(program_module.files("ballotbox_tabulation"), "t"))
    assert {"t/cli.py", "t/core/gates.py", "t/templates/result.html"} <= names.keys()
    assert not any("__pycache__" in each for each in names)


def test_the_statement_must_be_of_what_was_trusted(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    path = desk.draft / "publication.cbor"
    other = replace(decode_publication(path.read_bytes()), configuration=bytes(32))
    path.write_bytes(other.to_bytes())
    desk.signed(0, 1)
    done = desk.released()
    assert done.exit_code == 1
    assert "definition, register or root key are not those" in done.stderr


@pytest.mark.parametrize(
    "changed",
    [
        lambda file: file.replace(b'"digest":"sha256:', b'"digest":"sha256:0', 1),
        lambda file: file.replace(b'"result":', b'"result":{},"result":', 1),
        lambda file: file + b" ",
    ],
)
def test_only_the_bytes_that_were_written_are_released(desk: Desk, changed) -> None:
    """Another reader may make something else of other bytes that this one reads alike."""
    desk.authorised()
    desk.drafted()
    desk.signed(0, 1)
    file = desk.draft / "result.json"
    file.write_bytes(changed(file.read_bytes()))
    done = desk.released()
    assert done.exit_code == 2
    assert "result.json is not as it was written; draft it anew" in done.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"origin": "other.example/centre"}, "shows the log other.example/centre; use a folder"),
        ({"election": bytes(32)}, "shows another election; use a folder for each election"),
    ],
    ids=["another log", "another election"],
)
@pytest.mark.parametrize("step", [Desk.drafted, Desk.released])
def test_a_folder_of_something_else_is_left_alone(desk: Desk, step, changes, words) -> None:
    desk.authorised()
    desk.drafted()
    desk.signed(0, 1)
    desk.out.mkdir(exist_ok=True)
    statement = decode_publication((desk.draft / "publication.cbor").read_bytes())
    other = replace(statement, version=9, previous=bytes(32), **changes)
    (desk.out / "publication.cbor").write_bytes(other.to_bytes())
    done = step(desk)
    assert done.exit_code == 2
    assert words in done.stderr
    assert [each.name for each in desk.out.iterdir()] == ["publication.cbor"]
