"""What each provider is asked, before any mail leaves, to prove its key and the sending domain."""
