"""The IP addresses to which a call may go if an outsider may have chosen the host.

The host is resolved once, each address is checked, and the connection goes to a checked address. A
later change of the DNS has no effect.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from newsletter.domain.errors import NewsletterError
from newsletter.transport.transport import Resolve, resolve


class AddressRefused(NewsletterError):
    """A call to this host is refused: it has no address, or a forbidden one."""


Address = IPv4Address | IPv6Address

_PRIVATE_NETWORKS = [
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10"),
        *("::1/128", "fc00::/7"),
    )
]
"""This machine and private networks, which the setting ``allow_private`` allows."""

_FORBIDDEN_NETWORKS = [
    ip_network(text)
    for text in (
        # metadata services of clouds, which give out credentials
        *("169.254.0.0/16", "fe80::/10", "168.63.129.16/32", "100.100.100.200/32"),
        "fd00:ec2::/32",
        # reserved, multicast, documentation, tests, and tunnels into other networks
        *("0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
]
_PUBLIC_IPV6 = ip_network("2000::/3")
_NAT64_NETWORK = ip_network("64:ff9b::/96")


def refusal_reason(text: str, *, allow_private: bool) -> str:
    """Return why an IP address may not be called, or ""."""
    # without the zone of a link-local one: fe80::1%eth0
    address = _ipv4_within(ip_address(text.partition("%")[0]))
    if _is_within(address, _FORBIDDEN_NETWORKS):
        return f"{text} is not an address that may be called"
    if _is_within(address, _PRIVATE_NETWORKS):
        if allow_private:
            return ""
        return f"{text} is in a private network; write allow_private: true if that is meant"
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return f"{text} is not an address that may be called"
    return ""


def is_private(text: str) -> bool:
    """Return whether an IP address is on this machine or in a private network."""
    return _is_within(_ipv4_within(ip_address(text.partition("%")[0])), _PRIVATE_NETWORKS)


def _ipv4_within(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address contains, or else the address."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64_NETWORK:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_within(address: Address, networks: Sequence[object]) -> bool:
    return any(address in network for network in networks)  # type: ignore[operator]


def checked_addresses(
    host: str, port: int, *, is_secure: bool, allow_private: bool, resolve: Resolve = resolve
) -> Sequence[str]:
    """Return all IP addresses of a host. Raises AddressRefused."""
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise AddressRefused(
            f"there is no {host}, or no network; look whether its url is spelled right"
        )
    for address in found:
        if reason := refusal_reason(address, allow_private=allow_private):
            raise AddressRefused(f"{host} is refused: {reason}")
    if not is_secure and not all(map(is_private, found)):
        raise AddressRefused(
            f"http://{host} is not encrypted, so anybody on the way could change what is said;"
            " write https://"
        )
    return found
