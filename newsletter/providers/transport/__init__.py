"""One HTTP call, made once, within its deadline."""
