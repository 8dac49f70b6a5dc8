"""Does what officers release stand in the centre's log before the page shows it, or in neither?"""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ballotbox_protocol.wire import cbor
from ballotbox_protocol.wire.leaf import LeafType, decode_leaf
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.publication import decode_publication
from ballotbox_protocol.wire.tiles import CHECKPOINT_PATH, export_attachments, export_tiles
from ballotbox_tabulation.cli import main
from ballotbox_tabulation.verify_cli import main as verify
from tests.gateway.adapters.upper_office import Office, serving
from tests.gateway.scripted import NOW, ScriptedBox, arrivals, authority
from tests.tabulation.rules.first_contest import rules_of

GIVEN = authority()


class Desk:
    """Officers with the exported log of a centre."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        GIVEN.write(folder)
        (folder / "rules.toml").write_bytes(rules_of(GIVEN.trusted.election))
        for number, key in enumerate(GIVEN.officer_keys[:2]):
            text = f"public {key.public.hex()}\nseed {key.seed.hex()}\n"
            (folder / f"{number}.key").write_text(f"ballotbox unprotected key v1\n{text}")
        self.trust = [
            *("--election", str(folder / "election.cose")),
            *("--register", str(folder / "register.cose")),
            *("--root", str(GIVEN.root)),
        ]
        self.keys = [part for at in (0, 1) for part in ("--officer-key", str(folder / f"{at}.key"))]
        self.authorised(1)

    def authorised(self, version: int) -> None:
        rules = ["--rules", str(self.folder / "rules.toml"), "--version", str(version)]
        self.run("authorise", *rules, "-o", str(self.folder / "release.cbor"), *self.keys)

    def run(self, command: str, *more: str) -> Result:
        return CliRunner().invoke(main, ["publish", command, *more, *self.trust])

    def export(self, office: Office) -> None:
        size = office.ledger.log_head().size
        entries = office.ledger.entries(0, size)
        leaves = [each.leaf for each in entries]
        files = dict(export_tiles(Tree([leaf_hash(leaf) for leaf in leaves]), leaves))
        beside = [cbor.encode([each.report, each.ruling, each.note]) for each in entries]
        files |= export_attachments(size, beside)
        found = office.ledger.checkpoint_at(size)
        assert found is not None
        for name, data in (files | {CHECKPOINT_PATH: found.note}).items():
            path = self.folder / "log" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def drafted(self, *more: str) -> None:
        f = self.folder
        given = ["--rules", f / "rules.toml", "--release", f / "release.cbor", "--out", f / "out"]
        done = self.run(
            "draft", str(f / "log"), *map(str, given), "--draft", str(f / "draft"), *more
        )
        assert done.exit_code == 0, done.output
        assert self.run("sign", str(f / "draft"), *self.keys, "--yes").exit_code == 0

    def released(self) -> Result:
        f = self.folder
        return self.run("release", str(f / "draft"), "--out", str(f / "out"), "--centre", self.url)


def test_a_release_is_in_the_log_and_on_the_page_or_in_neither(tmp_path, free_tcp_port, capsys):
    desk = Desk(tmp_path, free_tcp_port)

    async def scenario() -> None:
        async with serving(free_tcp_port) as office:
            office.intake.admit(arrivals(*ScriptedBox(GIVEN).open_poll()), NOW)
            await asyncio.to_thread(_first, desk, office)
            await asyncio.to_thread(_refused, desk, office)
            await asyncio.to_thread(_second, desk, office)

    asyncio.run(scenario())
    desk.drafted()
    before = _shown(desk)
    done = desk.released()
    assert done.exit_code == 2
    assert "cannot be reached" in done.stderr
    assert _shown(desk) == before
    assert not (tmp_path / "out" / "reason.json").exists()
    with pytest.raises(SystemExit) as ended:
        verify(["log", str(tmp_path / "log"), *desk.trust])
    assert ended.value.code == 0
    assert capsys.readouterr().out.count("two officers released a result") == 1


def _shown(desk: Desk) -> bytes:
    return (desk.folder / "out" / "publication.cbor").read_bytes()


def _leaf_types(office: Office) -> list[LeafType]:
    return [decode_leaf(leaf).type for leaf in office.ledger.leaves(0)]


def _first(desk: Desk, office: Office) -> None:
    desk.export(office)
    desk.drafted()
    done = desk.released()
    assert done.exit_code == 0, done.output
    assert _leaf_types(office)[-1] is LeafType.PUBLICATION
    (entry,) = office.ledger.entries(3, 4)
    assert entry.ruling == _shown(desk)
    again = desk.released()
    assert again.exit_code == 0
    assert office.ledger.log_head().size == 4


def _refused(desk: Desk, office: Office) -> None:
    """A desk that does not know of the first one drafts another first one: the page stays."""
    path = desk.folder / "out" / "publication.cbor"
    before = _shown(desk)
    path.unlink()
    desk.authorised(2)
    desk.drafted()
    done = desk.released()
    assert done.exit_code == 1
    assert "[VERSION]" in done.stderr
    assert not path.exists()
    path.write_bytes(before)
    assert office.ledger.log_head().size == 4


def _second(desk: Desk, office: Office) -> None:
    desk.export(office)
    desk.drafted()
    assert desk.released().exit_code == 0
    assert decode_publication(_shown(desk)).version == 2
    told = json.loads((desk.folder / "out" / "result.json").read_bytes())
    assert [each["version"] for each in told["result"]["log"]["published"]] == [1]
    assert office.ledger.log_head().size == 5


def test_the_manual_shows_commands_and_options_that_exist(repository: Path) -> None:
    manual = (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    lines = [each for each in manual.splitlines() if each.startswith("ballotbox-tabulate publish")]
    assert len(lines) == 5
    for line in lines:
        _, _, command, *words = line.split()
        told = CliRunner().invoke(main, ["publish", command, "--help"]).output
        options = [each for each in words if each.startswith("-")]
        assert all(each in told for each in ("--election", "--register", "--root", *options))
