"""What tests of the roads share."""

import socket

import pytest

from tests.brokers import mosquitto


@pytest.fixture
def unused_port():
    """A TCP port of the loopback interface on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A running mosquitto on a free loopback port."""
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running
