"""The few things that know everything: what is built of what, the clock that says when, the log."""
