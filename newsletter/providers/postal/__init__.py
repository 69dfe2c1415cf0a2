"""Postal, on a server of one's own."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Postal", check="", events="events:Postal")
