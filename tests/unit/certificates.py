"""Certificates as the role room_registry has them made, for the tests to change."""

from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def named(name: str) -> x509.Name:
    """Give a name as certificates have it."""
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def alternative(name: str) -> x509.GeneralName:
    """Give a name, or an address, that a certificate is for."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """A CA: pem, its certificate. It, and what it issues, is valid from ten days before its end."""

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
        """Give a certificate for names, or, where that is None, for an authority."""
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - timedelta(days=10))
            .not_valid_after(until)
        )
        if names is None:
            made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        elif names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(self.key, hashes.SHA256())

    def issue(self, *names: str, until: datetime) -> tuple[str, str]:
        """Give a certificate for names or addresses, and its key, both in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self.signed(named("registry"), key, until, [alternative(name) for name in names])
        hidden = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return made.public_bytes(Encoding.PEM).decode(), hidden.decode()
