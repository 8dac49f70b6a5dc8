"""What can be done about a certificate of the other end that fails, for whoever can do it."""

import ssl
from typing import Final

#: Numbers of OpenSSL's x509_vfy.h (X509_V_ERR_…).
_NOT_YET_VALID: Final = 9
_HAS_EXPIRED: Final = 10
_UNKNOWN_AUTHORITY: Final = frozenset({7, 18, 19, 20, 21})
_OTHER_NAME: Final = frozenset({62, 64})
_CLOCK: Final = "compare this machine's clock with a watch"


def verification_remedy(error: ssl.SSLCertVerificationError, authority: str, address: str) -> str:
    """Return the remedy; `authority` and `address` are the settings that name those."""
    code = error.verify_code
    if code == _NOT_YET_VALID:
        return f"{_CLOCK.capitalize()}, or have that certificate made anew"
    if code == _HAS_EXPIRED:
        return f"Have that certificate or its authority's made anew, or {_CLOCK}"
    if code in _UNKNOWN_AUTHORITY:
        return f"Correct {authority}: it must hold the authority that made that certificate"
    if code in _OTHER_NAME:
        return f"Correct {address}: it must be a name or address that stands in that certificate"
    return f"Correct {authority}"
