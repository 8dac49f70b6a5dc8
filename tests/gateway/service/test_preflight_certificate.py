"""Does `check` see that the certificate shown to the broker ends before the day?"""

from types import SimpleNamespace

import pytest

from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.service import preflight
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
@pytest.mark.parametrize(("days", "well"), [(30, True), (5, False)])
def test_a_certificate_for_a_broker_is_held_against_the_day(
    tmp_path, monkeypatch, days, well, broker
):
    now = END - days * 86_400 - 1
    monkeypatch.setattr(preflight, "time", SimpleNamespace(time=lambda: now))
    found = said_of(tmp_path, days, broker)
    assert found.well is well
    if well:
        assert found.line.startswith(f"{broker}.tls: ")
        assert found.line.endswith("is good for 30 days")
    else:
        assert found.line.endswith("expires in 5 days. Have it made anew before the day")
