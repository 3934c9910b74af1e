"""Filters for OpenPGP keys."""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from pysequoia import Cert


def openpgp_fingerprints(text: str) -> list[str]:
    """Give the fingerprints, in capitals, of the primary keys that armored text holds.

    Raises AnsibleFilterError where the text holds no key.
    """
    try:
        keys = Cert.split_bytes(text.encode())
    except Exception as error:  # the library raises bare RuntimeErrors, with a stack trace as text
        reason = str(error).splitlines()[0]
        raise AnsibleFilterError(f"this is no OpenPGP key ({reason})") from error
    if not keys:
        raise AnsibleFilterError("this is no OpenPGP key (there is none in it)")
    return [key.fingerprint.upper() for key in keys]


class FilterModule:
    """The filters, as Ansible looks for them."""

    def filters(self) -> dict[str, Callable[[str], list[str]]]:
        """Give the filters by name."""
        return {"openpgp_fingerprints": openpgp_fingerprints}
