"""`ballotbox-tabulate publish`: a result is drafted, signed by two officers, and released.

Exit codes: 0 done, 1 refused (the last good publication stays up), 2 unusable.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ballotbox_tabulation.core.result_status import SAID_BY_OFFICERS
from ballotbox_tabulation.publish_steps import (
    PATH,
    OfficerKeys,
    Trust,
    draft_in,
    now,
    read,
    refuse,
    released,
    require_next,
    require_of_what_is_shown,
    require_place_for_draft,
    require_releasable,
    require_same_election,
    require_two_folders,
    shown_in,
    tell,
    unusable,
    with_officer_keys,
    with_trust,
    write,
)

if TYPE_CHECKING:
    from ballotbox_protocol.election.definition import Election
    from ballotbox_protocol.wire.publication import Publication
    from ballotbox_protocol.wire.trust import Trusted
    from ballotbox_tabulation.core.outcome import Published
    from ballotbox_tabulation.core.rules.rules import Rules
    from ballotbox_tabulation.core.statement import Means


@click.group()
def publish() -> None:
    """Release results: draft, have two officers sign, release; or keep the last good one."""


@publish.command()
def program() -> None:
    """Print the digest of the program that runs here, as a rules release names it."""
    from ballotbox_tabulation.program_digest import program_digest

    click.echo(program_digest().hex())


@publish.command()
@with_trust
@with_officer_keys
@click.option("--rules", type=PATH, required=True, help="The rules to compute by.")
@click.option("--version", type=click.IntRange(1), default=1, show_default=True)
@click.option("--output", "-o", type=PATH, required=True, help="File for the rules release.")
def authorise(trust: Trust, keys: OfficerKeys, rules: Path, version: int, output: Path) -> None:
    """Let two officers release the rules and the program that runs here. Takes two officers."""
    from dataclasses import replace

    from ballotbox_protocol.wire.cose import MessageType
    from ballotbox_protocol.wire.officers import sign_as_officer
    from ballotbox_protocol.wire.rules_release import RulesRelease

    by = read(rules, "--rules")
    _rules_in(by, rules, trust.trusted.election)
    means = trust.means(by)
    plain = RulesRelease(trust.trusted.digest, version, means.rules, means.program)
    kind, payload = MessageType.RULES_RELEASE, plain.payload()
    signatures = tuple(
        sign_as_officer(key.public, key.sign, kind, payload) for key in keys.opened(trust.trusted)
    )
    signed = replace(plain, signatures=signatures)
    if not signed.is_signed(trust.trusted.register):
        unusable("--officer-key: give two different officers who may release in all precincts")
    write(output, signed.to_bytes())
    click.echo(f"program  {means.program.hex()}\nrules    {means.rules.hex()}\nrelease  {output}")


@publish.command()
@click.argument("log", type=PATH)
@with_trust
@click.option("--rules", type=PATH, required=True, help="The rules to compute by.")
@click.option("--release", type=PATH, required=True, help="The release of rules and program.")
@click.option(
    "--status",
    type=click.Choice(SAID_BY_OFFICERS),
    help="What the officers say of it, if its boxes support it; else its boxes tell.",
)
@click.option("--out", type=PATH, required=True, help="The folder that is published.")
@click.option("--draft", "folder", type=PATH, required=True, help="Folder for the draft.")
def draft(
    log: Path,
    trust: Trust,
    rules: Path,
    release: Path,
    status: str | None,
    out: Path,
    folder: Path,
) -> None:
    """Compute the result of the exported LOG and write the statement that officers sign.

    Nothing is computed unless the program that runs here and the rules are the released ones.
    """
    from dataclasses import replace

    from ballotbox_tabulation.publication_folder import Draft, write_draft

    require_place_for_draft(folder, out)
    shown, by = shown_in(out), read(rules, "--rules")
    require_of_what_is_shown(log, trust.trusted, shown, out)
    allowed = released(release, trust.means(by), trust.trusted, out)
    means = replace(trust.means(by), release=allowed.version)
    stated = _rules_in(by, rules, trust.trusted.election)
    outcome = _computed(log, trust, stated, status, out)
    statement = _stated(outcome, trust.trusted, means, shown, out)
    try:
        write_draft(folder, Draft(statement, outcome, by, allowed.to_bytes()))
    except OSError as error:
        unusable(f"--draft {folder}: {error.strerror}; nothing was drafted")
    tell(statement)
    click.echo(f"draft    {folder}: two officers sign it with `ballotbox-tabulate publish sign`")


def _rules_in(data: bytes, path: Path, election: "Election") -> "Rules":
    from ballotbox_tabulation.rules_file import rules_in
    from ballotbox_tabulation.trust_files import UnusableInput

    try:
        return rules_in(data, path, election)
    except UnusableInput as error:
        unusable(str(error))


def _computed(
    log: Path, trust: Trust, rules: "Rules", status: str | None, out: Path
) -> "Published":
    from ballotbox_tabulation.cli import conclude_log
    from ballotbox_tabulation.core.outcome import Published
    from ballotbox_tabulation.trust_files import UnusableInput

    try:
        outcome = conclude_log(log, trust.key, trust.trusted, rules, status)
    except (UnusableInput, OSError) as error:
        unusable(str(error))
    if not isinstance(outcome, Published):
        whole = "the log does not hold together"
        reason = whole if outcome.faults else "a law of the result is broken"
        refuse(out, reason, [str(each) for each in (*outcome.faults, *outcome.gates)])
    return outcome


def _stated(
    outcome: "Published",
    trusted: "Trusted",
    means: "Means",
    shown: "Publication | None",
    out: Path,
) -> "Publication":
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_tabulation.core.statement import draft_statement, newest

    before = newest((outcome.before, shown))
    try:
        statement = draft_statement(outcome, trusted, means, before)
    except InvalidField as error:
        unusable(f"{error}; leave --status out")
    require_next(statement, before, out)
    return statement


@publish.command()
@click.argument("folder", type=PATH, metavar="DRAFT")
@with_trust
@with_officer_keys
@click.option("--yes", is_flag=True, help="Do not ask whether to sign what is shown.")
def sign(folder: Path, trust: Trust, keys: OfficerKeys, *, yes: bool) -> None:
    """Show what DRAFT states and sign it; each officer does so, with their own key."""
    from dataclasses import replace

    from ballotbox_protocol.wire.cose import MessageType
    from ballotbox_protocol.wire.officers import sign_as_officer
    from ballotbox_tabulation.publication_folder import STATEMENT

    statement = draft_in(folder).statement
    require_same_election(statement, trust.trusted, folder)
    tell(statement)
    if not yes and not click.confirm("Sign it", default=False, err=True):
        unusable("it is not signed; nothing was changed")
    kind, payload = MessageType.PUBLICATION, statement.payload()
    for key in keys.opened(trust.trusted):
        given = sign_as_officer(key.public, key.sign, kind, payload)
        if given.key_id in {each.key_id for each in statement.signatures}:
            unusable("this officer signed it already; nothing was changed")
        statement = replace(statement, signatures=(*statement.signatures, given))
    write(folder / STATEMENT, statement.to_bytes())
    click.echo(f"signed   {len(statement.signatures)} of 2 signatures")


@publish.command()
@click.argument("folder", type=PATH, metavar="DRAFT")
@with_trust
@click.option("--out", type=PATH, required=True, help="The folder that is published.")
@click.option("--centre", metavar="URL", help="The gateway whose log it is, to enter it there.")
@click.option("--ca", type=PATH, help="Certificates that the centre's must come from.")
@click.option("--cert", type=PATH, help="Client certificate to show the centre.")
@click.option("--key", type=PATH, help="The private key of --cert.")
def release(folder: Path, trust: Trust, out: Path, centre: str | None, **tls: Path | None) -> None:
    """Publish the signed DRAFT in the folder OUT, once the centre has it in its log."""
    from ballotbox_tabulation.page import page_pieces
    from ballotbox_tabulation.publication_folder import staged_publication
    from ballotbox_tabulation.result_files import in_words

    require_two_folders(folder, out)
    given = draft_in(folder)
    require_same_election(given.statement, trust.trusted, folder)
    require_releasable(given, trust, out)
    entered, election = centre is not None, trust.trusted.election
    page = page_pieces(given.published, election, given.statement, entered=entered)
    try:
        with staged_publication(out, given, page, now()) as staged:
            receipt = _entered(given.statement, trust.trusted, out, centre, tls)
            staged.show(receipt)
    except OSError as error:
        unusable(in_words(error, f"--out {out}"))
    tell(given.statement)
    click.echo(f"released {out}")


def _entered(
    statement: "Publication",
    trusted: "Trusted",
    out: Path,
    centre: str | None,
    tls: dict[str, Any],
) -> bytes:
    """Return the centre's receipt, nothing when no centre is named; refuses what it refuses.

    That the centre could not be asked says nothing against the result: the public is not told.
    """
    from ballotbox_tabulation.centre_http import Centre, NotReached, NotTaken
    from ballotbox_tabulation.trust_files import UnusableInput

    if centre is None:
        return b""
    try:
        return Centre(centre, **tls).enter(statement, trusted)
    except NotTaken as error:
        refuse(out, str(error), [])
    except (NotReached, UnusableInput) as error:
        unusable(str(error))
