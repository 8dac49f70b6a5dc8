"""Are elections that what arrives could not be told apart by refused before anything arrives?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.config_roads import Http
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.apart import require_apart
from ballotbox_protocol.election.register import GatewayEntry
from tests.gateway.scripted import OTHER
from tests.gateway.two_elections import official, rehearsal

DRESS, DAY = rehearsal().trusted, official().trusted


class Settings:
    def __init__(self, http=None):
        self.http = http


HTTP = Settings(Http(port=1))


def refused(elections, settings):
    with pytest.raises(Problem) as caught:
        require_apart(elections, settings)
    return str(caught.value)


def test_a_rehearsal_and_the_official_election_are_apart():
    for settings in (Settings(), HTTP):
        require_apart([DRESS, DAY], settings)
        require_apart([DAY], settings)


def test_one_definition_is_one_election():
    told = refused([DRESS, replace(DRESS)], Settings())
    assert told.startswith("election_file: two elections have the same definition. Give each")


def test_over_http_a_lower_log_belongs_to_one_election():
    entry = GatewayEntry(OTHER, rehearsal().gateway_keys[OTHER].public)
    register = replace(DAY.register, gateways=(*DAY.register.gateways, entry))
    both = [DRESS, replace(DAY, register=register)]
    assert refused(both, HTTP) == (
        f"register_file: gateway {OTHER} is listed for {DRESS.election.name} and Parliament. "
        "Have it entered under another origin: one origin is one log"
    )
    # By the other roads a report names its election itself.
    require_apart(both, Settings())
