"""Which addresses a webhook may have. What a name stands for is looked up when something is sent, and judged again.

A manager names an address and this server connects to it: without a rule that would be a way into the operator's own
network. Anything that is not on the public internet is refused unless the operator has named it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext

from annotate.errors import Rejected

LONGEST = 500
_NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Reach:
    """What the operator allows besides public addresses over TLS: host names, and networks."""

    hosts: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]

    def is_named(self, host: str) -> bool:
        """Whether the host, or the network of an address that stands for one, is named by the operator."""
        if host in self.hosts:
            return True
        literal = address_in(host)
        return literal is not None and self._holds(literal)

    def may_connect(self, host: str, address: Address) -> bool:
        """Whether ``host`` may be reached at ``address``, which its name has been found to stand for."""
        return host in self.hosts or self._holds(address) or is_public(address)

    def _holds(self, address: Address) -> bool:
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


def checked_url(url: str, reach: Reach) -> str:
    """The address, stripped; Rejected where nothing may ever be sent to it. No name is looked up."""
    url = url.strip()
    parts = parts_of(url)
    host = host_of(parts)
    if parts.scheme == "http" and not reach.is_named(host):
        raise _rejected(gettext("must begin with https://; the operator allows no other to %(host)s."), host)
    literal = address_in(host)
    if literal is not None and not reach.may_connect(host, literal):
        raise _rejected(gettext("%(host)s is no public address, and the operator has not named it."), host)
    return url


def parts_of(url: str) -> SplitResult:
    """Rejected for what is no address of a webhook at all."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.scheme in ("https", "http") and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Rejected(gettext("is no address such as https://example.org/hook."), field="url")
    if len(url) > LONGEST:
        raise Rejected(gettext("is longer than 500 characters."), field="url")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Rejected(gettext("may hold no user name, password or fragment."), field="url")
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


def shown(url: str) -> str:
    """What may be seen of an address later: where it leads, and not what may be a key in its path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…" if len(parts.path) > 1 or parts.query else url


def _inner(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


def _rejected(reason: str, host: str) -> Rejected:
    return Rejected(reason % {"host": host}, field="url")
