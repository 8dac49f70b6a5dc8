"""Officers at a table: the commands that draft, sign and release, on a log in a folder."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner, Result

from ballotbox_tabulation.cli import main
from tests.tabulation.log_builder import LogBuilder, authority_of, simple_ballots
from tests.tabulation.rules.first_contest import rules_of

GIVEN = authority_of(boxes=3)
RULES = rules_of(GIVEN.trusted.election)


def key_text(number: int) -> str:
    key = GIVEN.officer_keys[number]
    head = "ballotbox unprotected key v1"
    return f"{head}\npublic {key.public.hex()}\nseed {key.seed.hex()}\n"


class Desk:
    """Officers at a table: a log, the two documents, rules, keys, and the folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.draft = folder / "draft"
        self.builder = LogBuilder(GIVEN)
        self.builder.day(self.builder.pen(0), simple_ballots(9))
        GIVEN.write(folder)
        (folder / "rules.toml").write_bytes(RULES)
        for number in range(len(GIVEN.officer_keys)):
            (folder / f"officer-{number}.key").write_text(key_text(number))
        self.export()

    def export(self) -> None:
        for name, data in self.builder.files().items():
            path = self.folder / "log" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def run(self, command: str, *arguments: object, typed: str | None = None) -> Result:
        trust = ["--election", "election.cose", "--register", "register.cose"]
        paths = [str(self.folder / each) if each.endswith(".cose") else each for each in trust]
        line = ["publish", command, *map(str, arguments), *paths, "--root", str(GIVEN.root)]
        return CliRunner().invoke(main, line, input=typed)

    def keys(self, *numbers: int) -> list[str]:
        found = [("--officer-key", str(self.folder / f"officer-{each}.key")) for each in numbers]
        return [part for pair in found for part in pair]

    def authorised(self, *numbers: int, version: int = 1) -> Result:
        target = self.folder / "release.cbor"
        rules = self.folder / "rules.toml"
        more = ["--version", version, "-o", target, *self.keys(*numbers or (0, 1))]
        return self.run("authorise", "--rules", rules, *more)

    def count_all(self) -> None:
        """Let every box be counted."""
        for number in (1, 2):
            self.builder.day(self.builder.pen(number), simple_ballots(2))
        self.export()

    def drafted(self, *more: object) -> Result:
        f = self.folder
        given = ["--rules", f / "rules.toml", "--release", f / "release.cbor"]
        return self.run(
            "draft", f / "log", *given, "--out", self.out, "--draft", f / "draft", *more
        )

    def signed(self, *numbers: int, yes: bool = True) -> Result:
        sure = ["--yes"] if yes else []
        typed = None if yes else "n\n"
        return self.run("sign", self.draft, *self.keys(*numbers), *sure, typed=typed)

    def computing(self, *more: object) -> Result:
        """What anybody does with the log, and what it says."""
        trust = [self.folder / f"{each}.cose" for each in ("election", "register")]
        named = ["--election", trust[0], "--register", trust[1], "--root", GIVEN.root]
        rules = ["--rules", self.folder / "rules.toml", "--out", self.folder / "computed"]
        line = ["run", self.folder / "log", *named, *rules, *more]
        return CliRunner().invoke(main, [str(each) for each in line])

    def released(self, *more: object) -> Result:
        return self.run("release", self.draft, "--out", self.out, *more)

    def published(self) -> None:
        """Go all the way."""
        assert self.authorised().exit_code == 0
        for done in (self.drafted(), self.signed(0), self.signed(1), self.released()):
            assert done.exit_code == 0, done.output

    def once_published(self) -> None:
        """Stand where `published` leads a desk that did nothing before, without going there."""
        _taken_from(Desk.published, self)

    def once_waiting(self) -> None:
        """Stand where a first release is shown, and the next one is signed."""
        _taken_from(_wait, self)

    def shown(self) -> dict[str, bytes]:
        """What a visitor finds; the side folders behind it have names that begin with a dot."""
        return {each.name: each.read_bytes() for each in sorted(self.out.glob("[!.]*"))}

    def reason(self) -> dict[str, Any]:
        return json.loads((self.out / "reason.json").read_bytes())


def _wait(desk: Desk) -> None:
    desk.once_published()
    for done in (desk.drafted(), desk.signed(0, 1)):
        assert done.exit_code == 0, done.output


@cache
def _gone(way: Callable[[Desk], None]) -> tuple[Path, TemporaryDirectory[str]]:
    """The folder of a desk that went this way, and what removes it in the end."""
    kept = TemporaryDirectory(prefix="bbx-desk-")
    desk = Desk(Path(kept.name))
    way(desk)
    return desk.folder, kept


def _taken_from(way: Callable[[Desk], None], desk: Desk) -> None:
    assert not desk.out.exists()
    assert not desk.draft.exists()
    shutil.copytree(_gone(way)[0], desk.folder, symlinks=True, dirs_exist_ok=True)
