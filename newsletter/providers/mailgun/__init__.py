"""Mailgun, which merges a message for many recipients by itself."""

from newsletter.providers.kind import Kind

KIND = Kind(
    translator="send:Mailgun",
    lookup="check:MailgunInquiry",
    events="events:Mailgun",
)
