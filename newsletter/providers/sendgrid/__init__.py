"""SendGrid."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:SendGrid", lookup="check:SendGridInquiry", events="events:SendGrid")
