"""The file of the database and what lies beside it: locks, copies, keys, witnesses."""
