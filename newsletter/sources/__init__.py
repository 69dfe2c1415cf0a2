"""The sources of statements: a folder, feeds, and the desk."""
