"""The curve of Ed25519 in plain integers (RFC 8032 section 5.1), to forge what no library makes."""

from hashlib import sha512
from typing import Final

P: Final = 2**255 - 19
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, P) % P

Point = tuple[int, int]
IDENTITY: Final = (0, 1)


def add(left: Point, right: Point) -> Point:
    (x1, y1), (x2, y2) = left, right
    product = _D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def multiply(scalar: int, point: Point) -> Point:
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def recover_x(y: int, odd: int) -> int | None:
    """The x of the point with this y, of the parity `odd`; None when there is none."""
    u, v = (y * y - 1) % P, (_D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * pow(2, (P - 1) // 4, P) % P
    if v * x * x % P != u:
        return None
    return P - x if x & 1 != odd and x else x


def encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def scalar_of(seed: bytes) -> int:
    """The secret scalar that RFC 8032 grows from a seed."""
    clamped = int.from_bytes(sha512(seed).digest()[:32], "little") & ((1 << 254) - 8)
    return clamped | 1 << 254


def challenge(r: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(r + public + message).digest(), "little") % ORDER


def torsion() -> tuple[Point, ...]:
    """The eight points whose order divides 8."""
    y = 2
    while True:
        x = recover_x(y, 0)
        if x is not None:
            generator = multiply(ORDER, (x, y))
            if multiply(4, generator) != IDENTITY:
                return tuple(multiply(index, generator) for index in range(8))
        y += 1


_BASE_Y: Final = 4 * pow(5, -1, P) % P
_BASE_X: Final = recover_x(_BASE_Y, 0)
assert _BASE_X is not None
BASE: Final[Point] = (_BASE_X, _BASE_Y)
