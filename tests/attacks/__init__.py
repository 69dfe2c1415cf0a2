"""Text that is made to be expensive to read, and what measures whether it is."""
