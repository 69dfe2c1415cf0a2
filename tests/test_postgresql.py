"""The PostgreSQL server that tests share."""

import psycopg
import pytest

from tests.postgresql import PASSWORD, Server


def test_it_asks_for_the_password_over_tcp_and_not_over_its_socket(postgresql: Server) -> None:
    with psycopg.connect(postgresql.url("postgres")) as connection:
        assert connection.info.server_version >= 150000
    with psycopg.connect(postgresql.tcp_url("postgres"), password=PASSWORD) as connection:
        assert connection.info.host == "127.0.0.1"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgresql.tcp_url("postgres"), password="wrong")
