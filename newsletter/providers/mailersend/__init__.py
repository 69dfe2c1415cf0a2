"""MailerSend."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:MailerSend", events="events:MailerSend")
