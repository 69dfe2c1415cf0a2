"""What every page is served by: forms, limits, connections."""
