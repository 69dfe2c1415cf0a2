"""Sources that are visited over the network."""
