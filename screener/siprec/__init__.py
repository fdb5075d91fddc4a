"""What a recording session says of the call that it records (RFC 7865): pure, no socket and no clock."""
