"""Programs for work on the code: none of them is in the wheel."""
