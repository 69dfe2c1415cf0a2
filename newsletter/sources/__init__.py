"""Where statements and subscribers come from."""
