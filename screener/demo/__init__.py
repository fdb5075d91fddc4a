"""A whole call centre on loopback: callers that speak, an agent that answers, and a screen to watch it on."""
