"""Mailgun, which merges a message for many recipients by itself."""

from newsletter.providers.kind import Kind

KIND = Kind(
    translator="send:Mailgun",
    lookup="lookup:MailgunInquiry",
    events="events:Mailgun",
    history="history:MailgunListing",
    listed="events:event",
)
