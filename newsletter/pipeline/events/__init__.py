"""From providers' events to delivery states and suppressions."""
