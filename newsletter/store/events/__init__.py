"""What providers tell later."""
