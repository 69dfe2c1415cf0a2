"""Email providers: one package for each, all on the shared HTTP transport."""
