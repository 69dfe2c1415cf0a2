"""Tables, their kinds of value, and the steps from one version to the next."""
