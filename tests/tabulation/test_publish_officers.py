"""Is each officer's word taken for what it may say, and a machine's trouble for no word at all?"""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ballotbox_protocol.election.register import Role
from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_simulator.authority import with_register
from ballotbox_tabulation.second.loading import Loader
from tests.tabulation.publish_desk import GIVEN, RULES, Desk
from tests.tabulation.test_published import put


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def narrowed(**changes: object):
    """The authority with an officer 0 who may not release in all precincts."""
    register = GIVEN.trusted.register
    of_one = replace(register.officers[0], **changes)
    return with_register(GIVEN, replace(register, officers=(of_one, *register.officers[1:])))


@pytest.mark.parametrize("changes", [{"precinct": 1}, {"roles": Role.POLL | Role.ELEVATED}])
def test_an_officer_who_may_not_release_is_refused_with_those_who_may(
    desk: Desk, changes: dict[str, object]
) -> None:
    desk.authorised()
    desk.drafted()
    narrowed(**changes).write(desk.folder)
    path = desk.draft / "publication.cbor"
    unsigned = path.read_bytes()
    done = desk.signed(0)
    assert done.exit_code == 2
    assert "officer-0.key: this officer may not release in all precincts" in done.stderr
    keys = [each.key.hex() for each in GIVEN.trusted.register.officers]
    assert [key in done.stderr for key in keys] == [False] + [True] * (len(keys) - 1)
    assert path.read_bytes() == unsigned
    assert desk.authorised(0, 1).exit_code == 2


def test_where_nobody_may_release_that_is_said(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    register = GIVEN.trusted.register
    nobody = tuple(replace(each, precinct=1) for each in register.officers)
    with_register(GIVEN, replace(register, officers=nobody)).write(desk.folder)
    done = desk.signed(0)
    assert done.exit_code == 2
    assert "and nobody may; have a register made that names two" in done.stderr


def test_a_stranger_s_key_is_refused_with_those_who_may(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    (desk.folder / "officer-0.key").write_text(
        f"ballotbox unprotected key v1\npublic {GIVEN.box_keys[GIVEN.boxes[0]].public.hex()}\n"
        f"seed {GIVEN.box_keys[GIVEN.boxes[0]].seed.hex()}\n"
    )
    done = desk.signed(0)
    assert done.exit_code == 2
    assert "no officer of the register has this key" in done.stderr
    assert GIVEN.officer_keys[1].public.hex() in done.stderr


def test_a_draft_of_another_election_is_signed_by_nobody(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    path = desk.draft / "publication.cbor"
    other = replace(decode_publication(path.read_bytes()), election=bytes(32))
    path.write_bytes(other.to_bytes())
    done = desk.signed(0)
    assert done.exit_code == 2
    assert f"is of the election {bytes(32).hex()}" in done.stderr
    assert path.read_bytes() == other.to_bytes()


# ---- releases of rules and program


def test_rules_that_were_replaced_do_not_come_back(desk: Desk) -> None:
    assert desk.authorised(version=2).exit_code == 0
    for done in (desk.drafted(), desk.signed(0, 1), desk.released()):
        assert done.exit_code == 0, done.output
    put(desk.builder, decode_publication(desk.shown()["publication.cbor"]))
    desk.export()
    (desk.folder / "rules.toml").write_bytes(RULES + b"# others\n")
    for version in (1, 2):
        desk.authorised(version=version)
        done = desk.drafted()
        assert done.exit_code == 1
        assert f"the rules release is version {version}, but version 2 was used" in done.stderr
        assert "make one with `publish authorise --version 3`" in done.stderr
    desk.authorised(version=3)
    for done in (desk.drafted(), desk.signed(0, 1), desk.released()):
        assert done.exit_code == 0, done.output
    assert decode_publication(desk.shown()["publication.cbor"]).release == 3


def test_the_statement_names_the_release_that_lies_beside_it(desk: Desk) -> None:
    desk.authorised()
    desk.drafted()
    path = desk.draft / "publication.cbor"
    path.write_bytes(replace(decode_publication(path.read_bytes()), release=9).to_bytes())
    desk.signed(0, 1)
    done = desk.released()
    assert done.exit_code == 1
    assert "the statement names version 9 of the rules release" in done.stderr


# ---- a machine in trouble


def _full(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA max_page_count = 1")


@pytest.mark.parametrize("command", ["draft", "run"])
def test_a_full_disk_is_no_broken_law(desk: Desk, monkeypatch, command: str) -> None:
    desk.published()
    before = desk.shown()

    def load(self, read, checkpoint, plain=Loader.load):
        _full(self._database)
        plain(self, read, checkpoint)

    monkeypatch.setattr(Loader, "load", load)
    done = desk.drafted() if command == "draft" else desk.computing()
    assert done.exit_code == 2
    assert "could not be worked out: the second computation stopped: database or disk is full" in (
        done.stderr
    )
    assert "make room in the directory for temporary files" in done.stderr
    assert "REFUSED" not in done.stderr
    assert desk.shown() == before


def test_nothing_unreleased_takes_the_place_of_what_was_released(desk: Desk) -> None:
    desk.published()
    before = desk.shown()
    done = desk.computing("--out", desk.out)
    assert done.exit_code == 2
    assert "shows what officers released; name another directory" in done.stderr
    assert desk.shown() == before
