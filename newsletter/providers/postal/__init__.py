"""Postal, a mail server that an organisation hosts itself."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Postal", check="", events="events:Postal")
