"""From what providers tell to what is known of readers."""
