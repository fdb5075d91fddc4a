"""SRTP and SRTCP (RFC 3711, 7714) of one call, on libsrtp: what goes out is sealed, what comes is opened."""

import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from pylibsrtp import Error, Policy, Session


class Suite(StrEnum):
    """Crypto suites by their names in SDP (RFC 4568 6.2, RFC 7714 14.2)."""

    AES_CM_128_HMAC_SHA1_80 = "AES_CM_128_HMAC_SHA1_80"
    AES_CM_128_HMAC_SHA1_32 = "AES_CM_128_HMAC_SHA1_32"
    AEAD_AES_128_GCM = "AEAD_AES_128_GCM"
    AEAD_AES_256_GCM = "AEAD_AES_256_GCM"

    @property
    def key_bytes(self) -> int:
        """Length of master key and master salt together."""
        return _KEY_BYTES[self]


_KEY_BYTES = {
    Suite.AES_CM_128_HMAC_SHA1_80: 16 + 14,
    Suite.AES_CM_128_HMAC_SHA1_32: 16 + 14,
    Suite.AEAD_AES_128_GCM: 16 + 12,
    Suite.AEAD_AES_256_GCM: 32 + 12,
}
_PROFILES = {
    Suite.AES_CM_128_HMAC_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    Suite.AES_CM_128_HMAC_SHA1_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    Suite.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    Suite.AEAD_AES_256_GCM: Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}


@dataclass(frozen=True, slots=True)
class MasterKey:
    """What one side encrypts with.

    Attributes:
        secret: master key and master salt.
    """

    suite: Suite
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, suite: Suite) -> "MasterKey":
        """A key that nobody has had."""
        return cls(suite, secrets.token_bytes(suite.key_bytes))


@dataclass(frozen=True, slots=True)
class Keys:
    """Of both sides of a call."""

    ours: MasterKey
    theirs: MasterKey


class Srtp:
    """Both directions of one call. What was altered, sealed with another key or sent again is not opened."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._outbound = _session(keys.ours, Policy.SSRC_ANY_OUTBOUND)
        self._inbound = _session(keys.theirs, Policy.SSRC_ANY_INBOUND)

    def rekey(self, keys: Keys) -> None:
        """Other keys from now on; a side whose key stays goes on as it was, with its count of packets."""
        if keys.ours != self._keys.ours:
            self._outbound = _session(keys.ours, Policy.SSRC_ANY_OUTBOUND)
        if keys.theirs != self._keys.theirs:
            self._inbound = _session(keys.theirs, Policy.SSRC_ANY_INBOUND)
        self._keys = keys

    def seal(self, packet: bytes) -> bytes:
        """An RTP packet of ours as it may be sent."""
        return self._outbound.protect(packet)

    def seal_control(self, packet: bytes) -> bytes:
        """An RTCP packet of ours as it may be sent."""
        return self._outbound.protect_rtcp(packet)

    def open(self, packet: bytes) -> bytes | None:
        """The RTP packet within; None when it is not the peer's."""
        try:
            return self._inbound.unprotect(packet)
        except (Error, ValueError):  # the second: too long to be one
            return None

    def open_control(self, packet: bytes) -> bytes | None:
        """The RTCP packet within; None when it is not the peer's."""
        try:
            return self._inbound.unprotect_rtcp(packet)
        except (Error, ValueError):
            return None


def _session(key: MasterKey, direction: int) -> Session:
    return Session(Policy(key.secret, direction, srtp_profile=_PROFILES[key.suite]))
