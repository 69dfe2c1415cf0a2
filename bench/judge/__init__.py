"""The finished mail before judges of other authors; docs/rendering.md says which, and why."""
