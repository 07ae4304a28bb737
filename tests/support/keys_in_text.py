"""Keys, and pieces of text among which a redaction has to find them."""

from __future__ import annotations

KEY = "c4nary-0f-the-k3y-0123456789"
OTHER = "c4nary-0f-the-k3y-and-an0ther"
CARD = "4929 1111 2222"
PARTS = (
    *(KEY, OTHER, CARD, KEY[:20], KEY[:5], "c", "c4", "\n", " ", "Token ", "api_key=", '"', "é"),
    *("sk-", "s", "sk-proj-abcdefghijklmnop1234", "Bearer ", "abcdefgh12345678", "hello", "."),
)
