"""Do a precinct and a centre find each other over a broker, as their settings and commands say?"""

import json

import pytest

from tests.end_to_end.test_stick import Places
from tests.end_to_end.test_two_gateways import await_delivery
from tests.gateway.scripted import CENTRE, ORIGIN, authority


@pytest.fixture
def places(gateway, centre, tmp_path, broker):
    places = Places(gateway, centre, tmp_path / "stick")
    gateway.configure(
        '[[serial]]\nport = "/dev/no-such-port"\n',
        f'[upstream]\nurl = "mqtt://127.0.0.1:{broker.port}"\norigin = "{CENTRE}"\n',
        "batch_leaves = 2\ntimeout_s = 2\n",
    )
    centre.configure(f'[below]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    return places


@pytest.mark.accept
def test_a_backlog_is_told_and_drained_when_the_centre_comes_to_the_broker(places, broker):
    below, centre = places.below, places.centre
    where = f"gateways below, MQTT broker 127.0.0.1:{broker.port}"
    assert f"ok    {where}: lets us read and answer\n" in centre.command("check").stdout
    with below.running():
        below.await_line("no upper gateway has ever listened at it")
        shown = below.command("status").stdout
        assert f"upward    7 leaves wait for {CENTRE}: upstream.url: the broker is there" in shown
        assert "time to drain unknown: nothing was receipted since the start" in shown
        with centre.running():
            centre.await_line(
                f"connected, listening on bbg/1/{authority().trusted.digest[:8].hex()}/+/up"
            )
            await_delivery(below)
            assert f"road      {where} up\n" in centre.command("status").stdout
            told = json.loads(below.command("status", "--json").stdout)["upstream"]
            assert told["leaves_per_s"] > 0
            assert told["trouble"] == ""
        above = json.loads(centre.command("status", "--json").stdout)["log"]["size"]
        assert above == 7
    assert None not in places.receipts()


@pytest.mark.accept
def test_what_a_stick_brought_the_broker_does_not_bring_again(places):
    places.export()
    assert f"from     {ORIGIN}: leaves 0 to 7 taken in" in places.take().stdout
    with places.centre.running(), places.below.running():
        await_delivery(places.below)
        assert "were stored before" in places.take(places.below).stdout
    assert places.size(places.centre) == 7
    assert None not in places.receipts()
