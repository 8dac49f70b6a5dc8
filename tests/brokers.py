"""A mosquitto of the test's own: a child process on a free loopback port."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ballotbox_simulator.live.broker import Broker, BrokerUnavailable, find_broker


class ConfiguredBroker(Broker):
    """A mosquitto with further lines in its configuration."""

    lines: tuple[str, ...] = ()

    def _prepare(self) -> list[str]:
        command = super()._prepare()
        with Path(command[-1]).open("a") as config:
            config.write("\n".join(self.lines) + "\n")
        return command


@contextmanager
def mosquitto(directory: Path, *lines: str) -> Iterator[Broker]:
    """A running broker, or a skip that says what is missing."""
    try:
        program = find_broker()
    except BrokerUnavailable as missing:
        pytest.skip(str(missing))
    if program.name != "mosquitto":
        pytest.skip("mosquitto is not installed, and the broker from pip speaks no MQTT 5")
    broker = ConfiguredBroker(program, directory)
    broker.lines = lines
    with broker:
        yield broker
