"""Brevo, whose API takes whole messages, each a version of one call."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Brevo", lookup="lookup:BrevoInquiry", events="events:Brevo")
