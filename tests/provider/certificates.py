"""Which TLS does the provider speak? Server contexts of one authority, good and otherwise (U003).

A Provider without TLS, called with https, is plaintext on an https port; with `to_tls=OLD_TLS` it
is a server that knows nothing newer than TLS 1.1.
"""

import datetime
import ssl
from pathlib import Path

import trustme

# RFC 8446, 5.1 and 6: a record of type 21 holding the fatal alert 70, protocol_version.
OLD_TLS = bytes([21, 3, 1, 0, 2, 2, 70])
_YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


class Certificates:
    """An authority, its certificate in `ca_file`; methods give contexts for a Provider."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.ca_file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))

    def good(self) -> ssl.SSLContext:
        """Valid for 127.0.0.1 and localhost, for whoever trusts `ca_file`."""
        return _context(self._authority.issue_cert("127.0.0.1", "localhost"))

    def expired(self) -> ssl.SSLContext:
        """As the good one was until yesterday."""
        return _context(self._authority.issue_cert("127.0.0.1", "localhost", not_after=_YESTERDAY))

    def wrong_host(self) -> ssl.SSLContext:
        """Valid, for another host."""
        return _context(self._authority.issue_cert("elsewhere.example"))

    def unknown_authority(self) -> ssl.SSLContext:
        """Valid, issued by an authority that is in no file."""
        return _context(trustme.CA().issue_cert("127.0.0.1", "localhost"))

    def self_signed(self) -> ssl.SSLContext:
        """Issued by itself; its key is written beside `ca_file`."""
        own = trustme.CA()
        key_file, certificate_file = self._folder / "own.key", self._folder / "own.pem"
        own.private_key_pem.write_to_path(str(key_file))
        own.cert_pem.write_to_path(str(certificate_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate_file, key_file)
        return context


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
