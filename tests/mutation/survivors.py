"""The faults that no test can see, each with the reason why: survivors.toml."""

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant

LISTED = Path("tests/mutation/survivors.toml")


@dataclass(frozen=True)
class Change:
    """A fault by its text: line numbers move with every edit, what is written does not."""

    file: str
    within: str
    was: str
    becomes: str


def listed(root: Path) -> dict[Change, str]:
    """Return every accepted survivor with its reason. Raises KeyError for an entry without one."""
    text = (root / LISTED).read_text(encoding="utf-8")
    entries = tomllib.loads(text).get("survivor", [])
    return {
        Change(each["file"], each["within"], _one_line(each["was"]), _one_line(each["becomes"])): (
            each["reason"]
        )
        for each in entries
    }


def change_of(mutant: Mutant) -> Change:
    """Return what a fault changes in the text of its file."""
    removed, added = _lines(mutant)
    return Change(str(mutant.file), mutant.within, _one_line(removed), _one_line(added))


def diff_of(mutant: Mutant) -> str:
    """Return the fault for people: where it stands, and the lines before and after."""
    removed, added = _lines(mutant)
    old = [f"  - {line}" for line in removed.splitlines()]
    new = [f"  + {line}" for line in added.splitlines()]
    return "\n".join(
        [f"{mutant.file}:{mutant.line}: in {mutant.within or 'the module'}", *old, *new]
    )


def _lines(mutant: Mutant) -> tuple[str, str]:
    old, new = mutant.module.code.splitlines(), mutant.source().splitlines()
    told = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
    removed, added = ("\n".join(line[1:] for line in told if line[0] == sign) for sign in "-+")
    return removed, added


def _one_line(text: str) -> str:
    return " ".join(text.split())
