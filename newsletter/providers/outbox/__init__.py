"""The embedded provider, for trying out: it delivers nothing."""

from newsletter.providers.kind import Kind

KIND = Kind(options="options:Options", whole="send:in_workspace", check="send:probes")
