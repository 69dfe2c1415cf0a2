"""Postmark."""

from newsletter.providers.kind import Kind

KIND = Kind(
    translator="send:Postmark",
    lookup="lookup:PostmarkInquiry",
    events="events:Postmark",
    history="history:PostmarkListing",
    listed="events:event",
)
