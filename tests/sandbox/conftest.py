"""One gateway for the tests of this folder, and the server of the official account it posts to."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import pytest

from tests.sandbox.gateway import TOKEN, Gateway, running_gateway


class Account(BaseHTTPRequestHandler):
    """The account's own server: checks the published signature, repeats what it is told."""

    def do_GET(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(query["echostr"].encode())

    def do_POST(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        body = ET.fromstring(self.rfile.read(int(self.headers["content-length"])))  # noqa: S314
        joined = "".join(sorted((TOKEN, query["timestamp"], query["nonce"])))
        genuine = hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest() == query["signature"]
        said = body.findtext("Content") or body.findtext("Event")
        reply = f"<xml><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[收到：{said}]]></Content></xml>"
        self.send_response(200 if genuine else 403)
        self.end_headers()
        self.wfile.write(reply.encode() if said != "unsubscribe" else b"success")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        del format, args


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    """A gateway with low limits: three messages a number and day, four template messages a day, no overlap of tokens."""
    account = HTTPServer(("127.0.0.1", 0), Account)
    thread = threading.Thread(target=account.serve_forever, daemon=True)
    thread.start()
    settings = {
        "SMS_PER_DAY": "3",
        "WECHAT_PER_DAY": "4",
        "WECHAT_OVERLAP_SECONDS": "0.0",
        "WECHAT_CALLBACK": f"http://127.0.0.1:{account.server_port}/wechat/callback",
    }
    with running_gateway(**settings) as running:
        yield running
    account.shutdown()
    account.server_close()
    thread.join()
