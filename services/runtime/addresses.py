"""Addresses as people and URLs write them."""


def host_and_port(host: str, port: int) -> str:
    """``127.0.0.1:5000``; an IPv6 host is put in brackets (RFC 3986, section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
