"""How a browser shows our pages and mails."""
