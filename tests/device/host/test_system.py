"""Do chance, time and the firmware's digest mean what the core takes them for?"""

import pytest

from ballotbox_device.host import firmware, system
from ballotbox_device.host.firmware import SEQUENCE, running_firmware
from ballotbox_device.host.system import SystemClock, SystemEntropy
from ballotbox_protocol.wire.report import ClockQuality


def test_every_number_below_the_bound_is_drawn_and_no_other():
    entropy = SystemEntropy()
    # Each of 5 numbers is missed by 1,000 draws once in 10^96 runs.
    assert {entropy.below(5) for _ in range(1_000)} == set(range(5))
    assert entropy.below(1) == 0


def test_chance_is_the_systems_cryptographic_generator(monkeypatch):
    monkeypatch.setattr(system.secrets, "randbelow", lambda bound: bound - 1)
    assert SystemEntropy().below(7) == 6


def test_uptime_begins_with_the_clock_and_never_follows_the_time_of_day(monkeypatch):
    monotonic, wall = iter([5_000_000_000, 5_250_999_999, 6_000_000_000]), iter([100.9, 7.2])
    monkeypatch.setattr(system, "monotonic_ns", lambda: next(monotonic))
    monkeypatch.setattr(system, "time", lambda: next(wall))
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert (first.time, first.uptime_ms) == (100, 250)
    assert (second.time, second.uptime_ms) == (7, 1_000)
    assert first.quality is ClockQuality.FREE_RUNNING


def test_a_clock_before_the_epoch_is_said_as_the_epoch(monkeypatch):
    monkeypatch.setattr(system, "time", lambda: -86_400.0)
    assert SystemClock().now().time == 0


@pytest.mark.parametrize("quality", ClockQuality)
def test_the_quality_is_what_the_host_was_told(quality):
    assert SystemClock(quality).now().quality is quality


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Two small packages in place of the real ones."""
    for name in ("ballotbox_device", "ballotbox_protocol"):
        (tmp_path / name / "core").mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "core" / "box.py").write_text(f"# {name}\n")
    monkeypatch.setattr(firmware, "files", lambda package: tmp_path / package)
    return tmp_path


def test_the_digest_is_of_these_packages_and_stays(packages):
    first = running_firmware()
    assert first == running_firmware()
    assert first.sequence == SEQUENCE


@pytest.mark.parametrize("package", ["ballotbox_device", "ballotbox_protocol"])
@pytest.mark.parametrize("change", ["content", "name", "more", "moved"])
def test_any_other_program_has_another_digest(packages, package, change):
    before = running_firmware().digest
    core = packages / package / "core"
    if change == "content":
        (core / "box.py").write_text("# other\n")
    elif change == "name":
        (core / "box.py").rename(core / "urn.py")
    elif change == "more":
        (core / "extra.py").write_text("")
    else:
        (core / "box.py").rename(packages / package / "box.py")
    assert running_firmware().digest != before


def test_what_python_leaves_behind_is_no_part_of_the_firmware(packages):
    before = running_firmware().digest
    cache = packages / "ballotbox_device" / "__pycache__"
    cache.mkdir()
    (cache / "box.cpython-311.pyc").write_bytes(b"compiled")
    (cache / "left.py").write_text("")
    assert running_firmware().digest == before
