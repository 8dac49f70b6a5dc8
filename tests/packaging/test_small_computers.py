"""Can what the lock names be installed on a small computer with a 64-bit ARM processor?"""

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.accept

#: What the C library of Debian 12 can load, newest last (PEP 600).
AARCH64 = tuple(f"manylinux_2_{minor}_aarch64" for minor in (17, 28, 31, 34))
ARM_32 = ("manylinux2014_armv7l",)
#: Pins of the simulator alone without such a wheel; the manual names them.
WITHOUT = frozenset({"hdrhistogram"})


def resolved(lock, folder, platforms):
    """What pip says of installing every pin as a wheel for such a computer; it installs nothing."""
    wanted = [word for each in platforms for word in ("--platform", each)]
    command = (
        *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps"),
        *("--require-hashes", "--only-binary", ":all:", "--python-version", "3.11"),
        *("--implementation", "cp", *wanted, "--target", folder, "-r", lock),
    )
    return subprocess.run(command, capture_output=True, text=True, check=False)


def without(lock, left_out, smaller):
    """The lock but for some pins, as a file."""
    pins = re.split(r"\n(?=\w)", lock.read_text("utf-8"))
    kept = [each for each in pins if each.partition("==")[0] not in left_out]
    assert len(kept) == len(pins) - len(left_out)
    smaller.write_text("\n".join(kept) + "\n", "utf-8")
    return smaller


def test_every_pin_but_those_named_has_a_wheel_for_64_bit_arm(repository, tmp_path):
    lock = without(repository / "requirements.lock", WITHOUT, tmp_path / "requirements.lock")
    done = resolved(lock, tmp_path / "target", AARCH64)
    assert done.returncode == 0, done.stderr
    missing = re.findall(
        r"No matching distribution found for (\S+)==", resolved(lock, tmp_path, ARM_32).stderr
    )
    assert missing, "this test would see a wheel that is missing"
    manual = (repository / "gateway" / "OPERATING.md").read_text("utf-8")
    assert "every library of the gateway has a wheel for 64-bit ARM" in manual
    assert all(f"`{each}`" in manual for each in WITHOUT)
