"""What files that people write have in common: their characters, YAML's values, dates and times."""
