"""A certificate authority of the tests' own: certificates for loopback, good, expired or not yet good."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs whatever it is asked to.

    Args:
        folder: where the files are put; `ca.pem` is its own.
    """

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Authority {name}")])
        made = self._builder(self._name, self._key.public_key(), -DAY, 3650 * DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        signs = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        made = made.add_extension(signs, critical=True)
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(
            made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )

    def issue(
        self,
        name: str,
        *also: str,
        begins: timedelta = -DAY,
        ends: timedelta = 90 * DAY,
        file: str = "",
    ) -> Issued:
        """A certificate and its key, in `NAME.pem` and `NAME.key`.

        Args:
            name: of its owner.
            also: addresses and names that it is good for.
            begins, ends: from now.
            file: beginning of the files' names; empty takes the name.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        owner = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = self._builder(owner, key.public_key(), begins, ends)
        names = x509.SubjectAlternativeName([_general(text) for text in (name, *also)])
        made = made.add_extension(names, critical=False)
        issued = Issued(self._folder / f"{file or name}.pem", self._folder / f"{file or name}.key")
        issued.certificate.write_bytes(
            made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        issued.key.write_bytes(secret)
        issued.key.chmod(0o600)
        return issued

    def _builder(
        self, owner: x509.Name, key: ec.EllipticCurvePublicKey, begins: timedelta, ends: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return x509.CertificateBuilder(
            self._name, owner, key, x509.random_serial_number(), now + begins, now + ends
        )


def _general(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
