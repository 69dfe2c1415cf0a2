"""Commands that send, and that stop sending."""
