"""Audio: wire formats (pure), recordings, and the one event loop that moves all RTP."""
