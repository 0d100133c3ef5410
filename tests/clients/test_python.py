"""requests, urllib3, httpx, aiohttp and http.client: pools, streams, uploads of unknown length, redirects."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx
import pytest
import requests
import urllib3

from tests.clients.application import digest
from tests.clients.conftest import FILE
from wsgiserve.testing import TestServer

BODY = b"0123456789abcdef" * 20_000
SECONDS = 60


def pieces() -> Iterator[bytes]:
    for at in range(0, len(BODY), 7000):
        yield BODY[at : at + 7000]


def test_requests_keeps_its_connection(server: TestServer) -> None:
    with requests.Session() as session:
        ports = {session.get(server.url("/echo"), timeout=SECONDS).json()["port"] for _ in range(20)}
    assert len(ports) == 1


def test_requests_uploads_what_it_knows_no_length_of(server: TestServer) -> None:
    echo = requests.post(server.url("/echo"), data=pieces(), timeout=SECONDS).json()
    assert (echo["encoding"], echo["length"], echo["sha256"]) == ("chunked", str(len(BODY)), digest(BODY))


def test_requests_reads_a_stream_and_keeps_the_connection(server: TestServer) -> None:
    with requests.Session() as session:
        with session.get(server.url("/stream"), stream=True, timeout=SECONDS) as answer:
            lines = [line for line in answer.iter_lines(100) if line]
        assert lines == [str(number).encode() for number in range(20) for _ in range(1000)]
        assert session.get(server.url("/echo"), timeout=SECONDS).status_code == 200


def test_requests_follows_a_redirect_with_its_content(server: TestServer) -> None:
    echo = requests.put(server.url("/go"), data=BODY, timeout=SECONDS).json()
    assert (echo["method"], echo["sha256"]) == ("PUT", digest(BODY))


def test_requests_over_tls(secure: TestServer) -> None:
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(secure.url("/file"), verify=secure.ca, timeout=SECONDS).content == FILE


def test_a_pool_of_urllib3_gives_everybody_his_answer(server: TestServer) -> None:
    with urllib3.HTTPConnectionPool(server.host, server.port, maxsize=4, block=True, timeout=SECONDS) as pool:

        def ask(number: int) -> bool:
            body = f"body {number}".encode() * 100
            answer = pool.request("POST", "/echo", body=body, headers={"X-Name": str(number)})
            echo = answer.json()
            return (echo["name"], echo["sha256"]) == (str(number), digest(body))

        with ThreadPoolExecutor(16) as threads:
            assert all(threads.map(ask, range(200)))
        assert pool.num_connections <= 4


def test_urllib3_sees_that_it_is_refused_before_it_has_sent_all(server: TestServer) -> None:
    with urllib3.PoolManager(timeout=SECONDS) as pool:
        answer = pool.request("POST", server.url("/refuse"), body=BODY * 20, retries=False)
    assert (answer.status, answer.data) == (413, b"too much")


def test_httpx_streams_both_ways(server: TestServer) -> None:
    with httpx.Client(timeout=SECONDS) as client:
        echo = client.post(server.url("/echo"), content=pieces()).json()
        assert (echo["encoding"], echo["sha256"]) == ("chunked", digest(BODY))
        with client.stream("GET", server.url("/file")) as answer:
            assert b"".join(answer.iter_bytes()) == FILE
        assert client.get(server.url("/go"), follow_redirects=True).json()["method"] == "GET"


def test_httpx_over_tls(secure: TestServer) -> None:
    with httpx.Client(verify=ssl.create_default_context(cafile=secure.ca), timeout=SECONDS) as client:
        assert client.get(secure.url("/echo")).json()["protocol"] == "HTTP/1.1"


def test_aiohttp_asks_for_a_hundred_at_a_time(server: TestServer) -> None:
    async def ask_all() -> list[dict[str, str]]:
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:

            async def ask(number: int) -> dict[str, str]:
                data = f"{number}".encode() * 50
                async with session.post(server.url("/echo"), data=data, headers={"X-Name": str(number)}) as answer:
                    echo: dict[str, str] = await answer.json()
                    assert echo["sha256"] == digest(data)
                    return echo

            return await asyncio.gather(*map(ask, range(100)))

    assert [echo["name"] for echo in asyncio.run(ask_all())] == [str(number) for number in range(100)]


def test_aiohttp_uploads_from_a_generator(server: TestServer) -> None:
    async def upload() -> dict[str, str]:
        async def content() -> object:
            for piece in pieces():
                yield piece

        async with aiohttp.ClientSession() as session, session.post(server.url("/echo"), data=content()) as answer:
            echo: dict[str, str] = await answer.json()
            return echo

    echo = asyncio.run(upload())
    assert (echo["encoding"], echo["sha256"]) == ("chunked", digest(BODY))


@pytest.mark.parametrize("version", [10, 11])
def test_http_client_keeps_its_connection_as_its_version_does(server: TestServer, version: int) -> None:
    client = http.client.HTTPConnection(server.host, server.port, timeout=SECONDS)
    client._http_vsn, client._http_vsn_str = version, f"HTTP/1.{version - 10}"  # type: ignore[attr-defined]
    ports = set()
    for _ in range(3):
        client.request("POST", "/echo", BODY)
        response = client.getresponse()
        echo = json.loads(response.read())
        assert (echo["protocol"], echo["sha256"]) == (f"HTTP/1.{version - 10}", digest(BODY))
        ports.add(echo["port"])
    client.close()
    assert len(ports) == (3 if version == 10 else 1)


def test_http_client_encodes_chunks(server: TestServer) -> None:
    client = http.client.HTTPConnection(server.host, server.port, timeout=SECONDS)
    client.request("POST", "/echo", pieces(), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert json.loads(client.getresponse().read())["sha256"] == digest(BODY)
    client.close()
