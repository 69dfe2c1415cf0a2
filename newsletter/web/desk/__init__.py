"""The desk: the pages on which the staff write, approve, send and watch."""
