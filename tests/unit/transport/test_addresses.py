"""A feed can only be where anybody could go, unless the operator says otherwise."""

from newsletter.transport.addresses import is_private, refusal_reason
from tests.rows import rows

OWN = (
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.8.8.8"),
    *("100.64.0.1", "::1", "fc00::1", "fdff::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"),
)
NEVER = (
    "0.0.0.0",  # noqa: S104 – nobody listens here
    *("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fe80::1"),
    *("fe80::1%eth0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1"),
    *("198.18.0.1", "::", "ff02::1", "2001:db8::1", "2002:7f00:1::", "2001::1", "64:ff9b:1::1"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fec0::1", "::127.0.0.1", "3fff::1"),
)
PUBLIC = ("93.184.215.14", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "172.32.0.1")


@rows("address", OWN)
def test_private_addresses_are_refused_unless_they_are_meant(address: str) -> None:
    assert "allow_private: true" in refusal_reason(address, allow_private=False)
    assert refusal_reason(address, allow_private=True) == ""
    assert is_private(address)


@rows("address", NEVER)
def test_where_clouds_keep_keys_and_where_nobody_is_no_feed_can_be(address: str) -> None:
    for allow_private in (False, True):
        assert "not an address that may be called" in refusal_reason(
            address, allow_private=allow_private
        )


@rows("address", PUBLIC)
def test_everybody_elses_addresses_are_allowed(address: str) -> None:
    assert refusal_reason(address, allow_private=False) == ""
    assert not is_private(address)
