"""What is in a press release, line by line: title, date, embargo, text, and what is furniture."""
