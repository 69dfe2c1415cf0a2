"""All sending at the desk: stopped, and resumed."""
