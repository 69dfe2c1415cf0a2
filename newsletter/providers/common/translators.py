"""Base classes of translators."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import Content
from newsletter.providers.common.bodies import Template, cached_by_content, fill_for_each
from newsletter.providers.common.options import ProviderOptions
from newsletter.transport.http import HttpRequest, json_post

_T = TypeVar("_T")


class BatchTranslator(Generic[_T]):
    """A translator with the URL, headers, limits and cached content of its requests."""

    name: ClassVar[str]
    label: ClassVar[str]
    """The provider's name in messages to people."""
    limits: ClassVar[Capabilities]
    """The provider's capabilities, before the setting ``batch_size`` lowers them."""

    def __init__(
        self,
        options: ProviderOptions,
        url: str,
        headers: Mapping[str, str],
        encode: Callable[[Content], _T],
    ) -> None:
        max_recipients = self.limits.max_recipients
        self.capabilities = replace(
            self.limits, max_recipients=min(max_recipients, options.batch_size or max_recipients)
        )
        self._url = url
        self._headers = headers
        self._compiled = cached_by_content(encode)

    def fill_entries(self, template: Template, batch: OutgoingBatch) -> bytes:
        """Return the template filled for each recipient, joined by commas. Raises InvalidInput."""
        return b",".join(
            fill_for_each(template, batch, limit=self.limits.max_recipients, label=self.label)
        )

    def post(self, body: bytes) -> HttpRequest:
        return json_post(self._url, self._headers, body)


class MessageTranslator(BatchTranslator[Template]):
    """A translator whose calls contain a whole message for each recipient, within ``frame``."""

    frame: ClassVar[bytes] = b"%b"

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """Return a POST of JSON. Raises InvalidInput for content that would be misread."""
        return self.post(self.frame % self.fill_entries(self._compiled(batch.content), batch))
