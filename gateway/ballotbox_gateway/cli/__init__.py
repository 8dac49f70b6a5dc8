"""The command `ballotbox-gateway`; each sub-command stands in a file of its own."""

from typing import Any

import click

from ballotbox_gateway.cli.broker import broker_config
from ballotbox_gateway.cli.carry import export, import_
from ballotbox_gateway.cli.ceremony import ceremony
from ballotbox_gateway.cli.check import check
from ballotbox_gateway.cli.doctor import doctor
from ballotbox_gateway.cli.documents import election, register
from ballotbox_gateway.cli.hand_count import hand_count
from ballotbox_gateway.cli.hand_count_naming import name
from ballotbox_gateway.cli.hand_count_signing import sign
from ballotbox_gateway.cli.init import init
from ballotbox_gateway.cli.keys import keys
from ballotbox_gateway.cli.log import log
from ballotbox_gateway.cli.quarantine import dispute, quarantine
from ballotbox_gateway.cli.register_drafts import change, draft, show
from ballotbox_gateway.cli.run import run
from ballotbox_gateway.cli.screen import screen
from ballotbox_gateway.cli.settings import settings
from ballotbox_gateway.cli.status import status
from ballotbox_gateway.plain_text import plain
from ballotbox_gateway.problem import Problem


class _Plainspoken(click.Group):
    """Tells a person's problem in one line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        try:
            return super().invoke(ctx)
        except Problem as problem:
            # The settings' faults stand on lines of their own.
            lines = map(plain, str(problem).split("\n"))
            raise click.ClickException("\n".join(lines)) from problem


@click.group(cls=_Plainspoken, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ballotbox-kit", message="ballotbox-gateway %(version)s")
def main() -> None:
    """Field gateway: takes in signed reports, decides, stores, and answers with receipts."""


for _command in (
    init, check, run, status, doctor, log, quarantine, dispute, keys, ceremony, election, register,
    settings, broker_config, hand_count, export, import_, screen,
):  # fmt: skip
    main.add_command(_command)
for _command in (draft, change, show):
    register.add_command(_command)
hand_count.add_command(sign)
hand_count.add_command(name)
