"""Fixtures that several rooms need: a fresh SQLite or PostgreSQL database."""

from tests.store.databases import postgres_socket, postgres_url, url

__all__ = ["postgres_socket", "postgres_url", "url"]
