"""Which addresses this server may connect to. What a name stands for is looked up when it does, and judged again.

Somebody names an address (a manager a webhook's, a file an image's) and this server connects to it: without a rule that
would be a way into the operator's own network. Anything that is not on the public internet is refused unless the
operator has named it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

_NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Reach:
    """What the operator has named: host names, and networks."""

    hosts: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]

    def is_named(self, host: str) -> bool:
        """Whether the host, or the network of an address that stands for one, is named by the operator."""
        if host in self.hosts:
            return True
        literal = address_in(host)
        return literal is not None and self.holds(literal)

    def may_connect(self, host: str, address: Address) -> bool:
        """Whether ``host`` may be reached at ``address``, where a name that is named may stand for any."""
        return host in self.hosts or self.holds(address) or is_public(address)

    def holds(self, address: Address) -> bool:
        """Whether it lies in a network that is named."""
        return any(address.version == network.version and address in network for network in self.networks)


def reach_from(words: Iterable[str]) -> Reach:
    """The operator's list: host names, addresses and networks. Raises ValueError for what is a broken network."""
    hosts, networks = set(), []
    for word in words:
        if "/" in word or address_in(word) is not None:
            networks.append(ip_network(word.strip("[]"), strict=False))
        else:
            hosts.add(word.lower().rstrip("."))
    return Reach(frozenset(hosts), tuple(networks))


def whole_parts(url: str) -> SplitResult | None:
    """The parts of an address by http or https, in plain characters; None for what is none."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.scheme in ("https", "http") and parts.port != 0
    except ValueError:
        return None
    if not is_whole or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    return parts


def host_of(parts: SplitResult) -> str:
    """In lower case, without the dot that may end it."""
    return (parts.hostname or "").lower().rstrip(".")


def address_in(host: str) -> Address | None:
    """The address that ``host`` is, if it is one and no name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether it is somewhere on the internet; an address within another is judged by the inner one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or _inner(address)
        if inner is not None:
            return is_public(inner)
        # Tunnels lead on to an address that is written within.
        if address.sixtofour is not None or address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
