"""Sources on the network."""
