"""Assembles a workspace's services, and runs them: wiring, scheduler, workers, log."""
