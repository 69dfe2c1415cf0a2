"""Mailtrap's bulk stream."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Mailtrap", lookup="send:MailtrapInquiry", events="events:Mailtrap")
