"""What a browser makes of our pages and mails."""
