"""The people: who they are, what they chose, and how they leave without a trace."""
