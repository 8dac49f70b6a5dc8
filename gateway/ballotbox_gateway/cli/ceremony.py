"""`ballotbox-gateway ceremony`: a root and a register that several people hold and sign."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ballotbox_gateway.cli.options import passphrase_option
from ballotbox_gateway.problem import Problem

_PATH = click.Path(path_type=Path)
_output = click.option("--output", "-o", type=_PATH, required=True, help="File to write.")
_key = click.option("--key", "key_file", type=_PATH, required=True, help="Your own key file.")


def _under(command: Callable[..., None]) -> Callable[..., None]:
    root = click.option(
        "--root",
        envvar="BALLOTBOX_ROOT",
        show_envvar=True,
        help="Root, as mode:shared:hex; a register needs it.",
    )
    election = click.option(
        "--election",
        "election_file",
        type=_PATH,
        envvar="BALLOTBOX_ELECTION",
        show_envvar=True,
        help="Signed definition; a register needs it.",
    )
    made: Callable[..., None] = root(election(command))
    return made


@click.group()
def ceremony() -> None:
    """Make an election's root and register with several officers, each with a key of their own.

    No command reads more than one private key: each officer runs card and sign on a machine of
    their own, and files travel in between.
    """


@ceremony.command()
@_key
@click.option("--name", required=True, help="Your name, as others know it.")
@_output
@passphrase_option
def card(key_file: Path, name: str, output: Path, passphrase_file: Path | None) -> None:
    """Write the card of your key: its public part and your name, for those who draft."""
    from ballotbox_gateway.cli.documents import open_key, write_file
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_protocol.wire.cose import key_id
    from ballotbox_protocol.wire.key_card import make_card

    key = open_key(key_file, passphrase_file, None)
    try:
        made = make_card(name, key.public, key.sign)
    except InvalidField as error:
        raise Problem("--name", error.problem, "Write it as others know it") from error
    write_file(output, made)
    click.echo(f"card    {name}")
    click.echo(f"public  {key.public.hex()}")
    click.echo(f"key id  {key_id(key.public).hex()}")


@ceremony.command()
@click.argument("source", type=_PATH)
@click.option("--card", "cards", type=_PATH, multiple=True, required=True, help="One each.")
@click.option("--needed", type=int, required=True, help="How many of them must sign.")
@click.option(
    "--other-signers", is_flag=True, help="Let SOURCE name other or fewer signers of registers."
)
@_output
def draft(
    source: Path, cards: tuple[Path, ...], needed: int, output: Path, *, other_signers: bool
) -> None:
    """Write the definition in SOURCE (TOML) under a root that the holders of the cards share.

    They also sign its registers, as many as here; a SOURCE that says otherwise is refused.
    """
    from ballotbox_gateway.adapters.ceremony_files import drafted_definition
    from ballotbox_gateway.cli.documents import write_file
    from ballotbox_gateway.cli.paper_text import described
    from ballotbox_protocol.wire.joint import encode_joint

    paper = drafted_definition(source, cards, needed, other_signers=other_signers)
    write_file(output, encode_joint(paper.document))
    _say(described(paper))


@ceremony.command()
@click.argument("file", type=_PATH)
@_under
@click.option("--fingerprint", help="What the poster or the other officers say: compare with it.")
@click.option("--since", type=_PATH, help="Register before this one: show what changes.")
def show(
    file: Path,
    root: str | None,
    election_file: Path | None,
    fingerprint: str | None,
    since: Path | None,
) -> None:
    """Show what FILE says, who signed it and who may still."""
    from ballotbox_gateway.adapters.ceremony_files import compare, read_since
    from ballotbox_gateway.adapters.joint_files import read_paper
    from ballotbox_gateway.cli.paper_text import described, entries

    paper = read_paper(file, root, election_file)
    if fingerprint is not None:
        compare(fingerprint, paper.under)
    _say(described(paper))
    if since is not None:
        _say(read_since(since, paper))
    elif paper.register is not None:
        _say(entries(paper.register))


@ceremony.command()
@click.argument("file", type=_PATH)
@_key
@_under
@_output
@passphrase_option
def sign(
    file: Path,
    key_file: Path,
    root: str | None,
    election_file: Path | None,
    output: Path,
    passphrase_file: Path | None,
) -> None:
    """Add your signature to FILE and write the result; FILE stays as it is."""
    from ballotbox_gateway.adapters.joint_files import read_paper, signed_by
    from ballotbox_gateway.cli.documents import open_key, write_file
    from ballotbox_gateway.cli.paper_text import described
    from ballotbox_protocol.wire.joint import encode_joint

    paper = read_paper(file, root, election_file)
    key = open_key(key_file, passphrase_file, paper.under.election.mode)
    signed = signed_by(paper, key.public, key.sign)
    write_file(output, encode_joint(signed.document))
    _say(described(signed))


@ceremony.command()
@click.argument("files", type=_PATH, nargs=-1, required=True)
@_under
@_output
def join(
    files: tuple[Path, ...], root: str | None, election_file: Path | None, output: Path
) -> None:
    """Put the signatures of all FILES under one document, once enough have signed."""
    from ballotbox_gateway.adapters.ceremony_files import joined
    from ballotbox_gateway.adapters.joint_files import read_paper
    from ballotbox_gateway.cli.documents import write_file
    from ballotbox_gateway.cli.paper_text import shown
    from ballotbox_gateway.plain_text import plain

    paper = joined([read_paper(file, root, election_file) for file in files])
    write_file(output, paper.complete())
    _say(shown(paper.under))
    names = [paper.name(key) for key in paper.keys if key in paper.signers]
    click.echo(plain(f"signed by    {', '.join(names)}"))
    click.echo(f"written      {output}")


def _say(lines: Any) -> None:  # noqa: ANN401 - anything that yields lines
    from ballotbox_gateway.plain_text import plain

    for line in lines:
        click.echo(plain(line))
