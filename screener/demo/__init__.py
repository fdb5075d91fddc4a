"""What is made up, to be looked at and measured: a whole call centre on loopback, a log of years."""
