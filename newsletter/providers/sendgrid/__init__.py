"""SendGrid."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:SendGrid", lookup="send:SendGridInquiry", events="events:SendGrid")
