"""What every section of the settings is: fixed once read, and strict about names; and how an address is kept from
showing a password."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_PASSWORD = re.compile(r"(://[^:/@]*):.*@|((?:password|api_key|token)=)[^&\s]*", re.IGNORECASE)


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def hidden(address: str) -> str:
    """The address with *** in place of a password or key."""
    return _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] is not None else f"{found[2]}***", address)


def _without_password(address: str) -> str:
    if hidden(address) != address:
        raise ValueError("carries a password, which would be shown: give it as api_key or store_api_key")
    return address


Address = Annotated[str, Field(min_length=1), AfterValidator(_without_password)]
