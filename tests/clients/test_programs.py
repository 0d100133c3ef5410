"""curl, wget and Node: what they do on the wire that libraries of Python do not."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.application import digest
from tests.clients.conftest import FILE
from tests.needed import needs
from wsgiserve.testing import TestServer

SECONDS = 120


def run(*words: str, data: bytes = b"") -> bytes:
    """What a program prints; it has to succeed."""
    needs(words[0])
    done = subprocess.run(words, input=data, capture_output=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def curl(*words: str, data: bytes = b"") -> bytes:
    return run("curl", "--silent", "--show-error", *words, data=data)


def test_curl_one_connection_for_several_urls(server: TestServer) -> None:
    url = server.url("/echo")
    said = curl(url, "--next", "--silent", "-d", "a=b", url, "--next", "--silent", "-I", url, "--next", "--silent", url)
    echoes = [json.loads(part) for part in re.findall(rb"\{.*?\}", said)]
    assert len({echo["port"] for echo in echoes}) == 1
    assert [echo["method"] for echo in echoes] == ["GET", "POST", "GET"]


@pytest.mark.parametrize("keep", [[], ["-H", "Connection: keep-alive"]])
def test_curl_with_http_1_0(server: TestServer, keep: list[str]) -> None:
    url = server.url("/echo")
    echoes = [json.loads(part) for part in curl("-0", *keep, "-w", "\\n", url, url).splitlines()]
    assert {echo["protocol"] for echo in echoes} == {"HTTP/1.0"}
    assert len({echo["port"] for echo in echoes}) == (1 if keep else 2)


def test_curl_gets_a_stream_with_http_1_0(server: TestServer) -> None:
    head, _, body = curl("-0", "-i", server.url("/stream")).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert len(body.splitlines()) == 20_000


def test_curl_uploads_from_a_pipe(server: TestServer) -> None:
    echo = json.loads(curl("-T", "-", server.url("/echo"), data=FILE))
    assert (echo["method"], echo["encoding"], echo["sha256"]) == ("PUT", "chunked", digest(FILE))


def test_curl_waits_for_100_and_is_told(server: TestServer, served_file: Path) -> None:
    said = curl("-v", "--stderr", "-", "--expect100-timeout", "100", "-T", str(served_file), server.url("/echo"))
    assert b"< HTTP/1.1 100 Continue" in said
    assert digest(FILE).encode() in said


def test_curl_waits_for_100_and_is_refused(server: TestServer, served_file: Path) -> None:
    words = ["-v", "--stderr", "-", "--expect100-timeout", "100", "-H", "Expect: 100-continue"]
    said = curl(*words, "-T", str(served_file), server.url("/refuse"))
    assert b"100 Continue" not in said
    assert b"< HTTP/1.1 413 " in said


def test_curl_goes_on_where_it_stopped(server: TestServer, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(FILE[:1_000_000])
    curl("-C", "-", "-o", str(tmp_path / "part"), server.url("/file"))
    assert (tmp_path / "part").read_bytes() == FILE


def test_curl_over_tls(secure: TestServer) -> None:
    assert curl("--cacert", secure.ca, secure.url("/file")) == FILE


@pytest.mark.slow
@pytest.mark.parametrize("upload", [False, True])
def test_curl_takes_its_time(server: TestServer, upload: bool, served_file: Path) -> None:
    if upload:
        said = curl("--limit-rate", "1M", "-T", str(served_file), server.url("/echo"))
        assert json.loads(said)["sha256"] == digest(FILE)
    else:
        assert curl("--limit-rate", "1M", server.url("/file")) == FILE


def test_wget_gets_goes_on_and_posts(server: TestServer, served_file: Path, tmp_path: Path) -> None:
    part = tmp_path / "file"
    part.write_bytes(FILE[:1_000_000])
    run("wget", "-q", "-c", "-O", str(part), server.url("/file"))
    assert part.read_bytes() == FILE
    said = run("wget", "-q", "-O", "-", f"--post-file={served_file}", server.url("/echo"))
    assert json.loads(said)["sha256"] == digest(FILE)


NODE = """
const http = require("http");
const [url, length] = [process.argv[1], 300000];
const agent = new http.Agent({keepAlive: true, maxSockets: 2});

function ask(number) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, {method: "POST", agent, headers: {"X-Name": String(number)}}, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => text += part).on("end", () => resolve(JSON.parse(text)));
      answer.on("error", reject);
    }).on("error", reject);
    for (let at = 0; at < length; at += 10000) request.write("x".repeat(10000));
    request.end();
  });
}

function abort() {
  return new Promise((resolve) => {
    const request = http.request(url, {method: "POST", agent: false});
    request.on("error", () => resolve());
    request.write("x".repeat(10000), () => request.destroy(new Error("enough")));
  });
}

(async () => {
  const asked = await Promise.all([...Array(20).keys()].map(ask));
  await abort();
  const streamed = await (await fetch(url.replace("echo", "stream"))).text();
  const body = new ReadableStream({start(c) { c.enqueue(new TextEncoder().encode("from a stream")); c.close(); }});
  const sent = await (await fetch(url, {method: "POST", body, duplex: "half"})).json();
  console.log(JSON.stringify({asked, streamed: streamed.length, sent}));
  agent.destroy();
})();
"""


def test_node_with_its_agent_and_with_fetch(server: TestServer) -> None:
    said = json.loads(run("node", "-e", NODE, server.url("/echo")))
    assert [echo["name"] for echo in said["asked"]] == [str(number) for number in range(20)]
    assert {echo["sha256"] for echo in said["asked"]} == {digest(b"x" * 300_000)}
    assert len({echo["port"] for echo in said["asked"]}) <= 2
    assert said["streamed"] == sum(len(str(number)) + 1 for number in range(20)) * 1000
    assert (said["sent"]["encoding"], said["sent"]["sha256"]) == ("chunked", digest(b"from a stream"))
