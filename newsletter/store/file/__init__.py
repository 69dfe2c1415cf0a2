"""The file of the database and what lies beside it: locks, copies, keys, the guard file."""
