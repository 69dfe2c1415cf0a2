"""Brevo, whose API takes up to 1,000 messages a call, each as a version of one message."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Brevo", lookup="send:BrevoInquiry", events="events:Brevo")
