#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Make the keys and certificates of the room's registry."""

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_certificates
short_description: Make a registry's own authority, and the certificate that it serves with
description:
  - Makes an authority for this one registry, and has it sign the registry's certificate. Both
    private keys are made on the host where the module runs, and never leave it.
  - What is there stays, but where it has to be renewed, cannot be read, or belongs to another key.
  - The certificates are valid from a week ago, since the clock of a lab machine may be behind.
requirements:
  - cryptography (Python, where the module runs; python3-cryptography in Debian)
options:
  directory:
    description: Where the files are, C(labocloud-ca.key), C(labocloud-ca.crt), C(labocloud.key)
      and C(labocloud.crt).
    type: path
    required: true
  host:
    description: What the authority's certificate calls the host.
    type: str
    required: true
  subject:
    description: The name or the IP address that the registry's certificate is for.
    type: str
    required: true
  group:
    description: The group that may read the registry's key.
    type: str
    required: true
  renew_ca:
    description: Whether the authority's certificate is made anew, for the key that it has.
    type: bool
    default: false
  renew:
    description: Whether the registry's certificate is made anew, for the key that it has.
    type: bool
    default: false
extends_documentation_fragment:
  - labocloud.room.attributes
attributes:
  idempotent:
    support: full
    details: Unless something is to be renewed.
"""

EXAMPLES = r"""
- name: Make the registry's certificates
  labocloud.room.registry_certificates:
    directory: /etc/docker/registry
    host: server
    subject: 192.0.2.10
    group: docker-registry
"""

RETURN = r"""
written:
  description: Names of the files that were written.
  returned: success
  type: list
  elements: str
"""

from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.labocloud.room.plugins.module_utils.files import content, write_whole

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

# Browsers and Go refuse a server's certificate that is valid for longer than 825 days.
_DAYS, _CA_DAYS = 825, 3650
_BEFORE = timedelta(days=7)
# A common name has no more characters (RFC 5280, appendix A.1).
_NAME_CHARACTERS = 64


def _name(text: str) -> x509.Name:
    """Return a distinguished name with only a common name, of as much of a text as it may have."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:_NAME_CHARACTERS])])


def _subject(text: str) -> x509.GeneralName:
    """Return a host's name or IP address as a certificate has it."""
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Pair:
    """A private key and its certificate, in two files. stem: their path, without a suffix."""

    def __init__(self, stem: Path) -> None:
        self.key_file = stem.with_suffix(".key")
        self.certificate_file = stem.with_suffix(".crt")
        self.written: list[str] = []
        self.key = self._stored_key() or self._new_key()
        self.identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        self.certificate = self._stored_certificate()

    def _write(self, file: Path, data: bytes, mode: int) -> None:
        """Write a file. Raises OSError."""
        write_whole(file, data, mode)
        self.written.append(file.name)

    def _stored_key(self) -> ec.EllipticCurvePrivateKey | None:
        """Return the key that is there, None where none is that can be used. Raises OSError."""
        try:
            key = serialization.load_pem_private_key(content(self.key_file), None)
        # It is no PEM, has a password, or is of a kind that this library does not know.
        except (FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):
            return None
        return key if isinstance(key, ec.EllipticCurvePrivateKey) else None

    def _new_key(self) -> ec.EllipticCurvePrivateKey:
        """Make a key, write it, and return it. Raises OSError."""
        key = ec.generate_private_key(ec.SECP384R1())
        data = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._write(self.key_file, data, 0o600)
        return key

    def _stored_certificate(self) -> x509.Certificate | None:
        """Return the certificate that is there, None where none is for the key. Raises OSError."""
        try:
            stored = x509.load_pem_x509_certificate(content(self.certificate_file))
            of = x509.SubjectKeyIdentifier.from_public_key(stored.public_key())
        except (FileNotFoundError, ValueError, UnsupportedAlgorithm):
            return None
        return stored if of == self.identifier else None

    def certify(
        self,
        name: x509.Name,
        days: int,
        ca: Pair,
        *extensions: tuple[x509.ExtensionType, bool],
    ) -> None:
        """Have an authority sign a certificate for this key, and write it. Raises OSError.

        days: for how long it is valid. ca: has a certificate, or is this pair itself. extensions:
        each with whether it is critical.
        """
        issuer = ca.certificate.subject if ca.certificate and ca is not self else name
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BEFORE)
            .not_valid_after(now + timedelta(days=days))
        )
        by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca.identifier)
        for extension, is_critical in ((self.identifier, False), (by, False), *extensions):
            builder = builder.add_extension(extension, critical=is_critical)
        self.certificate = builder.sign(ca.key, hashes.SHA256())
        data = self.certificate.public_bytes(serialization.Encoding.PEM)
        self._write(self.certificate_file, data, 0o644)


def _usage(*purposes: str) -> x509.KeyUsage:
    """Return what a key may be used for, by the names that cryptography gives the purposes."""
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in purposes for name in names})


def make(directory: Path, host: str, subject: str, renew_ca: bool, renew: bool) -> list[str]:
    """Make what is missing or to be renewed, and return the names of the files that were written.

    The arguments are the module's. Raises OSError.
    """
    ca, own = Pair(directory / "labocloud-ca"), Pair(directory / "labocloud")
    is_new = renew_ca or not ca.certificate
    if is_new:
        ca.certify(
            *(_name(f"labocloud, registry {host}"), _CA_DAYS, ca),
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (_usage("key_cert_sign"), True),
        )
    if is_new or renew or not own.certificate:
        own.certify(
            *(_name(subject), _DAYS, ca),
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage("digital_signature"), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (x509.SubjectAlternativeName([_subject(subject)]), False),
        )
    return ca.written + own.written


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "host": {"type": "str", "required": True},
            "subject": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
            "renew_ca": {"type": "bool", "default": False},
            "renew": {"type": "bool", "default": False},
        },
    )
    if not HAS_CRYPTOGRAPHY:
        module.fail_json(msg=missing_required_lib("cryptography"))
    names = ("host", "subject", "renew_ca", "renew")
    directory = Path(module.params["directory"])
    try:
        written = make(directory, *(module.params[name] for name in names))
        key = str(directory / "labocloud.key")
        is_shared = module.set_group_if_different(key, module.params["group"], bool(written))
        changed = module.set_mode_if_different(key, "0640", is_shared)
    except OSError as error:
        module.fail_json(msg=f"the registry's certificates cannot be made: {error}")
    module.exit_json(changed=changed, written=written)


if __name__ == "__main__":
    main()
