"""The common part of all translators; each package adds its provider's format."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.provider import Capabilities
from newsletter.domain.statements.content import Content
from newsletter.providers.common.bodies import ContentCache, Template, filled
from newsletter.providers.common.options import ProviderOptions
from newsletter.transport.http import HttpRequest, json_post

_T = TypeVar("_T")


class BatchTranslator(Generic[_T]):
    """The URL, the limits and the encoded content of requests."""

    name: ClassVar[str]
    who: ClassVar[str]
    """The name, as people write it."""
    limits: ClassVar[Capabilities]
    """The provider's limits; ``capabilities`` adds the batch size of the options."""

    def __init__(
        self,
        options: ProviderOptions,
        url: str,
        headers: Mapping[str, str],
        say: Callable[[Content], _T],
    ) -> None:
        most = self.limits.max_recipients
        self.capabilities = replace(
            self.limits, max_recipients=min(most, options.batch_size or most)
        )
        self._url = url
        self._headers = headers
        self._compiled = ContentCache(say)

    def filled(self, template: Template, batch: OutgoingBatch) -> bytes:
        """Return the entries of all recipients, separated by commas. Raises InvalidInput."""
        return b",".join(filled(template, batch, most=self.limits.max_recipients, who=self.who))

    def post(self, body: bytes) -> HttpRequest:
        """The call, with JSON."""
        return json_post(self._url, self._headers, body)


class MessageTranslator(BatchTranslator[Template]):
    """For a call that is a whole message for each recipient, in a frame."""

    frame: ClassVar[bytes] = b"%b"

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """JSON. Raises InvalidInput for content or addresses the provider would misread."""
        return self.post(self.frame % self.filled(self._compiled.of(batch), batch))
