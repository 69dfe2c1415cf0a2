"""From approvals to campaigns, and a person's hand on them."""
