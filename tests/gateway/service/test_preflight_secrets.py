"""Does `check` see every secret that stands open, and survive one that it may not look at?"""

from pathlib import Path

import pytest

from ballotbox_gateway.installation import load_installation
from ballotbox_gateway.service import preflight
from tests.certificates import CertificateAuthority
from tests.gateway.adapters.test_config import FIELDS


def settings(folder):
    """A gateway with a certificate at each of both brokers."""
    authority, lines = CertificateAuthority(folder), []
    for table in ("mqtt", "below"):
        certificate, key = authority.issue(table)
        lines += [f"[{table}]", 'host = "127.0.0.1"', f"[{table}.tls]"]
        lines += [f'certificate_file = "{certificate}"', f'key_file = "{key}"']
    fields = [f"{name} = {value}" for name, value in FIELDS.items()]
    (folder / "gateway.toml").write_text("\n".join([*fields, *lines, ""]))
    return load_installation(folder / "gateway.toml").one(None)


def found(config):
    return [(each.well, each.line) for each in preflight._open_secrets(config)]


def test_a_private_key_of_tls_that_everybody_may_read_is_named(tmp_path):
    config = settings(tmp_path)
    assert found(config) == []
    for name in ("mqtt.key", "below.key"):
        (tmp_path / name).chmod(0o644)
    told = "{}: everybody on this machine may read it (mode 0644). Make it private: chmod 600 {}"
    keys = [tmp_path / name for name in ("mqtt.key", "below.key")]
    assert found(config) == [(False, told.format(key, key)) for key in keys]


@pytest.fixture
def closed(tmp_path, monkeypatch):
    """A folder that this user may not enter, whoever runs the test."""
    inside, ask = tmp_path / "closed", Path.stat

    def refused(path, **how):
        if inside in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return ask(path, **how)

    monkeypatch.setattr(Path, "stat", refused)
    return inside


def test_what_may_not_be_looked_at_is_a_finding(tmp_path, closed):
    config = settings(tmp_path)
    update = {"key_file": closed / "gateway.key", "ledger_file": closed / "ledger.sqlite"}
    config = config.model_copy(update=update)
    words = "permission denied. Give this user the right to its folder, or correct the setting"
    assert found(config) == [(False, f"{closed}/gateway.key: {words}")]
    told = preflight._found(lambda: preflight._clock(config))
    assert told == (False, f"{closed}/ledger.sqlite: {words}")
