"""Events of providers, and the delivery statuses that they prove."""
