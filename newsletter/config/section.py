"""A group of settings: nothing unknown, nothing guessed, nothing changed later."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A group of settings: nothing unknown, nothing guessed, nothing changed later."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True
    )
