"""The database's file and the files next to it: locks, backups, keys, the guard file."""
