"""Plans and starts campaigns, reports on them, and lets people control them."""
