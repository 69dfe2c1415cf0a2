"""Commands about those who may act, and about what they did."""
