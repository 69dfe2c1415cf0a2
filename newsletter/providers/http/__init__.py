"""Any other provider, described in YAML."""

from newsletter.providers.kind import Kind

KIND = Kind(options="description:Options", translator="send:Described", check="description:probes")
