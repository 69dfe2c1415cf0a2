"""The finished mail before judges that nobody here wrote; docs/rendering.md says which, and why."""
