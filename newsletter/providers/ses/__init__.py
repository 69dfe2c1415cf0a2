"""Amazon SES, and SNS, through which its events come."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Ses", signs=True, events="events:Ses", by_topics=True)
