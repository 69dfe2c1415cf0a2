"""Postmark."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Postmark", lookup="send:PostmarkInquiry", events="events:Postmark")
