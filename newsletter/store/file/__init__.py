"""The database's file and the files next to it: locks, copies, keys, the guard file."""
