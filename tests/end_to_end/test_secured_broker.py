"""Does a broker set up by our own command let nobody be another, and nobody in without a name?"""

import asyncio
import re
import ssl

import pytest

from ballotbox_gateway.adapters.mqtt_probe import broker_trouble
from ballotbox_gateway.config_roads import Mqtt, Tls
from ballotbox_protocol.wire.message import Message, MessageKind, sharded_topic_of, topic_of
from tests.certificates import CertificateAuthority
from tests.device.host.box_process import make_place
from tests.end_to_end.field_gateway import FieldGateway
from tests.end_to_end.secured_broker import SecuredClient, SecuredPlace, secured
from tests.end_to_end.test_box_and_gateway import assert_agreed, poll_day
from tests.gateway.scripted import ORIGIN

ACCEPTED, NOT_AUTHORIZED = (0x00, 0x10), 0x87


def topics(election, box):
    return tuple(topic_of(election.trusted.digest, box, way) for way in ("up", "down"))


def boxes_keep_to_their_own_topics(place, election):
    """Each box writes its own `up` and hears its own `down`; the gateway's names are not theirs."""
    one, two = election.boxes[:2]
    (up, down), (other_up, other_down) = topics(election, one), topics(election, two)
    with place.client(one.hex()) as box, place.client(place.session) as gateway:
        for topic in (up, sharded_topic_of(election.trusted.digest, one)):
            assert box.publish(topic) in ACCEPTED
        others_shard = sharded_topic_of(election.trusted.digest, two)
        for topic in (
            other_up,
            others_shard,
            f"{up}/xx",
            down,
            other_down,
            "$SYS/broker",
            "bbx/1/00/x/up",
            "other",
        ):
            assert box.publish(topic) == NOT_AUTHORIZED, topic
        for topic in (down, other_down, "#", "bbx/1/+/+/up", "bbx/1/+/+/down"):
            box.subscribe(topic)
        assert gateway.publish(other_down, b"a secret of another's") in ACCEPTED
        assert gateway.publish(down, b"its own") in ACCEPTED
        box.until(lambda: b"its own" in box.heard)
        # Several subscriptions match, so the one message may be heard more than once.
        assert set(box.heard) == {b"its own"}


@pytest.mark.attack(15, check="the broker's access list")
def test_a_box_writes_and_hears_its_own_topics_alone(gateway, election, tmp_path):
    with secured(gateway, tmp_path) as place:
        boxes_keep_to_their_own_topics(place, election)


@pytest.mark.attack(15, control_of="test_a_box_writes_and_hears_its_own_topics_alone")
def test_without_the_access_list_it_would_not(gateway, election, tmp_path):
    place = SecuredPlace(gateway, tmp_path)
    config = tmp_path / "broker" / "mosquitto.conf"
    config.write_text(re.sub(r"^acl_file .*\n", "", config.read_text(), flags=re.MULTILINE))
    _, two = election.boxes[:2]
    heard = rf"{topics(election, two)[0]}\nassert \d+ == {NOT_AUTHORIZED}"
    with place.broker, pytest.raises(AssertionError, match=heard):
        boxes_keep_to_their_own_topics(place, election)


def wildcard_names_get_nothing(place, election):
    """CVE-2017-7650: a client called `#` or `+` was given every topic of a pattern."""
    one = election.boxes[0]
    up, down = topics(election, one)
    names = [("#", "#"), ("+", "+"), ("#", one.hex()), ("stranger", "#"), ("stranger", one.hex())]
    with place.client(place.session) as gateway:
        for common_name, client_id in names:
            with place.client(common_name, client_id) as stranger:
                assert stranger.publish(up) == NOT_AUTHORIZED, f"{common_name} as {client_id}"
                stranger.subscribe(down)
                assert stranger.subscribe("#") in (0, 1, NOT_AUTHORIZED)
                assert gateway.publish(down, b"an answer") in ACCEPTED
                # The broker answers in order: had it sent the answer, it would be here by now.
                assert stranger.publish(up) == NOT_AUTHORIZED
                assert stranger.heard == []


@pytest.mark.attack(15, check="lines for each box by its certificate's name")
def test_wildcard_and_borrowed_names_get_nothing(gateway, election, tmp_path):
    with secured(gateway, tmp_path) as place:
        wildcard_names_get_nothing(place, election)


@pytest.mark.attack(15, control_of="test_wildcard_and_borrowed_names_get_nothing")
def test_with_patterns_and_the_clients_own_names_they_would_get_something(
    gateway, election, tmp_path
):
    place = SecuredPlace(gateway, tmp_path)
    config = tmp_path / "broker" / "mosquitto.conf"
    config.write_text(config.read_text().replace("use_username_as_clientid true\n", ""))
    (tmp_path / "broker" / "acl").write_text(
        f"user {place.session}\ntopic readwrite bbx/#\n"
        f"pattern readwrite bbx/1/{election.trusted.digest[:8].hex()}/%c/#\n"
    )
    taken = rf"stranger as {election.boxes[0].hex()}\nassert (0|16) == {NOT_AUTHORIZED}"
    with place.broker, pytest.raises(AssertionError, match=taken):
        wildcard_names_get_nothing(place, election)


def a_borrowed_name_throws_nobody_out(place, election):
    one, two = election.boxes[:2]
    with place.client(one.hex()) as box:
        with place.client(two.hex(), client_id=one.hex()) as rival:
            assert rival.publish(topics(election, two)[0]) in ACCEPTED
        # Served until the broker has answered, so an end of the connection was seen as well.
        published = box.publish(topics(election, one)[0])
        assert (box.ended, published in ACCEPTED) == ([], True)


@pytest.mark.attack(18, check="the certificate's name as client id")
def test_nobody_is_thrown_out_by_a_client_that_only_gives_its_name(gateway, election, tmp_path):
    with secured(gateway, tmp_path) as place:
        a_borrowed_name_throws_nobody_out(place, election)


@pytest.mark.attack(18, control_of="test_nobody_is_thrown_out_by_a_client_that_only_gives_its_name")
def test_without_the_certificates_name_as_client_id_somebody_would(gateway, election, tmp_path):
    place = SecuredPlace(gateway, tmp_path)
    config = tmp_path / "broker" / "mosquitto.conf"
    config.write_text(config.read_text().replace("use_username_as_clientid true\n", ""))
    with place.broker, pytest.raises(AssertionError, match=r"\(\[\d+\], False\) == \(\[\], True\)"):
        a_borrowed_name_throws_nobody_out(place, election)


def test_nothing_is_retained_and_nothing_oversized_is_taken(gateway, election, tmp_path):
    box = election.boxes[0]
    up, _ = topics(election, box)
    with secured(gateway, tmp_path) as place, place.client(place.session) as reader:
        for payload, retain in ((b"old", True), (bytes(20_480), False)):
            with place.client(box.hex()) as client:
                assert client.publish(up, payload, retain=retain) not in ACCEPTED
        reader.subscribe(up)
        with place.client(box.hex()) as client:
            assert client.publish(up, b"fresh") in ACCEPTED
        reader.until(lambda: b"fresh" in reader.heard)
        assert reader.heard == [b"fresh"]


# paho drops the socket of a failed TLS handshake without closing it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_nobody_comes_without_a_certificate_of_the_authority_or_below_tls_1_3(
    gateway, election, tmp_path
):
    box = election.boxes[0].hex()
    with secured(gateway, tmp_path) as place:
        foreign = CertificateAuthority(tmp_path / "foreign").issue(box)
        for files in (None, foreign):
            with SecuredClient(place.port, place.authority.ca, files, box) as stranger:
                assert stranger.connected == []
                assert stranger.ended
        old = SecuredClient(place.port, place.authority.ca, place.authority.issue(box), box)
        old.mqtt._ssl_context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            old.mqtt.connect("127.0.0.1", place.port)
        settings = Mqtt(host="127.0.0.1", port=place.port, tls=Tls(ca_file=place.authority.ca))
        told = broker_trouble(settings, ORIGIN, election.trusted.digest)
        assert told.startswith("closes before it greets us: it may not trust our certificate.")


# Nor does it close that of one which the broker's side gave up.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_that_only_knows_tls_1_2_is_not_spoken_to(election, tmp_path):
    authority = CertificateAuthority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("127.0.0.1"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    async def asked():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            settings = Mqtt(host="127.0.0.1", port=port, tls=Tls(ca_file=authority.ca))
            digest = election.trusted.digest
            return await asyncio.to_thread(broker_trouble, settings, ORIGIN, digest)

    assert asyncio.run(asked()).startswith("does not speak TLS with us: ")


def test_what_the_command_wrote_is_told_and_nothing_foreign_is_written_over(gateway, tmp_path):
    place = SecuredPlace(gateway, tmp_path)
    printed = place.write_files()
    assert f"access list    {tmp_path / 'broker' / 'acl'}, 4 boxes" in printed
    assert f"this gateway   common name {place.session}" in printed
    foreign = tmp_path / "etc"
    foreign.mkdir()
    (foreign / "mosquitto.conf").write_text("listener 1883\n")
    done = gateway.command("broker-config", "-o", str(foreign))
    assert done.exit_code == 1
    assert "mosquitto.conf: was not made by this command. Choose another directory" in done.stderr
    assert sorted(each.name for each in foreign.iterdir()) == ["mosquitto.conf"]
    gateway.configure('[[serial]]\nport = "/dev/ttyUSB0"\n')
    done = gateway.command("broker-config", "-o", str(tmp_path / "new"))
    assert "mqtt: there is no broker in the settings. Add the table [mqtt]" in done.stderr
    gateway.configure('[mqtt]\nhost = "b"\nclient_id = "a\\nuser x"\n')
    done = gateway.command("broker-config", "-o", str(tmp_path / "new"))
    assert "mqtt.client_id: holds more than letters, digits, dots" in done.stderr
    assert not (tmp_path / "new").exists()


def test_every_process_of_a_gateway_may_hear_all_boxes(gateway, election, tmp_path):
    gateway.configure('[mqtt]\nhost = "b"\nclient_id = "one"\n')
    done = gateway.command("broker-config", "-o", str(tmp_path / "new"), "--process", "two")
    assert done.exit_code == 0, done.stderr
    acl = (tmp_path / "new" / "acl").read_text()
    every = f"bbx/1/{election.trusted.digest[:8].hex()}/+"
    reads = f"topic read {every}/up\ntopic read {every}/up/+\ntopic write {every}/down\n"
    assert [f"user {name}\n{reads}" in acl for name in ("one", "two", "three")] == [
        True,
        True,
        False,
    ]
    done = gateway.command("broker-config", "-o", str(tmp_path / "new"), "--process", "a\nuser x")
    assert "--process: holds more than letters, digits, dots" in done.stderr


def test_the_operating_manual_shows_what_the_command_prints(gateway, repository):
    manual = (repository / "gateway" / "OPERATING.md").read_text()
    command = "ballotbox-gateway broker-config -o broker"
    (shown,) = re.findall(rf"^\$ {command}\n(.*?)^```$", manual, re.MULTILINE | re.DOTALL)
    (table,) = re.findall(r"^(\[mqtt\]\n[^`]*\[mqtt\.tls\]\n[^`]*)^```$", manual, re.MULTILINE)
    gateway.configure(table)
    done = gateway.command(*command.split()[1:])
    assert done.exit_code == 0, done.output
    assert done.stdout == shown
    config = (gateway.folder / "broker" / "mosquitto.conf").read_text()
    assert "\nlistener 8883\n" in config
    assert "\ncafile /etc/mosquitto/certs/ca.pem\n" in config


def test_a_check_leaves_the_gateways_session_as_it_was(gateway, election, tmp_path):
    box = election.boxes[0]
    with secured(gateway, tmp_path) as place:
        gateway.init()
        with gateway.running():
            gateway.await_line("connected, listening on")
            assert "the running gateway has our name there" in gateway.command("check").stdout
            assert sum("connected, listening on" in line for line in gateway.lines) == 1
        with place.client(box.hex()) as client:
            message = Message(MessageKind.HELLO_WANTED).to_bytes()
            assert client.publish(topics(election, box)[0], message) == 0
            assert "lets us read and answer" in gateway.command("check").stdout
            client.subscribe(topics(election, box)[1])
            with gateway.running():
                client.until(lambda: client.heard)
            assert client.heard[0][0] == MessageKind.CHALLENGE


def test_a_day_over_tls_is_receipted_with_the_gateway_killed_in_the_middle(tmp_path):
    box_place = make_place(tmp_path / "place")
    gateway = FieldGateway(tmp_path / "g", box_place.authority, ORIGIN)
    try:
        with secured(gateway, tmp_path / "b") as place:
            name = box_place.authority.trusted.register.boxes[0].box.hex()
            certificate, key = place.authority.issue(name)
            road = ("--mqtt", f"127.0.0.1:{place.port}", "--mqtt-ca", place.authority.ca)
            shown = ("--mqtt-certificate", certificate, "--mqtt-key", key)
            gateway.init()
            with gateway.running(), box_place.run(*road, *shown) as box:
                poll_day(box, gateway)
                assert_agreed(box_place, gateway)
    finally:
        gateway.kill()
