"""The database: no other package knows SQL."""
