"""Resend."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Resend", events="events:Resend")
