"""Laws and column maps from files: those that are installed with the protocol, and one's own."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.law import Law
from ballotbox_protocol.election.law.source import LAW_CHARACTERS_MAX, law_digest, load_law
from ballotbox_tabulation.core.column_map import ColumnMap, load_map
from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

_SUFFIX: Final = ".toml"
#: The longest letter takes four bytes.
_BYTES_MAX: Final = 4 * LAW_CHARACTERS_MAX
_FOLDER: Final = files("ballotbox_protocol") / "election" / "law" / "files"


def law_names() -> tuple[str, ...]:
    """Return the names of the laws that are installed, in alphabetical order."""
    names = (each.name for each in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def law_text(name: str) -> str:
    """Return the file of an installed law, or of one's own when it ends in .toml."""
    if name.endswith(_SUFFIX):
        return _text(Path(name), "LAW")
    if name not in law_names():
        known = ", ".join(law_names())
        raise UnusableInput(f"LAW {name}: there is no such law; known: {known}; or a .toml file")
    return (_FOLDER / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def installed_laws() -> dict[bytes, Law]:
    """Return the laws that are installed, by the digests of their files."""
    texts = map(law_text, law_names())
    return {law_digest(text): load_law(text) for text in texts}


def read_law(name: str) -> Law:
    """Return an installed law, or one's own from a .toml file; raises UnusableInput."""
    try:
        return load_law(law_text(name))
    except InvalidField as error:
        raise UnusableInput(f"LAW {name}: {error}") from error


def read_map(path: Path, law: Law | None, option: str = "--columns") -> ColumnMap:
    """Return the columns that a file names for a law, or for none; raises UnusableInput."""
    try:
        return load_map(_text(path, option), law)
    except InvalidField as error:
        raise UnusableInput(f"{option} {path}: {error}") from error


def _text(path: Path, name: str) -> str:
    try:
        return read_small_file(path, name, _BYTES_MAX).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{name} {path}: is not UTF-8; save it as UTF-8") from error
