"""The embedded OpenSearch is the real one, and runs whoever we are."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gongkai.devstack import jars
from gongkai.devstack.opensearch import OpenSearch
from gongkai.devstack.process import Child


def ask(url: str, body: Any = None, method: str = "GET") -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def test_it_analyses_chinese_and_runs_painless(opensearch_url: str) -> None:
    """The modules we need are loaded: the cjk analyzer, scripts, reindex."""
    tokens = ask(f"{opensearch_url}/_analyze", {"analyzer": "cjk", "text": "政府信息"}, "POST")["tokens"]
    ask(f"{opensearch_url}/a", {"settings": {"number_of_replicas": 0}}, "PUT")
    ask(f"{opensearch_url}/a/_doc/1?refresh=true", {"n": 1}, "PUT")
    updated = ask(f"{opensearch_url}/a/_update/1", {"script": {"source": "ctx._source.n += 1"}}, "POST")
    ask(f"{opensearch_url}/b", {"settings": {"number_of_replicas": 0}}, "PUT")
    copied = ask(f"{opensearch_url}/_reindex", {"source": {"index": "a"}, "dest": {"index": "b"}}, "POST")

    assert [token["token"] for token in tokens] == ["政府", "府信", "信息"]
    assert updated["result"] == "updated"
    assert copied["total"] == 1


def test_an_index_is_not_made_by_a_slip_of_the_pen(opensearch_url: str) -> None:
    """Writing to an index that nobody created is an error, not a new index with guessed fields."""
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(f"{opensearch_url}/typo/_doc/1", {"n": 1}, "PUT")


def test_killed_it_comes_back_with_its_documents(
    opensearch_child: tuple[OpenSearch, Child], opensearch_url: str
) -> None:
    """A SIGKILL loses no acknowledged document, and as root the server runs as somebody else."""
    child = opensearch_child[1]
    assert child.pid is not None
    assert psutil.Process(child.pid).uids().real == (os.geteuid() or 65534)
    ask(f"{opensearch_url}/kept", {"settings": {"number_of_replicas": 0}}, "PUT")
    ask(f"{opensearch_url}/kept/_doc/1", {"n": 1}, "PUT")

    child.kill()
    child.start()
    child.wait_ready()

    assert ask(f"{opensearch_url}/kept/_doc/1")["_source"] == {"n": 1}


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository of one's own, named in the environment."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        monkeypatch.setenv(jars.REPOSITORY_VARIABLE, f"http://127.0.0.1:{server.server_port}/")
        threading.Thread(target=server.serve_forever).start()
        yield folder
        server.shutdown()


@pytest.mark.parametrize("served", [b"as locked", b"something else"])
def test_a_mirror_is_used_but_not_believed(
    served: bytes, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jars come from the repository named in the environment, and only with the locked digest."""
    jar = jars.Jar("g", "a", "1", hashlib.sha256(b"as locked").hexdigest())
    monkeypatch.setattr(jars, "locked", lambda: [jar])
    (mirror / "g" / "a" / "1").mkdir(parents=True)
    (mirror / "g" / "a" / "1" / "a-1.jar").write_bytes(served)
    target = tmp_path / "jars"

    if served == b"as locked":
        jars.fetch(target)
        assert (target / "a-1.jar").read_bytes() == served
    else:
        with pytest.raises(jars.JarsMissing, match="not the locked one"):
            jars.fetch(target)
        assert jars.missing(target) == [jar]
