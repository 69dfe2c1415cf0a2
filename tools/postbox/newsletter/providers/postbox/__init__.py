"""Postbox."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Postbox")
