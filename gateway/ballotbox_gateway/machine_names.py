"""Names and addresses of machines in the settings."""

from typing import Annotated

from pydantic import AfterValidator, Field


def _host(text: str) -> str:
    try:
        text.encode("idna")
    except UnicodeError as error:
        raise ValueError("is no name or address of a machine") from error
    return text


#: What a name look-up can at least be asked for.
Host = Annotated[str, Field(min_length=1), AfterValidator(_host)]
