"""What the steps of `ballotbox-tabulate publish` share: their options, checks and refusals."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

if TYPE_CHECKING:
    from ballotbox_protocol.wire.keyfile import PrivateKey
    from ballotbox_protocol.wire.publication import Publication
    from ballotbox_protocol.wire.rules_release import RulesRelease
    from ballotbox_protocol.wire.trust import Root, Trusted
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

    key: "Root"
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
        """Return the keys of officers who may release; ends the command when one may not."""
        from ballotbox_tabulation.trust_files import UnusableInput

        if self.passphrase_files and len(self.passphrase_files) != len(self.files):
            unusable("--passphrase-file: give one for each --officer-key, in the same order")
        try:
            keys = [self._open(at, trusted) for at in range(len(self.files))]
        except UnusableInput as error:
            unusable(str(error))
        for path, key in zip(self.files, keys, strict=True):
            _require_may_release(path, key, trusted)
        return keys

    def _open(self, at: int, trusted: "Trusted") -> "PrivateKey":
        from ballotbox_tabulation.officer_keys import is_protected, officer_key, passphrase_in

        path, typed = self.files[at], None
        if self.passphrase_files:
            typed = passphrase_in(self.passphrase_files[at])
        elif is_protected(path):
            typed = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
        return officer_key(path, typed, trusted.election.mode)


def _require_may_release(path: Path, key: "PrivateKey", trusted: "Trusted") -> None:
    from ballotbox_protocol.wire.officers import releases_everywhere

    officer = trusted.register.officer_by_key.get(key.public)
    if officer is not None and releases_everywhere(officer):
        return
    why = "no officer of the register has this key"
    if officer is not None:
        why = "this officer may not release in all precincts"
    able = [each.key.hex() for each in trusted.register.officers if releases_everywhere(each)]
    lines = [f"--officer-key {path}: {why}; those who may have the public keys", *able[:_SHOWN]]
    if not able:
        lines = [
            f"--officer-key {path}: {why}, and nobody may; have a register made that names two"
        ]
    unusable("\n  ".join(lines))


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


def released(path: Path, means: "Means", trusted: "Trusted", out: Path) -> "RulesRelease":
    """Return the release if it releases these means; refuses before anything is computed."""
    from ballotbox_tabulation.core.statement import release_faults

    release = _release_in(read(path, "--release"))
    faults = list(release_faults(release, means, trusted))
    if faults:
        refuse(out, "nothing was computed: rules or program are not the released ones", faults)
    return release


def _release_in(data: bytes) -> "RulesRelease":
    from ballotbox_protocol.wire.rules_release import decode_release

    try:
        return decode_release(data)
    except ValueError as error:
        unusable(f"the rules release: {error}; have it made with `publish authorise`")


def require_next(statement: "Publication", before: "Publication | None", out: Path) -> None:
    """End the command when a statement cannot come after the last one.

    A status that an officer forgot to give says nothing against the result: the public is told of
    no refusal.
    """
    if before is None or statement.follows(before):
        return
    if replace(statement, status=before.status).follows(before):
        what = f"version {before.version} is certified"
        unusable(f"{what}; say --status correction or --status certified of what follows it")
    evidence = [f"log size {statement.size}, status {statement.status.name.lower()}"]
    if statement.goes_back_behind(before):
        used = f"version {before.release} was used before, perhaps for other rules or program"
        way = f"make one with `publish authorise --version {before.release + 1}`"
        evidence.append(f"the rules release is version {statement.release}, but {used}: {way}")
    what = f"version {statement.version} cannot follow {in_words(before)}"
    refuse(out, what, evidence)


def require_same_election(statement: "Publication", trusted: "Trusted", folder: Path) -> None:
    """End the command when a statement is of another election than the documents."""
    of, mode = trusted.digest.hex(), trusted.election.mode.name.lower()
    if (statement.election, statement.mode) != (trusted.digest, trusted.election.mode):
        stated = f"{statement.election.hex()}, {statement.mode.name.lower()}"
        unusable(
            f"DRAFT {folder}: is of the election {stated}, but --election is {of}, {mode}; "
            "give the documents that it was drafted under"
        )


def require_releasable(given: "Draft", trust: Trust, out: Path) -> None:
    """Refuse a draft that may not be shown instead of what the folder shows."""
    from ballotbox_protocol.wire.publication import read_publication
    from ballotbox_protocol.wire.verdict import REASON_MEANING, Reason
    from ballotbox_tabulation.core.statement import release_faults, statement_faults

    statement, means, last = given.statement, trust.means(given.rules), shown_in(out)
    _require_same_log(statement.origin, statement.election, last, out)
    read_again = read_publication(statement.to_bytes(), trust.trusted)
    if isinstance(read_again, Reason):
        why = REASON_MEANING[read_again]
        refuse(out, f"the statement cannot be released: {why}", [read_again.name])
    release = _release_in(given.release)
    faults = [
        *release_faults(release, means, trust.trusted),
        *statement_faults(statement, given.published.result),
    ]
    if statement.release != release.version:
        faults.append(f"the statement names version {statement.release} of the rules release")
    if statement.program != means.program:
        faults.append(f"the result was computed by the program {statement.program.hex()}")
    if statement.configuration != means.configuration:
        faults.append("definition, register or root key are not those it was computed under")
    if faults:
        refuse(out, "rules, program, configuration or status are not the released ones", faults)
    # The same statement again mends a folder that could not be written whole.
    if last is not None and last.id != statement.id and last.version >= statement.version:
        later = f"version {statement.version} comes after {in_words(last)}"
        refuse(out, "what is shown is as new or newer", [later])


def require_of_what_is_shown(
    log: Path, trusted: "Trusted", last: "Publication | None", out: Path
) -> None:
    """End the command when what a folder shows is of another log or election than it is given.

    Asked before anything can be refused: no refusal belongs on the page of another one.
    """
    from ballotbox_tabulation.log_directory import origin_of

    try:
        origin = origin_of(log)
    except OSError as error:
        unusable(f"LOG {log}: {error.strerror}; check the path")
    _require_same_log(origin, trusted.digest, last, out)


def _require_same_log(
    origin: str | None, election: bytes, last: "Publication | None", out: Path
) -> None:
    if last is None:
        return
    if origin is not None and last.origin != origin:
        unusable(f"--out {out}: shows the log {last.origin}; use a folder for each log")
    if last.election != election:
        unusable(f"--out {out}: shows another election; use a folder for each election")


def require_place_for_draft(folder: Path, out: Path) -> None:
    """End the command when a draft would be written over what the public is shown."""
    from ballotbox_tabulation.publication_folder import shown_to_all

    require_two_folders(folder, out)
    held = shown_to_all(folder)
    if held is not None:
        unusable(f"--draft {folder}: {held}; name a folder of its own for the draft")


def require_two_folders(folder: Path, out: Path) -> None:
    """End the command when the folder of a draft is the one that is published."""
    if folder.resolve() == out.resolve():
        unusable(f"--out {out}: is the folder of the draft too; name two folders")


def shown_in(out: Path) -> "Publication | None":
    """Return the statement of what a folder shows, None of an empty one."""
    from ballotbox_tabulation.publication_folder import last_good
    from ballotbox_tabulation.trust_files import UnusableInput

    try:
        return last_good(out)
    except UnusableInput as error:
        unusable(str(error))


def in_words(before: "Publication") -> str:
    """Return a publication as what another one follows."""
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
