"""Commands about the workspace itself: its start, its settings, its database, its health."""
