"""Do the parts of the MQTT road keep their promises: order, window, alarm, files in words?"""

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from ballotbox_gateway.adapters.backoff import CAP_S, HEALTHY_S, Backoff
from ballotbox_gateway.adapters.mqtt_arrivals import Arrivals
from ballotbox_gateway.adapters.mqtt_client import credentials_of, make_client, password_in
from ballotbox_gateway.adapters.mqtt_from_below import MqttFromBelow
from ballotbox_gateway.adapters.mqtt_probe import broker_trouble
from ballotbox_gateway.adapters.mqtt_topics import printable
from ballotbox_gateway.adapters.mqtt_watch import BrokerWatch
from ballotbox_gateway.config_roads import Mqtt, Tls
from ballotbox_gateway.problem import Problem
from ballotbox_simulator.live.broker import free_port
from tests.certificates import CertificateAuthority
from tests.gateway.scripted import ORIGIN, authority

LOST = ReasonCode(PacketTypes.DISCONNECT, identifier=0x80)
TAKEN_OVER = ReasonCode(PacketTypes.DISCONNECT, identifier=0x8E)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_end_of_the_line_is_no_part_of_a_password(tmp_path, end):
    path = tmp_path / "password"
    path.write_bytes(b"a pass word" + end.encode())
    assert password_in(path, "mqtt.password_file") == "a pass word"


@given(order=st.permutations(range(1, 13)), cut=st.integers(0, 12))
def test_acknowledgements_leave_in_the_order_of_arrival_and_on_their_own_connection(order, cut):
    arrivals = Arrivals(limit=20)
    arrivals.begin()
    came = {mid: arrivals.came(mid, 1) for mid in range(1, 13)}
    acknowledged = []
    for mid in order[:cut]:
        acknowledged += [each.mid for each in arrivals.settle(came[mid])]
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    assert set(acknowledged) <= set(order[:cut])
    assert arrivals.room == 20 - 12 + len(acknowledged)
    # The next connection numbers from the start again; the old ones must not answer for it.
    arrivals.begin()
    fresh = arrivals.came(1, 1)
    for mid in order[cut:]:
        assert list(arrivals.settle(came[mid])) == []
    assert list(arrivals.settle(fresh)) == [fresh]


def test_a_message_without_a_promise_takes_no_place_in_the_window():
    arrivals = Arrivals(limit=1)
    token = arrivals.came(0, 0)
    assert arrivals.room == 1
    assert list(arrivals.settle(token)) == []


def test_connections_cut_short_in_a_row_raise_the_alarm_once():
    watch = BrokerWatch("bbx-1")
    assert [watch.ended(LOST, 0.1) for _ in range(5)] == [False, False, True, False, False]
    (remark,) = watch.remarks
    assert remark.startswith("our connection was ended 5 times soon after it began: another client")
    assert "our name bbx-1" in remark


def test_a_connection_that_lasted_ends_the_row_and_a_named_takeover_needs_none():
    watch = BrokerWatch("bbx-1")
    for seconds in (0.1, 0.1, HEALTHY_S, 0.1, 0.1):
        assert not watch.ended(LOST, seconds)
    assert watch.remarks == []
    assert watch.ended(TAKEN_OVER, HEALTHY_S * 100)
    assert len(watch.remarks) == 1


def test_a_topic_cannot_write_into_logs_and_terminals():
    assert printable("bbx/1/00/up") == "bbx/1/00/up"
    assert printable("a\x1b[2J\nERROR \u202e") == r"a\x1b[2J\nERROR \u202e"
    assert printable("") == "topic that is not UTF-8"


def problem(**tls):
    with pytest.raises(Problem) as caught:
        make_client(Mqtt(host="b", tls=Tls(**tls)), "x")
    return str(caught.value)


def test_each_bad_file_is_named_with_its_setting(tmp_path):
    certificates = CertificateAuthority(tmp_path)
    certificate, _ = certificates.issue("gateway")
    others = certificates.issue("other")[1]
    rubbish, absent = tmp_path / "rubbish", tmp_path / "absent"
    rubbish.write_bytes(b"\xff rubbish\n")
    assert problem(ca_file=absent) == (
        f"{absent}: no such file or directory. Correct the mqtt table, or the file"
    )
    assert problem(ca_file=rubbish) == (
        f"{rubbish}: holds no certificate in PEM. Correct mqtt.tls.ca_file"
    )
    assert problem(ca_file=certificates.ca, certificate_file=certificate, key_file=others) == (
        f"{others}: is no open private key of the certificate in {certificate}. "
        "Give the pair in PEM, the key without passphrase, as mqtt.tls"
    )
    settings = Mqtt(host="b", username="u", password_file=rubbish)
    with pytest.raises(Problem, match=r"is not UTF-8 text\. Correct mqtt.password_file"):
        make_client(settings, "x")
    settings = Mqtt(host="b", tls=Tls(ca_file=absent))
    told = broker_trouble(settings, ORIGIN, authority().trusted.digest)
    assert told.startswith(f"cannot be asked: {absent}: no such file or directory. ")


def test_what_is_wrong_with_the_broker_of_gateways_below_names_its_own_table(tmp_path):
    digest = authority().trusted.digest
    nobody = Mqtt(host="127.0.0.1", port=free_port())
    told = broker_trouble(nobody, ORIGIN, digest, below=True)
    assert told.endswith("Start the broker, or correct below.host and below.port")
    settings = Mqtt(host="b", tls=Tls(ca_file=tmp_path / "absent"))
    remedy = "Correct the below table, or the file"
    assert broker_trouble(settings, ORIGIN, digest, below=True).endswith(remedy)

    async def make():
        with pytest.raises(Problem) as caught:
            MqttFromBelow(settings, ORIGIN, digest, print, Backoff(lambda: 0.0))
        return caught.value.remedy

    assert asyncio.run(make()) == remedy


def test_the_road_from_below_is_renewed_only_for_new_contents(tmp_path):
    password = tmp_path / "password"
    password.write_text("secret")
    settings = Mqtt(host="b", username="u", password_file=password)

    async def renewed():
        digest = authority().trusted.digest
        road = MqttFromBelow(settings, ORIGIN, digest, print, Backoff(lambda: 0.0))
        assert not road.renew()
        password.write_text("another")
        assert road.renew()
        assert not road.renew()

    asyncio.run(renewed())


def test_new_contents_of_any_file_are_new_credentials(tmp_path):
    certificates = CertificateAuthority(tmp_path)
    certificate, key = certificates.issue("gateway")
    password = tmp_path / "password"
    password.write_text("secret\n")
    tls = Tls(ca_file=certificates.ca, certificate_file=certificate, key_file=key)
    settings = Mqtt(host="b", username="u", password_file=password, tls=tls)
    seen = {credentials_of(settings)}
    assert credentials_of(settings) in seen
    for path in (certificates.ca, certificate, key, password):
        path.write_bytes(path.read_bytes() + b"\n")
        assert credentials_of(settings) not in seen
        seen.add(credentials_of(settings))


def storm(draw_of, gateways=10_000, outage_s=20.0):
    """Return the dials of all gateways behind one broker, in each tenth of a second."""
    dials = Counter()
    for number in range(gateways):
        backoff, now = Backoff(draw_of(number)), 0.0
        while now < outage_s:
            now += backoff.failed()
            dials[int(now * 10)] += 1
    return dials


def test_after_a_restart_gateways_come_back_spread_out():
    """Acceptance 9: the same for gateways: bounded rate, and without jitter one wave."""
    spread = storm(lambda number: random.Random(number).random)
    assert max(count for at, count in spread.items() if at >= 100) < 250
    waves = storm(lambda _number: lambda: 1.0)
    assert max(count for at, count in waves.items() if at >= 100) == 10_000


def test_a_fight_over_the_name_slows_the_next_tries_down():
    backoff = Backoff(lambda: 1.0)
    waits = []
    for _ in range(9):
        waits.append(backoff.failed())
        backoff.lasted(HEALTHY_S - 0.1)
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert waits[-1] == CAP_S
