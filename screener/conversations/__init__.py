"""Callers and agents who talk, whatever phone system says so: which of them are listened to, and by which legs.

::

    pbx, freeswitch ── who talks ──► ongoing ── what to do ──► the legs that they dial, and calls/
"""
