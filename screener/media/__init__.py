"""Audio: wire formats (pure), recordings, sound cues, and the one event loop that moves all RTP."""
