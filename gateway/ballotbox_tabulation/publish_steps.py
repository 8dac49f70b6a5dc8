"""What the steps of `ballotbox-tabulate publish` share: their options, checks and refusals."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

if TYPE_CHECKING:
    from ballotbox_protocol.wire.keyfile import PrivateKey
    from ballotbox_protocol.wire.publication import Publication
    from ballotbox_protocol.wire.trust import RootKey, Trusted
    from ballotbox_tabulation.core.statement import Means
    from ballotbox_tabulation.publication_folder import Draft

_REFUSED, _UNUSABLE = 1, 2
#: A refusal names so much of its evidence and counts the rest.
_SHOWN: Final = 20
PATH: Final = click.Path(path_type=Path)

_Command = Callable[..., None]


@dataclass(frozen=True)
class Trust:
    """What was trusted, and the digest of all of it."""

    key: "RootKey"
    trusted: "Trusted"
    configuration: bytes

    def means(self, rules: bytes) -> "Means":
        """Return what this program makes a result with, by a rules file of these bytes."""
        from hashlib import sha256

        from ballotbox_tabulation.core.statement import Means
        from ballotbox_tabulation.program_digest import program_digest

        return Means(sha256(rules).digest(), program_digest(), self.configuration)


@dataclass(frozen=True)
class OfficerKeys:
    """The key files of officers, and the files of their passphrases in the same order."""

    files: tuple[Path, ...]
    passphrase_files: tuple[Path, ...]

    def opened(self, trusted: "Trusted") -> "list[PrivateKey]":
        """Return the keys of officers of the register; ends the command when one is not."""
        from ballotbox_tabulation.trust_files import UnusableInput

        if self.passphrase_files and len(self.passphrase_files) != len(self.files):
            unusable("--passphrase-file: give one for each --officer-key, in the same order")
        try:
            keys = [self._open(at, trusted) for at in range(len(self.files))]
        except UnusableInput as error:
            unusable(str(error))
        for path, key in zip(self.files, keys, strict=True):
            if key.public not in trusted.register.officer_by_key:
                unusable(f"--officer-key {path}: no officer of the register has this key")
        return keys

    def _open(self, at: int, trusted: "Trusted") -> "PrivateKey":
        from ballotbox_tabulation.officer_keys import is_protected, officer_key, passphrase_in

        path, typed = self.files[at], None
        if self.passphrase_files:
            typed = passphrase_in(self.passphrase_files[at])
        elif is_protected(path):
            typed = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
        return officer_key(path, typed, trusted.election.mode)


def with_trust(command: _Command) -> _Command:
    """Give a command the options of what is trusted, as its argument `trust`."""

    @wraps(command)
    def trusting(election: Path, register: Path, root: str, **named: Any) -> None:  # noqa: ANN401
        command(trust=_trust(election, register, root), **named)

    told = "The authority's public root key."
    made: _Command = click.option("--root", required=True, metavar="MODE:HEX", help=told)(trusting)
    made = click.option("--register", type=PATH, required=True, help="The signed register.")(made)
    told = "The signed election definition."
    return click.option("--election", type=PATH, required=True, help=told)(made)


def with_officer_keys(command: _Command) -> _Command:
    """Give a command the options of officers' keys, as its argument `keys`."""

    @wraps(command)
    def signing(
        officer_keys: tuple[Path, ...],
        passphrase_files: tuple[Path, ...],
        **named: Any,  # noqa: ANN401
    ) -> None:
        command(keys=OfficerKeys(officer_keys, passphrase_files), **named)

    told = "Passphrase of each officer's key, in the same order, instead of asking."
    files = click.option(
        "--passphrase-file", "passphrase_files", type=PATH, multiple=True, help=told
    )
    told = "Key file of an officer who may release in all precincts."
    keys = click.option(
        "--officer-key", "officer_keys", type=PATH, multiple=True, required=True, help=told
    )
    return keys(files(signing))


def _trust(election: Path, register: Path, root: str) -> Trust:
    from ballotbox_protocol.wire.cbor import DOCUMENT_LIMITS
    from ballotbox_protocol.wire.publication import configuration_digest
    from ballotbox_tabulation.trust_files import UnusableInput, load_trusted, read_small_file

    try:
        key, trusted = load_trusted(election, register, root)
        definition = read_small_file(election, "--election", DOCUMENT_LIMITS.size)
        entries = read_small_file(register, "--register", DOCUMENT_LIMITS.size)
    except UnusableInput as error:
        unusable(str(error))
    return Trust(key, trusted, configuration_digest(definition, entries, key))


def released(path: Path, means: "Means", trusted: "Trusted", out: Path) -> bytes:
    """Return the bytes of the release if it releases these means; refuses before computing."""
    data = read(path, "--release")
    faults = _release_faults(data, means, trusted)
    if faults:
        refuse(out, "nothing was computed: rules or program are not the released ones", faults)
    return data


def _release_faults(data: bytes, means: "Means", trusted: "Trusted") -> list[str]:
    from ballotbox_protocol.wire.rules_release import decode_release
    from ballotbox_tabulation.core.statement import release_faults

    try:
        release = decode_release(data)
    except ValueError as error:
        unusable(f"the rules release: {error}; have it made with `publish authorise`")
    return list(release_faults(release, means, trusted))


def require_releasable(given: "Draft", trust: Trust, out: Path) -> None:
    """Refuse a draft that may not be shown instead of what the folder shows."""
    from ballotbox_protocol.wire.publication import read_publication
    from ballotbox_protocol.wire.verdict import REASON_MEANING, Reason

    statement, means, last = given.statement, trust.means(given.rules), shown_in(out)
    require_folder_of_its_log(statement, last, out)
    read_again = read_publication(statement.to_bytes(), trust.trusted)
    if isinstance(read_again, Reason):
        why = REASON_MEANING[read_again]
        refuse(out, f"the statement cannot be released: {why}", [read_again.name])
    faults = _release_faults(given.release, means, trust.trusted)
    if statement.program != means.program:
        faults.append(f"the result was computed by the program {statement.program.hex()}")
    if statement.configuration != means.configuration:
        faults.append("definition, register or root key are not those it was computed under")
    if faults:
        refuse(out, "rules, program or configuration are not the released ones", faults)
    # The same statement again mends a folder that could not be written whole.
    if last is not None and last.id != statement.id and last.version >= statement.version:
        later = f"version {statement.version} comes after {in_words(last)}"
        refuse(out, "what is shown is as new or newer", [later])


def require_folder_of_its_log(
    statement: "Publication", last: "Publication | None", out: Path
) -> None:
    """End the command when what a folder shows is of another log, or of another election."""
    if last is None:
        return
    if last.origin != statement.origin:
        unusable(f"--out {out}: shows the log {last.origin}; use a folder for each log")
    if last.election != statement.election:
        unusable(f"--out {out}: shows another election; use a folder for each election")


def shown_in(out: Path) -> "Publication | None":
    """Return the statement of what a folder shows, None of an empty one."""
    from ballotbox_tabulation.publication_folder import last_good
    from ballotbox_tabulation.trust_files import UnusableInput

    try:
        return last_good(out)
    except UnusableInput as error:
        unusable(str(error))


def in_words(before: "Publication | None") -> str:
    """Return a publication as what another one follows."""
    if before is None:
        return "nothing"
    return f"version {before.version}, {before.status.name.lower()}, of log size {before.size}"


def read(path: Path, name: str) -> bytes:
    """Return the bytes of a small file."""
    from ballotbox_tabulation.publication_folder import RULES_MAX
    from ballotbox_tabulation.trust_files import UnusableInput, read_small_file

    try:
        return read_small_file(path, name, RULES_MAX)
    except UnusableInput as error:
        unusable(str(error))


def draft_in(folder: Path) -> "Draft":
    """Return the draft that waits in a folder."""
    from ballotbox_tabulation.publication_folder import read_draft
    from ballotbox_tabulation.trust_files import UnusableInput

    try:
        return read_draft(folder)
    except UnusableInput as error:
        unusable(str(error))


def write(path: Path, data: bytes) -> None:
    """Write a file, whole."""
    from ballotbox_tabulation.result_files import write_together

    try:
        write_together({path: data})
    except OSError as error:
        unusable(f"{path}: {error.strerror}; choose a folder you may write to")


def tell(statement: "Publication") -> None:
    """Show what officers sign."""
    click.echo(f"version  {statement.version}, {statement.status.name.lower()}")
    click.echo(f"log      {statement.origin} at size {statement.size}")
    click.echo(f"result   sha256:{statement.result.hex()}")


def now() -> str:
    """Return the present time for people."""
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def refuse(out: Path, reason: str, evidence: Iterable[str]) -> NoReturn:
    """Leave what is published as it is, say why beside it and here, and end the command."""
    from ballotbox_tabulation.publication_folder import keep_last_good

    listed: Sequence[str] = list(evidence)
    try:
        keep_last_good(out, reason, listed, now())
        where = f"The last good publication stays; why is in {out}/reason.json"
    except OSError as error:
        where = f"The last good publication stays; why could not be written: {error.strerror}"
    lines = [f"REFUSED: {reason}", *(f"  {each}" for each in listed[:_SHOWN])]
    if len(listed) > _SHOWN:
        lines.append(f"  and {len(listed) - _SHOWN} more")
    click.echo("\n".join([*lines, where]), err=True)
    sys.exit(_REFUSED)


def unusable(problem: str) -> NoReturn:
    """Say what is wrong with the command or its input, and end it."""
    click.echo(f"Error: {problem}", err=True)
    sys.exit(_UNUSABLE)
