"""Messages about mistakes that today's settings do not allow, but some provider's may."""

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from newsletter.config.document import Document
from newsletter.config.schema import add_secret_files
from newsletter.config.shape import Shape
from newsletter.config.wording import explain, find
from tests.rows import rows


class Inner(BaseModel):
    """A group inside a list."""

    topics: tuple[str, ...] = Field(default=(), min_length=1, description="The topics.")


class Options(BaseModel):
    """Made up, with one key for each kind of mistake."""

    model_config = ConfigDict(strict=True, extra="forbid")

    region: Literal["eu", "us"] = Field(default="eu", description="Where it stands.")
    token: SecretStr | None = Field(default=None, max_length=8, description="The token.")
    headers: dict[str, str] = Field(default={}, description="Further headers.")
    share: float = Field(default=0.5, gt=0, lt=1.5, description="A share.")
    code: str = Field(default="abc", min_length=3, description="Three letters.", examples=["abc"])
    inner: tuple[Inner, ...] = Field(default=(), description="Groups.")
    odd: str | int = Field(default="", description="Text or a number.")

    @field_validator("token")
    @classmethod
    def _begins_right(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not token.get_secret_value().startswith("whsec_"):
            raise ValueError(f"{token.get_secret_value()!r} begins wrongly")
        return token


def said(values: dict[str, Any]) -> tuple[tuple[str | int, ...], str]:
    root = Shape.of(Options)
    with pytest.raises(ValidationError) as caught:
        Options.model_validate_json(json.dumps(values))
    finding = find(caught.value.errors()[0], Document(file="newsletter.yaml"), root, values)
    return finding.path, explain(finding)


@rows(
    ("values", "path", "message"),
    [
        ({"region": "asia"}, ("region",), "must be eu or us, not 'asia'"),
        ({"region": None}, ("region",), "must be eu or us, not empty"),
        ({"share": 2}, ("share",), "must be less than 1.5, not '2'"),
        ({"share": 0}, ("share",), "must be more than 0, not '0'"),
        ({"code": "a"}, ("code",), "does not have the right form, like abc. It is: Three letters."),
        ({"headers": {"X": []}}, ("headers", "X"), "must be text, not a list"),
        ({"headers": "X: 1"}, ("headers",), "must be a group of keys with values, not 'X: 1'"),
        ({"inner": [{"topics": []}]}, ("inner", 0, "topics"), "must have at least 1 of them"),
    ],
)
def test_each_kind_of_mistake_has_its_words(
    values: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    assert said(values) == (path, message)


def test_what_has_no_words_of_ours_is_told_with_what_the_key_is() -> None:
    path, message = said({"unheard_of": 1})

    assert path == ("unheard_of",)
    assert message == "Extra inputs are not permitted"


def test_where_several_types_may_stand_the_key_is_named_and_not_the_type() -> None:
    assert said({"odd": []}) == (("odd",), "must be text, not a list")


@pytest.mark.parametrize("token", ["key", "whsec_and_much_too_long"])
def test_what_a_secret_should_look_like_is_told_without_showing_it(token: str) -> None:
    _, message = said({"token": token})

    assert token not in message
    assert "token" in message or "secret" in message


def test_a_secret_that_may_be_left_out_may_come_from_a_file_but_not_twice() -> None:
    schema = Options.model_json_schema()

    add_secret_files(schema)

    assert schema["properties"]["token_file"]["type"] == "string"
    assert schema["allOf"] == [{"not": {"required": ["token", "token_file"]}}]
