"""A small OpenID Connect provider of the tests: real HTTP, real signatures, real PKCE."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

SECRET = "s:cret/1"  # what a form must encode


@cache
def own_key() -> RSAKey:
    """To make one takes longer than most of what is done with it."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@dataclass
class Fake:
    """What the provider says; a test changes it."""

    issuer: str = ""
    claims: dict = field(default_factory=lambda: {"preferred_username": "王主管", "roles": ["supervisor"]})
    key: RSAKey = field(default_factory=lambda: own_key())
    signs: RSAKey | None = None
    header: dict = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    codes: dict = field(default_factory=dict)
    refuse: str = ""
    keys: object = ...
    forged: str | None = None

    def token(self, nonce: str) -> str:
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": "console", "sub": "7", "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {name: value for name, value in (usual | self.claims).items() if value is not None}
        return jwt.encode(self.header, claims, self.signs or self.key)


@contextmanager
def provider() -> Iterator[Fake]:
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        def _json(self, data: object, status: int = 200) -> None:
            body = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            if path == "/.well-known/openid-configuration":
                places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                self._json({"issuer": fake.issuer} | {k: f"{fake.issuer}/{v}" for k, v in places.items()})
            elif path == "/keys":
                self._json({"keys": [fake.key.as_dict(private=False)] if fake.keys is ... else fake.keys})
            elif path == "/authorize":
                asked = {name: values[0] for name, values in query.items()}
                assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"]
                code = f"code{len(fake.codes)}"
                fake.codes[code] = asked
                answer = {"error": fake.refuse} if fake.refuse else {"code": code}
                self.send_response(302)
                back = urlencode(answer | {"state": asked["state"]})
                self.send_header("location", f"{asked['redirect_uri']}?{back}")
                self.end_headers()

        def do_POST(self) -> None:
            sent = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            sent = {name: values[0] for name, values in sent.items()}
            asked = fake.codes.pop(sent["code"], None)
            digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            basic = base64.b64decode(self.headers.get("authorization", "Basic ").split(" ")[1]).decode()
            if (
                asked is None
                or challenge != asked["code_challenge"]
                or sent["redirect_uri"] != asked["redirect_uri"]
                or basic != "console:s%3Acret%2F1"
            ):
                self._json({"error": "invalid_grant"}, 400)
                return
            self._json(
                {
                    "token_type": "Bearer",
                    "id_token": fake.token(asked["nonce"]) if fake.forged is None else fake.forged,
                }
            )

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
