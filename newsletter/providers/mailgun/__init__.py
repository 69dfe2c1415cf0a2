"""Mailgun, which fills in the merge fields of each recipient itself."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Mailgun", lookup="send:MailgunInquiry", events="events:Mailgun")
