"""Calls behind a SIP proxy (Kamailio) with rtpengine: who talks, both voices as streams, a REFER to the caller.

::

    Kamailio ── its list of dialogs ──► dialogs ── begun, over ──► watch ──► the service
    rtpengine ◄── ng: subscribe ── rtpengine ◄── watch          mover ── REFER ──► Kamailio ──► the caller
"""
