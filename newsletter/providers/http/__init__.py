"""Any provider with an HTTP and JSON API, described by the operator in YAML."""

from newsletter.providers.kind import Kind

KIND = Kind(translator="send:Described")
