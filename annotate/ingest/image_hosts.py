"""The hosts from which images are fetched that rows name by address: those on the operator's list, and no other.

A row is hostile: it names an address, and this server would connect to it. So a host is on the list or its images stay
addresses; a name on the list stands for public addresses alone, unless the operator has named the network of the other
ones as well; and what is fetched over no TLS anybody on the way could exchange, so that needs to be named, too.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urldefrag, urlsplit

from annotate.addresses import Address, Reach, address_in, host_of, is_public, reach_from, whole_parts
from annotate.errors import Rejected

# Before a name on the list: it may be asked without TLS.
WITHOUT_TLS = "http://"
_SCHEMES = ("http", "https")
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
# All that may stand in an address as it is; letters of other scripts and blanks are written as % and digits.
_PLAIN = string.punctuation


@dataclass(frozen=True, slots=True)
class ImageHosts:
    """``reach``: what the list names. ``without_tls``: the names among them that may be asked by plain http."""

    reach: Reach
    without_tls: frozenset[str]

    def is_listed(self, address: str) -> bool:
        """Whether an image's address leads to a host on the list, well formed or not."""
        try:
            parts = urlsplit(address)
            return parts.scheme in _SCHEMES and self.reach.is_named(host_of(parts))
        except ValueError:
            return False

    def parts_of(self, address: str) -> SplitResult:
        """What is asked for an image. Raises Rejected, without a field, for an address that may never be asked."""
        if not address.isprintable():
            raise Rejected("its address holds characters that no address has")
        parts = whole_parts(quote(urldefrag(address).url, safe=_PLAIN))
        if parts is None:
            raise Rejected("its address is none that begins with https://")
        if parts.username is not None or parts.password is not None:
            raise Rejected("its address holds a user name or password")
        if not self.reach.is_named(host_of(parts)):
            raise Rejected(f"{host_of(parts)} is not on the list of hosts")
        return parts

    def may_connect(self, host: str, address: Address) -> bool:
        """Whether a name on the list may be reached at ``address``: its being named opens no inner network."""
        return self.reach.holds(address) or is_public(address)

    def needs_tls(self, host: str, address: Address) -> bool:
        return not (host in self.without_tls or self.reach.holds(address))


def image_hosts_from(words: Iterable[str]) -> ImageHosts:
    """The operator's list. Raises ValueError for a word that is no host name, address or network."""
    named, without_tls = [], set()
    for word in words:
        name = word.removeprefix(WITHOUT_TLS)
        is_network = "/" in name or address_in(name) is not None
        is_name = _NAME.fullmatch(name) is not None and not is_network
        if not is_name and (word != name or not is_network):
            raise ValueError(f"{word!r} is no host name, address or network")
        named.append(name)
        if word != name:
            without_tls.add(name.lower().rstrip("."))
    return ImageHosts(reach_from(named), frozenset(without_tls))
