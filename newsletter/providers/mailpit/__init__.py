"""Mailpit, which shows mail to developers and delivers none."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Mailpit")
