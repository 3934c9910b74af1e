"""Certificates like those that the role room_registry makes, for tests."""

from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def named(name: str) -> x509.Name:
    """Return a distinguished name with only a common name."""
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def alternative(name: str) -> x509.GeneralName:
    """Return a host name or an IP address as a subject alternative name."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """A certificate authority. pem: its certificate.

    Its certificate and those that it issues are valid for ten days.
    """

    def __init__(self, name: str, until: datetime) -> None:
        self.name, self.key = named(name), ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.signed(self.name, self.key, until, None)
        self.pem = self.certificate.public_bytes(Encoding.PEM).decode()

    def signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        until: datetime,
        names: list[x509.GeneralName] | None,
    ) -> x509.Certificate:
        """Return a signed certificate. names: those of its subject; None for an authority's."""
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - timedelta(days=10))
            .not_valid_after(until)
        )
        if names is None:
            constraints = x509.BasicConstraints(ca=True, path_length=0)
            certificate = certificate.add_extension(constraints, critical=True)
        elif names:
            alternatives = x509.SubjectAlternativeName(names)
            certificate = certificate.add_extension(alternatives, critical=False)
        return certificate.sign(self.key, hashes.SHA256())

    def issue(self, *names: str, until: datetime) -> tuple[str, str]:
        """Return a certificate for names or addresses, and its private key, both as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [alternative(name) for name in names]
        certificate = self.signed(named("registry"), key, until, alternatives)
        private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return certificate.public_bytes(Encoding.PEM).decode(), private_key.decode()
