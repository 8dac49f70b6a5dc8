"""`ballotbox-gateway register draft`, `change` and `show`: registers that several sign."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_protocol.election.register import Register

_PATH = click.Path(path_type=Path)
_output = click.option("--output", "-o", type=_PATH, required=True, help="Draft to write.")


def _under(command: Callable[..., None]) -> Callable[..., None]:
    root = click.option(
        "--root",
        required=True,
        envvar="BALLOTBOX_ROOT",
        show_envvar=True,
        help="Root, as mode:hex or mode:shared:hex.",
    )
    election = click.option(
        "--election",
        "election_file",
        type=_PATH,
        required=True,
        envvar="BALLOTBOX_ELECTION",
        show_envvar=True,
        help="Signed definition.",
    )
    made: Callable[..., None] = election(root(command))
    return made


@click.command()
@click.argument("source", type=_PATH)
@_under
@_output
def draft(source: Path, election_file: Path, root: str, output: Path) -> None:
    """Write the register in SOURCE (TOML), for its signers to sign."""
    from ballotbox_gateway.adapters.joint_files import vouched
    from ballotbox_gateway.adapters.source_files import read_source_text
    from ballotbox_protocol.election.identifiers import InvalidField
    from ballotbox_protocol.election.source_register import load_register

    under = vouched(election_file, root)
    try:
        register = load_register(read_source_text(source), under.digest)
    except InvalidField as error:
        raise Problem(str(source), str(error), "Correct that field and draft again") from error
    _write_draft(register, source, output, election_file, root)


@click.command()
@click.argument("register_file", type=_PATH)
@_under
@click.option("--enrol", nargs=3, multiple=True, metavar="BOX KEY PRECINCT", help="A new box.")
@click.option("--gateway", nargs=2, multiple=True, metavar="ORIGIN KEY", help="A new gateway.")
@click.option("--rotate", nargs=2, multiple=True, metavar="BOX KEY", help="A box's next key.")
@click.option(
    "--close",
    nargs=2,
    multiple=True,
    metavar="BOX AS",
    help="End a box: replaced, unused, revoked.",
)
@click.option(
    "--from",
    "positions",
    type=(str, int),
    multiple=True,
    metavar="ORIGIN LEAF",
    help="First leaf of that log for which the end holds; `status` tells how many it has.",
)
@click.option("--from-start", is_flag=True, help="The end holds for all that the box ever said.")
@click.option("--firmware", multiple=True, metavar="HEX", help="Of new boxes, if boxes differ.")
@_output
def change(
    register_file: Path, election_file: Path, root: str, output: Path, **asked: object
) -> None:
    """Write the next version of REGISTER_FILE with these changes, for its signers to sign.

    A box that is closed and rotated at once goes on with the new key: its old one was lost.
    """
    from ballotbox_gateway.adapters.joint_files import vouched
    from ballotbox_gateway.adapters.register_orders import Orders, changed
    from ballotbox_gateway.adapters.trust_files import register_in

    under = vouched(election_file, root)
    before = register_in(register_file, under.election, under.digest)
    after = changed(before, Orders(**asked))  # type: ignore[arg-type]
    _write_draft(after, register_file, output, election_file, root)
    from ballotbox_protocol.election.register_changes import changes

    for line in changes(before, after):
        click.echo(f"  {line}")


@click.command()
@click.argument("register_file", type=_PATH)
@_under
def show(register_file: Path, election_file: Path, root: str) -> None:
    """Show a signed register: the election's fingerprint, and every key epoch of every box."""
    from ballotbox_gateway.adapters.joint_files import vouched
    from ballotbox_gateway.adapters.trust_files import register_in
    from ballotbox_gateway.cli.paper_text import entries, shown
    from ballotbox_gateway.plain_text import plain

    under = vouched(election_file, root)
    register = register_in(register_file, under.election, under.digest)
    for line in (*shown(under), *entries(register)):
        click.echo(plain(line))


def _write_draft(
    register: "Register", source: Path, output: Path, election_file: Path, root: str
) -> None:
    from ballotbox_gateway.adapters.joint_files import register_paper, vouched
    from ballotbox_gateway.cli.documents import write_file
    from ballotbox_gateway.cli.paper_text import described
    from ballotbox_gateway.plain_text import plain
    from ballotbox_protocol.wire.cose import MessageType
    from ballotbox_protocol.wire.joint import JointDocument, encode_joint
    from ballotbox_protocol.wire.register import encode_register

    document = JointDocument(MessageType.REGISTER, b"", encode_register(register))
    paper = register_paper(source, document, vouched(election_file, root))
    write_file(output, encode_joint(document))
    for line in described(paper):
        click.echo(plain(line))
