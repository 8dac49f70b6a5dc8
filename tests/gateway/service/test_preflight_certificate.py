"""Does `check` see that the certificate shown to the broker ends before the day?"""

from types import SimpleNamespace

import pytest

from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.service import preflight
from ballotbox_gateway.service.certificates import REMEDY
from tests.certificates import CertificateAuthority
from tests.gateway.adapters.test_config import FIELDS

#: What the test's certificates end with, 2100-01-01, less some days.
END = 4_102_444_800


def said_of(folder, days, broker):
    paths = CertificateAuthority(folder).issue("gateway")
    lines = [f"{name} = {value}" for name, value in FIELDS.items()]
    table = f'[{broker}]\nhost = "127.0.0.1"\n[{broker}.tls]\ncertificate_file = "{paths[0]}"\n'
    path = folder / "gateway.toml"
    path.write_text("\n".join([*lines, f'{table}key_file = "{paths[1]}"\n']))
    (finding,) = preflight._certificates(load_installation(path).one(None))
    return finding


@pytest.mark.parametrize("broker", ["mqtt", "below"])
@pytest.mark.parametrize(("days", "well"), [(30, True), (5, False), (-3, False)])
def test_a_certificate_for_a_broker_is_held_against_the_day(
    tmp_path, monkeypatch, days, well, broker
):
    now = END - days * 86_400 - 1
    monkeypatch.setattr(preflight, "time", SimpleNamespace(time=lambda: now))
    found = said_of(tmp_path, days, broker)
    assert found.well is well
    assert found.line.startswith(f"{broker}.tls: {tmp_path}/gateway.pem ")
    words = {
        30: "is good until 2100-01-01 00:00 UTC, for 30 days",
        5: f"ends at 2100-01-01 00:00 UTC, in 5 days. {REMEDY}",
        -3: "ended at 2100-01-01 00:00 UTC, 2 days ago: the broker takes no new connection of "
        f"ours. {REMEDY}",
    }
    assert found.line.endswith(words[days])


def test_a_certificate_that_is_not_good_yet_points_at_the_clock(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "time", SimpleNamespace(time=lambda: 1_500_000_000))
    found = said_of(tmp_path, 0, "mqtt")
    words = (
        f"{tmp_path}/gateway.pem: is good only from 2020-01-01 00:00 UTC on. Compare the clock "
        "with a watch; if it is right, have the certificate made anew"
    )
    assert found == (False, words)
