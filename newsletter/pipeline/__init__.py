"""The stages: one arrow of the flow each. They meet in the database, never in each other."""
