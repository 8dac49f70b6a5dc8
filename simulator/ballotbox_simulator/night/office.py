"""The office that publishes: officers with their keys, rules, drafts and the published folder.

Every step is the documented command in a process of its own; what it refuses is told in its words.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.night.program import OfficeFailed, Program, Said
from ballotbox_tabulation.publication_folder import RECEIPT, RESULT, STATEMENT
from ballotbox_tabulation.site.words import SYNTHETIC

_OFFICERS: Final = (1, 2)
#: What a published folder says of itself, with the time.
_TOLD: Final = "publication.json"


@dataclass(frozen=True, slots=True)
class Means:
    """What a publication is computed with: a program, and what officers released of it."""

    program: Program
    release: Path


class Office:
    """The office of one night, in a folder of its own; what it publishes is in `published`."""

    def __init__(self, folder: Path, published: Path) -> None:
        self.folder = folder
        self.published = published

    def furnish(self, authority: Authority, rules: bytes) -> None:
        """Put there the public documents, the rules, and a key for each of two officers."""
        authority.write(self.folder)
        (self.folder / "root.txt").write_text(f"{authority.root}\n")
        (self.folder / "rules.toml").write_bytes(rules)
        for number in _OFFICERS:
            write_key(self._key(number), authority.officer_keys[number - 1], None)

    @property
    def reason(self) -> Path:
        """Where it stands why nothing newer is published."""
        return self.published / "reason.json"

    def kept_reason(self, name: str) -> Path:
        """Where the reason of a refusal stays when the next result is up."""
        return self.folder / f"refused-{name}.json"

    @property
    def draft_folder(self) -> Path:
        """Where a draft waits for its signatures."""
        return self.folder / "draft"

    def authorise(self, program: Program, version: int) -> Means:
        """Have two officers release the rules and this program; raises OfficeFailed."""
        release = self.folder / f"release-{version}.cbor"
        keys = (part for number in _OFFICERS for part in self._officer(number))
        _must(
            program.run(
                *("publish", "authorise", *self._trust(), *keys),
                *("--rules", self._rules, "--version", version, "--output", release),
            )
        )
        return Means(program, release)

    def draft(self, means: Means, log: Path) -> Said:
        """Compute the result of an exported log twice and draft its statement."""
        return means.program.run(
            *("publish", "draft", log, *self._trust(), "--rules", self._rules),
            *("--release", means.release, "--out", self.published, "--draft", self.draft_folder),
        )

    def sign(self, means: Means) -> None:
        """Have each of two officers sign the draft; raises OfficeFailed."""
        for number in _OFFICERS:
            named = self._officer(number)
            _must(
                means.program.run(
                    "publish", "sign", self.draft_folder, *self._trust(), *named, "--yes"
                )
            )

    def release(self, means: Means, centre: str) -> Said:
        """Publish the signed draft, once the centre at this address has it in its log."""
        return means.program.run(
            *("publish", "release", self.draft_folder, *self._trust()),
            *("--out", self.published, "--centre", centre),
        )

    def kept_result(self, name: str) -> Path:
        """Where the result stays that was published as `name`, when the next one is up."""
        return self.folder / "kept" / name / RESULT

    def keep_result(self, name: str) -> Path:
        """Keep the result that is up, and who released it, as what was published as `name`."""
        kept = self.kept_result(name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        for each in (RESULT, STATEMENT, RECEIPT):
            if (self.published / each).exists():
                shutil.copyfile(self.published / each, kept.parent / each)
        return kept

    def kept_notice(self, name: str) -> Path:
        """Where it stays why nothing newer than `name` was published, for its pages."""
        return self.kept_result(name).with_name(self.reason.name)

    def keep_notice(self, name: str) -> None:
        """Keep why a result was refused beside the one that stays, published as `name`."""
        shutil.copyfile(self.reason, self.kept_notice(name))

    def end_notice(self, name: str) -> bool:
        """Have the notice kept for `name` say when it ceased to be true; tell if there is one."""
        notice = self.kept_notice(name)
        if not notice.exists():
            return False
        released = json.loads((self.published / _TOLD).read_bytes())["released_at"]
        told = json.loads(notice.read_bytes()) | {"until": released}
        notice.write_text(json.dumps(told), encoding="utf-8")
        return True

    def write_pages(self, program: Program, name: str, log: Path, pages: Path) -> Said:
        """Write what was published as `name` as pages for everybody, with its notice if any."""
        result, notice = self.kept_result(name), self.kept_notice(name)
        refused = ("--refused", notice) if notice.exists() else ()
        return program.run(
            *("site", result, "--out", pages, "--label", SYNTHETIC),
            *("--log", log, *self._trust(), *refused),
        )

    @property
    def _rules(self) -> Path:
        return self.folder / "rules.toml"

    def _key(self, number: int) -> Path:
        return self.folder / f"officer-{number}.key"

    def _officer(self, number: int) -> tuple[object, ...]:
        return ("--officer-key", self._key(number))

    def _trust(self) -> tuple[object, ...]:
        return (
            *("--election", self.folder / "election.cose"),
            *("--register", self.folder / "register.cose"),
            *("--root", (self.folder / "root.txt").read_text().strip()),
        )


def _must(said: Said) -> None:
    if said.status != 0:
        raise OfficeFailed(said.words.strip())
