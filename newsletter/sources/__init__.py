"""Where statements come from: a folder, feeds, and the desk."""
