"""One HTTP client for providers and feeds: each call is made once, within its deadline."""
