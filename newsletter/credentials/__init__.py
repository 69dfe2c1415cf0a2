"""What proves who somebody is: passwords, one-time codes, recovery codes, words of links."""
