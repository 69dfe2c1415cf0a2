"""The built-in provider for trials: it writes messages to a folder and delivers none."""

from newsletter.providers.kind import Kind

KIND = Kind(options="options:Options", factory="send:make_outbox")
