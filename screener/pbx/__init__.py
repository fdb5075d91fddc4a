"""Control of the PBX itself (Asterisk by AMI)."""
