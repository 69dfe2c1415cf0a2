"""Recognise the parts of a press release line by line: title, date, embargo, text, furniture."""
