"""What may a request look like? `[server]`, compiled."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from lmproxy.config import Config
from lmproxy.problems import Problem

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """How requests are read and answered.

    Attributes:
        hosts: `Host` names answered, lower-case, without port; empty: any.
        anybody: nobody needs a key, or a known one is enough. Then a page in a browser on this
            machine could ask too, by a name of its own for this address (DNS rebinding): without
            `hosts` only this machine's own names are answered, and pages only of `origins`.
        trusted: peers whose forwarded headers are believed.
        forwarded: headers of clients that go on to providers, lower-case.
    """

    max_body_bytes: int
    max_upload_bytes: int
    hosts: frozenset[str]
    trusted: tuple[Network, ...]
    route_header: bool
    stream_head_wait_s: float
    ping_interval_s: float
    forwarded: tuple[bytes, ...] = ()
    anybody: bool = False
    origins: frozenset[str] = frozenset()

    def serves(self, host: str) -> bool:
        """Whether requests with this `Host` header are answered."""
        if self.hosts:
            return _host_name(host) in self.hosts
        return not self.anybody or _is_own_name(_host_name(host))

    def hears(self, origin: str) -> bool:
        """Whether a page of this origin, `Origin`, may ask; only CORS says who may read."""
        if not self.anybody or not self.origins.isdisjoint(("*", origin)):
            return True
        return _is_own_name(_host_name(origin.partition("://")[2]))

    def address(self, peer: str | None, forwarded: Sequence[bytes]) -> str | None:
        """The client's address: the rightmost hop that is not a trusted proxy.

        Anything a peer that is not trusted says about it is ignored, and so is what is no address.

        Args:
            peer: who is connected to us.
            forwarded: the values of every `X-Forwarded-For`, in order: some proxies add a line of
                their own instead of a word to the line that is there (RFC 9110, 5.3).
        """
        if not forwarded or not self.is_trusted(peer):
            return peer
        for hop in reversed(b",".join(forwarded).decode("latin-1").split(",")):
            if not _is_address(hop.strip()):
                return peer
            if not self.is_trusted(hop.strip()):
                return hop.strip()
        return peer

    def is_trusted(self, peer: str | None) -> bool:
        """Whether `peer` is one of `trusted_proxies`."""
        if peer is None or not self.trusted or not _is_address(peer):
            return False
        address = ip_address(peer)
        return any(address in network for network in self.trusted)


def compile_http_policy(
    config: Config, forwarded: tuple[bytes, ...] = (), *, anybody: bool = False
) -> tuple[HttpPolicy, list[Problem]]:
    """The policy of `config` and everything wrong with it. `anybody`: no key keeps anybody out."""
    server = config.settings.server
    networks, problems = [], []
    for index, text in enumerate(server.trusted_proxies):
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError:
            path = ("server", "trusted_proxies", index)
            problems.append(config.problem(path, f"'{text}' is not an address or a network"))
    policy = HttpPolicy(
        max_body_bytes=server.max_body_bytes,
        max_upload_bytes=server.max_upload_bytes,
        hosts=frozenset(host.lower() for host in server.allowed_hosts),
        trusted=tuple(networks),
        route_header=server.route_header,
        stream_head_wait_s=server.stream_head_wait_s,
        ping_interval_s=server.ping_interval_s,
        forwarded=forwarded,
        anybody=anybody,
        origins=frozenset(server.allowed_origins),
    )
    return policy, problems


def _is_address(text: str) -> bool:
    """A zone (`fe80::1%eth0`) means something on its own machine only, and may be any text."""
    if "%" in text:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _host_name(host: str) -> str:
    """The name in a `Host` header, without its port, lower-case."""
    if host.startswith("["):
        return host[: host.find("]") + 1].lower()
    return host.partition(":")[0].lower()


def _is_own_name(name: str) -> bool:
    """Whether a host name is always this machine's own (RFC 6761, 6.3), whatever a DNS says."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = name.strip("[]")
    return _is_address(address) and ip_address(address).is_loopback
