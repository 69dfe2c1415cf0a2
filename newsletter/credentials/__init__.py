"""Proofs of identity: passwords, one-time codes, recovery codes, tokens of links."""
