"""The stored ports, by SQLAlchemy Core."""
