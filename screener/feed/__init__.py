"""What goes on in the running calls, told to whoever watches. Nothing here delays a call."""
