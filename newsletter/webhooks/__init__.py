"""What providers post to us: one file a provider, translators without input or output."""
