"""Asking a gateway: at its control socket while it runs, else by opening its ledger."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ballotbox_gateway.problem import Problem

if TYPE_CHECKING:
    from ballotbox_gateway.config import Config
    from ballotbox_gateway.core.ports import Ledger
    from ballotbox_protocol.wire.trust import Trusted

Ask = Callable[..., dict[str, Any]]


@contextmanager
def asking(config: "Config") -> Iterator[Ask]:
    """Give a function that asks the gateway of these settings; raises Problem."""
    from ballotbox_gateway.adapters.control_socket import ControlClient

    try:
        client = ControlClient(config.control)
    except OSError:
        yield from _stopped(config)
    else:
        with client:
            yield lambda **question: _told(client.ask(question))


def _stopped(config: "Config") -> Iterator[Ask]:
    from ballotbox_gateway.adapters.law_files import load_laws
    from ballotbox_gateway.adapters.trust_files import load_identity, load_trusted
    from ballotbox_gateway.adapters.used_register import remember_register
    from ballotbox_gateway.core.intake import Intake
    from ballotbox_gateway.service.desk import stopped_desk
    from ballotbox_gateway.service.opening import open_existing
    from ballotbox_gateway.service.room import Reserve

    trusted = load_trusted(config)
    ledger = open_existing(config)

    def intake() -> Intake:
        _require_used(config, trusted, ledger)
        laws = load_laws(config.laws)
        made = Intake(trusted, load_identity(config, trusted), ledger, laws=laws)
        remember_register(config, trusted.register)
        return made

    try:
        desk = stopped_desk(
            ledger,
            trusted,
            intake,
            int(time.time()),
            config.upstream.origin if config.upstream else None,
            Reserve(config).trouble,
        )
        yield lambda **question: _told(desk.answer(question))
    finally:
        ledger.close()


def _require_used(config: "Config", trusted: "Trusted", ledger: "Ledger") -> None:
    """Raise Problem where a command would make the other processes of a log use its register."""
    version = trusted.register.version
    if config.postgresql is not None and version > ledger.binding().register_version:
        what = f"version {version} is used by no process of this log yet"
        remedy = "Give it to all processes and send each SIGHUP, or `ballotbox-gateway run` it"
        raise Problem(str(config.register_file), what, remedy)


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    if "problem" in answer:
        raise Problem("the gateway", str(answer["problem"]), "Its log says more")
    return answer
