"""Mailjet."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Mailjet", events="events:Mailjet")
