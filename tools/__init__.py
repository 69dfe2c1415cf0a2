"""What whoever works on the code runs, and nobody else: none of it is in the wheel."""
