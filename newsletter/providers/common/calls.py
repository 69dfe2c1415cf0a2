"""Combines a translator and the HTTP transport into a provider."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import LookupResult, PreparedRequest
from newsletter.domain.errors import ClaimOver, InvalidConfiguration, ProviderUnreachable
from newsletter.providers.common.answers import Translator
from newsletter.providers.common.records import MAX_PAGES, Inquiry, Question
from newsletter.transport import http
from newsletter.transport.http import AnswerLost, HttpRequest
from newsletter.transport.transport import Transport, call_once


@dataclass(frozen=True, kw_only=True)
class PreparedCall(PreparedRequest):
    """A batch with the HTTP request that sends it."""

    request: HttpRequest


class HttpProvider:
    """A provider that is made of a translator and the HTTP transport."""

    def __init__(
        self,
        translator: Translator,
        transport: Transport,
        inquiry: Inquiry | None = None,
        *,
        settle: timedelta | None = None,
        records_kept: timedelta | None = None,
        sign: Callable[[HttpRequest], HttpRequest] = lambda request: request,
    ) -> None:
        """``settle`` and ``records_kept`` replace the inquiry's ``records_delay`` and ``kept_for``.

        ``sign`` signs a request just before it is sent.
        """
        self._sign = sign
        self._translator = translator
        self._transport = transport
        self._inquiry = inquiry
        self.capabilities = replace(
            translator.capabilities,
            records_delay=(settle or inquiry.records_delay) if inquiry else None,
            records_kept=(records_kept or inquiry.kept_for) if inquiry else None,
        )

    @property
    def name(self) -> str:
        return self._translator.name

    def prepare(self, batch: OutgoingBatch) -> PreparedCall:
        """Build the request. Raises InvalidInput."""
        request = self._translator.build(batch)
        return PreparedCall(batch=batch, body=request.body, request=request)

    def send(self, prepared: PreparedRequest) -> Answer:
        """Send the request and read the answer. UNKNOWN if the answer cannot be read."""
        if isinstance(prepared, PreparedCall):
            request = prepared.request
        else:
            request = replace(self._translator.build(prepared.batch), body=prepared.body)
        try:
            response = self._transport.call(self._sign(request), prepared.not_after)
        except ClaimOver as error:
            return _answer(Verdict.LATE, error)
        except ProviderUnreachable as error:
            return _answer(Verdict.RETRY, error)
        except InvalidConfiguration as error:
            return _answer(Verdict.CONFIGURATION, error)
        except AnswerLost as error:
            return _answer(Verdict.UNKNOWN, error)
        try:
            return self._translator.parse(prepared.batch, response)
        except Exception as error:  # the provider may have the messages, so the outcome is unknown
            why = f"HTTP {response.status} was not understood ({type(error).__name__})"
            return _answer(Verdict.UNKNOWN, why)

    def close(self) -> None:
        self._transport.close()

    def look_up(self, batch: OutgoingBatch) -> LookupResult:
        """Read the provider's records page by page, until each recipient is found."""
        if self._inquiry is None:
            return LookupResult(reason=f"{self.name} cannot be asked")
        result = self._read_records(self._inquiry, batch)
        return replace(result, all_or_none=self._inquiry.all_or_none)

    def _read_records(self, inquiry: Inquiry, batch: OutgoingBatch) -> LookupResult:
        found: dict[int, str] = {}
        question: Question | None = inquiry.first_question(batch)
        newest_at: datetime | None = None
        for _ in range(MAX_PAGES):
            if question is None or len(found) == len(batch.recipients):
                return LookupResult(found=found, is_complete=True, read_at=newest_at)
            try:
                response = self._transport.call(question)
            except (ProviderUnreachable, AnswerLost, InvalidConfiguration) as error:
                return LookupResult(found=found, reason=str(error))
            if response.status != 200:
                why = f"HTTP {response.status} when asked what it has"
                return LookupResult(found=found, reason=why, retry_after=http.retry_after(response))
            try:
                page = inquiry.read(batch, question, response)
            except Exception as error:  # an unreadable page proves nothing
                why = f"its records were not understood ({type(error).__name__})"
                return LookupResult(found=found, reason=why)
            newest_at = response.dated
            has_lost_ids = page.is_check and page.found.keys() - found.keys()
            found |= page.found
            if has_lost_ids:
                why = "its records name some only when they are asked for by address"
                return LookupResult(found=found, reason=why)
            if "date" not in response.headers:  # without its clock absence proves nothing
                return LookupResult(found=found, reason="its answer has no Date")
            question = page.next
        return LookupResult(found=found, reason=f"there are more than {MAX_PAGES} pages of records")


def fetch(url: str, *, timeout: timedelta) -> bytes:
    """Send one GET and return the body. Raises OSError."""
    try:
        response = call_once(HttpRequest(method="GET", url=url), timeout=timeout)
    except (ProviderUnreachable, AnswerLost, InvalidConfiguration) as error:
        raise OSError(str(error)) from error
    if response.status != 200:
        raise OSError(f"HTTP {response.status}")
    return response.body


def _answer(verdict: Verdict, reason: object) -> Answer:
    return Answer(outcome=Outcome(verdict=verdict, reason=str(reason)))
