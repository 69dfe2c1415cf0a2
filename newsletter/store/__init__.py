"""The database, by SQLAlchemy Core: nobody else knows SQL."""
