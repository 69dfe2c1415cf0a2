"""Postmark."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Postmark", lookup="check:PostmarkInquiry", events="events:Postmark")
