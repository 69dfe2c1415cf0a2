"""Everything that knows the whole: wiring, scheduler, log."""
