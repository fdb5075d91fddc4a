"""FreeSWITCH's event socket: follows calls, has legs dialled by `eavesdrop`, moves callers by `uuid_transfer`."""
