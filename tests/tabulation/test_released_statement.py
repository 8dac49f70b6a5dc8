"""Can anybody see on the pages who released a result, and check it with one command?"""

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from ballotbox_protocol.wire.publication import Publication, decode_publication
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.core.publication_examination import examine_publication
from ballotbox_tabulation.verify_cli import main as verify
from tests.tabulation.publish_desk import GIVEN, Desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk"))
    made.published()
    return made


@pytest.fixture(scope="module")
def statement(desk: Desk) -> Publication:
    return decode_publication(desk.shown()["publication.cbor"])


def facts(given: Publication) -> list[str]:
    digests = (given.result, given.rules, given.program, given.configuration, given.root, given.id)
    keys = [each.key_id.hex() for each in given.signatures]
    return [*(each.hex() for each in digests), *keys, given.origin]


def command_on(page: str) -> list[str]:
    found = re.search(r"<code>(ballotbox-verify publication [^<]*)</code>", page)
    assert found is not None
    return shlex.split(found[1])[1:]


def checked(arguments: list[str], folder: Path, monkeypatch, capsys) -> tuple[object, str]:
    """Run the command as it stands on a page, where the data and the two documents lie."""
    GIVEN.write(folder)
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        verify(arguments)
    return ended.value.code, capsys.readouterr().out


def test_the_page_of_a_release_tells_who_released_it(desk, statement, monkeypatch, capsys) -> None:
    page = desk.shown()["index.html"].decode()
    assert [fact for fact in facts(statement) if fact not in page] == []
    code, said = checked(command_on(page), desk.out, monkeypatch, capsys)
    assert code == 0
    assert "two officers who may release in all precincts signed it" in said
    assert "it is of this result, byte for byte" in said
    assert "by release 1" in said


def test_the_pages_of_a_site_tell_it_in_each_language(
    desk, statement, tmp_path, monkeypatch, capsys
) -> None:
    out, trust = tmp_path / "pages", [f"--root={GIVEN.root}", f"--log={desk.folder}/log"]
    trust += [f"--{name}={desk.folder}/{name}.cose" for name in ("election", "register")]
    done = CliRunner().invoke(main, ["site", f"{desk.out}", f"--out={out}", *trust])
    assert done.exit_code == 0, done.output
    assert (out / "data/publication.cbor").read_bytes() == statement.to_bytes()
    for code in ("en", "ky", "ru"):
        page = (out / code / "data.html").read_text()
        assert [fact for fact in facts(statement) if fact not in page] == []
        assert 'href="../data/publication.cbor"' in page
        assert 'href="data.html#released"' in (out / code / "index.html").read_text()
    assert "Released by officers as version 1" in (out / "index.html").read_text()
    status, said = checked(command_on(page), out, monkeypatch, capsys)
    assert (status, "FAILS" in said) == (0, False)
    # The folder of a site is a released result as well.
    again = tmp_path / "again"
    assert CliRunner().invoke(main, ["site", f"{out}", f"--out={again}"]).exit_code == 0
    assert (again / "data/publication.cbor").exists()


def copied(desk: Desk, folder: Path, statement: Publication) -> Path:
    folder.mkdir()
    (folder / "result.json").write_bytes(desk.shown()["result.json"])
    (folder / "publication.cbor").write_bytes(statement.to_bytes())
    return folder


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"result": bytes(32)}, "it is of another result"),
        ({"size": 4}, "names another log or size"),
        ({"version": 7, "previous": bytes(32)}, "[RELEASERS]"),
    ],
)
def test_a_statement_of_something_else_is_on_no_page(
    desk, statement, tmp_path, changes, said
) -> None:
    folder = copied(desk, tmp_path / "copy", replace(statement, **changes))
    trust = [f"--root={GIVEN.root}", f"--log={desk.folder}/log"]
    trust += [f"--{name}={desk.folder}/{name}.cose" for name in ("election", "register")]
    done = CliRunner().invoke(main, ["site", f"{folder}", f"--out={tmp_path}/pages", *trust])
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize("count", [0, 1])
def test_a_draft_is_on_no_page_whatever_is_trusted(desk, statement, tmp_path, count) -> None:
    draft = replace(statement, signatures=statement.signatures[:count])
    folder = copied(desk, tmp_path / "copy", draft)
    done = CliRunner().invoke(main, ["site", f"{folder}", f"--out={tmp_path}/pages"])
    assert done.exit_code == 2, done.output
    assert "fewer than two officers signed it, so it is a draft that nobody released" in done.stderr
    assert not (tmp_path / "pages").exists()


def test_one_officer_who_signs_twice_is_one(desk, statement, tmp_path) -> None:
    twice = (statement.signatures[0], replace(statement.signatures[0], signature=bytes(64)))
    folder = copied(desk, tmp_path / "copy", replace(statement, signatures=twice))
    done = CliRunner().invoke(main, ["site", f"{folder}", f"--out={tmp_path}/pages"])
    assert done.exit_code == 2
    assert not (tmp_path / "pages").exists()


def test_pages_made_without_trust_say_that_nobody_checked_the_signatures(
    desk, statement, tmp_path, monkeypatch, capsys
) -> None:
    out = tmp_path / "pages"
    made_up = replace(statement.signatures[1], key_id=bytes(8), signature=bytes(64))
    forged = replace(statement, signatures=(statement.signatures[0], made_up))
    folder = copied(desk, tmp_path / "copy", forged)
    assert CliRunner().invoke(main, ["site", f"{folder}", f"--out={out}"]).exit_code == 0
    front, page = ((out / "en" / name).read_text() for name in ("index.html", "data.html"))
    assert "Released by officers" not in front
    assert "Version 1, by a statement whose signatures were not checked here" in front
    assert "Two officers signed" not in page
    assert "did not check the signatures of the statement. This command checks them" in page
    assert checked(command_on(page), out, monkeypatch, capsys)[0] == 1


def failing(data: bytes, result: bytes | None = None) -> list[str]:
    found = examine_publication(data, GIVEN.trusted, result)
    return [each.text for each in found if each.mark == "FAILS"]


def test_each_point_that_does_not_hold_is_told(desk, statement) -> None:
    result = desk.shown()["result.json"]
    assert failing(statement.to_bytes(), result) == []
    assert failing(statement.to_bytes()) == []
    (said,) = failing(b"\x80")
    assert said.startswith("it is no statement of a publication: ")
    unsigned = replace(statement, signatures=())
    assert failing(unsigned.to_bytes()) == [
        "two officers who may release in all precincts signed it"
    ]
    other = replace(statement, election=bytes(32), origin="b.example", release=0)
    assert failing(other.to_bytes()) == [
        "it is of this election",
        "two officers who may release in all precincts signed it",
        "the register names the gateway of b.example",
    ]


def test_another_file_is_not_the_result_of_the_statement(desk, statement) -> None:
    result = desk.shown()["result.json"]
    data = statement.to_bytes()
    assert failing(data, result + b" ") == ["it is of this result, byte for byte"]
    edited = json.loads(result)["result"] | {"status": "certified"}
    told = failing(data, json.dumps({"result": edited}).encode())
    assert told[:2] == [
        "it is of this result, byte for byte",
        "the statement says preliminary, the result certified",
    ]
    for nothing in (b"", b"[]", b"{}", b'{"result": 7}', b'{"result": {}}', b"[" * 100_000):
        assert failing(data, nothing) == ["the file is no published result"]


def test_the_command_names_what_it_cannot_read(tmp_path, capsys) -> None:
    GIVEN.write(tmp_path)
    trust = [f"--{name}={tmp_path}/{name}.cose" for name in ("election", "register")]
    with pytest.raises(SystemExit) as ended:
        verify(["publication", "nowhere.cbor", *trust, f"--root={GIVEN.root}"])
    assert ended.value.code == 2
    assert "FILE nowhere.cbor" in capsys.readouterr().err
