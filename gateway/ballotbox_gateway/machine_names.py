"""Names and addresses of machines in the settings."""

from typing import Annotated

from pydantic import AfterValidator, Field


def require_host(text: str) -> str:
    """Return what can be looked up as a machine; raises ValueError."""
    try:
        text.encode("idna")
    except UnicodeError as error:
        raise ValueError("is no name or address of a machine") from error
    return text


#: What a name look-up can at least be asked for.
Host = Annotated[str, Field(min_length=1), AfterValidator(require_host)]
