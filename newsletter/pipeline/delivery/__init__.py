"""From batches to outcomes, whatever happens in between."""
