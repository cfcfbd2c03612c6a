"""The built console: its files, read once, each at an address of its own. Nothing else in the folder can be had."""

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Request, Response, request
from werkzeug.datastructures import Accept

BUILT = Path(__file__).parent / "console" / "dist"
"""Where the build puts them."""

INDEX = "index.html"

_ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings, best first, and how the files are called that the build has compressed with them."""

_TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json"}

# Svelte writes its own templates as HTML, through a policy of that name; nobody else may write any.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types svelte-trusted-html",
    )
)

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": _POLICY,
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True)
class ConsoleFile:
    """A file of the console.

    bodies: its bytes by content coding; ``identity`` is always there
    fixed:  its name changes with what it holds, so it may be kept for good
    """

    content_type: str
    bodies: Mapping[str, bytes]
    fixed: bool

    def answer(self, request: Request) -> Response:
        """In the best coding that the client takes; 304 when the client has it already."""
        coding = _coding(request.accept_encodings, self.bodies)
        response = Response(self.bodies[coding], headers=_ALWAYS, content_type=self.content_type)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if self.fixed else "no-cache"
        if coding != "identity":
            response.headers["Content-Encoding"] = coding
        response.set_etag(hashlib.sha256(self.bodies[coding]).hexdigest()[:32])
        response.make_conditional(request)
        return response


def read(folder: Path) -> Mapping[str, ConsoleFile]:
    """The files in ``folder`` by their path from there; none when the console is not built."""
    return dict(_files(folder)) if (folder / INDEX).is_file() else {}


def add(app: Flask, files: Mapping[str, ConsoleFile]) -> None:
    """Answer each file at its own address; that of the index is ``/``."""
    for path, file in files.items():
        address = "/" if path == INDEX else f"/{path}"
        app.add_url_rule(address, f"console {path}", lambda file=file: file.answer(request), methods=["GET"])


def _files(folder: Path) -> Iterator[tuple[str, ConsoleFile]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and path.suffix not in _ENCODINGS.values():
            yield name, ConsoleFile(_content_type(path), _bodies(path), name.startswith("assets/"))


def _bodies(path: Path) -> Mapping[str, bytes]:
    compressed = {coding: path.with_name(path.name + suffix) for coding, suffix in _ENCODINGS.items()}
    return {"identity": path.read_bytes()} | {
        coding: file.read_bytes() for coding, file in compressed.items() if file.is_file()
    }


def _content_type(path: Path) -> str:
    found = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{found}; charset=utf-8" if found.startswith("text/") else found


def _coding(accepted: Accept, bodies: Mapping[str, bytes]) -> str:
    return next((coding for coding in _ENCODINGS if coding in bodies and accepted[coding] > 0), "identity")
