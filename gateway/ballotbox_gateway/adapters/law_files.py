"""The laws that counts by hand may be counted by: installed ones, and files of one's own."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

from ballotbox_gateway.problem import Problem
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.law import Law
from ballotbox_protocol.election.law.source import LAW_CHARACTERS_MAX, law_digest, load_law

_SUFFIX: Final = ".toml"
#: The longest letter takes four bytes.
_BYTES_MAX: Final = 4 * LAW_CHARACTERS_MAX
_FOLDER: Final = files("ballotbox_protocol") / "election" / "law" / "files"


def installed_names() -> tuple[str, ...]:
    """Return the names of the laws that are installed, in alphabetical order."""
    names = (each.name for each in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def load_laws(names: Iterable[str]) -> dict[bytes, Law]:
    """Return laws by the digests of their files, all installed ones for no name; raises Problem.

    A name that ends in .toml is a file.
    """
    return dict(_law(name) for name in tuple(names) or installed_names())


def _law(name: str) -> tuple[bytes, Law]:
    try:
        text = _text(name)
        return law_digest(text), load_law(text)
    except InvalidField as error:
        raise Problem(name, f"is no law: {error}", "Correct that file, or `laws`") from error


def _text(name: str) -> str:
    if name.endswith(_SUFFIX):
        return _own_text(Path(name))
    if name not in installed_names():
        known = ", ".join(installed_names())
        raise Problem(f"laws: {name}", "there is no such law", f"Name a .toml file, or: {known}")
    return (_FOLDER / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def _own_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES_MAX + 1)
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        raise Problem(str(path), what, "Correct `laws`") from error
    except UnicodeDecodeError as error:
        raise Problem(str(path), "is not UTF-8", "Save it as UTF-8") from error
