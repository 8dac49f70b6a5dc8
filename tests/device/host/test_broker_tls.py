"""Does a box show and believe certificates towards its broker, and say which file is wrong?"""

import asyncio
import ssl

import pytest

from ballotbox_device.host import mqtt_road
from ballotbox_device.host.broker_tls import BrokerTls
from ballotbox_device.host.mqtt_road import MqttRoad
from ballotbox_device.host.problem import Problem
from tests.certificates import CertificateAuthority
from tests.device.host.box_on_a_road import PACE, Heard, authority, opened_crew, run
from tests.device.host.box_process import make_place, run_command
from tests.device.host.small_gateway import SmallGateway
from tests.device.host.strict_broker import StrictBroker
from tests.device.host.test_broker_trust import Quick


@pytest.fixture
def certificates(tmp_path):
    """An authority that has issued a broker's certificate and a box's."""
    made = CertificateAuthority(tmp_path / "certificates")
    made.issue("127.0.0.1", "broker")
    made.issue("box")
    return made


def files(certificates, name="box"):
    folder = certificates.ca.parent
    return BrokerTls(certificates.ca, folder / f"{name}.pem", folder / f"{name}.key")


def broker_context(certificates, trusted=None, newest=ssl.TLSVersion.TLSv1_3):
    folder = certificates.ca.parent
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "broker.pem", folder / "broker.key")
    context.load_verify_locations((trusted or certificates).ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = newest
    return context


def over_tls(context, tls, test):
    """Run `test(road, heard, broker, told)` with a box and a broker behind these certificates."""

    async def placed():
        async with StrictBroker(SmallGateway(authority()), tls=context) as broker:
            outgoing = opened_crew().device.outgoing
            road = MqttRoad(outgoing, broker.host, broker.port, Quick(1), PACE, tls)
            heard, told = Heard(road), []
            broker.moved = heard.moved
            road.in_the_way = lambda problem: (told.append(str(problem)), heard.moved())
            connecting = asyncio.ensure_future(road.connect())
            try:
                await test(road, heard, broker, told)
            finally:
                connecting.cancel()
                road.close()

    run(placed)


def test_reports_travel_over_tls_and_new_files_are_shown_without_a_restart(
    certificates, monkeypatch
):
    monkeypatch.setattr(mqtt_road, "_CHORES_S", 0.05)

    async def test(road, heard, broker, told):
        await heard.until(lambda: road.unanswered == 0)
        certificates.issue("box")
        await heard.until(lambda: len(set(broker.shown)) == 2)
        await heard.until(road._online.is_set)
        assert told == []

    over_tls(broker_context(certificates), files(certificates), test)


# paho drops the socket of a failed TLS handshake without closing it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("broker", "words"),
    [
        ("foreign", "shows a certificate that fails: "),
        ("old", "does not speak TLS 1.3 with the box: "),
        ("distrusting", "closes before it greets the box. Its log says why"),
    ],
)
def test_a_broker_that_is_not_what_it_should_be_is_named(certificates, tmp_path, broker, words):
    foreign = CertificateAuthority(tmp_path / "foreign")
    foreign.issue("127.0.0.1", "broker")
    contexts = {
        "foreign": broker_context(foreign),
        "old": broker_context(certificates, newest=ssl.TLSVersion.TLSv1_2),
        "distrusting": broker_context(certificates, trusted=foreign),
    }

    async def test(road, heard, broker, told):
        await heard.until(lambda: len(told) >= 1)
        assert words in told[0]
        assert road.unanswered == 3

    over_tls(contexts[broker], files(certificates), test)


def problem(tls):
    with pytest.raises(Problem) as caught:
        tls.context()
    return str(caught.value)


def test_each_bad_file_is_named_with_its_option(certificates, tmp_path):
    good = files(certificates)
    absent, rubbish = tmp_path / "absent", tmp_path / "rubbish"
    rubbish.write_bytes(b"rubbish\n")
    assert problem(BrokerTls(absent, good.certificate, good.key)) == (
        f"{absent}: no such file or directory. Correct the --mqtt options, or the file"
    )
    assert problem(BrokerTls(rubbish, good.certificate, good.key)) == (
        f"{rubbish}: holds no certificate in PEM. Correct --mqtt-ca"
    )
    others = certificates.ca.parent / "broker.key"
    assert problem(BrokerTls(good.ca, good.certificate, others)) == (
        f"{others}: is no open private key of the certificate in {good.certificate}. "
        "Give the pair in PEM as --mqtt-certificate and --mqtt-key"
    )


def test_the_command_takes_all_three_files_or_none(tmp_path, certificates):
    place = make_place(tmp_path / "place")
    three = files(certificates)
    broker = ("--mqtt", "127.0.0.1:1")
    for some in (("--mqtt-ca", three.ca), ("--mqtt-key", three.key)):
        done = run_command("run", *place.options(*broker, *some))
        assert done.returncode == 2
        assert "--mqtt-ca, --mqtt-certificate and --mqtt-key go together" in done.stderr
    shown = ("--mqtt-certificate", three.certificate, "--mqtt-key", three.key)
    done = run_command("run", *place.options(*broker, "--mqtt-ca", tmp_path / "absent", *shown))
    assert done.returncode == 1
    assert f"{tmp_path / 'absent'}: no such file or directory" in done.stderr
