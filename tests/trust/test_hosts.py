"""Odd machines: the same weights. The times are those of tests/trust/run hosts."""

import pytest
from trust import hosts


@pytest.fixture(scope="module")
def expected():
    return hosts.run_one("plain")[0]


@pytest.mark.parametrize("name", [name for name in hosts.SHORT if name != "plain"])
def test_the_same_weights(name, expected):
    if hosts.HOSTS[name].missing():
        pytest.skip(hosts.HOSTS[name].missing())
    assert hosts.run_one(name)[0] == (expected if hosts.HOSTS[name].refused is None else hosts.REFUSED)
