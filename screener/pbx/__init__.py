"""Control of an Asterisk through its manager interface (AMI): follow calls, ask for listening legs, move callers.

::

    ami ── fields ──► messages ── who talks ──► conversations/ ── what to do ──► switchboard ──► the service
"""
