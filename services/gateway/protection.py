"""What every answer tells a browser, unless the answer says it more exactly itself."""

from flask import Flask, Response

PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Browsers heed it on TLS alone, which the proxy in front speaks.
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cache-Control": "no-store",
}


def protect(app: Flask) -> None:
    """Have every answer of the application say so."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in PROTECTION.items():
            if name not in response.headers:
                response.headers[name] = value
        return response
