"""Brevo, whose API takes whole messages, each a version of one call."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Brevo", lookup="check:BrevoInquiry", events="events:Brevo")
