"""The database. No other package contains SQL."""
