"""SendGrid."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:SendGrid", lookup="lookup:SendGridInquiry", events="events:SendGrid")
