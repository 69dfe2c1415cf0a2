"""Outside services that send for us: one package a provider, each on the shared transport."""
