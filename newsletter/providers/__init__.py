"""Outside services that send for us: one file a provider, each on the shared transport."""
